"""How fast batches come, and how fast images are read, with the default model.

waiting for data: the share of a training step that is spent on getting the next batch.
reading: images already decoded, 200 x 50 pixels, as numpy arrays.
"""

import argparse
import logging
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf
from pytorch_lightning import Trainer
from pytorch_lightning.profilers import SimpleProfiler
from rich.console import Console
from rich.table import Table

from ocr.config.instantiate import build
from ocr.config.precision import fastest_precision
from ocr.config.resolvers import register_resolvers
from ocr.data.images.preprocessing import Preprocessor
from ocr.data.text.charset import Charset
from ocr.reader import Reader
from ocr.threads import use_threads

CONF = Path(__file__).resolve().parent.parent / "conf"


def seconds(call: Callable[[], object], repeats: int) -> float:
    """Median over `repeats` calls, after three to warm up."""
    times = []
    for i in range(repeats + 3):
        start = time.perf_counter()
        call()
        if i >= 3:
            times.append(time.perf_counter() - start)
    return median(times)


def waiting_share(images: int, epochs: int) -> float:
    """The share of training time that goes into getting batches, in all epochs but the first."""
    with initialize_config_dir(str(CONF)):
        config = compose(
            "train",
            overrides=[f"data.count={images}", "data.min_images=1", "encoder.stride=4"],
        )
    data = build(config.data)
    data.setup()
    recognizer = build(config.model, **data.state())
    profiler = SimpleProfiler()
    trainer = Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        precision=fastest_precision("cpu"),
        profiler=profiler,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
    )
    profiler.summary = str  # the table is ours
    trainer.fit(recognizer, data)
    # The first epoch draws the captchas; it is the same work as decoding files before training.
    steps = len(profiler.recorded_durations["run_training_batch"]) // epochs
    waits = profiler.recorded_durations["[_TrainingEpochLoop].train_dataloader_next"][steps:]
    works = profiler.recorded_durations["run_training_batch"][steps:]
    return sum(waits) / (sum(waits) + sum(works))


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=900, help="that training goes through")
    parser.add_argument("--epochs", type=int, default=5, help="of training, 2 or more")
    parser.add_argument("--repeats", type=int, default=200, help="of reading one image")
    options = parser.parse_args()
    register_resolvers()
    warnings.simplefilter("ignore")
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
    with initialize_config_dir(str(CONF)):
        # Without the prior an untrained network reads long nonsense: the most that decoding costs.
        config = compose("train", overrides=["head.blank_prior=null", "encoder.stride=4"])
        model = OmegaConf.to_container(config.model, resolve=True)
    charset, preprocessor = Charset("2345678bcdefgmnpwxy"), Preprocessor(50)
    recognizer = build(model, symbols=charset.symbols, preprocessor=preprocessor.state())
    reader = Reader(recognizer.model, charset, preprocessor)
    chance = np.random.default_rng(0)
    images = list(chance.integers(0, 256, (64, 50, 200), dtype=np.uint8))
    batch = seconds(lambda: reader.read(images), -(-options.repeats // 7))
    one = seconds(lambda: reader.read(images[:1]), options.repeats)
    use_threads(None)
    waiting = waiting_share(options.images, options.epochs)
    table = Table("", "", title="medians")
    table.add_row("training step: waiting for data", f"{waiting:.2%}")
    table.add_row("Reader.read, 64 images", f"{64 / batch:,.0f} images/s")
    table.add_row("Reader.read, one image", f"{one * 1000:.2f} ms")
    Console().print(table)


if __name__ == "__main__":
    main()
