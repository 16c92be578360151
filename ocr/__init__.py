"""From a folder of captioned images to the best reader for it."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ocr.config.compose import compose
    from ocr.errors import UserError
    from ocr.reader import Reader
    from ocr.training.train import train

__version__ = "0.1.0"
__all__ = ["Reader", "UserError", "__version__", "compose", "train"]

_MODULES = {
    "Reader": "ocr.reader",
    "UserError": "ocr.errors",
    "compose": "ocr.config.compose",
    "train": "ocr.training.train",
}


def __getattr__(name: str) -> Any:
    """Import a name on its first use, because torch and Hydra take seconds to load."""
    if name in _MODULES:
        return getattr(import_module(_MODULES[name]), name)
    raise AttributeError(f"module 'ocr' has no attribute {name!r}")
