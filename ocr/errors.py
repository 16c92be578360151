"""A user's mistake, which ends a command with one clear line instead of a traceback."""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path


class UserError(Exception):
    """A mistake that the user can correct; the message says how.

    Attributes:
        file: The file of the run folder that the message points to, if any: the folder is kept.
        key: The key whose value corrects the mistake, as the message says, if any.
    """

    def __init__(self, message: str, *, file: Path | None = None, key: str | None = None) -> None:
        super().__init__(message)
        self.file = file
        self.key = key

    def line(self) -> str:
        """Return the message and its notes in one line."""
        # torch raises an error of a worker process again with that process's traceback as its text.
        last = str(self).rstrip().splitlines()[-1].removeprefix("ocr.errors.UserError: ")
        return ". ".join([last, *getattr(self, "__notes__", ())])


class SettingError(UserError):
    """A value of `data` is wrong, rather than the images."""


def did_you_mean(word: object, choices: Iterable[str]) -> str:
    """Ask whether the most similar of some choices is meant.

    Args:
        word: What the user has written.
        choices: What they could have written.

    Returns:
        " Did you mean ...?", or "" if no choice is similar.
    """
    similar = get_close_matches(str(word), list(choices), n=1)
    return f" Did you mean {similar[0]}?" if similar else ""
