"""What is said of each layout of a folder is true of it."""

import csv
import json

import pytest
from conftest import draw


def table(place, names, label=lambda name: name.rpartition("/")[2].partition(".")[0]):
    with (place / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("file", "label"), *((name, label(name)) for name in names)])


@pytest.fixture
def beside(folder):
    """images/ with labels.csv beside it."""
    table(folder.parent, [f"images/{path.name}" for path in sorted(folder.iterdir())])
    return folder.parent


@pytest.mark.parametrize("words", [[], ["data.recursive=true"]])
def test_labels_beside_the_folder_of_images(beside, doctor, words):
    found = doctor(beside, *words)
    assert found["findings"] == {}
    assert found["images"] == sum(found["parts"].values()) == 27


def test_images_that_no_row_names_are_told_of(beside, folder, doctor):
    draw("411").save(folder / "411.png")
    found = doctor(beside)
    assert found["images"] == 27
    assert found["findings"]["unused_subfolders"]["examples"] == ["images/411.png"]
    assert found["findings"]["unused_subfolders"]["fix"] == "add their rows to labels.csv"


def test_a_file_for_each_image_is_told_once(folder, doctor):
    for image in folder.glob("*.png"):
        image.with_suffix(".json").write_text(json.dumps({"solver": "x", "width": 100}))
    found = doctor(folder)["findings"]
    assert "unused_sidecars" in found and "unused_tables" not in found


def test_rows_that_name_images_without_suffix_are_not_overlooked(folder, doctor):
    for path in folder.iterdir():
        path.rename(path.with_suffix(".bin"))
    table(folder, sorted(path.name for path in folder.iterdir()))
    assert "missing_extension" not in doctor(folder)["findings"]


@pytest.mark.parametrize("part", ["val", "test"])
@pytest.mark.parametrize("how", ["same", "link", "inside"])
def test_a_part_that_is_the_training_folder(folder, tmp_path, doctor, part, how):
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


def test_a_folder_within_that_is_not_looked_into_leaks_nothing(folder, doctor):
    inner = folder / "test"
    inner.mkdir()
    for text in ("1112", "1113"):
        draw(text).save(inner / f"{text}.png")
    found = doctor(folder, f"data.test_dir={inner}")
    assert found["images"] == 29
    assert not [
        kind for kind in found["findings"] if "leakage" in kind or kind == "unused_subfolders"
    ]


def test_images_beside_a_part_within_are_not_had_by_looking_into_all(folder, doctor):
    for name in ("test", "more"):
        (folder / name).mkdir()
        draw(f"11{name}").save(folder / name / f"11{len(name)}1.png")
    finding = doctor(folder, f"data.test_dir={folder / 'test'}")["findings"]["unused_subfolders"]
    assert finding["examples"] == ["more/1141.png"]
    assert finding["fix"] == f"move them into {folder} itself"


def test_another_split_is_no_advice_where_nothing_is_split(folder, tmp_path, doctor):
    words = []
    for part in ("val", "test"):
        (tmp_path / part).mkdir()
        draw(f"12{part}").save(tmp_path / part / f"1{'2' * len(part)}.png")
        words.append(f"data.{part}_dir={tmp_path / part}")
    assert (
        doctor(folder, *words)["findings"]["unevaluated_characters"]["fix"]
        == "add images with them"
    )


def test_advice_for_few_images_can_be_done(tmp_path, doctor):
    for text in ("A1", "B2", "C3", "D4", "E5"):
        draw(text).save(tmp_path / f"{text}.png")
    assert doctor(tmp_path)["findings"]["untrained_characters"]["fix"] == "add images with them"


def test_characters_of_a_test_folder_are_moved_from_it_to_the_training_folder(
    folder, tmp_path, doctor
):
    other = tmp_path / "other"
    other.mkdir()
    draw("17").save(other / "17.png")
    mend = doctor(folder, f"data.test_dir={other}")["findings"]["untrained_characters"]["fix"]
    assert mend == f"move such images from {other} to {folder}"


@pytest.mark.parametrize("fitting", [0, 1])
@pytest.mark.parametrize("as_json", [True, False])
def test_a_report_where_no_caption_fits(folder, capsys, fitting, as_json):
    from ocr import cli

    names = sorted(path.name for path in folder.iterdir())
    table(folder, names, lambda name: "1" if names.index(name) < fitting else '{"a": 1}' * 40)
    with pytest.raises(SystemExit) as end:
        cli.main(["doctor", str(folder), *(["--json"] if as_json else [])])
    out = capsys.readouterr().out
    assert end.value.code == 1
    if as_json:
        report = json.loads(out)
        assert {"training_refused", "caption_too_long"} <= {
            one["kind"] for one in report["findings"]
        }
    else:
        assert "(caption_too_long)" in out
