"""Explain errors of Hydra and OmegaConf in one line that names the key or the option."""

import sys
from collections.abc import Sequence
from pathlib import Path
from traceback import extract_tb

import hydra
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException

from ocr.config.suggest import find_key, format_override, guess_key
from ocr.errors import UserError, did_you_mean

# Keys of data=folder, which users often give without data=folder.
_FOLDER_KEYS = {
    "dir",
    "train_dir",
    "val_dir",
    "test_dir",
    "labels",
    "pattern",
    "recursive",
    "group",
}
# Groups of conf/train.yaml that the composed config has no key for.
_GROUPS = ("experiment", "hparams_search")
_EXTRAS = ("joblib", "ray", "submitit")  # of pyproject.toml, each with a launcher
_HYDRA = Path(hydra.__file__).parent


def is_about_config(error: BaseException) -> bool:
    """Return whether Hydra or OmegaConf raised the error because of a user's override."""
    if isinstance(error, HydraException | OmegaConfBaseException):
        return True
    # For some overrides, Hydra raises built-in exceptions before it calls the task.
    return isinstance(error, AssertionError | TypeError | ValueError) and Path(
        extract_tb(error.__traceback__)[-1].filename
    ).is_relative_to(_HYDRA)


def explain(error: BaseException) -> str:
    """Describe an error and its causes in one line.

    Args:
        error: A `UserError`, also one that a part raised while Hydra built it, or one of Hydra's.
    """
    chain = [error]
    while (cause := chain[-1].__cause__) is not None:
        chain.append(cause)
    for link in chain:
        if isinstance(link, UserError):  # raised by a part while Hydra was building it
            return link.line()
        if isinstance(link, ConfigKeyError | ConfigAttributeError) and link.parent_node is not None:
            return _unknown_key(link)
        if isinstance(link, MissingConfigException) and link.options:
            return _unknown_option(link)
        if isinstance(link, OverrideParseException):
            return _unparsable(link)
    lines = [line.strip() for line in str(error).splitlines()]
    last = str(chain[-1]).strip().partition("\n")[0] or type(chain[-1]).__name__
    detail = f" ({last})" if len(chain) > 1 else ""
    return " ".join(filter(None, lines)) + detail


def _unparsable(error: OverrideParseException) -> str:
    """Return the message of Hydra's parser without the position and the expected tokens."""
    # The reason is one line of the message; these are the others.
    beside = ("Error when parsing index", "Error parsing override", "See https")
    lines = [line for line in error.message.splitlines() if not line.startswith(beside)]
    return (
        f"{error.override}: not an override ({' '.join(lines)}); write KEY=VALUE, and a value with "
        "any of = , ( ) [ ] { } as 'KEY=\"VALUE\"'"
    )


def _unknown_option(error: MissingConfigException) -> str:
    group, _, option = (error.missing_cfg_file or "").rpartition("/")
    options = list(error.options or ())
    extra = option.partition("_")[0]
    is_installed = any(known.startswith(extra) for known in options)
    if group == "hydra/launcher" and extra in _EXTRAS and not is_installed:
        return f"{group}={option} needs a package: pip install 'surrogate-ocr[{extra}]'"
    guess = did_you_mean(option, options)
    return f"{group}={option}: no such option.{guess} There are: {', '.join(options)}"


def _unknown_key(error: ConfigKeyError | ConfigAttributeError) -> str:
    section = str(error.full_key).rpartition(".")[0]
    valid = sorted(str(key) for key in error.parent_node if not str(key).startswith("_"))
    if section == "data" and error.key in _FOLDER_KEYS and "dir" not in error.parent_node:
        return f"{error.full_key} is for images of your own: add data=folder"
    if not section:
        valid = sorted([*valid, *_GROUPS])
    where = f"of {section}" if section else "here"
    guess = _guess(error, valid)
    adds = "" if guess else f" (+{error.full_key}=... adds one)"
    return f"there is no key {error.full_key}.{guess} Valid keys {where}: {', '.join(valid)}{adds}"


def _guess(error: ConfigKeyError | ConfigAttributeError, valid: Sequence[str]) -> str:
    """Suggest the key that may be meant, with the value that the command line gives it."""
    word, in_section = str(error.full_key), did_you_mean(error.key, valid)
    # A word without a section is more likely a key within one than a misspelt section.
    key = (find_key(word) if "." not in word else None) if in_section else guess_key(word)
    if key is None:
        return in_section
    given = [argument.lstrip("+").partition("=") for argument in sys.argv]
    value = next((value for name, _, value in given if name == word), "")
    return f" Did you mean {format_override(key, value)}?"
