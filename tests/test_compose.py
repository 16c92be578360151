"""Values as they are typed on Hydra's command line."""

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from ocr.compose import quoted


@pytest.mark.parametrize(
    "text", ["plain", "it's", "a\\b", "a\\", "\\'", "a b", "1e3", "null", "a,b", "", 'a"b']
)
def test_a_quoted_value_is_read_as_it_was(text):
    override = OverridesParser.create().parse_override(f"key={quoted(text)}")
    assert override.value() == text
