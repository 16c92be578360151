"""JSON files of captions, as annotation tools and libraries export them."""

import json
from pathlib import Path
from typing import Any

import pytest
from caption_folders import found, touch

from ocr.data.sources.labels_file import Columns
from ocr.errors import UserError

NAMES = [f"p{i:02}.png" for i in range(12)]
CODES = [f"{(i * 7919 + 1234) % 10000:04}" for i in range(12)]
PAIRS = list(enumerate(zip(NAMES, CODES, strict=True)))
MADE = "2024-01-01T00:00:00.000000Z"


def label_studio(i: int, name: str, code: str, **value: Any) -> dict[str, Any]:
    box = {"value": {"x": 1.0, "rectanglelabels": ["Text"]}, "id": f"a{i}", "type": "rectangle"}
    text = {"value": value or {"text": [code]}, "id": f"a{i}", "type": "textarea"}
    return {
        "id": i,
        "annotations": [{"id": i + 7, "completed_by": 1, "result": [box, text], "lead_time": i}],
        "predictions": [{"result": [{"value": {"text": ["guessed"]}}]}],
        "file_upload": f"3fa8{i:04x}-{name}",
        "data": {"ocr": f"/data/upload/1/3fa8{i:04x}-{name}"},
        "created_at": MADE,
    }


def label_studio_min(i: int, name: str, code: str, key: str) -> dict[str, Any]:
    return {
        "image": f"/data/local-files/?d=set/{name}", "id": i, key: code, "annotator": 1,
        "annotation_id": i + 5, "created_at": MADE, "updated_at": MADE, "lead_time": 1.5 + i,
    }  # fmt: skip


def via(i: int, name: str, code: str) -> dict[str, Any]:
    region = {"shape_attributes": {"name": "rect", "x": i}, "region_attributes": {"text": code}}
    return {"filename": name, "size": 12 + i, "regions": [region], "file_attributes": {}}


FORMS = {
    "docTR": {n: c for _, (n, c) in PAIRS},
    "without suffixes": {n[:-4]: c for _, (n, c) in PAIRS},
    "objects by names": {n: {"label": c, "width": i} for i, (n, c) in PAIRS},
    "lists by names": {n: [c] for _, (n, c) in PAIRS},
    "array": [{"image_path": n, "caption": c} for _, (n, c) in PAIRS],
    "array, other names": [{"bild": n, "wert": c, "nr": i} for i, (n, c) in PAIRS],
    "pairs": [[n, c] for _, (n, c) in PAIRS],
    "wrapped": {"version": "1", "labels": {n: c for _, (n, c) in PAIRS}},
    "mmocr": {
        "metainfo": {"task_name": "textrecog"},
        "data_list": [{"img_path": f"x/{n}", "instances": [{"text": c}]} for _, (n, c) in PAIRS],
    },
    "Label Studio": [label_studio(i, n, c) for i, (n, c) in PAIRS],
    "Label Studio, choices": [label_studio(i, n, c, choices=[c]) for i, (n, c) in PAIRS],
    "JSON-MIN": [label_studio_min(i, n, c, "transcription") for i, (n, c) in PAIRS],
    "JSON-MIN, own name": [label_studio_min(i, n, c, "plate") for i, (n, c) in PAIRS],
    "COCO": {
        "images": [{"id": i, "file_name": n, "width": 80} for i, (n, _) in PAIRS],
        "annotations": [
            {"id": i + 9, "image_id": i, "bbox": [1, 2, 3, 4], "caption": c} for i, (_, c) in PAIRS
        ],
        "categories": [{"id": 1, "name": "text"}],
    },
    "COCO-Text": {
        "imgs": {str(i): {"id": i, "file_name": n} for i, (n, _) in PAIRS},
        "anns": {str(i): {"id": i, "image_id": i, "utf8_string": c} for i, (_, c) in PAIRS},
    },
    "VIA": {f"{n}{12 + i}": via(i, n, c) for i, (n, c) in PAIRS},
    "VIA project": {
        "_via_settings": {"ui": {"image": {"on": True}}},
        "_via_img_metadata": {f"{n}{12 + i}": via(i, n, c) for i, (n, c) in PAIRS},
    },
}


