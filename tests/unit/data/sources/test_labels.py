import codecs
import json
from pathlib import Path

import pytest
from caption_folders import found, touch

from ocr.data.samples import Skipped
from ocr.data.sources.folder import Folder
from ocr.data.sources.labels_file import Columns, LabelsFile, read_labels
from ocr.errors import UserError


def rows(tmp_path: Path, name: str, content: str | bytes, **columns: str) -> list[tuple[str, str]]:
    """The (file, caption) of each row, or (where, reason) if it can't be used."""
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    read = read_labels(path, Columns(**columns))
    return [(r.name, r.text) if isinstance(r, Skipped) else (r.file, r.text) for r in read]


CAPTIONS = ["1,50", 'say "x"', "007", "Straße 日本", " x ", "1e5", "NA", "null", "TRUE", "a\nb", ""]


@pytest.mark.parametrize("delimiter,name", [(",", "l.csv"), (";", "l.CSV"), ("\t", "l.tsv")])
@pytest.mark.parametrize("mark", [b"", codecs.BOM_UTF8])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_all_cells_are_text(tmp_path, delimiter, name, mark, end):
    quoted = [text.replace('"', '""') for text in CAPTIONS]
    lines = [f"file{delimiter}label", *(f'{i}.png{delimiter}"{t}"' for i, t in enumerate(quoted))]
    content = mark + end.join([*lines, ""]).encode()
    assert rows(tmp_path, name, content) == [(f"{i}.png", t) for i, t in enumerate(CAPTIONS)]


@pytest.mark.parametrize("text", ["007", "NA", "null", "1e5", "TRUE", "5' 3", 'x"y', " x "])
def test_cells_without_quotes_are_the_same_text(tmp_path, text):
    assert rows(tmp_path, "l.csv", f"file,label\n1.png,{text}\n") == [("1.png", text)]


@pytest.mark.parametrize(
    "head",
    [
        "file,label",
        "file_name,text",
        "Filename,Caption",
        "image path,ground-truth",
        "text,file,label",
    ],
)
def test_usual_names_of_columns_are_found(tmp_path, head):
    cells = ",".join({"f": "1.png", "i": "1.png"}.get(n[0].lower(), "A") for n in head.split(","))
    assert rows(tmp_path, "l.csv", f"{head}\n{cells}\n") == [("1.png", "A")]


def test_columns_are_chosen_by_given_names(tmp_path):
    content = "id;wert;label\n1.png;A;x\n"
    assert rows(tmp_path, "l.csv", content, file="id", label="wert") == [("1.png", "A")]


@pytest.mark.parametrize(
    "head,columns,message",
    [
        ("a,b", {}, r"no column for 'file' among the columns 'a', 'b': .*data\.file_column"),
        ("file,b,c", {}, r"several columns for 'label' among .*data\.label_column=b \(or 'c'\)"),
        ("file,text,caption", {}, r"several columns for 'label' among .*'text', 'caption'"),
        ("file,label", {"label": "x"}, r"data\.label_column=x: no such column; .*'file', 'label'"),
        ("file,label", {"group": "car"}, r"data\.group=car: no such column; .*'file', 'label'"),
    ],
)
def test_a_missing_column_is_refused_with_the_existing_ones(tmp_path, head, columns, message):
    with pytest.raises(UserError, match=rf"l\.csv: {message}"):
        rows(tmp_path, "l.csv", f"{head}\n1.png,a,b\n", **columns)


def test_a_given_column_of_groups_is_read(tmp_path):
    (tmp_path / "l.csv").write_text("file,label,car\n1.png,A,7\n2.png,B,\n")
    assert [row.group for row in read_labels(tmp_path / "l.csv", Columns(group="car"))] == ["7", ""]
    assert [row.group for row in read_labels(tmp_path / "l.csv", Columns())] == ["", ""]


def test_an_empty_table_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"l\.csv: it is empty"):
        rows(tmp_path, "l.csv", "\n\n")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_table_without_header_is_read(tmp_path, delimiter):
    content = f"1.png{delimiter}A\n2.PNG{delimiter}B\n"
    assert rows(tmp_path, "l.csv", content) == [("1.png", "A"), ("2.PNG", "B")]


