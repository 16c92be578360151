import logging
from pathlib import Path

import pytest
from caption_folders import found, shown, touch, write

from ocr.data.samples import Sample
from ocr.data.sources.captions import CaptionFinder
from ocr.data.sources.labels_file import Columns
from ocr.data.text.file_name_patterns import FileNamePattern
from ocr.data.text.unicode import TextNormalizer
from ocr.errors import UserError


@pytest.fixture(autouse=True)
def said(caplog):
    caplog.set_level(logging.INFO)
    return caplog


def groups(folder: Path, **keys: object) -> list[str]:
    pattern = keys.pop("pattern", None)
    captions = CaptionFinder(
        TextNormalizer("NFC", "keep", True), pattern=pattern and FileNamePattern(pattern), **keys
    )
    samples = captions.find({"train": folder})["train"]
    return [sample.group for sample in samples if isinstance(sample, Sample)]


# File names


def test_file_names_are_captions(tmp_path):
    touch(tmp_path, "A12.png", "007.jpg", "a b.png", "v1.5.png", ".png", ".hidden.PNG")
    assert found(tmp_path) == {
        ".hidden.PNG": ".hidden",
        ".png": "",
        "007.jpg": "007",
        "A12.png": "A12",
        "a b.png": "a b",
        "v1.5.png": "v1.5",
    }


def test_captions_are_normalized_and_file_names_are_not(tmp_path):
    touch(tmp_path, "cafe\u0301.png")
    assert found(tmp_path) == {"cafe\u0301.png": "caf\u00e9"}
    assert found(tmp_path, normal_form=None) == {"cafe\u0301.png": "cafe\u0301"}


def test_names_that_do_not_match_the_pattern_are_skipped(tmp_path):
    touch(tmp_path, "A12_3f.png", "A13_.jpg", "A14.png")
    assert found(tmp_path, pattern="label_id") == {
        "A12_3f.png": "A12",
        "A13_.jpg": "A13",
        "A14.png": "<the name doesn't fit data.pattern=label_id>",
    }


def test_subfolders_are_included_only_if_recursive(tmp_path):
    touch(tmp_path, "a.png", "more/b.png", "more/x/c_1.png")
    assert found(tmp_path) == {"a.png": "a"}
    everything = {"a.png": "a", "more/b.png": "b", "more/x/c_1.png": "c_1"}
    assert found(tmp_path, recursive=True) == everything


def test_a_pattern_with_a_slash_includes_subfolders(tmp_path):
    touch(tmp_path, "car1/A_1.png", "car1/A_2.png", "car2/B_1.png")
    assert list(found(tmp_path, pattern="group/label_id").values()) == ["A", "A", "B"]
    assert groups(tmp_path, pattern="group/label_id") == ["car1", "car1", "car2"]
    assert groups(tmp_path, pattern="label_id", recursive=True) == ["", "", ""]


@pytest.mark.parametrize("how", [{"labels": "name"}, {"pattern": "name"}])
def test_labels_name_takes_the_file_names(tmp_path, how):
    touch(tmp_path, "A.png")
    write(tmp_path, labels__csv="file,label\nA.png,B\n", A__gt__txt="C")
    assert found(tmp_path, **how) == {"A.png": "A"}


def test_a_name_that_is_not_unicode_is_skipped_with_a_printable_name(tmp_path):
    try:
        touch(tmp_path, "\udcfc.png", "a.png")
    except OSError:
        pytest.skip("this file system keeps no such name")
    read = found(tmp_path)
    assert read.pop("a.png") == "a"
    ((name, reason),) = read.items()
    assert name.isprintable() and reason.startswith("<caption")


# Text files beside the images


def test_text_files_beside_the_images(tmp_path):
    touch(tmp_path, "1.png", "2.bin.png", "3.png", "4.png", "5.png")
    write(tmp_path, **{"1__gt__txt": "007\n", "2__gt__txt": "\ufeffA b\r\n", "3__gt__txt": "\n"})
    (tmp_path / "4.gt.txt").write_bytes(b"\xff")
    (tmp_path / "5.gt.txt").write_text("x\ny", encoding="utf-8")
    read = found(tmp_path, ".gt.txt")
    assert read.pop("4.png").startswith("<4.gt.txt: ")
    assert read == {
        "1.png": "007",
        "2.bin.png": "A b",
        "3.png": "<no caption in .gt.txt>",
        "5.png": "x y",
    }


