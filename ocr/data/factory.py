"""Make data from the flat keys of `data` in train.py's config: a function for each conf/data file.

Each key belongs to the source, or to one of the objects that all kinds of data have.
"""

from typing import TYPE_CHECKING, Any

from ocr.data.captioned_data import CaptionedData
from ocr.data.images.preprocessing import Preprocessor
from ocr.data.loader import Loader
from ocr.data.sources.image_folder import DownloadedFolder, ImageFolder
from ocr.data.sources.sample_source import SampleSource
from ocr.data.split import Splitter

if TYPE_CHECKING:  # it loads torch, for seconds, and the doctor needs none of it
    from ocr.data.datamodule import OCRDataModule

LOADER = ("batch_size", "min_images", "views", "cache_mb", "num_workers")
PREPROCESSOR = ("height", "width", "channels", "polarity", "contrast", "grey", "frame")
SPLITTER = (
    "val_size",
    "test_size",
    "split_seed",
    "folds",
    "fold",
    "train_images",
    "stratify",
    "train_on_val",
)
DATA = ("charset", "order", "max_skipped", "observer", "splicing", "augment")


def image_folder(**settings: Any) -> "OCRDataModule":
    """Make the data of data=folder."""
    return _data_module(ImageFolder, settings)


def downloaded_folder(**settings: Any) -> "OCRDataModule":
    """Make the data of data=captcha_v2."""
    return _data_module(DownloadedFolder, settings)


def packed_folder(**settings: Any) -> "OCRDataModule":
    """Make the data of data=packed."""
    from ocr.data.sources.packed import PackedFolder  # needs pyarrow, an extra

    return _data_module(PackedFolder, settings)


def synthetic_captchas(**settings: Any) -> "OCRDataModule":
    """Make the data of data=synthetic."""
    from ocr.data.sources.synthetic import SyntheticCaptchas  # loads the captcha package

    return _data_module(SyntheticCaptchas, settings)


def image_folder_without_batches(**settings: Any) -> CaptionedData:
    """Make the data of data=folder for commands that don't train, without loading torch."""
    own = _take(settings, DATA)
    return CaptionedData(*_parts(ImageFolder, settings), **own)


def _data_module(source: type[SampleSource], settings: dict[str, Any]) -> "OCRDataModule":
    from ocr.data.datamodule import OCRDataModule

    own = _take(settings, DATA)
    return OCRDataModule(*_parts(source, settings), **own)


def _parts(
    source: type[SampleSource], settings: dict[str, Any]
) -> tuple[SampleSource, Preprocessor, Splitter, Loader]:
    preprocessor = Preprocessor(**_take(settings, PREPROCESSOR))
    splitter = Splitter(**_take(settings, SPLITTER))
    loader = Loader(**_take(settings, LOADER))
    return source(**settings), preprocessor, splitter, loader


def _take(settings: dict[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    """Move `keys` from `settings` into a dict of their own."""
    return {key: settings.pop(key) for key in keys if key in settings}
