"""The seed of all random numbers."""

from ocr.errors import UserError


def seed(value: int) -> None:
    """Seed Python, NumPy, torch and the data loader's workers.

    Raises:
        UserError: If `value` is not a seed.
    """
    require_seed(value)
    from pytorch_lightning import seed_everything

    seed_everything(value, workers=True, verbose=False)


def require_seed(value: object) -> None:
    """Raise UserError for a value that is not a seed."""
    if not (isinstance(value, int) and 0 <= value < 2**32):
        raise UserError(f"seed={value}: give a whole number from 0 to {2**32 - 1}")
