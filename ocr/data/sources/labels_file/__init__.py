"""Labels files: tables, lists and JSON that say which image has which caption."""

from ocr.data.sources.labels_file.columns import FILES, LABELS
from ocr.data.sources.labels_file.document import Columns
from ocr.data.sources.labels_file.labels_file import LabelsFile
from ocr.data.sources.labels_file.reading import READERS, read_labels

__all__ = ["FILES", "LABELS", "READERS", "Columns", "LabelsFile", "read_labels"]