def test_text_files_of_any_suffix_and_in_subfolders(tmp_path):
    touch(tmp_path, "x/1.png", "2.png")
    write(tmp_path, **{"x/1__txt": "A", "2__txt": "B", "1__txt": "C"})
    assert found(tmp_path, ".txt", recursive=True) == {"2.png": "B", "x/1.png": "A"}


def test_images_without_text_file_and_text_files_without_image_are_counted(tmp_path, said):
    touch(tmp_path, "1.png", "2.png", "3.png")
    write(tmp_path, **{"1__gt__txt": "A", "9__gt__txt": "B"})
    without = "<no caption in .gt.txt>"
    assert found(tmp_path, ".gt.txt") == {"1.png": "A", "2.png": without, "3.png": without}
    assert "2 of 3 images" in said.text and "(the first: 2.png)" in said.text
    assert "1 .gt.txt file has no image (the first: 9.gt.txt)" in said.text


def test_an_image_gets_the_text_file_with_the_longest_common_name(tmp_path):
    touch(tmp_path, "p.0.l0.bin.png", "p.0.l1.bin.png", "v1.png", "v1.5.png", "w.png", "w.nrm.png")
    texts = {"p.0.l0": "A", "p.0.l1": "B", "p": "C", "v1": "D", "w": "E", "w.png": "F"}
    write(tmp_path, **{f"{base}.gt.txt": text for base, text in texts.items()})
    assert found(tmp_path, ".gt.txt") == {
        "p.0.l0.bin.png": "A",
        "p.0.l1.bin.png": "B",
        "v1.png": "D",
        "v1.5.png": "<no caption in .gt.txt>",
        "w.png": "F",
        "w.nrm.png": "E",
    }


def test_an_image_with_an_empty_text_file_has_no_caption(tmp_path, said):
    touch(tmp_path, "1.png", "2.png")
    write(tmp_path, **{"1__gt__txt": "A", "2__gt__txt": " \n"})
    _, other = CaptionFinder(TextNormalizer("NFC", "keep", True)).find({"all": tmp_path})["all"]
    assert not other.is_unusable and "1 of 2 images" in said.text


# Labels files


def test_rows_name_files_in_the_folder_and_keep_their_order(tmp_path):
    touch(tmp_path, "a.png", "b.png", "sub/c.png")
    write(tmp_path, labels__csv="file,label\nsub/c.png,C\nb.png,B\na.png,A\n")
    assert list(found(tmp_path, "labels.csv").items()) == [
        ("sub/c.png", "C"),
        ("b.png", "B"),
        ("a.png", "A"),
    ]


def test_the_suffix_matches_in_any_case(tmp_path):
    touch(tmp_path, "1.PNG", "2.png", "3.png", "3.PNG")
    write(tmp_path, labels__csv="file,label\n1.png,A\n2.Png,B\n3.png,C\n3.Png,D\n")
    said = found(tmp_path, "labels.csv")
    assert [said[name] for name in ("1.PNG", "2.png", "3.png")] == ["A", "B", "C"]
    assert said["3.Png"] == "<no such file (labels.csv, line 5)>"  # ambiguous


@pytest.mark.parametrize("name", ["./a.png", " a.png", "a", "sub\\b", "sub\\b.png", "{}/a.png"])
def test_files_may_be_named_in_several_ways(tmp_path, name):
    touch(tmp_path, "a.png", "sub/b.png")
    write(tmp_path, labels__csv=f"file,label\n{name.format(tmp_path)},X\n")
    named, other = found(tmp_path, "labels.csv", recursive=True).values()
    assert (named, other) == ("X", "<no caption in labels.csv>")


def test_rows_without_image_and_images_without_row_are_listed(tmp_path, said):
    touch(tmp_path, "a.png", "b.png", "c.png")
    long = "x" * 300
    write(tmp_path, labels__csv=f"file,label\ngone.png,1\na.png,2\n{long}.png,3\n,4\nb.png,5,6\n")
    assert found(tmp_path, "labels.csv") == {
        "a.png": "2",
        "labels.csv, line 5": "<names no image for the caption '4'>",
        "labels.csv, line 6": "<3 cells for 2 columns; quote cells with a delimiter>",
        "gone.png": "<no such file (labels.csv, line 2)>",
        f"{long}.png": "<no such file (labels.csv, line 4)>",
        "b.png": "<no caption in labels.csv>",
        "c.png": "<no caption in labels.csv>",
    }
    assert "2 of 3 images" in said.text and "no caption in labels.csv" in said.text


