"""Checks of settings of `data`."""

from typing import Any

from ocr.errors import SettingError


def require_whole(least: int, **values: Any) -> None:
    """Raise UserError if a setting is not a whole number of at least `least`."""
    for key, value in values.items():
        if not (isinstance(value, int) and value >= least):
            raise SettingError(f"data.{key}={value}: give a whole number, {least} or more")


def require_share(**values: Any) -> None:
    """Raise UserError if a setting is not a number from 0 to 1."""
    for key, value in values.items():
        if not (isinstance(value, int | float) and 0 <= value <= 1):
            raise SettingError(f"data.{key}={value}: give a share of the images, such as 0.1")
