"""The program as the user started it, for commands in messages."""

import sys
from pathlib import Path

_TRAIN_SCRIPT = Path(__file__).resolve().parents[2] / "train.py"


def ocr_command() -> str:
    """Return "surrogate-ocr" if that script was started, else "python -m ocr"."""
    return "surrogate-ocr" if _script().stem == "surrogate-ocr" else "python -m ocr"


def train_command() -> str:
    """Return "python train.py" if the checkout's script was started, else `ocr_command` train."""
    return "python train.py" if _script().resolve() == _TRAIN_SCRIPT else f"{ocr_command()} train"


def _script() -> Path:
    # sys.argv is rewritten for Hydra and Lightning.
    return Path(*sys.orig_argv[1:2])
