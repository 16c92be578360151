"""A person's mistake ends in one clear line, not in a traceback."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from itertools import pairwise
from pathlib import Path
from traceback import extract_tb

import hydra
from hydra.errors import HydraException, MissingConfigException, OverrideParseException
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException


class UserError(Exception):
    """Something that the person at the keyboard can mend; the message says how."""


# Of data=folder, typed without it. A pack has some of them, and needs none of the others.
_OF_FOLDERS = {"dir", "train_dir", "val_dir", "test_dir", "labels", "pattern", "recursive", "group"}

# Choices of conf/train.yaml that are no keys of what they choose.
_GROUPS = ("experiment", "hparams_search")

_EXTRAS = ("joblib", "ray", "submitit")  # of pyproject.toml, each with a launcher

# Asked for by the person, not by `plain_errors` in this process or in the one that started it.
_TRACEBACKS = os.environ.get("HYDRA_FULL_ERROR") == "1" and "OCR_PLAIN_ERRORS" not in os.environ


_HYDRA = Path(hydra.__file__).parent


@contextmanager
def plain_errors() -> Iterator[None]:
    """Print a `UserError`, or Hydra's word on an override, as one line and exit with 1.

    Anything else is a defect of ours and keeps its traceback. HYDRA_FULL_ERROR=1 shows every
    traceback.
    """
    # Hydra would print a traceback and exit by itself; told to raise, it leaves that to us.
    os.environ.update(HYDRA_FULL_ERROR="1", OCR_PLAIN_ERRORS="1")
    try:
        yield
    except (UserError, HydraException, OmegaConfBaseException) as error:
        if _TRACEBACKS:
            raise
        sys.stdout.flush()
        sys.exit(f"error: {explain(error)}")
    except OSError as error:
        key = _folder_key(error)
        if _TRACEBACKS or not key:
            raise
        sys.exit(
            f"error: {key}: {error.filename or 'the folder'} can't be made or written: "
            f"{error.strerror}. Give another one"
        )
    except (AssertionError, TypeError, ValueError) as error:
        # Hydra, on words that it wasn't made for, before it calls train.py's `main`.
        place = Path(extract_tb(error.__traceback__)[-1].filename)
        if _TRACEBACKS or not place.is_relative_to(_HYDRA):
            raise
        sys.exit(f"error: {explain(error)}")
    except KeyboardInterrupt:
        if _TRACEBACKS:
            raise
        sys.exit(130)  # as a shell counts Ctrl-C
    except SystemExit as end:
        if isinstance(end.__context__, KeyboardInterrupt):  # which Lightning has made that of
            sys.exit(130)
        if type(end).__name__ == "SIGTERMException":  # Lightning's, which ends with 0
            sys.exit(143)  # as a shell counts SIGTERM
        raise


def _folder_key(error: OSError) -> str | None:
    """The key of the folder that Hydra was making, before it called train.py's `main`, or None.

    By names of functions of Hydra 1.4; others would only bring the traceback back.
    """
    names = [frame.name for frame in extract_tb(error.__traceback__)]
    if {*pairwise(names)} & {("sweep", "mkdir"), ("sweep", "save")}:
        return "hydra.sweep.dir"
    if "_run_job" in names and "main" not in names[names.index("_run_job") :]:
        return "hydra.run.dir"
    return None


def explain(error: BaseException) -> str:
    """One line on what went wrong."""
    chain = [error]
    while (cause := chain[-1].__cause__) is not None:
        chain.append(cause)
    for link in chain:
        if isinstance(link, UserError):  # raised by a part while Hydra was building it
            # From a worker process it comes with that process' traceback before it.
            line = str(link).rstrip().splitlines()[-1].removeprefix("ocr.errors.UserError: ")
            return ". ".join([line, *getattr(link, "__notes__", ())])
        if isinstance(link, ConfigKeyError | ConfigAttributeError) and link.parent_node is not None:
            return _unknown_key(link)
        if isinstance(link, MissingConfigException) and link.options:
            return _unknown_option(link)
        if isinstance(link, OverrideParseException):
            return _no_override(link)
    lines = [line.strip() for line in str(error).splitlines()]
    last = str(chain[-1]).strip().partition("\n")[0] or type(chain[-1]).__name__
    detail = f" ({last})" if len(chain) > 1 else ""
    return " ".join(filter(None, lines)) + detail


def _no_override(error: OverrideParseException) -> str:
    """What Hydra's parser says, without where it looked and what it wanted to see."""
    beside = ("Error when parsing index", "Error parsing override", "See https")
    lines = [line for line in error.message.splitlines() if not line.startswith(beside)]
    return (
        f"{error.override}: not an override ({' '.join(lines)}); write KEY=VALUE, and a value that "
        "has any of = , ( ) [ ] { } in it as 'KEY=\"VALUE\"'"
    )


def _unknown_option(error: MissingConfigException) -> str:
    group, _, option = error.missing_cfg_file.rpartition("/")
    extra = option.partition("_")[0]
    there = any(known.startswith(extra) for known in error.options)  # and only the rest is misspelt
    if group == "hydra/launcher" and extra in _EXTRAS and not there:
        return f"{group}={option} needs a package: pip install 'surrogate-ocr[{extra}]'"
    options = ", ".join(error.options)
    guess = did_you_mean(option, error.options)
    return f"{group}={option}: no such option.{guess} There are: {options}"


def _unknown_key(error: ConfigKeyError | ConfigAttributeError) -> str:
    section = error.full_key.rpartition(".")[0]
    valid = sorted(str(key) for key in error.parent_node if not str(key).startswith("_"))
    if section == "data" and error.key in _OF_FOLDERS and "dir" not in error.parent_node:
        return f"{error.full_key} is for images of your own: add data=folder"
    if not section:
        valid = sorted([*valid, *_GROUPS])
    where = f"of {section}" if section else "here"
    return (
        f"there is no key {error.full_key}.{_meant(error, valid)} Valid keys {where}: "
        f"{', '.join(valid)} (+{error.full_key}=... adds one)"
    )


def _meant(error: ConfigKeyError | ConfigAttributeError, valid: Sequence[str]) -> str:
    """A question after what may be meant, with the value that the command line gives it."""
    from ocr.config.suggest import called, meant_by, pair

    word, own = str(error.full_key), did_you_mean(error.key, valid)
    # A word without a section is rather a key of one than another section that is spelt like it.
    key = (called(word) if "." not in word else None) if own else meant_by(word)
    if key is None:
        return own
    given = [argument.lstrip("+").partition("=") for argument in sys.argv]
    value = next((value for name, _, value in given if name == word), "")
    return f" Did you mean {pair(key, value)}?"


def did_you_mean(word: object, valid: Sequence[str]) -> str:
    """A question after the one of `valid` that may be meant, if there is one."""
    near = get_close_matches(str(word), valid, n=1)
    return f" Did you mean {near[0]}?" if near else ""
