"""The result of reading an image. This module imports no torch, which takes seconds."""

from typing import NamedTuple


class Reading(NamedTuple):
    """Text read from an image.

    Attributes:
        text: The text; empty if the image can't be read.
        confidence: Probability that the model assigns to the text, 0 to 1.
        error: Why the image can't be read, or None.
    """

    text: str
    confidence: float
    error: str | None = None
