"""Lists of images and captions, in the forms that scripts and programs write."""

import json

import pytest
from caption_folders import found, touch

from ocr.data.sources.folder import Folder
from ocr.data.sources.labels_file import Columns, LabelsFile, read_labels
from ocr.errors import UserError

NAMES = [f"p{i:02}.png" for i in range(12)]
CODES = [f"{(i * 7919 + 1234) % 10000:04}" for i in range(12)]


def listed(form: str, head: str = "", names: list[str] = NAMES) -> str:
    rows = zip(names, CODES, strict=True)
    return head + "".join(
        form.format(
            n=n, stem=n.rpartition(".")[0], c=c, i=i, session=f"5q2{i:02}x", score=f"{i / 13:.3f}"
        )
        + "\n"
        for i, (n, c) in enumerate(rows)
    )


@pytest.mark.parametrize(
    "form,head",
    [
        ("{n}\t{c}", ""),
        ("{n} {c}", ""),
        ("{n}   {c}", "\n"),
        ("{n},{c}", ""),
        ("{n};{c}", ""),
        ("{n} | {c}", ""),
        ('{n}, "{c}"', ""),
        ("{stem} {c}", ""),
        ("{stem},{c}", ""),
        ("{c}\t{n}", ""),
        ("{n}\t{c}", "# a comment\n#\n\n"),
        ("{n}\t{c}", "filename\tcaption\n"),
        ("{n}\t{c}", "Datei\tWert\n"),
        ("{n},{c}", "image,text\n"),
        ("{n}\t{c}\t{score}", ""),
        ("{n} {c} {score}", ""),
        ("{n} {c} 10 20 1{i}0 60", ""),
        ("{n},10,20,1{i}0,60,{c}", ""),
        ("{n}\t{c}\t[[1, 2], [30, 2]]", ""),
        ("{stem} {c} {session}", "#list\n#[file] [solution] [session]\n"),
        ("{n}\t{session}\t{c}", "image\tsession\ttext\n"),
        ("C:\\photos\\{n}\t{c}", ""),
        ("/data/upload/1/3fa85f64-{n}\t{c}", ""),
    ],
)
@pytest.mark.parametrize("name", ["l.txt", "l.lst", "l.label", "l"])
def test_lists_of_all_forms_are_read(tmp_path, form, head, name):
    touch(tmp_path, *NAMES)
    (tmp_path / name).write_text(listed(form, head))
    assert found(tmp_path, name) == dict(zip(NAMES, CODES, strict=True))


def test_names_may_have_folders_and_spaces(tmp_path):
    for names in ([f"a/{name}" for name in NAMES], [f"a b {name}" for name in NAMES]):
        touch(tmp_path, *names)
        (tmp_path / "l.txt").write_text(listed("{n} {c}", names=names))
        got = found(tmp_path, "l.txt", recursive=True)
        assert {name: got[name] for name in names} == dict(zip(names, CODES, strict=True))


def test_captions_may_contain_the_separator(tmp_path):
    (tmp_path / "l.txt").write_text("1.png AB 12\n2.png C\n3.png a, b  c\n")
    rows = read_labels(tmp_path / "l.txt", Columns())
    assert [row.text for row in rows] == ["AB 12", "C", "a, b  c"]


@pytest.mark.parametrize("form", ["AB {c}", "{c} kg", "A {c} BC", "No {i}", "EUR 0.{c}"])
def test_captions_with_equally_many_words_are_read_completely(tmp_path, form):
    touch(tmp_path, *NAMES)
    texts = [form.format(c=code, i=i) for i, code in enumerate(CODES)]
    lines = [f"{name} {text}\n" for name, text in zip(NAMES, texts, strict=True)]
    (tmp_path / "labels.txt").write_text("".join(lines))
    assert found(tmp_path) == dict(zip(NAMES, texts, strict=True))
    [note] = LabelsFile(tmp_path / "labels.txt", Columns(), folder=Folder(tmp_path)).notes
    assert repr(texts[0]) in note and "data.label_column=2" in note


@pytest.mark.parametrize(
    "form", ["{stem} {c} {session}", "{n},{c},{session}", "{n}\t{c}\t{session}"]
)
def test_unclear_columns_are_refused_and_the_suggestion_works(tmp_path, form):
    touch(tmp_path, *NAMES)
    (tmp_path / "l.txt").write_text(listed(form))
    with pytest.raises(UserError, match=r"l\.txt, line 1: .*data\.label_column=2 \(or '3'\)"):
        found(tmp_path, "l.txt")
    got = found(tmp_path, "l.txt", columns=Columns(label="2"))
    assert got == dict(zip(NAMES, CODES, strict=True))
    [first, *_] = LabelsFile(
        tmp_path / "l.txt", Columns(label="2", group="3"), folder=Folder(tmp_path)
    ).rows
    assert first.group == "5q200x"
    rest = found(tmp_path, "l.txt", columns=Columns(label="2+"))
    assert rest[NAMES[0]].startswith(CODES[0]) and rest[NAMES[0]].endswith("5q200x")


def test_unused_columns_are_noted(tmp_path):
    touch(tmp_path, *NAMES)
    (tmp_path / "l.txt").write_text(listed("{n} {c} {score}"))
    [note] = LabelsFile(tmp_path / "l.txt", Columns(), folder=Folder(tmp_path)).notes
    assert "column 3 ('0.000')" in note and "data.label_column=2+" in note


