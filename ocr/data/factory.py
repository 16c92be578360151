"""Build data from the flat keys of `data` in train.py's config: one function per conf/data file.

Every kind of data has a preprocessor, a splitter and a loader; each takes its own keys, and the
source of the samples takes the others.
"""

from collections.abc import Iterable
from inspect import Parameter, signature
from typing import TYPE_CHECKING, Any, TypeVar

from ocr.data.captioned_data import CaptionedData
from ocr.data.images.preprocessing import SETTINGS, Preprocessor
from ocr.data.loader import Loader
from ocr.data.sources.image_folder import DownloadedFolder, ImageFolder
from ocr.data.sources.sample_source import SampleSource
from ocr.data.split import Splitter

if TYPE_CHECKING:  # imports torch, which takes seconds and is not needed by the doctor
    from ocr.data.datamodule import OCRDataModule

Data = TypeVar("Data", bound=CaptionedData)


def image_folder(**settings: Any) -> "OCRDataModule":
    """Build the data of data=folder."""
    return _data_module(ImageFolder, settings)


def downloaded_folder(**settings: Any) -> "OCRDataModule":
    """Build the data of data=captcha_v2."""
    return _data_module(DownloadedFolder, settings)


def packed_folder(**settings: Any) -> "OCRDataModule":
    """Build the data of data=packed."""
    from ocr.data.sources.packed import PackedFolder  # needs pyarrow, an extra

    return _data_module(PackedFolder, settings)


def synthetic_captchas(**settings: Any) -> "OCRDataModule":
    """Build the data of data=synthetic."""
    from ocr.data.sources.synthetic import SyntheticCaptchas  # imports the captcha package

    return _data_module(SyntheticCaptchas, settings)


def image_folder_without_batches(**settings: Any) -> CaptionedData:
    """Build the data of data=folder for commands that don't train, without importing torch."""
    return _build(CaptionedData, ImageFolder, settings)


def _data_module(source: type[SampleSource], settings: dict[str, Any]) -> "OCRDataModule":
    from ocr.data.datamodule import OCRDataModule

    return _build(OCRDataModule, source, settings)


def _build(data: type[Data], source: type[SampleSource], settings: dict[str, Any]) -> Data:
    own = _take(settings, {*_keywords(CaptionedData), *_keywords(data)})
    preprocessor = Preprocessor(**_take(settings, SETTINGS))
    splitter = Splitter(**_take(settings, _keywords(Splitter)))
    loader = Loader(**_take(settings, _keywords(Loader)))
    return data(source(**settings), preprocessor, splitter, loader, **own)


def _keywords(cls: type) -> list[str]:
    """Return the names of a class's keyword-only arguments."""
    parameters = signature(cls.__init__).parameters.values()  # type: ignore[misc]
    return [one.name for one in parameters if one.kind is Parameter.KEYWORD_ONLY]


def _take(settings: dict[str, Any], keys: Iterable[str]) -> dict[str, Any]:
    """Move `keys` from `settings` into a new dict."""
    return {key: settings.pop(key) for key in keys if key in settings}
