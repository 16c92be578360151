"""Folders of images, with captions from wherever they are."""

from pathlib import Path
from typing import Any

from ocr.data.manifest import no_usable_image
from ocr.data.samples import Samples, Skipped
from ocr.data.scan import Scanner, unusable
from ocr.data.sources.captions import CaptionFinder
from ocr.data.sources.download import download
from ocr.data.sources.labels_file import Columns
from ocr.data.sources.sample_source import Found, SampleSource
from ocr.data.text.file_name_patterns import FileNamePattern
from ocr.data.text.unicode import TextNormalizer
from ocr.errors import SettingError, UserError


class ImageFolder(SampleSource):
    """A folder of images, or one for each part of the split.

    Args:
        dir: The folder of all images; None: `train_dir` is given instead.
        train_dir, val_dir, test_dir: Folders of images that are split already; a part without a
            folder is split from train_dir.
        labels: Where the captions are, see `CaptionFinder`.
        pattern: See `FileNamePattern`.
        file_column, label_column: Columns of a labels file; None: found automatically.
        group: The column of a labels file with the groups; None: no groups.
        recursive: Whether to include subfolders.
        encoding: The encoding of labels files and text files, see `read_text`.
        normal_form, case, strip: See `TextNormalizer`.

    Attributes:
        dirs: The folders by part.
        captions: Finds the captions.

    Raises:
        UserError: A setting is wrong, or settings contradict each other.
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
    ) -> None:
        self.normalizer = TextNormalizer(normal_form, case, strip)
        self.dirs = part_folders(dir, train_dir, val_dir, test_dir)
        self.parts = tuple(self.dirs)
        self.captions = CaptionFinder(
            self.normalizer,
            labels=_text(labels),
            pattern=None if pattern is None else FileNamePattern(str(pattern)),
            columns=Columns(_text(file_column), _text(label_column), _text(group)),
            recursive=recursive,
            encoding=_text(encoding),
        )

    def check(self) -> None:
        """Raise UserError if a folder has no captioned image, without reading any."""
        for part, entries in self.captions.find(self.dirs).items():
            skipped = [entry for entry in entries if isinstance(entry, Skipped)]
            if len(skipped) == len(entries):
                raise no_usable_image(part, skipped)

    def find(self, scanner: Scanner) -> Found:
        """Find the captions, and scan the images."""
        rows, folders, skipped = [], [], []
        for number, entries in enumerate(self.captions.find(self.dirs).values()):
            for entry in entries:
                if isinstance(entry, Skipped):
                    skipped.append(entry)
                elif problem := unusable(entry):
                    skipped.append(problem)
                else:
                    rows.append(entry)
                    folders.append(number)
        samples = Samples.from_rows(rows, folders)
        scanner.infer_preprocessing(samples)
        samples, unreadable = scanner.scan(samples)
        return Found(samples, skipped + unreadable)


class DownloadedFolder(ImageFolder):
    """A folder of images that is downloaded if it doesn't exist.

    Args:
        url: The address of a ZIP file.
        git_blob: The git blob id of that file, as a checksum.
        settings: See `ImageFolder`.
    """

    def __init__(self, *, url: str, git_blob: str, **settings: Any) -> None:
        super().__init__(**settings)
        self.url = url
        self.git_blob = git_blob

    def prepare(self) -> None:
        """Download the folder unless it exists."""
        if not self.dirs["train"].exists():
            download(self.url, self.git_blob, self.dirs["train"])

    def check(self) -> None:
        """Download the folder, and check it like any other."""
        self.prepare()
        super().check()

    def find(self, scanner: Scanner) -> Found:
        """Download the folder, and find its samples like any other's."""
        self.prepare()
        return super().find(scanner)


def part_folders(
    dir: str | None, train_dir: str | None, val_dir: str | None, test_dir: str | None
) -> dict[str, Path]:
    """Return the folders by part.

    Raises:
        UserError: None is given for training, or two are.
    """
    if dir is None and train_dir is None:
        raise UserError("name the folder of your images: data.dir=PATH (or data.train_dir=PATH)")
    if dir is not None and train_dir is not None:
        raise SettingError(
            "give data.dir or data.train_dir, not both (data.dir=null removes data.dir)"
        )
    train = train_dir if dir is None else dir
    return {
        part: Path(str(place)).expanduser()
        for part, place in {"train": train, "val": val_dir, "test": test_dir}.items()
        if place is not None
    }


def _text(value: object) -> str | None:
    """Return a config value as text, also a name that looks like a number."""
    return None if value is None else str(value)
