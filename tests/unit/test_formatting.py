"""Numbers in messages."""

import pytest

from ocr.formatting import pluralize


@pytest.mark.parametrize("number,words", [(0, "0 images"), (1, "1 image"), (2000, "2,000 images")])
def test_pluralize(number, words):
    assert pluralize(number, "image") == words


def test_pluralize_with_a_given_plural():
    assert [pluralize(n, "row says", "rows say") for n in (1, 2)] == ["1 row says", "2 rows say"]
