"""Reading images with a trained model.

Importing this package is quick: torch is loaded by `Reader.load`.
"""

from ocr.models.reading import Reading
from ocr.reader.reader import Reader

__all__ = ["Reader", "Reading"]
