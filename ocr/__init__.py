"""From a folder of captioned images to the best reader for it."""

from importlib.metadata import version

__version__ = version("surrogate-ocr")
__all__ = ["Reader", "__version__"]


def __getattr__(name: str):
    # Importing `ocr` stays cheap: torch is loaded when a Reader is asked for.
    if name == "Reader":
        from ocr.reader import Reader

        return Reader
    raise AttributeError(f"module 'ocr' has no attribute {name!r}")
