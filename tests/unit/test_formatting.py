"""Numbers as text."""

import pytest

from ocr.formatting import pluralize


@pytest.mark.parametrize("number,words", [(0, "0 images"), (1, "1 image"), (2000, "2,000 images")])
def test_one_is_no_plural(number, words):
    assert pluralize(number, "image") == words


def test_words_of_their_own():
    assert [pluralize(n, "row says", "rows say") for n in (1, 2)] == ["1 row says", "2 rows say"]
