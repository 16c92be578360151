"""Rare, confusable and unevenly split characters."""

import shlex

from conftest import draw
from doctor_folders import labelled


def test_rare_confusable_and_unevaluated_characters_are_found(folder, doctor):
    rows = {"121.png": "12O", "122.png": "12o", "123.png": "120", "131.png": "1é1"}
    found = doctor(labelled(folder, rows))["findings"]
    assert found["rare_characters"]["count"] == 4
    assert "é 1, in 131.png" in found["rare_characters"]["examples"]
    assert found["rare_characters"]["fix"] == "add images with them"  # others would be too many
    fix = doctor(folder, "data.max_skipped=0.2")["findings"]["rare_characters"]["fix"]
    command = fix.partition("or train without 4 images: ")[2]
    assert doctor(folder, *shlex.split(command)[6:])["code"] == 0
    assert found["confusable_characters"]["count"] == 1
    assert found["confusable_characters"]["examples"][0].startswith("0 1, O 1, o 1; ")
    assert found["mixed_case"]["examples"][0].startswith("o 1, O 1; ")
    assert "split_seed" not in found["unevaluated_characters"]["fix"]  # training needs them all
    assert "homoglyphs" not in found


def test_homoglyphs_of_two_scripts_are_found(folder, doctor):
    rows = {"111.png": "A11", "112.png": "А12"}  # the second is Cyrillic
    found = doctor(labelled(folder, rows))["findings"]["homoglyphs"]
    [example] = found["examples"]
    assert "U+0410 cyrillic capital letter a 1" in example
    assert found["severity"] == "warning"


def test_homoglyphs_that_nfkc_unifies_are_fixed_by_it(folder, doctor):
    found = doctor(labelled(folder, {"111.png": "１11"}))["findings"]["homoglyphs"]
    assert found["fix"].endswith("data.normal_form=NFKC")
    fixed = doctor(folder, "data.normal_form=NFKC")["findings"]
    assert "homoglyphs" not in fixed


def test_untrained_characters_are_found(folder, tmp_path, doctor):
    test = tmp_path / "test"
    test.mkdir()
    draw("119").save(test / "119.png")
    found = doctor(folder, f"data.test_dir={test}")["findings"]["untrained_characters"]
    assert found["examples"] == [f"9 1, in {test / '119.png'}"]


def test_no_other_split_is_suggested_for_parts_with_own_folders(folder, tmp_path, doctor):
    words = []
    for part in ("val", "test"):
        (tmp_path / part).mkdir()
        draw(f"12{part}").save(tmp_path / part / f"1{'2' * len(part)}.png")
        words.append(f"data.{part}_dir={tmp_path / part}")
    assert (
        doctor(folder, *words)["findings"]["unevaluated_characters"]["fix"]
        == "add images with them"
    )


def test_no_stratification_is_suggested_for_few_images(tmp_path, doctor):
    for text in ("A1", "B2", "C3", "D4", "E5"):
        draw(text).save(tmp_path / f"{text}.png")
    assert doctor(tmp_path)["findings"]["untrained_characters"]["fix"] == "add images with them"


def test_moving_untrained_characters_of_a_test_folder_is_suggested(folder, tmp_path, doctor):
    other = tmp_path / "other"
    other.mkdir()
    draw("17").save(other / "17.png")
    fix = doctor(folder, f"data.test_dir={other}")["findings"]["untrained_characters"]["fix"]
    assert fix == f"move such images from {other} to {folder}"