def test_unusable_rows_are_listed_with_their_line(tmp_path):
    content = "file,label\n1.png,1,50\n\n,x\n2.png\n3.png,y,,\n"
    assert rows(tmp_path, "l.csv", content) == [
        ("l.csv, line 2", "3 cells for 2 columns; quote cells with a delimiter"),
        ("l.csv, line 4", "names no image for the caption 'x'"),
        ("2.png", ""),
        ("3.png", "y"),
    ]


@pytest.mark.parametrize(
    "name,content",
    [
        ("l.csv", 'file,label\n1.png,"A\n2.png,B\n'),  # an unclosed quote
        ("l.csv", 'file,label\n1.png,A\n2.png,"B"C\n'),
        ("l.csv", f"file,label\n1.png,A\n2.png,{'x' * 200_000}\n"),
    ],
)
def test_the_line_of_invalid_csv_is_named(tmp_path, name, content):
    with pytest.raises(UserError, match=r"l\.csv, line 3: not CSV"):
        rows(tmp_path, name, content)


@pytest.mark.parametrize(
    "content,said",
    [
        ("file,label\n1.png,ü\n".encode("utf-16-le"), "data.encoding=utf-16-le"),
        ("file,label\n1.png,A\n".encode("utf-16-be"), "data.encoding=utf-16-be"),
        (
            "file,label\n1.png,ü\n".encode("latin-1"),
            "another encoding, not UTF-8 .* byte 17.*data.encoding=cp1252",
        ),
        (b"file,label\n1.png,A\0\n", "NUL"),
        (b"PK\x03\x04\xff\xfe", "a spreadsheet, which isn't read: .* CSV"),
    ],
)
@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".jsonl", ".txt"])
def test_other_encodings_are_refused_in_one_line(tmp_path, content, said, suffix):
    with pytest.raises(UserError, match=rf"l{suffix}: .*({said})") as caught:
        rows(tmp_path, f"l{suffix}", content)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", ["file,label\n", "\ufefffile,label\n\n\n"])
def test_a_table_with_only_a_header_is_refused(tmp_path, content):
    with pytest.raises(UserError, match=r"l\.csv: no rows"):
        rows(tmp_path, "l.csv", content)


NAMES = [f"p{i:02}.png" for i in range(12)]
CODES = [f"{(i * 7919 + 1234) % 10000:04}" for i in range(12)]


def table(head: str, form: str) -> str:
    rows = [
        form.format(
            n=n,
            stem=n[:-4],
            c=c,
            i=i,
            session=f"5q2{i:02}x",
            score=f"{i / 13:.3f}",
            half="ab"[i % 2],
        )
        for i, (n, c) in enumerate(zip(NAMES, CODES, strict=True))
    ]
    return "\n".join([*filter(None, [head]), *rows])


@pytest.mark.parametrize(
    "head,form",
    [
        ("image_path,plate_text", "{n},{c}"),
        ("id,filename,solution,session", "{i},{n},{c},{session}"),
        ("Nr;Bilddatei;Kennzeichen", "{i};{n};{c}"),
        ("文件|文本", "{n}|{c}"),
        ("filename,width,height,plate", "{n},1{i},2{i},{c}"),
        ("file,teil,wert", "{n},{half},{c}"),
        ("bild,sicher,wert", "{n},{score},{c}"),
        ("bild,x1,y1,x2,y2,wert", "{n},10,2{i},50,6{i},A{c}"),
        ("filename,path,label", "{n},/home/ann/{n},{c}"),
        ("id,solution", "{stem},{c}"),
        ("# made by hand\nfile;label", "{n};{c}"),
        ("sep=;\nfile;label", "{n};{c}"),
        ("", "{n},{c},{score}"),
        ("", "{stem},{c}"),
        ("", "{i};{n};{c}"),
        (
            "annotation_id,annotator,id,image,lead_time,plate",
            "{i}7,1,{i},/data/upload/1/3fa85f64-{n},2.{i},{c}",
        ),
    ],
)
def test_clear_columns_are_found_by_their_values(tmp_path, head, form):
    touch(tmp_path, *NAMES)
    (tmp_path / "l.csv").write_text(table(head, form))
    codes = [f"A{code}" if "A{c}" in form else code for code in CODES]
    assert found(tmp_path, "l.csv") == dict(zip(NAMES, codes, strict=True))


