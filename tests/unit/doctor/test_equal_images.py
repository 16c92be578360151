"""Duplicates, label conflicts, and leakage between the parts of a split."""

import shutil
import subprocess

import pytest
from conftest import draw
from doctor_folders import LENIENT, labelled, resaved


def test_exact_and_near_duplicates_are_found(folder, doctor):
    rows = {"copy.png": "111", "again.png": "222"}
    shutil.copy(folder / "111.png", folder / "copy.png")
    resaved(folder / "222.png", folder / "again.png")
    found = doctor(labelled(folder, rows))["findings"]
    assert found["exact_duplicates"]["examples"] == ["copy.png is a copy of 111.png"]
    assert found["near_duplicates"]["examples"] == ["again.png looks like 222.png"]
    assert found["exact_duplicates"]["fix"] == "remove their rows from labels.csv"


def test_label_conflicts_are_found(folder, doctor):
    shutil.copy(folder / "111.png", folder / "112.png")
    resaved(folder / "222.png", folder / "223.png")
    found = doctor(folder, LENIENT)["findings"]
    assert found["label_conflicts"]["count"] == 2
    assert found["pixel_label_conflicts"]["count"] == 2
    assert "223.png ('223')" in found["pixel_label_conflicts"]["examples"][0]


def test_fix_of_leakage_removes_it(folder, tmp_path, doctor):
    test = tmp_path / "test"
    test.mkdir()
    shutil.copy(folder / "111.png", test)
    resaved(folder / "222.png", test / "222.png")
    draw("321").save(test / "112.png")
    found = doctor(folder, f"data.test_dir={test}")["findings"]["test_leakage"]
    assert found["count"] == 2
    assert f"{test / '111.png'} matches 111.png" in found["examples"]
    subprocess.run(found["fix"], shell=True, check=True)
    assert "test_leakage" not in doctor(folder, f"data.test_dir={test}")["findings"]


@pytest.mark.parametrize("part", ["val", "test"])
@pytest.mark.parametrize("how", ["same", "link", "inside"])
def test_part_that_shares_files_with_the_training_folder_leaks(folder, tmp_path, doctor, part, how):
    place, words = folder, []
    if how == "link":
        place = tmp_path / "link"
        place.symlink_to(folder)
    if how == "inside":
        place, words = folder / "some", ["data.recursive=true"]
        place.mkdir()
        for text in ("111", "121", "131"):
            (folder / f"{text}.png").rename(place / f"{text}.png")
    found = doctor(folder, f"data.{part}_dir={place}", *words)
    leak = found["findings"][f"{part}_leakage"]
    assert leak["commands"] == [] and f"data.{part}_dir=null" in leak["fix"]
    assert any(f"{part} images are also training images" in line for line in found["messages"])
    if how != "inside":
        assert "leakage" not in "".join(doctor(folder)["findings"])


def test_part_in_a_subfolder_of_the_training_folder_does_not_leak(folder, doctor):
    inner = folder / "test"
    inner.mkdir()
    for text in ("1112", "1113"):
        draw(text).save(inner / f"{text}.png")
    found = doctor(folder, f"data.test_dir={inner}")
    assert found["images"] == 29
    assert not [
        kind for kind in found["findings"] if "leakage" in kind or kind == "unused_subfolders"
    ]
