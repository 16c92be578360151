"""Errors that end a command with one line instead of a traceback."""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path


class UserError(Exception):
    """A mistake that the user can correct; the message says how.

    Attributes:
        file: The file in the run folder that the message names, if any; then the folder is kept.
        key: The key whose value corrects the mistake, if the message names one.
    """

    def __init__(self, message: str, *, file: Path | None = None, key: str | None = None) -> None:
        super().__init__(message)
        self.file = file
        self.key = key

    def line(self) -> str:
        """Return the message and its notes in one line."""
        # Torch raises an error of a worker process again, with the worker's traceback as its text.
        last = str(self).rstrip().splitlines()[-1].removeprefix("ocr.errors.UserError: ")
        return ". ".join([last, *getattr(self, "__notes__", ())])


class SettingError(UserError):
    """A wrong value of the `data` section, as opposed to a problem of the images."""


def did_you_mean(word: object, choices: Iterable[str]) -> str:
    """Suggest the choice that is most similar to a word.

    Args:
        word: What the user has written.
        choices: The valid words.

    Returns:
        " Did you mean ...?", or "" if no choice is similar.
    """
    similar = get_close_matches(str(word), list(choices), n=1)
    return f" Did you mean {similar[0]}?" if similar else ""
