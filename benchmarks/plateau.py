"""Does every seed leave CTC's plateau? The default recipe, over many seeds of one folder.

Prints for each seed the epochs until 90 % and 99 % of the validation images are read, and how many
seeds got to 90 % within the first twelve epochs. Further arguments are overrides, so that other
recipes can be put to the same test.
"""

import argparse
import tempfile
from pathlib import Path

from training import train

EPOCHS = 12


def main() -> None:
    """Train, and print a line a seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of captioned images")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("overrides", nargs="*")
    options = parser.parse_args()
    reached = 0
    for seed in range(options.seeds):
        with tempfile.TemporaryDirectory() as scratch:
            run = train(
                Path(scratch) / "run",
                "data=folder",
                f"data.dir={options.data.resolve()}",
                f"seed={seed}",
                "test=false",
                *options.overrides,
            )
        to_90, to_99 = run.epochs_to(0.9), run.epochs_to(0.99)
        reached += to_90 is not None and to_90 <= EPOCHS
        last = run.curve[-1][1]
        print(f"seed {seed:2}: 90 % in epoch {to_90}, 99 % in epoch {to_99}, at the end {last:.1%}")
    print(f"{reached} of {options.seeds} seeds at 90 % within {EPOCHS} epochs")


if __name__ == "__main__":
    main()
