"""Seconds and memory to list, check and split a folder of many images that memory won't hold.

Makes the folder first (not counted): small PNG captchas, each of different content.
"""

import argparse
import random
import resource
import tempfile
import time
from pathlib import Path

from hydra import compose, initialize_config_dir
from PIL import Image

from ocr.config.instantiate import build
from ocr.data.sources.folder import image_files

CONF = Path(__file__).resolve().parent.parent / "conf"


def fill(folder: Path, count: int) -> None:
    """`count` images, 200 x 50 pixels, of noise lines; the caption's digits are in the pixels."""
    chance = random.Random(0)
    for i in range(count):
        caption = f"{i:06d}"
        image = Image.new("L", (200, 50), 255)
        row = bytes(chance.choices(b"\x00\x80\xff", k=200))
        for y, digit in zip(range(0, 50, 8), caption, strict=False):
            image.paste(Image.frombytes("L", (200, 1), row), (int(digit), y))
        image.save(folder / f"{caption}.png", compress_level=1)


def main() -> None:
    """Measure, and print three lines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=200_000)
    parser.add_argument("--cache-mb", type=int, default=256)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        fill(folder, options.images)
        start = time.perf_counter()
        listed = len(image_files(folder))
        print(f"listed {listed:,} images in {time.perf_counter() - start:.1f} s")
        with initialize_config_dir(str(CONF)):
            config = compose(
                "train",
                overrides=[
                    "data=folder",
                    f"data.dir={folder}",
                    f"data.cache_mb={options.cache_mb}",
                ],
            )
        start = time.perf_counter()
        data = build(config.data)
        data.setup()
        print(f"read, checked and split them in {time.perf_counter() - start:.1f} s")
        start, seen = time.perf_counter(), 0
        for batch in data.train_dataloader():
            seen += len(batch.widths)
            if seen >= 20_000:
                break
        rate = seen / (time.perf_counter() - start)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{rate:,.0f} images/s into batches; peak memory {peak:,.0f} MiB")


if __name__ == "__main__":
    main()
