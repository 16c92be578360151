"""Read images with a trained model.

Importing this package is quick, because only `Reader.load` imports torch.
"""

from ocr.models.reading import Reading
from ocr.reader.reader import Reader

__all__ = ["Reader", "Reading"]