def test_equal_rows_count_once_and_contradicting_rows_are_skipped(tmp_path, said):
    touch(tmp_path, "a.png", "b.png")
    write(
        tmp_path,
        labels__csv="file,label\na.png,A\na.png,A \n./a.png,A\nb.png,B\nb.png,8\n",
    )
    assert found(tmp_path, "labels.csv") == {
        "a.png": "A",
        "b.png": "<rows disagree about it: 'B' and '8'>",
    }
    assert "2 rows repeat" in said.text


def test_captions_with_control_characters_are_skipped(tmp_path):
    touch(tmp_path, "a.png", "b.png")
    write(
        tmp_path,
        l__jsonl='{"file": "a.png", "label": "A\\u0007"}\n{"file": "b", "label": "\\ud800"}',
    )
    assert found(tmp_path, "l.jsonl") == {
        "a.png": r"<caption 'A\x07' has the control character '\x07'>",
        "b.png": r"<caption '\ud800' has the control character '\ud800'>",
    }


@pytest.mark.parametrize("name", ["\\u0000.png", "\\ud800.png", "\\ud800"])
def test_impossible_file_names_are_missing_files(tmp_path, name):
    touch(tmp_path, "a.png")
    write(tmp_path, l__jsonl=f'{{"file": "{name}", "label": "A"}}')
    _, (shown, reason) = found(tmp_path, "l.jsonl").items()
    shown.encode()
    assert reason == "<no such file (l.jsonl, line 1)>"


@pytest.mark.parametrize("name", ["gone.csv", "x" * 300, "a\0b", "./.gt.txt"])
def test_a_missing_labels_file_is_named(tmp_path, name):
    touch(tmp_path, "a.png")
    with pytest.raises(UserError, match=r"data\.labels=.*: no such file, neither in"):
        found(tmp_path, name)


def test_a_similar_name_is_suggested_for_a_misspelt_labels_file(tmp_path):
    touch(tmp_path, "lables.png")
    write(tmp_path, labels__csv="file,label\nlables.png,A\n")
    with pytest.raises(UserError, match=r"Did you mean labels\.csv\?"):
        found(tmp_path, "lables.csv")


def test_paths_are_relative_to_the_folder_or_to_the_labels_file(tmp_path, monkeypatch):
    folder = tmp_path / "images"
    touch(folder, "1.png", "2.png")
    write(tmp_path, labels__csv="file,label\n1.png,a\nimages/2.png,b\n")
    assert found(folder, str(tmp_path / "labels.csv")) == {"1.png": "a", "2.png": "b"}
    monkeypatch.chdir(tmp_path)
    assert found(folder, "labels.csv") == {"1.png": "a", "2.png": "b"}


@pytest.mark.parametrize("way", ["images", "meta/../images", "../{}/images"])
def test_paths_may_contain_parent_folders(tmp_path, monkeypatch, way):
    touch(tmp_path / "images", "1.png", "2.png")
    write(tmp_path / "meta", labels__csv="file,label\n../images/1.png,a\n")
    monkeypatch.chdir(tmp_path)
    folder = Path(way.format(tmp_path.name))
    captions = CaptionFinder(TextNormalizer("NFC", "keep", True), "meta/labels.csv")
    named, other = captions.find({"all": folder})["all"]
    assert (named.name, named.text) == (str(folder / "1.png"), "a")
    assert other.text == "no caption in labels.csv"


def test_a_parent_folder_of_a_link_is_that_of_its_target(tmp_path):
    touch(tmp_path / "store", "images/1.png")
    write(tmp_path / "store" / "meta", labels__csv="file,label\n../images/1.png,a\n")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "meta").symlink_to(tmp_path / "store" / "meta")
    folder = tmp_path / "data" / "meta"
    [sample] = CaptionFinder(TextNormalizer("NFC", "keep", True), "labels.csv").find(
        {"all": folder}
    )["all"]
    assert sample.text == "a" and Path(sample.name).exists()


