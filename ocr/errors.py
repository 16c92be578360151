"""A person's mistake ends in one clear line, not in a traceback."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches

from hydra.errors import HydraException, OverrideParseException
from omegaconf.errors import ConfigKeyError, OmegaConfBaseException


class UserError(Exception):
    """Something that the person at the keyboard can mend; the message says how."""


@contextmanager
def plain_errors() -> Iterator[None]:
    """Print a `UserError`, or Hydra's word on an override, as one line and exit with 1.

    Anything else is a defect of ours and keeps its traceback. HYDRA_FULL_ERROR=1 shows
    every traceback.
    """
    full = os.environ.get("HYDRA_FULL_ERROR", "0") not in ("", "0")
    # Hydra would print a traceback and exit by itself; told to raise, it leaves that to us.
    os.environ["HYDRA_FULL_ERROR"] = "1"
    try:
        yield
    except (UserError, HydraException, OmegaConfBaseException) as error:
        if full:
            raise
        sys.stdout.flush()
        sys.exit(f"error: {_explain(error)}")
    finally:
        os.environ["HYDRA_FULL_ERROR"] = "1" if full else "0"


def _explain(error: Exception) -> str:
    cause = error.__cause__
    while cause is not None and cause.__cause__ is not None and not isinstance(cause, UserError):
        cause = cause.__cause__
    if isinstance(cause, UserError):  # raised by a part while Hydra was building it
        return str(cause)
    if isinstance(cause, ConfigKeyError) and cause.parent_node is not None:
        return _unknown_key(cause)
    if isinstance(error, UserError | OverrideParseException) or cause is None:
        return str(error).strip()
    return f"{str(error).strip()} ({str(cause).strip().splitlines()[0]})"


def _unknown_key(error: ConfigKeyError) -> str:
    section = error.full_key.rpartition(".")[0]
    valid = sorted(str(key) for key in error.parent_node if not str(key).startswith("_"))
    near = get_close_matches(str(error.key), valid, n=1)
    guess = f" Did you mean '{near[0]}'?" if near else ""
    return f"no key '{error.full_key}'.{guess} Valid keys {f'of {section}' if section else 'here'}: {', '.join(valid)}"
