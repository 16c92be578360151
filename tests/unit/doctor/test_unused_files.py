"""Images, caption files and subfolders that training does not use, and doubtful file names."""

import json
import shutil
import subprocess

import pytest
from conftest import draw
from doctor_folders import LENIENT, labelled, table


def test_missing_extensions_and_unused_subfolders_are_found(folder, doctor):
    shutil.copy(folder / "111.png", folder / "1112")
    draw("1113").save(folder / "1113.svg", format="jpeg")
    (folder / "notes").write_text("no image")
    (folder / "more").mkdir()
    draw("1121").save(folder / "more" / "1121.png")
    found = doctor(folder)["findings"]
    assert found["missing_extension"]["examples"] == ["1112: PNG inside", "1113.svg: JPEG inside"]
    assert found["unused_subfolders"]["examples"] == ["more/1121.png"]
    assert "data.recursive=true" in found["unused_subfolders"]["fix"]
    for command in found["missing_extension"]["commands"]:
        subprocess.run(command, shell=True, check=True)
    assert (folder / "1112.png").exists() and (folder / "1113.jpg").exists()
    found = doctor(folder, "data.recursive=true")["findings"]
    assert not {"missing_extension", "unused_subfolders"} & found.keys()


@pytest.mark.parametrize("name", ["annotations.xml", "Captions.XLSX"])
def test_unused_tables_are_found(folder, doctor, name):
    (folder / name).write_text("[]")
    found = doctor(folder)["findings"]
    assert found["unused_tables"]["examples"] == [name]
    labelled(folder, {})  # captions are read from there
    assert "unused_tables" not in doctor(folder)["findings"]


def test_unused_caption_files_are_found(folder, doctor):
    images = sorted(folder.glob("*.png"))
    for path in images:
        path.rename(path.with_name(f"plate{path.name}"))
    names = [f"plate{path.stem}" for path in images]
    (folder / "plates.tab").write_text("".join(f"{name} X{name[::-1]}\n" for name in names))
    found = doctor(folder)["findings"]["unused_caption_files"]
    assert found["examples"] == ["plates.tab names all of the images"]
    assert found["severity"] == "warning" and "data.labels=plates.tab" in found["fix"]
    assert doctor(folder, "--labels", "plates.tab")["findings"].get("unused_caption_files") is None


def test_unused_sidecars_are_found(folder, doctor):
    for path in folder.glob("*.png"):
        path.with_name(f"{path.stem}-gt.txt").write_text(f"{path.stem}\n")
    found = doctor(folder)["findings"]["unused_sidecars"]
    assert found["severity"] == "warning" and "data.labels=-gt.txt" in found["fix"]
    assert "unused_sidecars" not in doctor(folder, "data.labels=-gt.txt")["findings"]


def test_unused_sidecars_are_not_unused_tables(folder, doctor):
    for image in folder.glob("*.png"):
        image.with_suffix(".json").write_text(json.dumps({"solver": "x", "width": 100}))
    found = doctor(folder)["findings"]
    assert "unused_sidecars" in found and "unused_tables" not in found


@pytest.mark.parametrize(
    "rename,advice",
    [
        (lambda number, name: f"{number:04}", "data.labels=FILE"),
        (lambda number, name: f"{name}_{number}", "data.pattern=label_id or id_label"),
    ],
)
def test_doubtful_names_are_found(folder, doctor, rename, advice):
    for number, path in enumerate(sorted(folder.iterdir())):
        path.rename(path.with_stem(rename(number, path.stem)))
    found = doctor(folder, LENIENT)["findings"]["doubtful_names"]
    assert found["count"] == 27 and advice in found["fix"]
    assert "doubtful_names" not in doctor(folder, "data.pattern=label_id", LENIENT)["findings"]


@pytest.fixture
def beside(folder):
    """images/ with labels.csv beside it."""
    table(folder.parent, [f"images/{path.name}" for path in sorted(folder.iterdir())])
    return folder.parent


@pytest.mark.parametrize("words", [[], ["data.recursive=true"]])
def test_labels_file_beside_the_folder_of_images_is_read(beside, doctor, words):
    found = doctor(beside, *words)
    assert found["findings"] == {}
    assert found["images"] == sum(found["parts"].values()) == 27


def test_images_without_row_in_a_subfolder_are_found(beside, folder, doctor):
    draw("411").save(folder / "411.png")
    found = doctor(beside)
    assert found["images"] == 27
    assert found["findings"]["unused_subfolders"]["examples"] == ["images/411.png"]
    assert found["findings"]["unused_subfolders"]["fix"] == "add their rows to labels.csv"


def test_rows_can_name_images_without_extension(folder, doctor):
    for path in folder.iterdir():
        path.rename(path.with_suffix(".bin"))
    table(folder, sorted(path.name for path in folder.iterdir()))
    assert "missing_extension" not in doctor(folder)["findings"]


def test_moving_is_suggested_for_a_subfolder_beside_a_part(folder, doctor):
    for name in ("test", "more"):
        (folder / name).mkdir()
        draw(f"11{name}").save(folder / name / f"11{len(name)}1.png")
    finding = doctor(folder, f"data.test_dir={folder / 'test'}")["findings"]["unused_subfolders"]
    assert finding["examples"] == ["more/1141.png"]
    assert finding["fix"] == f"move them into {folder} itself"
