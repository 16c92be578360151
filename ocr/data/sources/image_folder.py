"""A folder of images, with captions where they are kept."""

from pathlib import Path
from typing import Any

from ocr.data.parts import Parts
from ocr.data.samples import Sample, Skipped
from ocr.data.scan import Scanner, inspect
from ocr.data.sources.captions import CaptionFinder
from ocr.data.sources.labels_file import Columns
from ocr.data.text.file_name_patterns import FileNamePattern
from ocr.data.text.unicode import TextNormalizer
from ocr.errors import UserError


class FolderParts(Parts):
    """A folder of images, with captions where `CaptionFinder` finds them.

    dir: the folder, split by `val_size` and `test_size`; or, for folders that are split already,
    train_dir, val_dir, test_dir: what has no folder of its own is cut from train_dir.
    labels: a labels file, in each folder or one for all, or what else `CaptionFinder` takes.
    pattern: see `FileNamePattern`. recursive: look into subfolders.
    file_column, label_column, group: a labels file's columns; None for the usual ones, no groups.
    encoding: of labels files and texts, such as cp1252; None for UTF-8 (and UTF-16 with its mark).
    normal_form, case, strip: see `TextNormalizer`.
    """

    def __init__(
        self,
        *,
        dir: str | None,
        labels: str | None = None,
        train_dir: str | None = None,
        val_dir: str | None = None,
        test_dir: str | None = None,
        pattern: str | None = None,
        file_column: str | None = None,
        label_column: str | None = None,
        group: str | None = None,
        recursive: bool = False,
        encoding: str | None = None,
        normal_form: str | None = "NFC",
        case: str = "keep",
        strip: bool = True,
        charset: str | None = None,
        **kwargs: Any,
    ) -> None:
        spelling = TextNormalizer(normal_form, case, strip)
        super().__init__(
            charset=None if charset is None else spelling.normalize_charset(str(charset)), **kwargs
        )
        if dir is None and train_dir is None:
            raise UserError(
                "name the folder of your images: data.dir=PATH (or data.train_dir=PATH)"
            )
        if dir is not None and train_dir is not None:
            raise UserError(
                "give data.dir or data.train_dir, not both (data.dir=null takes it back)"
            )
        train = train_dir if dir is None else dir
        self.dirs = {
            part: Path(str(place)).expanduser()
            for part, place in {"train": train, "val": val_dir, "test": test_dir}.items()
            if place is not None
        }
        self.captions = CaptionFinder(
            spelling,
            labels=_text(labels),
            pattern=None if pattern is None else FileNamePattern(str(pattern)),
            columns=Columns(_text(file_column), _text(label_column), _text(group)),
            recursive=recursive,
            encoding=_text(encoding),
        )

    def find(self) -> dict[str, list[Sample | Skipped]]:
        """Every image is read once, so that training meets no surprise."""
        found = self.captions.find(self.dirs)
        everything = [s for samples in found.values() for s in samples if isinstance(s, Sample)]
        self.survey(everything)
        looked = iter(inspect(everything, self.scanner(), self.num_workers))
        return {
            part: [next(looked) if isinstance(s, Sample) else s for s in samples]
            for part, samples in found.items()
        }

    def require_source(self) -> None:
        """See `Parts`."""
        found = self.captions.find(self.dirs)
        self._require_images({part: self._keep(samples) for part, samples in found.items()})

    def scanner(self) -> Scanner:
        """What looks at the images."""
        return Scanner(self.preprocessor, self.cache, self.split_seed)


def _text(value: object) -> str | None:
    """A config's value as it was meant: a name that looks like a number is a name."""
    return None if value is None else str(value)
