"""What goes out: a trained model reads images."""

from ocr.reader.reader import Reader, Reading

__all__ = ["Reader", "Reading"]
