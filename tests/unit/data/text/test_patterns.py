import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from ocr.data.text.file_name_patterns import FileNamePattern
from ocr.errors import UserError


def match(pattern: str, name: str) -> tuple[str, str] | None:
    return FileNamePattern(pattern).matches([name])[0]


@pytest.mark.parametrize(
    "pattern,name,label,group",
    [
        ("name", "A12_3.4-5", "A12_3.4-5", ""),
        ("label_id", "A12DF_3f9c", "A12DF", ""),
        ("label_id", "A_B_3f9c", "A_B", ""),
        ("label_id", "A12DF_", "A12DF", ""),
        ("label-id", "A12-0", "A12", ""),
        ("label.id", "1.50.0", "1.50", ""),
        ("id_label", "0012_A12", "A12", ""),
        ("id-label", "12-AB-CD", "AB-CD", ""),
        ("id_label_id", "train_223e_045179", "223e", ""),
        ("id-label.id", "7-A_B.2", "A_B", ""),
        ("group_label_id", "car7_A12_1", "A12", "car7"),
        ("group/label", "car7/A12", "A12", "car7"),
        ("label id", "A12 (2)", "A12", ""),
        ("label__id", "A_1__x", "A_1", ""),
        ("group_id", "page3_line9", "", "page3"),
        (r"(?P<label>[^_]+)_.*", "A12_x_y", "A12", ""),
        (r"(?P<group>\d+)-(?P<label>\w+)", "12-AB", "AB", "12"),
        (r"(?P<label>\w+)(-(?P<group>\d+))?", "AB", "AB", ""),
    ],
)
def test_label_and_group_of_a_name(pattern, name, label, group):
    assert match(pattern, name) == (label, group)


@pytest.mark.parametrize(
    "pattern,name",
    [
        ("label_id", "A12DF"),
        ("label.id", "A12_0"),
        ("group_label", "_A"),
        ("(?P<label>[0-9]+)", "1a"),
    ],
)
def test_a_name_that_does_not_match(pattern, name):
    assert match(pattern, name) is None


@pytest.mark.parametrize("pattern", ["", "id", "hash_labels", "label_label", "[0-9]+", "(label)"])
def test_a_pattern_without_label_and_group_is_refused(pattern):
    with pytest.raises(UserError, match=r"data\.pattern=.*label_id.*\(\?P<label>"):
        FileNamePattern(pattern)


@pytest.mark.parametrize(
    "pattern",
    ["(?P<label>", "(?P<label>a", "*(?P<label>.)", "(?P<label>a{9999999999})", "(" * 9999],
)
def test_an_invalid_regular_expression_is_refused_in_one_line(pattern):
    with pytest.raises(UserError, match=r"^data\.pattern=.*not a regular expression") as caught:
        FileNamePattern(pattern)
    assert "\n" not in str(caught.value)


def test_an_exponential_regular_expression_is_stopped(monkeypatch):
    monkeypatch.setattr("ocr.data.text.file_name_patterns.TIMEOUT", 0.2)
    start = time.monotonic()
    with pytest.raises(UserError, match=r"data\.pattern=.*too long"):
        match("(?P<label>(a+)+)b", "a" * 100)
    assert time.monotonic() - start < 5


def test_patterns_work_in_threads():
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(match, "label_id", "A_1").result() == ("A", "")


def test_has_label_and_has_group():
    both = FileNamePattern("group/label_id")
    assert (both.has_label, both.has_group, both.has_folders) == (True, True, True)
    one = FileNamePattern("group_id")
    assert (one.has_label, one.has_group, one.has_folders) == (False, True, False)
