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
from training import Run, train

RECIPES = {"default": (), "keras": ("experiment=keras",)}
ROWS = {
    "seconds_to_90": "seconds of training to 90 % exact match",
    "seconds_to_99": "seconds of training to 99 % exact match",
    "runs_at_99": "runs that got to 99 % (others count in full)",
    "images_per_second": "training images per second",
    "epochs": "epochs in all",
    "seconds": "seconds of training in all",
    "test_exact_match": "test exact match",
    "peak_mb": "peak memory, MiB",
}


def figures(runs: list[Run]) -> dict[str, float]:
    """Medians over runs. A run that never got there counts with all its seconds: a lower bound."""

    def seconds_to(share: float) -> float:
        return median(run.seconds_to(share) or run.curve[-1][0] for run in runs)

    return {
        "seconds_to_90": seconds_to(0.9),
        "seconds_to_99": seconds_to(0.99),
        "runs_at_99": sum(run.seconds_to(0.99) is not None for run in runs),
        "images_per_second": median(run.images_per_second for run in runs),
        "epochs": median(len(run.curve) for run in runs),
        "seconds": median(run.curve[-1][0] for run in runs),
        "test_exact_match": median(run.metrics["test/exact_match"] for run in runs),
        "peak_mb": median(run.peak_mb for run in runs),
    }


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
        table.add_row(words, *(f"{value:,.4g}" for value in values), ratio)
    Console().print(table)
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
