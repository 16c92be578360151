"""`python -m ocr ...`, `surrogate-ocr ...`, or this file as a script."""

import sys
from pathlib import Path


def main() -> None:
    """Run the command on the command line."""
    try:
        from ocr.cli import main as run

        run()
    except KeyboardInterrupt:  # while modules load
        sys.exit(130)


if __name__ == "__main__":
    if not __package__:  # for a script, Python searches its folder for modules
        sys.path[0] = str(Path(__file__).resolve().parent.parent)
    main()
