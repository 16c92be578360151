"""Overrides that are built or examined by functions."""

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from ocr.config.compose import changes_only_data
from ocr.config.overrides import quote_value


@pytest.mark.parametrize(
    "text", ["plain", "it's", "a\\b", "a\\", "\\'", "a b", "1e3", "null", "a,b", "", 'a"b']
)
def test_a_quoted_value_is_parsed_unchanged(text):
    override = OverridesParser.create().parse_override(f"key={quote_value(text)}")
    assert override.value() == text


@pytest.mark.parametrize(
    "words,expected",
    [
        ([], True),
        (["data=folder", "data.dir=x", "+data.dir=x", "~data.splicing"], True),
        (["data.augment=null"], False),
        (["++data={augment: {tilt: 3}}"], False),
        (["augment=none"], False),
        (["data.dir=x", "experiment=keras"], False),
        (["database=x"], False),
    ],
)
def test_changes_only_data(words, expected):
    assert changes_only_data(words) == expected
