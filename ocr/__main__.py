"""`python -m ocr ...`."""

import gc

from ocr.cli import main

if __name__ == "__main__":
    try:
        main()
    finally:
        gc.freeze()  # or the interpreter would end with collecting all of torch, for half a second
