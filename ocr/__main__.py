"""`python -m ocr ...`."""

import ocr.command  # noqa: F401, before what there is to load
from ocr.cli import main

if __name__ == "__main__":
    main()
