"""Check paths before torch is loaded, which takes seconds; refer to the doctor."""

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from omegaconf import DictConfig

from ocr.config.program import ocr_command
from ocr.data.sources.folder import require_folder
from ocr.errors import SettingError, UserError

_DIRS = ("dir", "train_dir", "val_dir", "test_dir")
_CHECKPOINTS = ("init_from", "ckpt_path")


def require_paths(config: DictConfig) -> None:
    """Raise UserError for a folder of images or a checkpoint that isn't there."""
    for key in _CHECKPOINTS:
        if config[key] is not None:
            path = Path(str(config[key])).expanduser()
            if path.is_dir():
                raise UserError(f"{key}={path}: a folder; give the best.ckpt in it")
            if not path.exists():
                raise UserError(f"{key}={path}: no such file")
    if "url" in config.data:  # which is downloaded if it isn't there
        return
    if all(config.data.get(key, "") is None for key in ("dir", "train_dir")):
        raise UserError("name the folder of your images: data.dir=PATH (or data.train_dir=PATH)")
    for key in _DIRS:
        place = config.data.get(key)
        if place is not None:
            require_folder(Path(str(place)).expanduser())


@contextmanager
def suggest_doctor(config: DictConfig) -> Iterator[None]:
    """Add to a refusal of the images in a folder the command that tells all that is wrong there."""
    try:
        yield
    except UserError as error:
        place = config.data.get("dir") or config.data.get("train_dir")
        folder = place is not None and "labels" in config.data
        overrides = config.run.overrides
        if folder and overrides is not None and not isinstance(error, SettingError):
            ours = ("data", "data.dir", "data.train_dir")
            words = [
                word
                for word in overrides
                if word.lstrip("+~").partition("=")[0] not in ours and not word.startswith("hydra")
            ]
            command = f"{ocr_command()} doctor {shlex.join([str(place), *words])}"
            error.add_note(f"All that is wrong there: {command}")
        raise
