"""One number from which all chance follows."""

from pytorch_lightning import seed_everything

from ocr.errors import UserError


def seed(value: int) -> None:
    """Seed Python, NumPy, torch and the workers. Raises UserError if `value` is no such number."""
    if not (isinstance(value, int) and 0 <= value < 2**32):
        raise UserError(f"seed={value}: give a whole number from 0 to {2**32 - 1}")
    seed_everything(value, workers=True, verbose=False)
