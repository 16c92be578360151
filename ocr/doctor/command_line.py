"""Format commands that a user can paste into a shell."""

import re
import shlex
from collections.abc import Sequence

# A name or path with its closing Hydra quote, which means the same without quotes.
_NEEDS_NO_QUOTES = re.compile(r"(?:[A-Za-z_/]|\.+[A-Za-z_/])[A-Za-z0-9_./-]*'")
_HYDRA_CONSTANTS = ("null", "true", "false", "nan", "inf")


def format_command(program: str, arguments: Sequence[str], added: Sequence[str]) -> str:
    """Format a command with further arguments.

    Args:
        program: The words that start the program.
        arguments: The program's arguments, options and overrides.
        added: Further arguments. An override replaces the one with the same key.
    """
    keys = {word.partition("=")[0] for word in added}
    kept = [word for word in arguments if "=" not in word or word.partition("=")[0] not in keys]
    return " ".join([program, *map(_shell_quote, [*kept, *added])])


def _shell_quote(word: str) -> str:
    """Quote an argument for the shell, and drop Hydra's quotes where they change nothing."""
    key, mark, value = word.partition("='")
    if mark and _NEEDS_NO_QUOTES.fullmatch(value) and value[:-1].lower() not in _HYDRA_CONSTANTS:
        word = f"{key}={value[:-1]}"
    # Hydra's quotes are single, so double quotes are easier to read around them.
    return f'"{word}"' if "'" in word and not set(word) & set('"$`!\\') else shlex.quote(word)
