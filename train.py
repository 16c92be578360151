"""Train a reader: `python train.py data=folder data.dir=PATH`; see conf/ for every choice."""

import sys

if __name__ == "__main__":
    try:
        from ocr.cli.train import main

        main(sys.argv[1:])
    except KeyboardInterrupt:  # while modules load
        sys.exit(130)
