"""What goes out: a trained model reads images."""

from ocr.models.decoding import Reading
from ocr.reader.reader import Reader

__all__ = ["Reader", "Reading"]
