"""Compare how well two readers read the same images."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

SAMPLES = 100_000  # of the posterior distribution


@dataclass(frozen=True)
class Comparison:
    """How many more images one reader reads than another.

    Attributes:
        images: Number of images.
        share: Of the images, read right by the first reader.
        other_share: Of the images, read right by the second reader.
        low: Lower end of the 95 % interval of the difference between the shares.
        high: Upper end.
        probability: That the first reader is better on all images of this kind.
    """

    images: int
    share: float
    other_share: float
    low: float
    high: float
    probability: float

    def __str__(self) -> str:
        """Describe the comparison in one line."""
        difference = 100 * (self.share - self.other_share)
        return (
            f"{self.share:.1%} of {self.images} test images instead of {self.other_share:.1%}: "
            f"{difference:+.1f} points ({100 * self.low:+.1f} to {100 * self.high:+.1f}); better "
            f"with a probability of {self.probability:.0%}"
        )


def compare(predictions: Path, other_predictions: Path) -> Comparison:
    """Compare the test of two runs image by image.

    Images that both or neither of the readers read tell nothing about the difference. The shares
    of the others have a Dirichlet posterior with Jeffreys' prior, so that few images do not seem
    to prove much.

    Args:
        predictions: predictions.csv of one run.
        other_predictions: predictions.csv of the other run, on the same images.
    """
    first, second = _read(predictions), _read(other_predictions)
    files = first.keys() & second.keys()
    better = sum(first[file] and not second[file] for file in files)
    worse = sum(second[file] and not first[file] for file in files)
    counts = np.array([better, worse, len(files) - better - worse])
    shares = np.random.default_rng(0).dirichlet(counts + 0.5, SAMPLES)
    differences = shares[:, 0] - shares[:, 1]
    low, high = np.quantile(differences, [0.025, 0.975])
    return Comparison(
        images=len(files),
        share=sum(first[file] for file in files) / len(files),
        other_share=sum(second[file] for file in files) / len(files),
        low=float(low),
        high=float(high),
        probability=float((differences > 0).mean()),
    )


def _read(path: Path) -> dict[str, bool]:
    """Return whether each image is read right."""
    with path.open(newline="", encoding="utf-8") as file:
        return {row["file"]: row["reading"] == row["label"] for row in csv.DictReader(file)}
