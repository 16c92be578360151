"""From folders to samples: find the captions, spell them alike, and lose none silently."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ocr.data.images.loading import SUFFIXES
from ocr.data.samples import Sample, Skipped, SkipReason
from ocr.data.sources.detection import detect
from ocr.data.sources.folder import Folder, say_unread, stem
from ocr.data.sources.labels_file import Columns, Row
from ocr.data.sources.origins import (
    CaptionSource,
    FileNameCaptions,
    LabelsFile,
    SidecarText,
    is_file,
)
from ocr.data.sources.sidecar import find_sidecars
from ocr.data.sources.unused_caption_files import UnusedCaptionFile
from ocr.data.text.encoding import validate_encoding
from ocr.data.text.file_name_patterns import FileNamePattern
from ocr.data.text.unicode import TextNormalizer, flaw
from ocr.data.twins import with_twins
from ocr.errors import UserError, did_you_mean
from ocr.log import info
from ocr.pluralize import pluralize


@dataclass
class CaptionFinder:
    """Where captions are kept, and how they are spelt.

    labels: "name", the file names; a suffix such as ".gt.txt", text files beside the images; or a
        labels file. None finds out.
    pattern: see `FileNamePattern`; None is the whole name.
    columns: of a labels file.
    recursive: look into subfolders.
    encoding: of labels files and texts beside the images; see `read_text`.

    After `find`: `origins`, the name of what holds the captions of each folder, and `unread`, what
    lies beside each folder's images and may hold some as well.
    """

    spelling: TextNormalizer = field(default_factory=TextNormalizer)
    labels: str | None = None
    pattern: FileNamePattern | None = None
    columns: Columns = field(default_factory=Columns)
    recursive: bool = False
    encoding: str | None = None
    origins: dict[str, str] = field(default_factory=dict, init=False)
    unread: dict[str, Sequence[UnusedCaptionFile]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        """Look for contradictions."""
        if self.encoding is not None:
            validate_encoding(self.encoding)
        if self.pattern and self.pattern.has_label and self.labels not in (None, "name"):
            raise UserError(
                f"data.pattern={self.pattern.text} and data.labels={self.labels} both say where "
                "captions are: give one (a pattern with only `group` may stay)"
            )
        if self.pattern and not self.pattern.has_label and self.labels == "name":
            raise UserError(f"data.pattern={self.pattern.text} names no `label`")
        if self.pattern and self.pattern.has_group and self.columns.group is not None:
            raise UserError(f"data.pattern={self.pattern.text} and data.group both name groups")

    def find(self, folders: Mapping[str, Path]) -> dict[str, list[Sample | Skipped]]:
        """The samples of each folder, and what can't be one."""
        places = {part: self.folder(path) for part, path in folders.items()}
        shared: dict[Path, LabelsFile] = {}
        found: dict[str, list[Row | Skipped]] = {}
        for folder in places.values():
            say_unread(folder)
        for part, folder in places.items():
            origin, self.unread[part] = self._origin(folder, shared, alone=len(places) == 1)
            self.origins[part] = origin.name
            if isinstance(origin, LabelsFile):
                for note in origin.notes:
                    info(note)
                origin.notes = []  # a file that serves several folders says them once
                found[part] = list(origin.captions(folder, alone=len(places) == 1))
                if origin.foreigner:
                    info(
                        f"{origin.name} has paths of another place, such as {origin.foreigner}: "
                        "its rows go by the file name alone"
                    )
            else:
                found[part] = list(origin.captions(folder))
            without = _without(folder, origin, found[part])
            found[part] = self._with_groups(found[part], folder, origin) + without
            if isinstance(origin, LabelsFile) and origin.path not in shared:
                found[part] += origin.left()
        for labels in shared.values():
            found[next(iter(found))] += labels.left()
        return self._samples(found)

    def folder(self, path: Path) -> Folder:
        """The folder, with its subfolders if captions may be of images in them."""
        return Folder(path, self.recursive or bool(self.pattern and self.pattern.has_folders))

    def _origin(
        self, folder: Folder, shared: dict[Path, LabelsFile], alone: bool
    ) -> tuple[CaptionSource, Sequence[UnusedCaptionFile]]:
        """Where captions are, and what else may hold some, which is looked at if nobody says."""
        unread: Sequence[UnusedCaptionFile] = ()
        if self.pattern and self.pattern.has_label:
            origin = FileNameCaptions(self.pattern)
        elif self.labels is None:
            origin, unread = detect(folder, self.columns, self.encoding)
        elif self.labels == "name":
            origin = FileNameCaptions(FileNamePattern("name"))
        else:
            origin = self._given(folder, shared, alone)
        if self.columns != Columns() and not isinstance(origin, LabelsFile):
            raise UserError(
                "data.file_column, data.label_column and data.group name columns of a labels file, "
                f"but captions of {folder.path} are not from one: give data.labels=FILE"
            )
        return origin, unread

    def _given(self, folder: Folder, shared: dict[Path, LabelsFile], alone: bool) -> CaptionSource:
        path = Path(self.labels).expanduser()
        if not path.is_absolute() and is_file(folder.path / path):
            path = folder.path / path
            return LabelsFile(path, self.columns, True, folder, self.encoding, given=True)
        if is_file(path):
            if path not in shared:
                shared[path] = LabelsFile(
                    path, self.columns, alone, folder if alone else None, self.encoding, given=True
                )
            return shared[path]
        if "/" not in self.labels and (
            self.labels.startswith(".") or find_sidecars(folder, self.labels)
        ):
            return SidecarText(self.labels, self.encoding)
        others = [name for name in folder.files if not name.lower().endswith(SUFFIXES)]
        raise UserError(
            f"data.labels={self.labels}: no such file, neither in {folder.path} nor from here."
            f"{did_you_mean(self.labels, others[:1000])}"
        )

    def _with_groups(
        self, rows: list[Row | Skipped], folder: Folder, origin: CaptionSource
    ) -> list[Row | Skipped]:
        """As the pattern says, where captions are not from the names but groups are.

        Where nobody names groups, images of one text are one.
        """
        if self.columns.group is None and not (self.pattern and self.pattern.has_group):
            return with_twins(
                rows, folder, origin.name if isinstance(origin, SidecarText) else None
            )
        if not self.pattern or self.pattern.has_label:
            return rows
        files = [row.file if isinstance(row, Row) else "" for row in rows]
        names = [_name(file, folder, self.pattern.has_folders) for file in files]
        misfit = f"the name doesn't fit data.pattern={self.pattern.text}"
        return [
            row
            if isinstance(row, Skipped)
            else (
                row._replace(group=match[1])
                if match
                else Skipped(row.file, SkipReason.NAME_MISMATCH, misfit)
            )
            for row, match in zip(rows, self.pattern.matches(names), strict=True)
        ]

    def _samples(
        self, found: Mapping[str, list[Row | Skipped]]
    ) -> dict[str, list[Sample | Skipped]]:
        texts = [row.text for rows in found.values() for row in rows if isinstance(row, Row)]
        spelt = iter(self.spelling.normalize(texts))
        return {
            part: _once_each([_sample(r, next(spelt)) if isinstance(r, Row) else r for r in rows])
            for part, rows in found.items()
        }


