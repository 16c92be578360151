"""Labels files: tables, lists and JSON files with the captions of many images."""

from ocr.data.sources.labels_file.columns import FILES, LABELS
from ocr.data.sources.labels_file.document import Columns
from ocr.data.sources.labels_file.labels_file import LabelsFile
from ocr.data.sources.labels_file.reading import READERS, read_labels

__all__ = ["FILES", "LABELS", "READERS", "Columns", "LabelsFile", "read_labels"]
