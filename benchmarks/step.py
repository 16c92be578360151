"""Where does a training step spend its time, and how near is it to what the machine can do?

Takes random images of 200x50 with captions of five out of 19 characters, as captcha_images_v2 has
them, and trains the configured network on them. Prints milliseconds by part, and the GFLOP/s of the
step beside those of a matrix product in the same process.
"""

import argparse
import time
from collections import Counter
from fnmatch import fnmatch
from statistics import median

import torch
from rich.console import Console
from rich.table import Table
from torch.profiler import ProfilerActivity, profile
from torch.utils.flop_counter import FlopCounterMode

from ocr.config.compose import compose_without_run
from ocr.config.instantiate import build
from ocr.data.collate import Batch
from ocr.data.images.preprocessing import Preprocessor
from ocr.models.module import Recognizer

SYMBOLS = "2345678bcdefgmnpwxy"
LENGTH = 5
HEIGHT, WIDTH = 50, 200
# Torch's operations by part; the first pattern that fits decides.
PARTS = {
    "convolutions": ("*conv*",),
    "norms": ("*batch_norm*",),
    "recurrent": ("*rnn*", "*lstm*", "*gru*"),
    "CTC": ("*ctc*", "*log_softmax*"),
    "augmentation": ("*grid*", "*upsample*", "*normal_*", "*uniform_*", "*avg_pool*", "*lerp*"),
    "linear layers": ("*addmm*", "*aten::mm*", "*linear*"),
    "pooling and ReLU": ("*pool*", "*relu*", "*threshold*", "*clamp_min*"),
    "optimizer": ("*adam*", "*foreach*", "*norm*"),
    "the rest": ("*",),
}


class Steps:
    """The default's training step, without Lightning around it."""

    def __init__(self, overrides: list[str]) -> None:
        config = compose_without_run(["data=captcha_v2", *overrides])
        for key, value in {"encoder.stride": 4, "data.height": HEIGHT}.items():
            section, _, name = key.partition(".")
            if config[section][name] is None:
                config[section][name] = value
        preprocessor = Preprocessor(config.data.height, channels=1).state()
        self.recognizer: Recognizer = build(
            config.model, symbols=SYMBOLS, preprocessor=preprocessor
        )
        self.augment = build(config.augment) if config.augment else torch.nn.Identity()
        self.optimizer = build(config.model.optimizer, self.recognizer.parameters())
        self.size = config.data.batch_size
        count = self.size * LENGTH
        self.batch = Batch(
            torch.randn(self.size, 1, config.data.height, WIDTH),
            torch.full((self.size,), WIDTH),
            torch.randint(1, len(SYMBOLS) + 1, (count,)),
            torch.full((self.size,), LENGTH),
        )

    def step(self) -> None:
        """Augment, forward, backward, clip, update."""
        batch = self.batch._replace(images=self.augment(self.batch.images))
        logits, lengths = self.recognizer(batch.images, batch.widths)
        self.optimizer.zero_grad()
        self.recognizer._loss(logits, lengths, batch).backward()
        torch.nn.utils.clip_grad_norm_(self.recognizer.parameters(), 5.0)
        self.optimizer.step()

    def seconds(self, repeats: int) -> float:
        """The median of so many steps, after a warm-up."""
        return median(_timed(self.step) for _ in range(repeats))

    def flops(self) -> float:
        """Floating-point operations of a step: torch counts all but those of recurrent layers."""
        with FlopCounterMode(display=False) as counter:
            self.step()
        recurrent = 0
        steps = int(self.recognizer.time_steps(WIDTH))
        for layer in self.recognizer.modules():
            if isinstance(layer, torch.nn.RNNBase):
                weights = sum(p.numel() for name, p in layer.named_parameters() if "weight" in name)
                recurrent += 2 * 3 * weights * steps * self.size  # forward, and twice backward
        return counter.get_total_flops() + recurrent

    def parts(self, repeats: int) -> Counter:
        """Milliseconds of a step by part."""
        with profile(activities=[ProfilerActivity.CPU]) as profiled:
            for _ in range(repeats):
                self.step()
        spent = Counter()
        for event in profiled.key_averages():
            name = event.key.lower()
            part = next(p for p, kinds in PARTS.items() if any(fnmatch(name, k) for k in kinds))
            spent[part] += event.self_cpu_time_total / 1000 / repeats
        return spent


def _timed(function) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def matrix_flops(size: int, repeats: int) -> float:
    """FLOP/s of a float32 matrix product: the best of several."""
    a, b = torch.randn(2, size, size)
    return 2 * size**3 / min(_timed(lambda: a @ b) for _ in range(repeats))


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=40)
    parser.add_argument("--threads", type=int, default=1, help="as train.py has them")
    parser.add_argument("--matrix", type=int, default=2048, help="rows of the matrix product")
    parser.add_argument("overrides", nargs="*", help="of train.py, such as encoder=conv")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    steps = Steps(options.overrides)
    machine = matrix_flops(options.matrix, 8)
    seconds = steps.seconds(options.repeats)
    flops = steps.flops()
    table = Table("part", "ms", "share", title=f"{steps.size} images, {options.threads} threads")
    parts = steps.parts(options.repeats)
    total = sum(parts.values())
    for part in PARTS:
        table.add_row(part, f"{parts[part]:.1f}", f"{parts[part] / total:.0%}")
    Console().print(table)
    print(f"a step: {1000 * seconds:.1f} ms, {steps.size / seconds:.0f} images/s")
    print(f"{flops / seconds / 1e9:.0f} GFLOP/s; a matrix product: {machine / 1e9:.0f} GFLOP/s")
    print(f"share of the machine's matrix product: {flops / seconds / machine:.0%}")


if __name__ == "__main__":
    main()
