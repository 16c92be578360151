"""From a folder of captioned images to the best reader for it."""

__version__ = "0.1.0"
__all__ = ["Reader", "__version__"]


def __getattr__(name: str):
    # Importing `ocr` stays cheap: torch is loaded when a Reader is asked for.
    if name == "Reader":
        from ocr.reader import Reader

        return Reader
    raise AttributeError(f"module 'ocr' has no attribute {name!r}")
