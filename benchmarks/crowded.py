"""How long does training take beside another training?

Trains on a few synthetic captchas, alone and beside a run that does the same: as train.py does,
with threads that wait awake for so long always, and on one thread. Prints the medians of several
runs in turns.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from statistics import median
from unittest.mock import patch

from process import ROOT
from rich.console import Console
from rich.table import Table
from training import train

WAYS = {
    "as train.py does": {},
    "1,000 spins": {"GOMP_SPINCOUNT": "1000"},
    "300,000 spins": {"GOMP_SPINCOUNT": "300000"},
    "one thread": {"OMP_NUM_THREADS": "1"},
}
EPOCHS = 8
FEW = ("data.count=100", "data.min_images=1", "test=false", f"trainer.max_epochs={EPOCHS}")


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    for name in ("OMP_NUM_THREADS", "OMP_WAIT_POLICY", "GOMP_SPINCOUNT"):
        os.environ.pop(name, None)
    times: dict[tuple[str, bool], list[float]] = {key: [] for key in product(WAYS, (False, True))}
    for _, (way, crowded) in product(range(options.repeats), times):
        with patch.dict(os.environ, WAYS[way]), beside(crowded):
            times[way, crowded].append(milliseconds())
    table = Table("threads", "ms an image, alone", "beside another", "ratio")
    for way in WAYS:
        alone, crowded = (median(times[way, crowd]) for crowd in (False, True))
        table.add_row(way, f"{alone:.1f}", f"{crowded:.1f}", f"{crowded / alone:.1f}")
    Console().print(table)


@contextmanager
def beside(crowded: bool) -> Iterator[None]:
    """With another training on this machine, or without."""
    if not crowded:
        yield
        return
    with tempfile.TemporaryDirectory() as scratch:
        words = [*FEW, "trainer.max_epochs=100000", f"hydra.run.dir={scratch}/run"]
        command = [sys.executable, str(ROOT / "train.py"), *words]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as other:
            try:
                while not (Path(scratch) / "run" / "last.ckpt").exists():
                    if other.poll() is not None:
                        sys.exit("the other training has failed")
                    time.sleep(0.1)
                yield
            finally:
                other.kill()


def milliseconds() -> float:
    """Of training for an image, in all epochs but the first."""
    with tempfile.TemporaryDirectory() as scratch:
        run = train(Path(scratch) / "run", *FEW)
    seconds = run.curve[-1][0] - run.curve[0][0]
    return 1000 * seconds / (run.images * (EPOCHS - 1) / EPOCHS)


if __name__ == "__main__":
    main()
