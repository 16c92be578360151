"""A folder of very many images, packed and not: how soon training begins, how fast, in what memory.

Makes the folders first (not counted): small PNG captchas, each of different content. Nothing is
held in the cache, as if the set were larger than any memory. Each figure is from a process of its
own; peak memory is the largest resident size of its main process, mapped pages of the pack
included, which the system can take back at any time.
"""

import argparse
import io
import json
import random
import resource
import tempfile
import time
import zlib
from pathlib import Path

from hydra import compose, initialize_config_dir
from PIL import Image
from process import ROOT, run
from rich.console import Console
from rich.table import Table

import ocr.data.datamodule
import ocr.data.sources.packed  # noqa: F401  (imports don't count as time to start)
from ocr.config.instantiate import build


def fill(folder: Path, count: int) -> None:
    """`count` images, 200 x 50 pixels: a hundred drawings, told apart by a comment in the file."""
    folder.mkdir()
    chance = random.Random(0)
    drawings = []
    for _ in range(100):
        rows = b"".join(bytes(chance.choices(b"\x00\x80\xff", k=200)) * 5 for _ in range(10))
        file = io.BytesIO()
        Image.frombytes("L", (200, 50), rows).save(file, "png", compress_level=1)
        drawings.append(file.getvalue())
    for i in range(count):
        comment = b"tEXtnumber\0%d" % i
        chunk = (len(comment) - 4).to_bytes(4) + comment + zlib.crc32(comment).to_bytes(4)
        drawing = drawings[i % 100]
        (folder / f"{i:07d}.png").write_bytes(drawing[:-12] + chunk + drawing[-12:])


def measure(kind: str, folder: str, images: int) -> None:
    """In a process of its own: print the figures as JSON."""
    with initialize_config_dir(str(ROOT / "conf")):
        overrides = [f"data={kind}", f"data.dir={folder}", "data.cache_mb=0"]
        config = compose("train", overrides=overrides)
    start = time.perf_counter()
    data = build(config.data)
    data.setup()
    data.drop_infeasible(lambda width: width)
    loader = iter(data.train_dataloader())
    next(loader)
    setup = time.perf_counter() - start
    start, seen = time.perf_counter(), 0
    for batch in loader:
        seen += len(batch.widths)
        if seen >= images:
            break
    rate = seen / (time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"setup": setup, "rate": rate, "peak": peak}))


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, nargs="+", default=[10_000, 100_000], metavar="N")
    parser.add_argument(
        "--folder-up-to", type=int, default=10_000, metavar="N", help="measure data=folder so far"
    )
    parser.add_argument("--batches-of", type=int, default=20_000, metavar="N", help="images loaded")
    parser.add_argument("--scratch", help="where the folders are made")
    parser.add_argument("--measure", nargs=2, metavar=("KIND", "DIR"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(*options.measure, options.batches_of)
        return
    table = Table("images", "", "to first batch, s", "images/s", "peak, MiB")
    for column in table.columns[2:]:
        column.justify = "right"
    for count in options.images:
        with tempfile.TemporaryDirectory(dir=options.scratch) as scratch:
            folder, packed = Path(scratch) / "folder", Path(scratch) / "packed"
            fill(folder, count)
            _, seconds, peak = run("-m", "ocr", "pack", str(folder), str(packed))
            rate = f"{count / seconds:,.0f}"
            table.add_row(f"{count:,}", "ocr pack", "", rate, f"{peak:,.0f}")
            places = {"packed": packed, "folder": folder}
            if count > options.folder_up_to:
                del places["folder"]
            for kind, place in places.items():
                printed, _, _ = run(
                    __file__, "--measure", kind, str(place), "--batches-of", str(options.batches_of)
                )
                found = json.loads(printed.splitlines()[-1])
                table.add_row(
                    f"{count:,}",
                    f"data={kind}",
                    f"{found['setup']:.1f}",
                    f"{found['rate']:,.0f}",
                    f"{found['peak']:,.0f}",
                )
    Console().print(table)


if __name__ == "__main__":
    main()
