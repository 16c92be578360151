"""What goes out: a trained model reads images."""

from ocr.model.reading import FailedReading, Reading
from ocr.reader.reader import Reader

__all__ = ["FailedReading", "Reader", "Reading"]
