"""Where images can come from: one class for each file in conf/data."""

from dataclasses import replace
from typing import Any

from ocr.data.datamodule import DataModule
from ocr.data.samples import Sample, Skipped
from ocr.data.scan import digest
from ocr.data.sources.download import download
from ocr.data.sources.image_folder import FolderParts
from ocr.data.sources.synthetic import drawings
from ocr.data.validation import require_whole
from ocr.errors import UserError


class FolderData(FolderParts, DataModule):
    """`FolderParts`, served."""


class DownloadedData(FolderData):
    """A folder that is downloaded if it isn't there.

    url: of a zip. git_blob: the git blob id that the zip must have.
    """

    def __init__(self, *, url: str, git_blob: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.url = url
        self.git_blob = git_blob

    def prepare_data(self) -> None:
        """Download once."""
        folder = self.dirs["train"]
        if not folder.exists():
            download(self.url, self.git_blob, folder)

    def require_source(self) -> None:
        """As in any folder, once it is there."""
        self.prepare_data()
        super().require_source()

    def find(self) -> dict[str, list[Sample | Skipped]]:
        """As in any folder, once it is there."""
        self.prepare_data()
        return super().find()


class SyntheticData(DataModule):
    """Captchas drawn on the fly.

    count: captchas in all. symbols: what their captions are made of. length: characters each.
    image_width, image_height: in pixels. seed: another number, other captchas.
    """

    def __init__(
        self,
        *,
        count: int,
        symbols: str,
        length: int,
        image_width: int,
        image_height: int,
        seed: int,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        require_whole(
            1, count=count, length=length, image_width=image_width, image_height=image_height
        )
        if str(symbols) == "":
            raise UserError("data.symbols is empty: give the characters to draw")
        self.count = count
        self.symbols = str(symbols)
        self.length = length
        self.size = (image_width, image_height)
        self.seed = seed
        self.order = "visual"  # as they are drawn

    def find(self) -> dict[str, list[Sample | Skipped]]:
        """Captions now, pictures when they are needed."""
        samples = drawings(self.count, self.symbols, self.length, self.size, self.seed)
        self.survey(samples)
        width = self.preprocessor.scaled_width(*self.size)
        return {
            "train": [
                replace(s, digest=digest(s.name.encode(), self.split_seed), width=width)
                for s in samples
            ]
        }
