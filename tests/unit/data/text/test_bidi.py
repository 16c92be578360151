"""Hebrew and Arabic: logical order and visual order.

Letters are written as escapes, in the order of the string: an editor would show another.
"""

from itertools import permutations

import pytest
from conftest import draw
from datamodules import captions_of, from_folder, synthetic
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr.callbacks.predictions import match_caption_order
from ocr.data.text.bidi import infer_order, to_logical, to_visual
from ocr.data.text.charset import Charset
from ocr.errors import UserError
from ocr.models.transfer import merge_charsets

ALEF, BET, GIMEL = "\u05d0", "\u05d1", "\u05d2"
POINT = "\u05bc"  # a mark in the preceding letter
ALEF_ARABIC, BEH, HEH, STRETCH, FIVE = "\u0627", "\u0628", "\u0647", "\u0640", "\u0665"


@pytest.mark.parametrize(
    "text,seen",
    [
        ("", ""),
        ("A12-b", "A12-b"),
        (ALEF + BET + GIMEL, GIMEL + BET + ALEF),
        (BEH + ALEF_ARABIC, ALEF_ARABIC + BEH),
        (f"{ALEF}{BET}.", f".{BET}{ALEF}"),
        (f"{ALEF} 12/05/2020 {BET}", f"{BET} 12/05/2020 {ALEF}"),
        (f"{ALEF} 050-1234", f"050-1234 {ALEF}"),
        (f"{BEH} 050-1234", f"1234-050 {BEH}"),
        (f"{ALEF} 50% {BET} \u20aa5", f"\u20aa5 {BET} 50% {ALEF}"),
        (f"{ALEF} 12 34 {BET}", f"{BET} 34 12 {ALEF}"),
        (f"{BEH} {FIVE}{FIVE}", f"{FIVE}{FIVE} {BEH}"),
        (f"{ALEF} 12A {BET}", f"{BET} 12A {ALEF}"),
        (f"{ALEF} ab (cd) 12 {BET}", f"{BET} ab (cd) 12 {ALEF}"),
        (f"3 {ALEF}", f"{ALEF} 3"),
        (f"{ALEF}{POINT}{BET}", f"{BET}{POINT}{ALEF}"),
    ],
)
def test_lines_from_right_to_left(text, seen):
    assert to_visual(text, "rtl") == seen
    assert to_logical(seen, "rtl") == text
    assert to_visual(text, "visual") == to_logical(text, "visual") == text


@pytest.mark.parametrize(
    "text,seen",
    [
        ("A12-b", "A12-b"),
        (ALEF + BET, BET + ALEF),
        (f"a {ALEF}{BET}, {GIMEL}. b", f"a {GIMEL} ,{BET}{ALEF}. b"),
        (f"3 {ALEF}{BET}", f"3 {BET}{ALEF}"),
    ],
)
def test_words_in_lines_from_left_to_right(text, seen):
    assert to_visual(text, "ltr") == seen
    assert to_logical(seen, "ltr") == text


@pytest.mark.parametrize(
    "order,texts",
    [("rtl", (f"{ALEF} 3 b", f"{ALEF} b 3")), ("ltr", (f"a {ALEF} 3 b", f"a 3 {ALEF} b"))],
)
def test_lines_with_several_logical_orders(order, texts):
    one, other = texts
    seen = to_visual(one, order)
    assert seen == to_visual(other, order) and to_logical(seen, order) in texts
    # Reading gives one of the two captions.
    assert (
        match_caption_order(one, other, order) == one
        and match_caption_order(other, one, order) == other
    )
    assert match_caption_order(one, other, "visual") == other


