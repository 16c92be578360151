"""One number from which all chance follows."""

from ocr.errors import UserError


def seed(value: int) -> None:
    """Seed Python, NumPy, torch and the workers. Raises UserError if `value` is no such number."""
    require_seed(value)
    from pytorch_lightning import seed_everything

    seed_everything(value, workers=True, verbose=False)


def require_seed(value: object) -> None:
    """Raise UserError for what can't be one."""
    if not (isinstance(value, int) and 0 <= value < 2**32):
        raise UserError(f"seed={value}: give a whole number from 0 to {2**32 - 1}")
