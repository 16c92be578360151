"""Seconds and memory of `python -m ocr doctor` on folders of many images, imports included.

Makes the folders first (not counted): captchas of 160 x 60 pixels in colour, as PNG.
"""

import argparse
import json
import tempfile
from pathlib import Path

from process import run
from rich.console import Console
from rich.progress import track
from rich.table import Table

from ocr.data.sources.synthetic import SyntheticCaptchas


def fill(folder: Path, count: int) -> None:
    """`count` captchas, their captions in the names."""
    captchas = SyntheticCaptchas(
        count=count,
        symbols="34679ACDEFHJKLMNPQRTWXY",
        length=4,
        image_width=160,
        image_height=60,
        seed=0,
    )
    for i, text in enumerate(track(captchas.texts, "drawing", transient=True)):
        captchas.draw(i).save(folder / f"{text}_{i}.png")


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, nargs="+", default=[10, 10_000], metavar="N")
    options = parser.parse_args()
    table = Table("images", "seconds", "images/s", "peak, MiB", "findings")
    for column in table.columns:
        column.justify = "right"
    for count in options.images:
        with tempfile.TemporaryDirectory() as scratch:
            fill(Path(scratch), count)
            printed, seconds, peak = run(
                "-m", "ocr", "doctor", scratch, "--json", "data.pattern=label_id"
            )
        findings = len(json.loads(printed)["findings"])
        rate = f"{count / seconds:,.0f}"
        table.add_row(f"{count:,}", f"{seconds:.1f}", rate, f"{peak:,.0f}", f"{findings}")
    Console().print(table)


if __name__ == "__main__":
    main()