@settings(max_examples=2000, deadline=None, derandomize=True, database=None)
@given(
    st.text(st.sampled_from(f"{ALEF}{BET}{GIMEL}"), min_size=1),
    st.text(st.sampled_from("ab12 .,"), max_size=5),
    st.sampled_from(["rtl", "ltr"]),
)
def test_no_character_is_lost(word, others, order):
    seen = to_visual(word + others, order)
    assert sorted(seen) == sorted(word + others)
    assert word[::-1] in seen
    assert to_visual(to_logical(seen, order), order) == seen


@pytest.mark.parametrize(
    "texts,order",
    [
        (["abc", "12"], "visual"),
        (["abc", f"{ALEF}{BET}"], "rtl"),
        ([f"12{BEH}345", f"67{ALEF_ARABIC}890"], "visual"),  # as on number plates
        ([f"12{HEH}{STRETCH}345"], "visual"),
        ([f"12{BEH}345"] * 9 + [f"12{BEH}{ALEF_ARABIC}345"] * 9, "visual"),
        ([f"{BEH} {ALEF_ARABIC} 12"], "rtl"),
        ([f"{ALEF}{POINT}{BET}"], "rtl"),
        ([f"a {ALEF}{BET}", f"{ALEF}{BET}", f"12 b {ALEF}{BET}"], "ltr"),
        (["a", "b", f"a {ALEF}{BET}", f"{ALEF}{BET}", f".{ALEF}{BET} a"], "rtl"),
    ],
)
def test_the_order_is_inferred_from_the_captions(texts, order):
    assert infer_order(texts) == order


def test_ids_are_in_visual_order():
    charset = Charset(ALEF + BET + "1", "rtl")
    assert charset.encode(f"{ALEF}{BET}11") == [3, 3, 2, 1]
    assert charset.decode([3, 3, 2, 1]) == f"{ALEF}{BET}11"
    assert Charset(charset.symbols, "visual").encode(ALEF + BET) == [1, 2]


def hebrew(folder):
    """Six captions, and their images."""
    folder.mkdir()
    for width, letters in enumerate(permutations(ALEF + BET + GIMEL), start=60):
        draw("".join(reversed(letters)), (width, 24)).save(folder / f"{''.join(letters)}.png")
    return folder


@pytest.mark.parametrize(
    "order,ids", [(None, [3, 2, 1]), ("rtl", [3, 2, 1]), ("visual", [1, 2, 3])]
)
def test_data_infers_the_order_or_takes_the_given_one(tmp_path, order, ids):
    data = from_folder(hebrew(tmp_path / "hebrew"), order=order, val_size=0.3, test_size=0.3)
    assert data.charset.encode(ALEF + BET + GIMEL) == ids
    assert data.state()["order"] == data.charset.order
    taught = captions_of(data, data.val_dataloader())
    assert sorted(taught) == sorted(sample.text for sample in data.parts["val"])


def test_synthetic_captions_are_in_visual_order():
    data = synthetic(symbols=ALEF + BET)
    assert data.charset.encode(ALEF + BET) == [1, 2]


def test_adopting_another_order_is_refused(tmp_path):
    folder = hebrew(tmp_path / "hebrew")
    state = from_folder(folder, val_size=0.3, test_size=0.3).state()
    with pytest.raises(UserError, match=r"data\.order=.*give data\.order=rtl"):
        from_folder(folder, order="visual").adopt(state)


@pytest.mark.parametrize("how", ["union", "new"])
def test_fine_tuning_on_captions_without_order_keeps_the_earlier_order(how):
    old, plain = Charset(ALEF + BET + "1", "rtl"), Charset("123", "visual")
    assert merge_charsets(old, plain, how).order == "rtl"
    assert merge_charsets(old, Charset("12" + BEH, "visual"), how).order == "visual"
    assert merge_charsets(plain, old, how).order == "rtl"


@pytest.mark.parametrize("order", ["right", 1])
def test_an_unknown_order_is_refused_with_the_known_ones(folder, order):
    with pytest.raises(UserError, match=rf"data\.order={order}: give visual, rtl, ltr or null"):
        from_folder(folder, order=order)