@pytest.mark.parametrize(
    "head,form,advice",
    [
        ("bild,wert,sitzung", "{n},{c},{session}", "data.file_column=bild data.label_column=wert"),
        ("", "{n},{c},{session}", "data.file_column=1 data.label_column=2"),
    ],
)
def test_the_suggested_columns_read_all_rows(tmp_path, head, form, advice):
    touch(tmp_path, *NAMES)
    (tmp_path / "l.csv").write_text(table(head, form))
    with pytest.raises(UserError, match=advice):
        found(tmp_path, "l.csv")
    file, label = (word.partition("=")[2] for word in advice.split())
    assert found(tmp_path, "l.csv", columns=Columns(file, label)) == dict(
        zip(NAMES, CODES, strict=True)
    )


def test_a_suggested_column_with_spaces_is_quoted(tmp_path):
    content = table("bild,der wert,sitzung", "{n},{c},{session}")
    with pytest.raises(UserError, match=r"'data\.label_column=.der wert.'"):
        rows(tmp_path, "l.csv", content)


@pytest.mark.parametrize(
    "head,form", [("file,width", "{n},{i}7"), ("file,part", "{n},{half}"), ("file,id", "{n},x{i}")]
)
def test_a_column_with_another_meaning_is_used_only_if_the_file_is_given(tmp_path, head, form):
    touch(tmp_path, *NAMES)
    (tmp_path / "about.csv").write_text(table(head, form))
    with pytest.raises(UserError, match="no column for 'label'"):
        LabelsFile(tmp_path / "about.csv", Columns(), folder=Folder(tmp_path))
    assert found(tmp_path, "about.csv")["p03.png"] != "p03"


def test_a_usual_column_name_is_preferred_to_values_like_captions(tmp_path):
    touch(tmp_path, *NAMES)
    (tmp_path / "a.csv").write_text(table("bild,kamera", "{n},{session}"))
    (tmp_path / "labels.csv").write_text(table("file,label", "{n},{c}"))
    assert found(tmp_path) == dict(zip(NAMES, CODES, strict=True))


@pytest.mark.parametrize(
    "name,content",
    [
        ("l.csv", "p00.png A\np01.png B\n"),
        ("l.csv", "p00.png|A\np01.png|B\n"),
        ("l.tsv", "file,label\np00.png,A\np01.png,B\n"),
        ("l.txt", '{"p00.png": "A", "p01.png": "B"}'),
        ("l.txt", '[\n{"file": "p00.png", "label": "A"}, {"file": "p01.png", "label": "B"}]'),
        ("l.jsonl", '[{"file": "p00.png", "label": "A"}, {"file": "p01.png", "label": "B"}]'),
        ("l.json", '{"file": "p00.png", "label": "A"}\n{"file": "p01.png", "label": "B"}'),
    ],
)
def test_the_content_of_a_file_decides_its_format(tmp_path, name, content):
    assert rows(tmp_path, name, content) == [("p00.png", "A"), ("p01.png", "B")]


# Images without captions


@pytest.mark.parametrize("empty", ["", "  ", '""'])
def test_an_empty_cell_is_an_image_without_caption(tmp_path, caplog, empty):
    caplog.set_level("INFO")
    touch(tmp_path, *NAMES)
    lines = [f"{n},{c if i % 2 else empty}" for i, (n, c) in enumerate(zip(NAMES, CODES))]
    (tmp_path / "labels.csv").write_text("\n".join(["file,label", *lines]))
    got = found(tmp_path)
    assert list(got.values())[:2] == ["<no caption in labels.csv, line 2>", CODES[1]]
    assert caplog.text.count("6 of 12 images") == 1
    labels = LabelsFile(tmp_path / "labels.csv", Columns())
    skipped = [row for row in labels.captions(Folder(tmp_path)) if isinstance(row, Skipped)]
    assert len(skipped) == 6 and not any(row.is_unusable for row in skipped)


