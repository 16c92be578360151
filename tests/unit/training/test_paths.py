"""Errors about images suggest the doctor; errors about a value don't."""

import pytest
from conftest import config

from ocr.errors import SettingError, UserError
from ocr.training.paths import suggest_doctor


def line_of(error: UserError) -> str:
    composed = config("data=folder", "data.dir=images", "data.min_images=3")
    with pytest.raises(type(error)) as raised, suggest_doctor(composed):
        raise error
    return raised.value.line()


@pytest.mark.parametrize("message", ["a.png: damaged", "data.x is only how this text begins"])
def test_an_error_about_images_suggests_the_doctor(message):
    assert line_of(UserError(message)).startswith(f"{message}. ")
    assert "python -m ocr doctor images data.min_images=3" in line_of(UserError(message))


@pytest.mark.parametrize("message", ["data.val_size=2: too large", "two keys contradict"])
def test_an_error_about_a_value_suggests_no_doctor(message):
    assert line_of(SettingError(message)) == message
