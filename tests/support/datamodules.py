"""Data modules for tests."""

from pathlib import Path
from types import SimpleNamespace

from conftest import draw

from ocr.data.datamodule import OCRDataModule
from ocr.data.factory import image_folder, synthetic_captchas

BASE = {
    "batch_size": 4,
    "min_images": 1,
    "val_size": 0.2,
    "test_size": 0.2,
    "split_seed": 0,
    "folds": None,
    "fold": 0,
    "train_images": None,
    "stratify": False,
    "train_on_val": False,
    "height": 24,
    "width": None,
    "channels": 1,
    "polarity": "keep",
    "contrast": "keep",
    "grey": "luma",
    "charset": None,
    "order": None,
    "max_skipped": 0.05,
    "cache_mb": 16,
    "num_workers": None,
    "splicing": 0,
    "augment": None,
}


DRAWN = {
    "count": 30,
    "symbols": "ABC",
    "length": 3,
    "image_width": 60,
    "image_height": 30,
    "seed": 0,
}


def from_folder(dir: object = None, **changes) -> OCRDataModule:
    """Return the data module of a folder, set up."""
    data = image_folder(dir=str(dir) if isinstance(dir, Path) else dir, **BASE | changes)
    data.setup()
    return data


def synthetic(**changes) -> OCRDataModule:
    data = synthetic_captchas(**DRAWN | BASE | changes)
    data.setup()
    return data


def names(data: OCRDataModule, part: str) -> list[str]:
    return [Path(sample.name).name for sample in data.parts[part]]


def texts(data: OCRDataModule) -> set[str]:
    return {sample.text for kept in data.parts.values() for sample in kept}


def captions_of(data: OCRDataModule, loader) -> list[str]:
    """Return the captions of a loader's batches, in order."""
    found = []
    for batch in loader:
        for ids in batch.targets.split(batch.target_lengths.tolist()):
            found.append(data.charset.decode(ids.tolist()))
    return found


def on_device(data: OCRDataModule, rank: int, world_size: int) -> None:
    data.trainer = SimpleNamespace(world_size=world_size, global_rank=rank, training=False)


def images(place: Path, *captions: str, width: int = 60) -> Path:
    place.mkdir(parents=True)
    for caption in captions:
        draw(caption, (width, 24)).save(place / f"{caption}.png")
    return place
