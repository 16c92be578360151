"""Read and write the lists of images in a run folder: split.csv, skipped.csv, predictions.csv."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ocr.data.samples import Sample, Skipped, SkipReason
from ocr.errors import UserError
from ocr.formatting import pluralize
from ocr.log import is_rank_zero


class Prediction(NamedTuple):
    """A row of predictions.csv: an image, its caption, and the text that was read from it."""

    file: str
    label: str
    reading: str
    confidence: float


def write_lists(
    folder: Path, parts: Mapping[str, Sequence[Sample]], skipped: Sequence[Skipped]
) -> None:
    """Write split.csv, and skipped.csv if samples were left out; only on rank 0.

    They replace the lists of an earlier run in the folder.
    """
    if not is_rank_zero():
        return
    rows = ((part, s.name, s.text) for part, samples in parts.items() for s in samples)
    _write_csv(folder / "split.csv", ("part", "file", "label"), rows)
    if skipped:
        write_skipped(folder, skipped)
    else:
        (folder / "skipped.csv").unlink(missing_ok=True)


def write_skipped(folder: Path, skipped: Sequence[Skipped]) -> None:
    """Write skipped.csv."""
    rows = ((one.name, one.text, one.reason.name.lower()) for one in skipped)
    _write_csv(folder / "skipped.csv", ("file", "reason", "kind"), rows)


def read_skipped(folder: Path) -> list[Skipped]:
    """Read skipped.csv; return an empty list if there is none.

    Raises:
        UserError: The file is damaged.
    """
    path = folder / "skipped.csv"
    if not path.exists():
        return []
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [
                Skipped(row["file"], SkipReason[row["kind"].upper()], row["reason"])
                for row in csv.DictReader(file)
            ]
    except (AttributeError, KeyError, ValueError, csv.Error) as error:
        raise UserError(f"{path}: damaged ({error})") from error


def write_predictions(folder: Path, predictions: Iterable[Prediction]) -> None:
    """Write predictions.csv; only on rank 0."""
    if not is_rank_zero():
        return
    rows = (
        one._replace(confidence=f"{one.confidence:.6g}")  # type: ignore[arg-type]
        for one in predictions
    )
    _write_csv(folder / "predictions.csv", Prediction._fields, rows)  # type: ignore[arg-type]


def read_predictions(folder: Path) -> list[Prediction]:
    """Read predictions.csv.

    Raises:
        UserError: The file is missing or damaged.
    """
    path = folder / "predictions.csv"
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [Prediction(**row) for row in csv.DictReader(file)]  # type: ignore[arg-type]
        return [row._replace(confidence=float(row.confidence)) for row in rows]
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from error
    except (TypeError, ValueError, csv.Error) as error:
        raise UserError(f"{path}: damaged ({error})") from error


def in_words(skipped: Sequence[Skipped]) -> str:
    """Name the first three samples with their reasons, and count the others."""
    shown = [f"{one.name} ({one.text})" for one in skipped[:3]]
    more = [f"and {len(skipped) - 3} more"] if len(skipped) > 3 else []
    return ", ".join(shown + more)


def describe_skipped(skipped: Sequence[Skipped], total: int) -> str:
    """Describe how many of `total` images are left out, and which."""
    are = "is" if len(skipped) == 1 else "are"
    return f"{len(skipped)} of {pluralize(total, 'image')} {are} left out: {in_words(skipped)}"


def no_usable_image(part: str, skipped: Sequence[Skipped]) -> UserError:
    """Make the error for a part without images, with the first reasons."""
    unusable = [one for one in skipped if one.is_unusable]
    return UserError(f"no usable {part} image: {in_words(unusable or skipped)}")


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
