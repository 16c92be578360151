"""How long until the reader is good: the default recipe against Keras' captcha_ocr.

Both train on the same split of the same folder, with the same seeds, in turn, so that a noisy
machine is noisy for both. Prints medians over the seeds.
"""

import argparse
import json
import tempfile
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from runs import Run, train

RECIPES = {"default": (), "keras": ("experiment=keras",)}
ROWS = {
    "seconds_to_90": "seconds of training to 90 % exact match",
    "seconds_to_99": "seconds of training to 99 % exact match",
    "images_per_second": "training images per second",
    "epochs": "epochs in all",
    "seconds": "seconds of training in all",
    "test_exact_match": "test exact match",
    "peak_mb": "peak memory, MiB",
}


def figures(runs: list[Run]) -> dict[str, float | None]:
    """Medians over runs; None where most runs never got there."""
    columns = {
        "seconds_to_90": [run.seconds_to(0.9) for run in runs],
        "seconds_to_99": [run.seconds_to(0.99) for run in runs],
        "images_per_second": [run.images_per_second for run in runs],
        "epochs": [len(run.curve) for run in runs],
        "seconds": [run.curve[-1][0] for run in runs],
        "test_exact_match": [run.metrics["test/exact_match"] for run in runs],
        "peak_mb": [run.peak_mb for run in runs],
    }
    never = float("inf")
    medians = {k: median(never if v is None else v for v in vs) for k, vs in columns.items()}
    return {name: None if value == never else value for name, value in medians.items()}


def main() -> None:
    """Train, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of captioned images")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write the figures here, too")
    parser.add_argument("overrides", nargs="*", help="for both, such as trainer.accelerator=gpu")
    options = parser.parse_args()
    runs = {name: [] for name in RECIPES}
    with tempfile.TemporaryDirectory() as scratch:
        for seed in range(options.seeds):
            for name, overrides in RECIPES.items():
                run = train(
                    Path(scratch) / f"{name}-{seed}",
                    "data=folder",
                    f"data.dir={options.data.resolve()}",
                    f"seed={seed}",
                    *overrides,
                    *options.overrides,
                )
                runs[name].append(run)
                print(f"{name} seed {seed}: {figures([run])}", flush=True)
    results = {name: figures(done) for name, done in runs.items()}
    table = Table("", *RECIPES, "ratio", title=f"medians over {options.seeds} seeds")
    for key, words in ROWS.items():
        values = [results[name][key] for name in RECIPES]
        ratio = f"{values[1] / values[0]:.1f}" if all(values) else ""
        table.add_row(words, *("never" if v is None else f"{v:,.4g}" for v in values), ratio)
    Console().print(table)
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
