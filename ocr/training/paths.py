"""Check the paths in a config, and suggest the doctor for problems of the images."""

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
    """Raise UserError for a folder of images or a checkpoint that doesn't exist."""
    for key in _CHECKPOINTS:
        if config[key] is not None:
            path = Path(str(config[key])).expanduser()
            if path.is_dir():
                raise UserError(f"{key}={path}: a folder; give the best.ckpt in it")
            if not path.exists():
                raise UserError(f"{key}={path}: no such file")
    if "url" in config.data:  # a missing folder is downloaded
        return
    if all(config.data.get(key, "") is None for key in ("dir", "train_dir")):
        raise UserError("name the folder of your images: data.dir=PATH (or data.train_dir=PATH)")
    for key in _DIRS:
        folder = config.data.get(key)
        if folder is not None:
            require_folder(Path(str(folder)).expanduser())


@contextmanager
def suggest_doctor(config: DictConfig) -> Iterator[None]:
    """Add the doctor's command to an error about the images of a folder."""
    try:
        yield
    except UserError as error:
        folder = config.data.get("dir") or config.data.get("train_dir")
        has_images = folder is not None and "labels" in config.data  # unlike a packed folder
        overrides = config.run.overrides
        if has_images and overrides is not None and not isinstance(error, SettingError):
            replaced = ("data", "data.dir", "data.train_dir")  # by the doctor's PATH
            words = [
                word
                for word in overrides
                if word.lstrip("+~").partition("=")[0] not in replaced
                and not word.startswith("hydra")
            ]
            command = f"{ocr_command()} doctor {shlex.join([str(folder), *words])}"
            error.add_note(f"All problems of the folder: {command}")
        raise
