"""The files of an earlier run in the same folder."""

from collections.abc import Iterable
from itertools import count
from pathlib import Path

from pytorch_lightning.utilities import rank_zero_only

from ocr.log import info, short_path


def resumes(folder: Path, ckpt_path: str | None) -> bool:
    """Return whether a run resumes a checkpoint of its own folder, whose files it continues."""
    return ckpt_path is not None and Path(ckpt_path).resolve().parent == folder.resolve()


@rank_zero_only
def keep_earlier(folder: Path, names: Iterable[str]) -> None:
    """Rename files of an earlier run, all with the same number, and report the new names.

    Args:
        folder: The run folder.
        names: Names of the files, which need not exist.
    """
    files = [folder / name for name in names]
    there = [file for file in files if file.exists()]
    if not there:
        return
    number = next(i for i in count(1) if not any(_numbered(file, i).exists() for file in files))
    kept = [file.rename(_numbered(file, number)).name for file in there]
    info(f"{short_path(folder)} already holds a run: its files are kept as {', '.join(kept)}")


def _numbered(file: Path, number: int) -> Path:
    return file.with_suffix(f".{number}{file.suffix}")
