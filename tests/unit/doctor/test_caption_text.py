"""Captions with invisible characters, spreadsheet damage, tokens, or mixed Unicode forms."""

import csv

import pytest
from doctor_folders import LENIENT, labelled


@pytest.fixture
def captioned(folder):
    """Give the images of `folder` other captions than their names."""

    def write(change):
        rows = [(path.name, change(path.stem)) for path in sorted(folder.glob("*.png"))]
        with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([("file", "label"), *rows])
        return folder

    return write


@pytest.mark.parametrize("sign", ["\u200b", "\u200d", "\ufeff", "\u00ad", "\u2060", "\u200e"])
def test_invisible_characters_are_named_and_removed(captioned, doctor, sign):
    place = captioned(lambda text: f"{text[0]}{sign}{text[1:]}" if text[0] == "1" else text)
    found = doctor(place)
    finding = found["findings"]["invisible_characters"]
    assert finding["count"] == 9
    assert f"U+{ord(sign):04X}" in finding["examples"][0]
    assert found["characters"].keys() == set("123")
    assert any("invisible characters" in line for line in found["messages"])


def test_caption_of_invisible_characters_is_empty(captioned, doctor):
    found = doctor(captioned(lambda text: "\u200b\ufeff" if text == "111" else text), LENIENT)
    assert found["findings"]["empty_captions"]["count"] == 1


@pytest.mark.parametrize("share", ["all", "some", "unclear"])
def test_spreadsheet_formulas_are_found(captioned, doctor, share):
    def change(text):
        if share == "unclear" and text == "333":
            return 'a="b"'
        return text if share == "some" and text[0] == "1" else f'="{text}"'

    found = doctor(captioned(change), LENIENT)
    finding = found["findings"]["spreadsheet_formulas"]
    assert finding["count"] == {"all": 27, "some": 18, "unclear": 26}[share]
    assert ("=" in found["characters"]) == (share == "unclear")
    assert "CSV again" in finding["fix"]


@pytest.mark.parametrize(
    "text", ["'007", "7.00E+05", "1,23E+11", "7e+05", "1.0", "1-Mar", "#NAME?"]
)
def test_spreadsheet_damage_is_found(captioned, doctor, text):
    found = doctor(captioned(lambda one: text if one == "111" else f"A{one}"), LENIENT)
    assert found["findings"]["spreadsheet_damage"]["count"] == 1


@pytest.mark.parametrize("change", [lambda t: f"{t[0]}.{t[2]}", lambda t: f"'{t}'", lambda t: t])
def test_plain_numbers_are_not_spreadsheet_damage(captioned, doctor, change):
    found = doctor(captioned(lambda text: change(text.replace("3", "0"))), LENIENT)
    assert "spreadsheet_damage" not in found["findings"]


def test_tokenized_captions_are_found(captioned, doctor):
    found = doctor(captioned(lambda text: f"{text[0]} <space> {text[1]} {text[2]}"), LENIENT)
    assert found["findings"]["tokenized_captions"]["count"] == 27
    found = doctor(captioned(lambda text: f"{text[0]} {text[1:]}"), LENIENT)
    assert "tokenized_captions" not in found["findings"]


def test_constant_captions_are_found(captioned, doctor):
    found = doctor(captioned(lambda text: "1"))
    finding = found["findings"]["constant_captions"]
    assert finding["count"] == 27 and "'1'" in finding["message"]
    assert any("nothing to learn" in line for line in found["messages"])


@pytest.mark.parametrize("form", ["NFC", "null"])
def test_mixed_normal_forms_are_found(folder, doctor, form):
    rows = {"111.png": "1é1", "112.png": "1e\u03012"}
    found = doctor(labelled(folder, rows), f"data.normal_form={form}")["findings"]
    assert found["mixed_normal_forms"]["count"] == 1
    assert found["mixed_normal_forms"]["severity"] == ("info" if form == "NFC" else "warning")