def test_a_labels_file_in_the_folder_comes_first(tmp_path, monkeypatch):
    folder = tmp_path / "images"
    touch(folder, "1.png")
    write(folder, labels__csv="file,label\n1.png,inside\n")
    write(tmp_path, labels__csv="file,label\n1.png,outside\n")
    monkeypatch.chdir(tmp_path)
    assert found(folder, "labels.csv") == {"1.png": "inside"}


def test_one_labels_file_for_several_folders(tmp_path):
    touch(tmp_path, "a/1.png", "b/2.png", "c/3.png")
    rows = ["a/1.png,A", "b/2.png,B", f"{tmp_path}/c/3.png,C", "c/4.png,D"]
    write(tmp_path, labels__csv="\n".join(["file,label", *rows]))
    captions = CaptionFinder(TextNormalizer("NFC", "keep", True), str(tmp_path / "labels.csv"))
    read = captions.find({part: tmp_path / part for part in "abc"})
    assert {part: shown(tmp_path, samples) for part, samples in read.items()} == {
        "a": {"a/1.png": "A", "c/4.png": "<no such file (labels.csv, line 5)>"},
        "b": {"b/2.png": "B"},
        "c": {"c/3.png": "C"},
    }


# Groups


def test_groups_from_a_column_or_from_the_name(tmp_path):
    touch(tmp_path, "p1_1.png", "p1_2.png", "p2_1.png")
    write(tmp_path, labels__csv="file,label,car\np1_1.png,A,x\np1_2.png,B,y\np2_1.png,C,\n")
    assert groups(tmp_path, labels="labels.csv") == ["", "", ""]
    assert groups(tmp_path, columns=Columns(group="car")) == ["x", "y", ""]
    assert groups(tmp_path, labels="labels.csv", pattern="group_id") == ["p1", "p1", "p2"]
    assert groups(tmp_path, pattern="group_id") == ["p1", "p1", "p2"]
    assert groups(tmp_path, pattern="group_label") == ["p1", "p1", "p2"]


def test_a_name_without_group_is_skipped(tmp_path):
    touch(tmp_path, "p1_1.png", "p.png")
    write(tmp_path, **{"p1_1__gt__txt": "A", "p__gt__txt": "B"})
    assert found(tmp_path, ".gt.txt", "group_id") == {
        "p.png": "<the name doesn't fit data.pattern=group_id>",
        "p1_1.png": "A",
    }


def test_images_that_share_a_text_file_are_a_group_and_logged(tmp_path, said):
    touch(tmp_path, "1.bin.png", "1.nrm.png", "2.bin.png", "2.nrm.png", "3.png")
    write(tmp_path, **{f"{i}__gt__txt": "A" for i in "123"})
    assert groups(tmp_path) == ["1", "1", "2", "2", ""]
    assert "2 captions are of 2 images each" in said.text
    assert groups(tmp_path, pattern="group.id") == ["1", "1", "2", "2", ""][:4]


@pytest.mark.parametrize(
    "names,texts,expected",
    [
        (["1_bin.png", "1_raw.png", "2_bin.png"], "AAA", ["1", "1", ""]),
        (["1.png", "1-gray.png", "2.png"], "AAA", ["1", "1", ""]),
        (["1_bin.png", "1_raw.png"], "AB", ["", ""]),  # two texts
        (["1_0.png", "1_1.png"], "AA", ["", ""]),
    ],
)
def test_images_that_differ_by_preprocessing_are_a_group(tmp_path, names, texts, expected):
    touch(tmp_path, *names)
    rows = [f"{name},{text}" for name, text in zip(names, texts)]
    write(tmp_path, labels__csv="\n".join(["file,label", *rows]))
    assert groups(tmp_path) == expected


@pytest.mark.parametrize(
    "keys,said",
    [
        ({"labels": "labels.csv", "pattern": "label_id"}, r"label_id and data\.labels=labels\.csv"),
        ({"labels": "name", "pattern": "group_id"}, r"data\.pattern=group_id names no `label`"),
        ({"pattern": "group_id", "columns": Columns(group="x")}, r"both name groups"),
        ({"labels": "name", "columns": Columns(group="x")}, r"data\.group .*data\.labels=FILE"),
        ({"labels": ".gt.txt", "columns": Columns(file="x")}, r"data\.file_column"),
    ],
)
def test_contradicting_settings_are_refused(tmp_path, keys, said):
    touch(tmp_path, "a_1.png")
    with pytest.raises(UserError, match=said):
        found(tmp_path, **keys)
