"""`python -m ocr read` in this process: files, folders, and subfolders."""

import pytest
from conftest import draw

from ocr.cli import main


@pytest.fixture
def place(tmp_path):
    """One image, and one in a subfolder of a subfolder."""
    for name in ("top.png", "a/b/deep.png", "a/.hidden/no.png"):
        path = tmp_path / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        draw("12x").save(path)
    (tmp_path / "empty").mkdir()
    return tmp_path


def read(capsys, *words):
    """Run the command; returns its exit code, the names that were read, and its stderr."""
    code = 0
    try:
        main(["read", *map(str, words)])
    except SystemExit as end:
        code = end.code
    out, err = capsys.readouterr()
    if isinstance(code, str):
        code, err = 1, err + code
    return code, [line.split("\t")[0].rpartition("/")[2] for line in out.splitlines()], err


def test_recursive_reads_subfolders(place, checkpoint, capsys):
    images = place / "images"
    assert read(capsys, checkpoint, images) == (0, ["top.png"], "")
    assert read(capsys, "--recursive", checkpoint, images) == (0, ["deep.png", "top.png"], "")
    assert read(capsys, checkpoint, images / "a", "--recursive") == (0, ["deep.png"], "")


def test_error_of_a_folder_of_folders_suggests_recursive(place, checkpoint, capsys):
    code, names, messages = read(capsys, checkpoint, place / "images" / "a")
    assert code == 1 and not names
    assert "no images here" in messages and "--recursive" in messages
    assert "data." not in messages
    assert len(messages.splitlines()) == 1


def test_empty_folder_is_an_error(place, checkpoint, capsys):
    for flags in ((), ("--recursive",)):
        code, names, messages = read(capsys, checkpoint, place / "empty", *flags)
        assert code == 1 and not names and "empty: no images here" in messages
        assert len(messages.splitlines()) == 1


def test_readable_images_of_a_mixed_list_are_read(place, checkpoint, capsys):
    broken = place / "broken.png"
    broken.write_bytes(b"junk")
    words = (place / "empty", broken, place / "images" / "top.png", place / "images", "gone.png")
    code, names, messages = read(capsys, checkpoint, *words)
    assert code == 1 and names == ["top.png", "top.png"]
    lines = messages.splitlines()
    assert [line.split(":")[0] for line in lines] == ["error"] * 4
    assert "broken.png" in lines[1] and "gone.png" in lines[2]
    assert lines[3] == "error: 2 of 4 images and 1 folder could not be read"
