"""How well is a folder read from few labels? The default recipe, without and with look-alikes.

Draws the labelled images by their content and the seed, leaves all others to the test, and prints
the exact match by the number of labels: median, least and most over the seeds.
"""

import argparse
import csv
import tempfile
from hashlib import blake2b
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table
from training import train

from ocr.data.samples import Sample
from ocr.data.sources.captions import CaptionFinder
from ocr.data.text.unicode import TextNormalizer

RECIPES = {"default": (), "look-alikes": ("data.splicing=0.5",)}


def draw(samples: list[Sample], count: int, seed: int, scratch: Path) -> list[str]:
    """Put `count` images into one folder and the others into another; returns the overrides."""
    order = sorted(samples, key=lambda s: _number(Path(s.name), seed))
    for part, some in (("train", order[:count]), ("test", order[count:])):
        folder = scratch / part
        folder.mkdir()
        with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file)
            rows.writerow(("file", "label"))
            for i, sample in enumerate(some):
                name = f"{i:06}{Path(sample.name).suffix}"
                (folder / name).symlink_to(Path(sample.name).resolve())
                rows.writerow((name, sample.text))
    return [
        "data=folder",
        f"data.train_dir={scratch / 'train'}",
        f"data.test_dir={scratch / 'test'}",
    ]


def _number(path: Path, seed: int) -> bytes:
    return blake2b(path.read_bytes(), key=str(seed).encode()).digest()


def main() -> None:
    """Train, and print a line a number of labels and recipe."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of captioned images")
    parser.add_argument("--labels", type=int, nargs="*", default=[50, 100, 200, 400])
    parser.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2, 3, 4])
    parser.add_argument("--only", choices=RECIPES, help="one of the two recipes")
    parser.add_argument("overrides", nargs="*", help="for all, such as trainer.max_epochs=30")
    options = parser.parse_args()
    found = CaptionFinder(TextNormalizer()).find({"all": options.data})["all"]
    samples = [sample for sample in found if isinstance(sample, Sample)]
    table = Table("labels", "recipe", "exact match", "least", "most", "CER", "seconds")
    for count in options.labels:
        for name, overrides in RECIPES.items():
            if options.only in (None, name):
                runs = []
                for seed in options.seeds:
                    with tempfile.TemporaryDirectory() as scratch:
                        place = Path(scratch)
                        run = train(
                            place / "run",
                            *draw(samples, count, seed, place),
                            f"seed={seed}",
                            *overrides,
                            *options.overrides,
                        ).metrics
                    runs.append(run)
                    print(
                        f"{count} labels, {name}, seed {seed}: {run['test/exact_match']:.2%}, "
                        f"CER {run['test/cer']:.2%}, val CER {run['val/cer']:.2%}, "
                        f"{run['epochs']} epochs, {run['fit_seconds']:.0f} s",
                        flush=True,
                    )
                shares = [run["test/exact_match"] for run in runs]
                table.add_row(
                    str(count),
                    name,
                    *(f"{share:.1%}" for share in (median(shares), min(shares), max(shares))),
                    f"{median(run['test/cer'] for run in runs):.2%}",
                    f"{median(run['fit_seconds'] for run in runs):.0f}",
                )
    Console().print(table)


if __name__ == "__main__":
    main()
