import dataclasses
import os
from pathlib import Path

import pytest

from ocr.data.samples import Sample
from ocr.data.sources.folder import Folder, image_files
from ocr.errors import UserError


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


@pytest.mark.parametrize(
    "suffix", ["png", "PNG", "Jpg", "JPEG", "bmp", "webp", "gif", "tif", "TIFF"]
)
def test_suffixes_match_in_any_case(tmp_path, suffix):
    touch(tmp_path, f"x.{suffix}")
    assert image_files(tmp_path) == [tmp_path / f"x.{suffix}"]


def test_images_are_sorted_by_name(tmp_path):
    names = ["b.png", "a.png", "C.png", "10.png", "9.png", "sub/0.png"]
    touch(tmp_path, *names)
    assert [path.name for path in image_files(tmp_path)] == sorted(names[:-1])
    assert Folder(tmp_path, recursive=True).images == sorted(names)


def test_other_files_are_not_images(tmp_path):
    touch(
        tmp_path,
        "a.png",
        "._a.png",
        "notes.txt",
        "labels.csv",
        "png",
        "Thumbs.db",
        "x/._b.png",
        ".x/c.png",
    )
    assert Folder(tmp_path, recursive=True).images == ["a.png"]


def test_a_circular_link_is_not_followed(tmp_path):
    touch(tmp_path, "x/a.png")
    (tmp_path / "x" / "round").symlink_to(tmp_path)
    assert Folder(tmp_path, recursive=True).images == ["x/a.png"]


def test_a_missing_folder_is_named(tmp_path):
    (tmp_path / "going").mkdir()
    with pytest.raises(UserError, match=r"goings: no such folder\. Did you mean going\?"):
        image_files(tmp_path / "goings")
    with pytest.raises(UserError, match=r"xxx: no such folder"):
        image_files(tmp_path / ("x" * 300))
    with pytest.raises(UserError, match=r"nowhere: no such folder$"):
        image_files(tmp_path / "nowhere")


def test_a_file_instead_of_a_folder_is_refused(tmp_path):
    touch(tmp_path, "a.png")
    with pytest.raises(UserError, match=r"a\.png: a file, not a folder"):
        image_files(tmp_path / "a.png")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_folder_is_named(tmp_path):
    touch(tmp_path, "x/a.png")
    (tmp_path / "x").chmod(0)
    try:
        with pytest.raises(UserError, match=r"x: Permission denied"):
            Folder(tmp_path, recursive=True)
    finally:
        (tmp_path / "x").chmod(0o700)


def test_an_empty_folder_is_refused_with_the_supported_suffixes(tmp_path):
    with pytest.raises(UserError, match=r"no images here \(.*\.png.*\)$") as caught:
        image_files(tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_a_pack_is_refused_with_advice(tmp_path):
    touch(tmp_path, "images.arrow", "index.arrow")
    with pytest.raises(UserError, match="data=packed"):
        image_files(tmp_path)


def test_a_folder_without_images_suggests_its_subfolders(tmp_path):
    touch(tmp_path, "val/a.png", "train/b.png", "readme.txt")
    hint = r"subfolders \(train, val\): name one of them"
    with pytest.raises(UserError, match=rf"{hint}, or .*recursive=true"):
        Folder(tmp_path).require_images()
    with pytest.raises(UserError, match=rf"{hint}, or give --recursive for all$"):
        image_files(tmp_path)


@pytest.mark.parametrize(
    "name,image",
    [
        ("a.png", "a.png"),
        ("./a.png", "a.png"),
        ("a", "a.png"),
        ("cafe\u0301.png", "caf\u00e9.png"),  # the file name is composed
        ("u\u0308.jpg", "u\u0308.jpg"),
        ("\u00fc.jpg", "u\u0308.jpg"),
        ("two", None),  # two.png or two.jpg?
        ("two.jpg", "two.jpg"),
        ("b.png", None),
        ("", None),
    ],
)
def test_an_image_is_found_by_several_names(tmp_path, name, image):
    touch(tmp_path, "a.png", "caf\u00e9.png", "u\u0308.jpg", "two.png", "two.jpg")
    assert Folder(tmp_path).image(name) == image


def test_a_sample_is_immutable():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Sample("a.png", "a").text = "b"
