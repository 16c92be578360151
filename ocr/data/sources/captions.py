"""Find the captions of folders of images, normalize them, and list every image left out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ocr.data.images.formats import SUFFIXES
from ocr.data.samples import Sample, Skipped, SkipReason
from ocr.data.sources.caption_source import CaptionSource, Row
from ocr.data.sources.detection import detect
from ocr.data.sources.file_name import FileNameCaptions
from ocr.data.sources.folder import Folder, is_file, log_unread, stem
from ocr.data.sources.labels_file import Columns, LabelsFile
from ocr.data.sources.repeated_rows import merge_repeated_rows, printable
from ocr.data.sources.sidecar import SidecarText, find_sidecars
from ocr.data.sources.unused_caption_files import UnusedCaptionFile
from ocr.data.text.encoding import validate_encoding
from ocr.data.text.file_name_patterns import FileNamePattern
from ocr.data.text.unicode import TextNormalizer, find_control_character
from ocr.data.twins import with_twins
from ocr.errors import SettingError, did_you_mean
from ocr.formatting import pluralize
from ocr.log import info


@dataclass
class CaptionFinder:
    """Finds the captions of folders of images.

    Attributes:
        normalizer: How captions are normalized.
        labels: "name" for file names, a suffix such as ".gt.txt" for text files beside the images,
            or the path of a labels file; None: detected, see `detect`.
        pattern: Tells which part of a file name is the caption or the group.
        columns: The columns of a labels file.
        recursive: Whether to include subfolders.
        encoding: The encoding of labels files and text files, see `read_text`.
        source_names: The names of the caption sources by part; filled by `find`.
        raw_texts: The captions before normalization; filled by `find`.
        unused_files: Files by part that may hold captions as well; filled by `find`.
    """

    normalizer: TextNormalizer = field(default_factory=TextNormalizer)
    labels: str | None = None
    pattern: FileNamePattern | None = None
    columns: Columns = field(default_factory=Columns)
    recursive: bool = False
    encoding: str | None = None
    source_names: dict[str, str] = field(default_factory=dict, init=False)
    raw_texts: list[str] = field(default_factory=list, init=False)
    unused_files: dict[str, Sequence[UnusedCaptionFile]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """Raise UserError if settings contradict each other."""
        if self.encoding is not None:
            validate_encoding(self.encoding)
        if self.pattern and self.pattern.has_label and self.labels not in (None, "name"):
            raise SettingError(
                f"data.pattern={self.pattern.text} and data.labels={self.labels} both say where "
                "captions are: give one of them, or a pattern with `group` only"
            )
        if self.pattern and not self.pattern.has_label and self.labels == "name":
            raise SettingError(
                f"data.pattern={self.pattern.text} names no `label`, which data.labels=name needs"
            )
        if self.pattern and self.pattern.has_group and self.columns.group is not None:
            raise SettingError(
                f"data.pattern={self.pattern.text} and data.group both name groups: give one"
            )

    def find(self, folders: Mapping[str, Path]) -> dict[str, list[Sample | Skipped]]:
        """Find the samples of folders.

        Args:
            folders: The folders by part, such as "train".

        Returns:
            The samples of each part, and the images and rows that are left out.

        Raises:
            UserError: A folder has no images, or it isn't clear where its captions are.
        """
        opened = {part: self.folder(path) for part, path in folders.items()}
        single = len(opened) == 1
        shared: dict[Path, LabelsFile] = {}  # labels files of several folders
        found: dict[str, list[Row | Skipped]] = {}
        for folder in opened.values():
            log_unread(folder)
        for part, folder in opened.items():
            source, self.unused_files[part] = self._source(folder, shared, single)
            self.source_names[part] = source.name
            if isinstance(source, LabelsFile):
                rows = list(source.captions(folder, outside=single))
                _log_notes(source)
            else:
                rows = list(source.captions(folder))
            uncaptioned = _uncaptioned(folder, source, rows)
            found[part] = [*self._with_groups(rows, folder, source), *uncaptioned]
            if isinstance(source, LabelsFile) and source.path not in shared:
                found[part] += source.unused_rows()
        for labels in shared.values():
            found[next(iter(found))] += labels.unused_rows()
        return self._samples(found)

    def folder(self, path: Path) -> Folder:
        """List a folder, with its subfolders if `recursive` or the pattern says so."""
        return Folder(path, self.recursive or bool(self.pattern and self.pattern.has_folders))

    def _source(
        self, folder: Folder, shared: dict[Path, LabelsFile], single: bool
    ) -> tuple[CaptionSource, Sequence[UnusedCaptionFile]]:
        """Return the caption source that is given, or detect it, with unused files."""
        unused: Sequence[UnusedCaptionFile] = ()
        source: CaptionSource
        if self.pattern and self.pattern.has_label:
            source = FileNameCaptions(self.pattern)
        elif self.labels is None:
            source, unused = detect(folder, self.columns, self.encoding)
        elif self.labels == "name":
            source = FileNameCaptions(FileNamePattern("name"))
        else:
            source = self._named_source(self.labels, folder, shared, single)
        if self.columns != Columns() and not isinstance(source, LabelsFile):
            raise SettingError(
                "data.file_column, data.label_column and data.group name columns of a labels file, "
                f"but the captions of {folder.path} are not from one: give data.labels=FILE"
            )
        return source, unused

    def _named_source(
        self, labels: str, folder: Folder, shared: dict[Path, LabelsFile], single: bool
    ) -> CaptionSource:
        path = Path(labels).expanduser()
        if not path.is_absolute() and is_file(folder.path / path):
            path = folder.path / path
            return LabelsFile(path, self.columns, True, folder, self.encoding, given=True)
        if is_file(path):
            if path not in shared:
                images = folder if single else None
                shared[path] = LabelsFile(
                    path, self.columns, single, images, self.encoding, given=True
                )
            return shared[path]
        if "/" not in labels and (labels.startswith(".") or find_sidecars(folder, labels)):
            return SidecarText(labels, self.encoding)
        others = [name for name in folder.files if not name.lower().endswith(SUFFIXES)]
        raise SettingError(
            f"data.labels={labels}: no such file, neither in {folder.path} nor in the current "
            f"folder."
            f"{did_you_mean(labels, others[:1000])}"
        )

    def _with_groups(
        self, rows: list[Row | Skipped], folder: Folder, source: CaptionSource
    ) -> list[Row | Skipped]:
        """Add groups from the pattern; without it, group the images of one text line."""
        if self.columns.group is None and not (self.pattern and self.pattern.has_group):
            suffix = source.name if isinstance(source, SidecarText) else None
            return with_twins(rows, folder, suffix)
        if not self.pattern or self.pattern.has_label:
            return rows
        files = [row.file if isinstance(row, Row) else "" for row in rows]
        names = [_name(file, folder, self.pattern.has_folders) for file in files]
        return [
            row
            if isinstance(row, Skipped)
            else (
                row._replace(group=match[1])
                if match
                else Skipped(row.file, SkipReason.NAME_MISMATCH, self.pattern.mismatch)
            )
            for row, match in zip(rows, self.pattern.matches(names), strict=True)
        ]

    def _samples(
        self, found: Mapping[str, list[Row | Skipped]]
    ) -> dict[str, list[Sample | Skipped]]:
        texts = [row.text for rows in found.values() for row in rows if isinstance(row, Row)]
        self.raw_texts = texts
        normalized = iter(self.normalizer.normalize(texts))
        return {
            part: merge_repeated_rows(
                [_sample(row, next(normalized)) if isinstance(row, Row) else row for row in rows]
            )
            for part, rows in found.items()
        }


def _sample(row: Row, text: str) -> Sample | Skipped:
    if character := find_control_character(text):
        detail = f"caption {text!r} has the control character {character!r}"
        return Skipped(row.file, SkipReason.CONTROL_CHARACTER, detail)
    return Sample(row.file, text, group=row.group)


def _log_notes(source: LabelsFile) -> None:
    for note in source.notes:
        info(note)
    source.notes = []  # a labels file of several folders comes here several times
    if source.foreign_path:
        info(
            f"{source.name} has paths that don't exist here, such as {source.foreign_path}: "
            "images are found by their file names alone"
        )


def _uncaptioned(folder: Folder, source: CaptionSource, rows: list[Row | Skipped]) -> list[Skipped]:
    """Return the images without a caption; log how many, and text files without an image."""
    if isinstance(source, FileNameCaptions):
        return []
    empty = [row.name for row in rows if isinstance(row, Skipped) and not row.is_unusable]
    captioned = {row.file if isinstance(row, Row) else row.name for row in rows}
    without = [name for name in folder.images if str(folder.path / name) not in captioned]
    if without or empty:
        first = Path((empty or without)[0]).name
        info(
            f"{len(without) + len(empty)} of {max(len(folder.images), len(captioned))} images in "
            f"{folder.path} have no caption in {source.name} and are left out (the first: "
            f"{printable(first)})"
        )
    if isinstance(source, SidecarText):
        used = set(source.find(folder).values())
        unused = [name for name in folder.files if name.endswith(source.name) and name not in used]
        if unused:
            files = pluralize(len(unused), f"{source.name} file has", f"{source.name} files have")
            info(f"{files} no image (the first: {unused[0]})")
    return [
        Skipped(str(folder.path / name), SkipReason.NO_CAPTION, f"no caption in {source.name}")
        for name in without
    ]


def _name(file: str, folder: Folder, with_folders: bool) -> str:
    """Return the part of an image's path that is matched with a pattern."""
    path = Path(file)
    if with_folders and path.is_relative_to(folder.path):
        return stem(path.relative_to(folder.path).as_posix())
    return stem(path.name)
