import pytest

from ocr.data.text.charset import BLANK, Charset, required_time_steps
from ocr.errors import UserError


@pytest.mark.parametrize("text", ["", "a", "aab", "cab", "日é a"])
def test_round_trip(text):
    charset = Charset("abc é日")
    assert charset.decode(charset.encode(text)) == text


def test_blank_is_0_and_ids_count_from_1():
    charset = Charset("xyz")
    assert BLANK == 0
    assert charset.encode("xyz") == [1, 2, 3]
    assert len(charset) == 4


def test_ids_follow_the_given_order():
    assert Charset("ba").encode("ab") == [2, 1]


def test_from_texts_has_each_character_once_in_code_point_order():
    assert Charset.from_texts(["bA", "", "éb", "1"]).symbols == "1Abé"


def test_from_texts_does_not_depend_on_the_order_of_texts():
    texts = ["xa", "日b", "9c"]
    assert Charset.from_texts(texts) == Charset.from_texts(reversed(texts))


def test_from_texts_takes_a_generator():
    assert Charset.from_texts(text for text in ("b", "a")).symbols == "ab"


def test_unknown_characters_are_listed_once_and_sorted():
    assert Charset("abc").unknown("zaxxbz") == "xz"
    assert Charset("abc").unknown("cab") == ""


def test_case_matters():
    assert Charset("a").unknown("A") == "A"


def test_encoding_an_unknown_character_is_refused():
    with pytest.raises(KeyError):
        Charset("abc").encode("abd")


def test_duplicates_are_named():
    with pytest.raises(UserError, match=r"data\.charset names 'a' 'c' more than once"):
        Charset("abcacc")


@pytest.mark.parametrize("make", [lambda: Charset(""), lambda: Charset.from_texts(["", ""])])
def test_an_empty_charset_is_refused(make):
    with pytest.raises(UserError, match="empty"):
        make()


@pytest.mark.parametrize(
    "text,steps", [("", 0), ("a", 1), ("ab", 2), ("aab", 4), ("aaa", 5), ("abba", 5), ("aA", 2)]
)
def test_required_time_steps(text, steps):
    assert required_time_steps(text) == steps


def test_charsets_with_equal_symbols_in_order_are_equal():
    assert Charset("ab") == Charset("ab")
    assert Charset("ab") != Charset("ba")
    assert Charset("ab") != "ab"
