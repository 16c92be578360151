import codecs
import dataclasses
from pathlib import Path

import pytest

from ocr.data.sources import Sample, find_samples, image_files
from ocr.errors import UserError


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).touch()


def pairs(folder: Path, labels: str | None = None) -> list[tuple[str, str]]:
    found = find_samples(folder, Path(labels) if labels else None)
    return [(Path(sample.name).relative_to(folder).as_posix(), sample.text) for sample in found]


def test_file_names_are_captions(tmp_path):
    touch(tmp_path, "A12.png", "007.jpg", "a b.png", "v1.5.png")
    assert pairs(tmp_path) == [
        ("007.jpg", "007"),
        ("A12.png", "A12"),
        ("a b.png", "a b"),
        ("v1.5.png", "v1.5"),
    ]


@pytest.mark.parametrize(
    "suffix", ["png", "PNG", "Jpg", "JPEG", "bmp", "webp", "gif", "tif", "TIFF"]
)
def test_suffixes_count_in_any_case(tmp_path, suffix):
    touch(tmp_path, f"x.{suffix}")
    assert pairs(tmp_path) == [(f"x.{suffix}", "x")]


def test_images_are_sorted_by_name(tmp_path):
    names = ["b.png", "a.png", "C.png", "10.png", "9.png"]
    touch(tmp_path, *names)
    assert [path.name for path in image_files(tmp_path)] == sorted(names)


def test_other_files_are_ignored(tmp_path):
    touch(tmp_path, "a.png", "notes.txt", "labels.csv", "png", "Thumbs.db", ".DS_Store")
    assert pairs(tmp_path) == [("a.png", "a")]


def test_subfolders_are_not_searched(tmp_path):
    (tmp_path / "more").mkdir()
    touch(tmp_path, "a.png", "more/b.png")
    assert pairs(tmp_path) == [("a.png", "a")]


@pytest.mark.parametrize("labels", [None, Path("labels.csv")])
def test_a_missing_folder_is_named(tmp_path, labels):
    with pytest.raises(UserError, match=r"gone: no such folder"):
        find_samples(tmp_path / "gone", labels)


def test_a_file_is_no_folder(tmp_path):
    touch(tmp_path, "a.png")
    with pytest.raises(UserError, match=r"a\.png: no such folder"):
        find_samples(tmp_path / "a.png")


def test_an_empty_folder_says_what_it_should_hold(tmp_path):
    with pytest.raises(UserError, match=r"no images here \(.*\.png.*\)$") as caught:
        find_samples(tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_a_folder_of_folders_hints_at_them(tmp_path):
    for name in ("val", "train"):
        (tmp_path / name).mkdir()
    touch(tmp_path, "readme.txt")
    with pytest.raises(UserError, match=r"subfolders \(train, val\): name one of them"):
        find_samples(tmp_path)


def test_captions_are_composed_and_names_are_not(tmp_path):
    touch(tmp_path, "cafe\u0301.png")
    (sample,) = find_samples(tmp_path)
    assert sample.text == "caf\u00e9"
    assert Path(sample.name).is_file()


def test_labels_are_composed(tmp_path):
    (tmp_path / "labels.csv").write_text("file,label\n1.png,u\u0308\n", encoding="utf-8")
    assert pairs(tmp_path, "labels.csv") == [("1.png", "\u00fc")]


def test_labels_keep_commas_quotes_zeros_spaces_and_scripts(tmp_path):
    (tmp_path / "labels.csv").write_text(
        "file,label\n"
        '1.png,"1,50"\n'
        '2.png,"say ""x"""\n'
        "3.png,007\n"
        "4.png,Straße 日本\n"
        '"5,6.png", x \n'
        "sub/7.png,1e5\n",
        encoding="utf-8",
    )
    assert pairs(tmp_path, "labels.csv") == [
        ("1.png", "1,50"),
        ("2.png", 'say "x"'),
        ("3.png", "007"),
        ("4.png", "Straße 日本"),
        ("5,6.png", " x "),
        ("sub/7.png", "1e5"),
    ]


@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_labels_of_any_editor(tmp_path, mark, end):
    lines = [b"file,label", b"1.png,a", b"2.png,b", b""]
    (tmp_path / "labels.csv").write_bytes(mark + end.join(lines))
    assert pairs(tmp_path, "labels.csv") == [("1.png", "a"), ("2.png", "b")]


def test_labels_keep_their_order_and_other_columns_don_t_matter(tmp_path):
    (tmp_path / "labels.csv").write_text("id,label,file\n1,b,2.png\n2,a,1.png\n")
    assert pairs(tmp_path, "labels.csv") == [("2.png", "b"), ("1.png", "a")]


def test_a_row_without_label_has_an_empty_caption_and_one_without_file_is_none(tmp_path):
    (tmp_path / "labels.csv").write_text("file,label\n1.png,\n2.png\n\n,x\n")
    assert pairs(tmp_path, "labels.csv") == [("1.png", ""), ("2.png", "")]


@pytest.mark.parametrize("head", ["", "name,text", "file", "label", "file;label", "1.png,a"])
def test_missing_columns_are_named(tmp_path, head):
    (tmp_path / "labels.csv").write_text(f"{head}\n1.png,a\n")
    with pytest.raises(UserError, match=r"labels\.csv: .*'file' and 'label'"):
        find_samples(tmp_path, Path("labels.csv"))


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_labels_that_are_not_utf_8_are_refused(tmp_path, encoding):
    (tmp_path / "labels.csv").write_text("file,label\n1.png,ü\n", encoding=encoding)
    with pytest.raises(UserError, match=r"labels\.csv: .*UTF-8"):
        find_samples(tmp_path, Path("labels.csv"))


def test_a_missing_labels_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r"data\.labels=gone\.csv: no such file"):
        find_samples(tmp_path, Path("gone.csv"))


def test_labels_may_lie_elsewhere_and_files_count_from_the_folder(tmp_path, monkeypatch):
    folder = tmp_path / "images"
    folder.mkdir()
    (tmp_path / "labels.csv").write_text("file,label\n1.png,a\n")
    assert pairs(folder, str(tmp_path / "labels.csv")) == [("1.png", "a")]
    monkeypatch.chdir(tmp_path)
    assert pairs(folder, "labels.csv") == [("1.png", "a")]


def test_labels_in_the_folder_win(tmp_path, monkeypatch):
    folder = tmp_path / "images"
    folder.mkdir()
    (folder / "labels.csv").write_text("file,label\n1.png,inside\n")
    (tmp_path / "labels.csv").write_text("file,label\n1.png,outside\n")
    monkeypatch.chdir(tmp_path)
    assert pairs(folder, "labels.csv") == [("1.png", "inside")]


def test_a_sample_s_source_is_the_file_s_bytes(tmp_path):
    (tmp_path / "a.png").write_bytes(b"content")
    assert Sample(str(tmp_path / "a.png"), "a").source() == b"content"


def test_a_sample_stays_as_it_is():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Sample("a.png", "a").text = "b"


def test_a_name_without_characters_is_not_overlooked(tmp_path):
    for name in (".png", "a.b.png", ".hidden.PNG"):
        (tmp_path / name).touch()
    assert [sample.text for sample in find_samples(tmp_path)] == [".hidden", "", "a.b"]
