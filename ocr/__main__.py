"""`python -m ocr ...`, or this file as a script."""

import sys
from pathlib import Path

if __name__ == "__main__":
    if not __package__:  # a script: its own folder would be searched for modules
        sys.path[0] = str(Path(__file__).resolve().parent.parent)
    try:
        from ocr.cli import main

        main()
    except KeyboardInterrupt:  # while modules load
        sys.exit(130)