def read(folder: Path, value: Any, name: str = "l.json", **keys: Any) -> dict[str, str]:
    touch(folder, *NAMES)
    (folder / name).write_text(value if isinstance(value, str) else json.dumps(value))
    return found(folder, name, **keys)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("indent", [None, 2])
def test_exports_of_annotation_tools_are_read(tmp_path, form, indent):
    text = json.dumps(FORMS[form], indent=indent)
    assert read(tmp_path, text) == dict(zip(NAMES, CODES, strict=True))


@pytest.mark.parametrize("inner", [str, lambda code: json.dumps({"gt_parse": {"text": code}})])
def test_hugging_face_metadata_is_read(tmp_path, inner):
    lines = [json.dumps({"file_name": n, "ground_truth": inner(c)}) for _, (n, c) in PAIRS]
    got = read(tmp_path, "\n".join(lines), "metadata.jsonl")
    assert got == dict(zip(NAMES, CODES, strict=True))


def test_numbers_stay_as_written_and_null_is_no_caption(tmp_path):
    text = '{"p00.png": 1.50, "p01.png": "007", "p02.png": null, "p03.png": "", "p04.png": 1e5}'
    got = read(tmp_path, text)
    assert [got[name] for name in NAMES[:5]] == [
        "1.50",
        "007",
        "<no caption in l.json, entry 3>",
        "<no caption in l.json, entry 4>",
        "1e5",
    ]


def test_members_with_the_same_name_are_all_read(tmp_path):
    got = read(tmp_path, '{"p00.png": "A", "p00.png": "B"}')
    assert got["p00.png"] == "<rows disagree about it: 'A' and 'B'>"


def test_an_object_without_caption_is_not_left_out_but_a_misspelt_key_is(tmp_path):
    lines = ['{"file": "p00.png", "label": "A"}', '{"file": "p01.png", "lable": "B"}']
    got = read(tmp_path, "\n".join([*lines, '{"file": "p02.png"}']), "l.jsonl")
    assert got["p02.png"] == "<no caption in l.jsonl, line 3>"
    assert got["l.jsonl, line 2"] == "<has no 'label', but 'lable'>"


def test_several_captions_of_an_image_are_listed(tmp_path):
    got = read(tmp_path, {"p00.png": ["a", "b"], "p01.png": ["c"]})
    assert got["p01.png"] == "c"
    assert "several values of 'label': 'a', 'b'" in got["l.json, entry 1"]


@pytest.mark.parametrize(
    "text,why",
    [
        ('{"p00.png": "A",\n "p01.png": 007}', r"l\.json, line 2: not JSON"),
        ("[]", "no rows"),
        ("{}", "nothing in it names images"),
        ('{"a": "A", "b": [1, 2]}', "nothing in it names images"),
        ('"p00.png"', "line 1: not an object"),
        ('[{"file": "p00.png", "label": true}]', "entry 1: the label is true, not a string"),
        ('{"p00.png": null}', "all captions are empty"),
    ],
)
def test_other_json_is_refused_in_one_line(tmp_path, text, why):
    with pytest.raises(UserError, match=rf"l\.json.*{why}" if "json" not in why else why):
        read(tmp_path, text)


def test_unclear_columns_are_refused_and_the_suggestion_works(tmp_path):
    rows = [{"bild": n, "a": c, "b": {"c": f"x{c}"}} for _, (n, c) in PAIRS]
    with pytest.raises(UserError, match=r"data\.file_column=bild data\.label_column=a \(or 'b\.c'"):
        read(tmp_path, rows)
    got = read(tmp_path, rows, columns=Columns(file="bild", label="b.c"))
    assert got["p00.png"] == f"x{CODES[0]}"
