import logging

import pytest

from ocr.data.text.unicode import TextNormalizer, find_control_character
from ocr.errors import UserError


def spell(
    text: str, normal_form: str | None = "NFC", case: str = "keep", strip: bool = True
) -> str:
    return TextNormalizer(normal_form, case, strip).normalize([text])[0]


@pytest.mark.parametrize(
    "form,text,spelt",
    [
        ("NFC", "u\u0308", "\u00fc"),
        ("NFD", "\u00fc", "u\u0308"),
        ("NFKC", "\ufb01\uff11", "fi1"),
        ("NFKD", "\ufb01\u00fc", "fiu\u0308"),
        (None, "u\u0308\u00fc", "u\u0308\u00fc"),
        ("NFC", "\ufb01\uff11", "\ufb01\uff11"),
    ],
)
def test_normal_forms(form, text, spelt):
    assert spell(text, form) == spelt


@pytest.mark.parametrize("case,spelt", [("keep", "aBÜ"), ("lower", "abü"), ("upper", "ABÜ")])
def test_cases(case, spelt):
    assert spell("aBÜ", case=case) == spelt


def test_a_case_change_keeps_the_normal_form():
    assert spell("\u0390", case="upper") == "\u03aa\u0301"  # decomposed by upper(), then composed


@pytest.mark.parametrize(
    "text,spelt,kept",
    [
        (" a  b ", "a  b", " a  b "),
        ("a\n", "a", "a "),
        ("a\r\nb\tc\u2028d", "a b c d", "a b c d"),
        ("\u3000a\u00a0b", "a\u00a0b", "\u3000a\u00a0b"),
    ],
)
def test_inner_spaces_stay_and_line_breaks_become_spaces(text, spelt, kept):
    assert spell(text) == spelt
    assert spell(text, strip=False) == kept


def test_direction_marks_are_removed():
    assert spell("\u200f\u05d0 12\u200e\u202b!\u202c\u2067\u2069\u061c") == "\u05d0 12!"
    assert spell("a\u200e\u0301") == "\u00e1"
    assert TextNormalizer().normalize_charset("1\u200f2") == "12"
    assert spell("\u0645\u200c\u0627") == "\u0645\u200c\u0627"  # it changes the shape of letters


@pytest.mark.parametrize(
    "text,spelt",
    [
        ("\u200b1\ufeff2\u00ad3\u20604\u180e5\ufe0f", "12345"),
        ("Auf\u200clage", "Auflage"),
        ("\u200d\u200c\u2063", ""),
        (" \u200b1", "1"),
        ("a\U000e0061\ufff9b", "ab"),
        ("1\u00a02\u20093", "1\u00a02\u20093"),  # spaces have a width
    ],
)
def test_invisible_characters_are_removed(text, spelt):
    assert spell(text) == spelt


@pytest.mark.parametrize(
    "text",
    [
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",  # Persian
        "\u0915\u094d\u200c\u0937",  # Devanagari
        "\u0dc1\u0dca\u200d\u0dbb\u0dd3",  # Sinhala
        "\u1820\u180b\u1820\u180e\u1820",  # Mongolian
        "\U0001f469\U0001f3fd\u200d\U0001f680",  # a sequence of emoji
        "\u2764\ufe0f 1\ufe0f\u20e3",  # a heart in colour, a keycap
        "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",  # a flag
        "\u845b\U000e0100",  # a variant of an ideograph
    ],
)
def test_invisible_characters_that_change_others_stay(text):
    assert spell(text) == text


def test_invisible_characters_are_removed_from_a_charset(caplog):
    with caplog.at_level(logging.INFO):
        assert TextNormalizer().normalize_charset("1\u200b2\u200c") == "12"
    assert "U+200B zero width space" in caplog.records[0].message
    assert TextNormalizer().normalize_charset("12\u0645\u200c") == "12\u0645\u200c"
    assert (
        TextNormalizer().normalize_charset("\u200c12\u0645") == "\u200c12\u0645"
    )  # at any position


def test_spreadsheet_formulas_are_unwrapped_if_unambiguous(caplog):
    with caplog.at_level(logging.INFO):
        assert TextNormalizer().normalize(['="007"', '="a""b"', "1"]) == ["007", 'a"b', "1"]
    assert "2 captions taken out of a spreadsheet's quotes" in caplog.records[0].message
    assert TextNormalizer().normalize(['="007"', "x = 1"]) == ['="007"', "x = 1"]


def test_changes_are_logged_once_with_an_example(caplog):
    with caplog.at_level(logging.INFO):
        TextNormalizer("NFC", "lower", True).normalize(["A", "bB ", "c", "u\u0308"])
    assert [record.message for record in caplog.records] == [
        r"data.normal_form=NFC: 1 caption in another normal form (the first: 'u\u0308' -> 'ü')",
        "data.case=lower: 2 captions changed in case (the first: 'A' -> 'a')",
        "data.strip=true: 1 caption without the spaces around them (the first: 'bb ' -> 'bb')",
    ]


def test_nothing_is_logged_if_nothing_changes(caplog):
    with caplog.at_level(logging.INFO):
        TextNormalizer("NFC", "upper", True).normalize(["A", "1 2", "日本"])
    assert not caplog.records


@pytest.mark.parametrize(
    "charset,form,case,symbols",
    [
        (" ab", "NFC", "keep", " ab"),
        ("u\u0308x", "NFC", "keep", "\u00fcx"),
        ("aAbB", "NFC", "lower", "ab"),
        ("\u00fc\u00f6", "NFD", "keep", "u\u0308o"),
        ("aa", "NFC", "keep", "aa"),  # a mistake that Charset refuses
    ],
)
def test_a_charset_is_normalized_like_captions(charset, form, case, symbols):
    assert TextNormalizer(form, case, True).normalize_charset(charset) == symbols


@pytest.mark.parametrize("text", ["a\0", "\x07", "\x1b[0m", "\x7f", "\x80", "\ud800", "\udcfc"])
def test_control_characters_are_found(text):
    assert find_control_character(text) in text


@pytest.mark.parametrize("text", ["", "a b", "日本", "\u0915\u094d\u200d\u0937", "😀"])
def test_normal_text_has_no_control_character(text):
    assert find_control_character(text) is None


@pytest.mark.parametrize("wrong", [{"normal_form": "nfc"}, {"case": "fold"}])
def test_a_wrong_value_is_refused_with_the_allowed_ones(wrong):
    (key,) = wrong
    with pytest.raises(UserError, match=rf"data\.{key}=.*(NFKD|upper)"):
        spell("a", **wrong)