def test_an_empty_cell_of_a_missing_image_is_not_counted_as_left_out(tmp_path):
    touch(tmp_path, "1.png")
    (tmp_path / "labels.csv").write_text("file,label\n1.png,A\n1.png,\n2.png,\n3.png,B\n")
    labels = LabelsFile(tmp_path / "labels.csv", Columns())
    assert [row.text for row in labels.captions(Folder(tmp_path))] == ["A"]
    assert [(row.name, row.is_unusable) for row in labels.unused_rows()] == [
        ("2.png", False),
        ("3.png", True),
    ]


def test_a_table_without_any_caption_is_refused_in_one_line(tmp_path):
    (tmp_path / "l.csv").write_text("file,label\n1.png,\n2.png\n")
    with pytest.raises(UserError, match=r"l\.csv: all captions are empty"):
        LabelsFile(tmp_path / "l.csv", Columns())


@pytest.mark.parametrize(
    "name,content",
    [
        ("l.xlsx", b""),
        ("l.xls", b""),
        ("l.ods", b"PK\x03\x04"),
        ("l.parquet", b"PAR1"),
        ("l.xml", b"<annotation/>"),
        ("l.csv", b"PK\x03\x04\x14"),
        ("l.txt", b"PAR1"),
    ],
)
def test_unsupported_formats_are_refused_with_advice(tmp_path, name, content):
    with pytest.raises(UserError, match=rf"{name}: .* isn't read: .*CSV.*labels\.csv") as caught:
        rows(tmp_path, name, content)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["l.jsonl", "l.ndjson"])
def test_json_lines(tmp_path, name):
    lines = [json.dumps({"file_name": f"{i}.png", "text": t}) for i, t in enumerate(CAPTIONS)]
    content = "\n".join([*lines, ""])
    assert rows(tmp_path, name, content) == [(f"{i}.png", t) for i, t in enumerate(CAPTIONS)]


@pytest.mark.parametrize(
    "value,text",
    [("12", "12"), ("1.50", "1.50"), ("1e5", "1e5"), ("null", ""), ('"\u2028"', "\u2028")],
)
def test_numbers_in_json_stay_as_they_are_written(tmp_path, value, text):
    assert rows(tmp_path, "l.jsonl", f'{{"file": "1.png", "label": {value}}}') == [("1.png", text)]


@pytest.mark.parametrize(
    "line,said",
    [
        ("{", "not JSON"),
        ("[1]", "not an object"),
        ("12", "not an object"),
        ('{"file": "1.png", "label": true}', "the label is true, not a string"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_an_invalid_line_of_json_is_named(tmp_path, line, said):
    with pytest.raises(UserError, match=rf"l\.jsonl, line 3: {said}"):
        rows(tmp_path, "l.jsonl", f'{{"file": "0.png", "label": "A"}}\n\n{line}\n')


@pytest.mark.parametrize(
    "content,read",
    [
        ("a b/1.jpg\tA 12\n2.jpg\t\n\n3.jpg\tx\ty\r\n", "a b/1.jpg=A 12 2.jpg= 3.jpg=x\ty"),
        ('1.jpg\t"A"\n', '1.jpg="A"'),
        (
            'word_1.png, "Tiredness"\nword_2.png, "\\"a\\", b"\n',
            'word_1.png=Tiredness word_2.png="a", b',
        ),
        ("word_1.png,A b\n", "word_1.png=A b"),
        ("x/1.JPG 京A 12\n2.jpg B\n", "x/1.JPG=京A 12 2.jpg=B"),
    ],
)
def test_lists_without_header(tmp_path, content, read):
    assert " ".join(f"{file}={text}" for file, text in rows(tmp_path, "gt.txt", content)) == read


@pytest.mark.parametrize("second", ["2.jpg A", "A12", "2.jpg, A"])
def test_a_line_of_another_form_is_named(tmp_path, second):
    with pytest.raises(UserError, match=r"l\.txt, line 2: not a file name, a tab and a caption"):
        rows(tmp_path, "l.txt", f"1.jpg\tA\n{second}\n")


def test_columns_given_for_a_list_without_columns_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"l\.txt.*data\.group=car: no such column"):
        rows(tmp_path, "l.txt", "1.jpg\tA\n", group="car")
