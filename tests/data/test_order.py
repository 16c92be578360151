"""Hebrew and Arabic: spoken from the right, seen from the left.

Letters stand for themselves in what is expected, written as escapes in the order of the string: an
editor would show either order as the other.
"""

from itertools import permutations

import pytest
from conftest import draw
from hypothesis import example, given, settings
from hypothesis import strategies as st
from test_datamodule import captions_of, from_folder

from ocr.data.charset import Charset
from ocr.data.order import order_of, turned
from ocr.errors import UserError

ALEF, BET, GIMEL = "\u05d0", "\u05d1", "\u05d2"
POINT = "\u05bc"  # a mark in the letter before it
BEH, ALEF_ARABIC, FIVE = "\u0628", "\u0627", "\u0665"


@pytest.mark.parametrize(
    "spoken,seen",
    [
        ("", ""),
        ("A12-b", "A12-b"),
        (ALEF + BET + GIMEL, GIMEL + BET + ALEF),
        (BEH + ALEF_ARABIC, ALEF_ARABIC + BEH),
        (f"{ALEF}{BET}.", f".{BET}{ALEF}"),
        (f"{ALEF} 12/05/2020 {BET}", f"{BET} 12/05/2020 {ALEF}"),
        (f"{ALEF} 12 34 {BET}", f"{BET} 34 12 {ALEF}"),
        (f"{BEH} {FIVE}{FIVE}", f"{FIVE}{FIVE} {BEH}"),
        (f"{ALEF} Anno Domini 12, b {BET}", f"{BET} Anno Domini 12, b {ALEF}"),
        (f"3 {ALEF}", f"{ALEF} 3"),
        (f"{ALEF} b 3 {BET}", f"{BET} b 3 {ALEF}"),
        (f"{ALEF}{POINT}{BET}", f"{BET}{ALEF}{POINT}"),
    ],
)
def test_turned(spoken, seen):
    assert turned(spoken) == seen
    assert turned(seen) == spoken


@settings(max_examples=2000, deadline=None, derandomize=True, database=None)
@given(st.text(st.sampled_from(f"{ALEF}{BET}{BEH}{POINT}{FIVE}12ab .,-/%(") | st.characters()))
@example(POINT + ALEF)
def test_what_stands_on_paper_is_spoken_so_that_it_stands_there_again(text):
    seen = turned(text)
    assert turned(turned(seen)) == seen
    assert sorted(seen) == sorted(text)


def test_a_number_before_a_latin_word_stands_behind_it():
    assert turned(f"{ALEF} 3 b") == turned(f"{ALEF} b 3") == f"b 3 {ALEF}"


@pytest.mark.parametrize(
    "texts,order",
    [
        (["abc", "12"], "visual"),
        (["abc", f"{ALEF}{BET}"], "logical"),
        ([f"12{BEH}345", f"67{ALEF_ARABIC}890"], "visual"),  # as on plates
        ([f"{BEH} {ALEF_ARABIC} 12"], "logical"),
        ([f"{ALEF}{POINT}{BET}"], "logical"),
    ],
)
def test_the_order_follows_from_the_captions(texts, order):
    assert order_of(texts) == order


def test_ids_are_in_the_order_of_the_image():
    charset = Charset(ALEF + BET + "1", "logical")
    assert charset.encode(f"{ALEF}{BET} 11".replace(" ", "")) == [3, 3, 2, 1]
    assert charset.decode([3, 3, 2, 1]) == f"{ALEF}{BET}11"
    assert Charset(charset.symbols, "visual").encode(ALEF + BET) == [1, 2]


def hebrew(folder):
    folder.mkdir()
    for letters in permutations(ALEF + BET + GIMEL):
        name = "".join(letters)
        draw(turned(name), (60 + len(list(folder.iterdir())), 24)).save(folder / f"{name}.png")
    return folder


@pytest.mark.parametrize(
    "order,ids", [(None, [3, 2, 1]), ("logical", [3, 2, 1]), ("visual", [1, 2, 3])]
)
def test_data_choose_an_order_or_are_told(tmp_path, order, ids):
    data = from_folder(hebrew(tmp_path / "hebrew"), order=order, val_size=0.3, test_size=0.3)
    assert data.charset.encode(ALEF + BET + GIMEL) == ids
    assert data.state()["order"] == data.charset.order
    taught = captions_of(data, data.val_dataloader())
    assert sorted(taught) == sorted(sample.text for sample in data.parts["val"])


def test_another_order_is_no_continuation(tmp_path):
    folder = hebrew(tmp_path / "hebrew")
    state = from_folder(folder, val_size=0.3, test_size=0.3).state()
    with pytest.raises(UserError, match=r"data\.order was logical"):
        from_folder(folder, order="visual").adopt(state)
    del state["order"]  # by an earlier version
    later = from_folder(folder, order="visual")
    later.adopt(state)
    assert later.order == "visual"


@pytest.mark.parametrize("order", ["right", 1])
def test_there_are_two_orders(folder, order):
    with pytest.raises(UserError, match=rf"data\.order={order}: give logical or visual, or null"):
        from_folder(folder, order=order)