@pytest.mark.parametrize("form", ["{n}\t{c}\t{score}", "{n} {c} {score}", "{n};{c};{score}"])
def test_a_line_without_the_third_column_is_named(tmp_path, form):
    touch(tmp_path, *NAMES, "more.png")
    content = listed(form)
    (tmp_path / "l.txt").write_text(content + form[:7].format(n="more.png", c="77") + "\n")
    with pytest.raises(UserError, match=r"l\.txt, line 13: 2 columns, but most .* have 3"):
        found(tmp_path, "l.txt")
    (tmp_path / "l.txt").write_text(content + "more.png\n")
    assert found(tmp_path, "l.txt")["more.png"] == "<no caption in l.txt, line 13>"
    assert found(tmp_path, "l.txt")["p03.png"] == CODES[3]


def test_a_name_alone_is_an_image_without_caption(tmp_path):
    touch(tmp_path, "1.png", "2.png", "3.png")
    (tmp_path / "l.txt").write_text("1.png\tA\n2.png\n3.png\t\n")
    assert found(tmp_path, "l.txt") == {
        "1.png": "A",
        "2.png": "<no caption in l.txt, line 2>",
        "3.png": "<no caption in l.txt, line 3>",
    }
    (tmp_path / "l.txt").write_text("1.png\n2.png\n3.png\n")
    with pytest.raises(UserError, match="all captions are empty"):
        found(tmp_path, "l.txt")


def test_a_line_that_begins_like_a_comment_may_name_an_image(tmp_path):
    touch(tmp_path, "#1.png", "#2.png")
    (tmp_path / "l.txt").write_text("#1.png\tA\n#2.png\tB\n")
    assert found(tmp_path, "l.txt") == {"#1.png": "A", "#2.png": "B"}


# One line per image


@pytest.mark.parametrize("form", ["a.{}.png", "{}.png", "img{:03}.jpg"])
def test_one_line_per_image_follows_their_numbers(tmp_path, form):
    names = [form.format(i) for i in range(1, 13)]
    touch(tmp_path, *names)
    (tmp_path / "ans.txt").write_text("\n".join(CODES) + "\n\n")
    assert found(tmp_path, "ans.txt") == dict(zip(names, CODES, strict=True))
    path, folder = tmp_path / "ans.txt", Folder(tmp_path)
    [note] = LabelsFile(path, Columns(), folder=folder, given=True).notes
    assert f"{CODES[0]!r} is the caption of {names[0]}" in note
    with pytest.raises(UserError, match=r"ans\.txt, line 1"):  # read only if data.labels names it
        LabelsFile(path, Columns(), folder=folder)


def test_single_digits_in_lines_are_captions_not_names(tmp_path):
    touch(tmp_path, *(f"{i}.png" for i in range(10)))
    (tmp_path / "ans.txt").write_text("\n".join("3141592653"))
    assert "".join(found(tmp_path, "ans.txt").values()) == "3141592653"


@pytest.mark.parametrize(
    "names,lines,why",
    [
        (["a.png", "b.png", "c.png"], 3, "exactly one number"),
        (["1_2.png", "2_1.png", "3_3.png"], 3, "exactly one number"),
        (["1.png", "01.png", "2.png"], 3, "exactly one number"),
        (["1.png", "2.png", "3.png"], 4, "line 1: not a file name"),
        (["1.png", "2.png", "3.png"], 2, "line 1: not a file name"),
    ],
)
def test_lines_that_do_not_match_the_images_are_refused(tmp_path, names, lines, why):
    touch(tmp_path, *names)
    (tmp_path / "ans.txt").write_text("".join(f"x{code}\n" for code in CODES[:lines]))
    with pytest.raises(UserError, match=rf"ans\.txt.*{why}"):
        found(tmp_path, "ans.txt")


# PPOCRLabel


def test_ppocrlabel_s_list_of_boxes_is_refused_with_advice(tmp_path):
    touch(tmp_path, *NAMES)
    boxes = [json.dumps([{"transcription": code, "points": [[7, 3]]}]) for code in CODES]
    lines = [f"set/{name}\t{box}\n" for name, box in zip(NAMES, boxes, strict=True)]
    (tmp_path / "Label.txt").write_text("".join(lines))
    with pytest.raises(
        UserError, match=r"Label\.txt, line 1: PPOCRLabel.*crop_img and rec_gt\.txt"
    ):
        found(tmp_path, "Label.txt")
    (tmp_path / "rec_gt.txt").write_text(listed("crop_img/{n}\t{c}"))
    with pytest.raises(UserError, match=r"data\.dir=.*crop_img data\.labels=.*rec_gt\.txt"):
        found(tmp_path, "Label.txt")
    touch(tmp_path / "crop_img", *NAMES)
    assert found(tmp_path / "crop_img", str(tmp_path / "rec_gt.txt")) == dict(
        zip(NAMES, CODES, strict=True)
    )


@pytest.mark.parametrize("said", ["1", "0", "x"])
def test_a_list_with_one_caption_for_all_is_read_only_if_given(tmp_path, said):
    touch(tmp_path, *NAMES)
    (tmp_path / "fileState.txt").write_text(listed(f"C:\\set\\{{n}}\t{said}"))
    with pytest.raises(UserError, match=rf"has only '{said}' beside the names"):
        LabelsFile(tmp_path / "fileState.txt", Columns(), folder=Folder(tmp_path))
    assert found(tmp_path)[NAMES[0]] == NAMES[0].removesuffix(".png")
    assert found(tmp_path, "fileState.txt")[NAMES[0]] == said
