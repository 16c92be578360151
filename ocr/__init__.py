"""From a folder of captioned images to the best reader for it."""

import atexit
import gc

__version__ = "0.1.0"
__all__ = ["Reader", "__version__"]

# Torch and Lightning are half a million objects that stay. To look for garbage among them again and
# again while they load, and for a last time at the end, takes a third of what a short command does.
gc.set_threshold(10_000)
atexit.register(gc.freeze)


def __getattr__(name: str):
    # Importing `ocr` stays cheap: torch is loaded when a Reader is asked for.
    if name == "Reader":
        from ocr.reader import Reader

        return Reader
    raise AttributeError(f"module 'ocr' has no attribute {name!r}")