def _sample(row: Row, text: str) -> Sample | Skipped:
    if reason := flaw(text):
        return Skipped(row.file, SkipReason.CONTROL_CHARACTER, reason)
    return Sample(row.file, text, group=row.group)


def _once_each(samples: list[Sample | Skipped]) -> list[Sample | Skipped]:
    """One sample for rows that repeat a file; none where they contradict each other."""
    said: dict[str, list[Sample]] = {}
    for sample in samples:
        if isinstance(sample, Sample):
            same = said.setdefault(sample.name, [])
            if sample not in same:
                same.append(sample)
    repeats = sum(isinstance(sample, Sample) for sample in samples) - sum(map(len, said.values()))
    if repeats:
        rows = pluralize(repeats, "row says", "rows say")
        info(f"{rows} again what another row says; each image counts once")
    kept = []
    for sample in samples:
        if isinstance(sample, Skipped):
            kept.append(Skipped(_printable(sample.name), sample.reason, _printable(sample.detail)))
        elif same := said.pop(sample.name, None):
            if len(same) == 1:
                kept.append(sample)
            else:
                others = " and ".join(repr(s.text) for s in same[:2])
                detail = f"rows disagree about it: {others}"
                kept.append(Skipped(sample.name, SkipReason.CONFLICTING_ROWS, detail))
    return kept


def _without(folder: Folder, origin: CaptionSource, rows: list[Row | Skipped]) -> list[Skipped]:
    """The images that nobody has captioned; says how many, and which texts have no image."""
    if isinstance(origin, FileNameCaptions):
        return []
    empty = [row.name for row in rows if isinstance(row, Skipped) and not row.lost]
    captioned = {row.file if isinstance(row, Row) else row.name for row in rows}
    without = [name for name in folder.images if str(folder.path / name) not in captioned]
    if without or empty:
        first = Path((empty or without)[0]).name
        info(
            f"{len(without) + len(empty)} of {max(len(folder.images), len(captioned))} images in "
            f"{folder.path} without a caption in {origin.name}: they stay out (the first: "
            f"{_printable(first)})"
        )
    if isinstance(origin, SidecarText):
        used = set(origin.find(folder).values())
        spare = [f for f in folder.files if f.endswith(origin.name) and f not in used]
        if spare:
            files = pluralize(len(spare), f"{origin.name} file")
            info(f"{files} without an image beside it ({spare[0]})")
    return [
        Skipped(str(folder.path / name), SkipReason.NO_CAPTION, f"no caption in {origin.name}")
        for name in without
    ]


def _name(file: str, folder: Folder, with_folders: bool) -> str:
    """What a pattern sees of an image's path."""
    path = Path(file)
    if with_folders and path.is_relative_to(folder.path):
        return stem(path.relative_to(folder.path).as_posix())
    return stem(path.name)


def _printable(name: str) -> str:
    """`name` with escapes for what is no Unicode in it, as in names from another system."""
    return name.encode("utf-8", "backslashreplace").decode()
