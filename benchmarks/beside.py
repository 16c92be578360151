"""How quickly are images read beside a busy program, which uses every core?

Reads drawn captchas alone and beside a matrix product, in turns, and prints the medians; and the
same for the whole command `python -m ocr read`, with its exit codes. An untrained network reads: it
takes as long as any.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import torch
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
from process import ROOT
from rich.console import Console
from rich.table import Table

from ocr.config.instantiate import build
from ocr.config.resolvers import register_resolvers
from ocr.data.sources.synthetic import SyntheticCaptchas
from ocr.reader import Reader

BUSY = "import numpy\na = numpy.ones((700, 700))\nwhile True: a @ a"


@contextmanager
def beside(busy: bool) -> Iterator[None]:
    """Run beside a program that uses every core, or without."""
    if not busy:
        yield
        return
    with subprocess.Popen([sys.executable, "-c", BUSY]) as other:
        try:
            time.sleep(1)
            yield
        finally:
            other.kill()


def untrained(path: Path) -> Path:
    """Save the default network as a run does."""
    register_resolvers()
    with initialize_config_dir(str(ROOT / "conf")):
        config = compose("train", overrides=["encoder.stride=4"])
    values = OmegaConf.to_container(config.model, resolve=True)
    model = build(values, symbols="0123456789", preprocessor={"height": 50})
    torch.save({"hyper_parameters": dict(model.hparams), "state_dict": model.state_dict()}, path)
    return path


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=128)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--calls", type=int, default=30, help="of the command, each way")
    options = parser.parse_args()
    table = Table("", "alone", "beside a busy program", "ratio")
    with tempfile.TemporaryDirectory() as scratch:
        checkpoint = untrained(Path(scratch) / "best.ckpt")
        path = Path(scratch) / "image.png"
        captchas = SyntheticCaptchas(
            count=options.images,
            symbols="0123456789",
            length=4,
            image_width=160,
            image_height=60,
            seed=0,
        )
        images = [captchas.draw(i) for i in range(options.images)]
        images[0].save(path)
        reader = Reader.load(checkpoint)
        words = [sys.executable, "-m", "ocr", "read", str(checkpoint), str(path)]
        codes = []

        def command() -> None:
            codes.append(subprocess.run(words, cwd=ROOT, stdout=subprocess.DEVNULL).returncode)

        for name, call, repeats in (
            (f"Reader.read, {options.images} images, s", lambda: reader.read(images), 1),
            ("python -m ocr read, s", command, options.calls / options.repeats),
        ):
            times: dict[bool, list[float]] = {False: [], True: []}
            for _ in range(options.repeats):
                for busy, taken in times.items():
                    with beside(busy):
                        for _ in range(max(1, round(repeats))):
                            start = time.perf_counter()
                            call()
                            taken.append(time.perf_counter() - start)
            alone, crowded = median(times[False]), median(times[True])
            table.add_row(name, f"{alone:.2f}", f"{crowded:.2f}", f"{crowded / alone:.1f}")
    Console().print(table)
    print(f"exit codes of {len(codes)} calls: {sorted(set(codes))}")


if __name__ == "__main__":
    main()
