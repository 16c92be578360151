"""Check the command line of a training run before Hydra, whose errors are long usage texts."""

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import ocr
from ocr.config.overrides import normalize_overrides
from ocr.config.program import train_command
from ocr.config.suggest import format_override, guess_key
from ocr.errors import UserError

# `python -m ocr train` as a script and its argument, which works in any working directory.
TRAIN = [str(Path(ocr.__file__).with_name("__main__.py")), "train"]

# At once, by default: a surrogate that proposes many together learns little from each.
MAX_TRIALS = 4

# Hydra's options, and the number of values that each takes.
_OPTIONS = {
    "--help": 0, "-h": 0, "--hydra-help": 0, "--version": 0,
    "--cfg": 1, "-c": 1, "--resolve": 0, "--package": 1, "-p": 1,
    "--run": 0, "-r": 0, "--multirun": 0, "-m": 0, "--shell-completion": 0, "-sc": 0,
    "--config-path": 1, "-cp": 1, "--config-name": 1, "-cn": 1, "--config-dir": 1, "-cd": 1,
    "--experimental-rerun": 1, "--info": 0, "-i": 0,
}  # fmt: skip
_CHOICES = {
    "--cfg": ("job", "hydra", "all"),
    "--info": ("all", "aliases", "config", "defaults", "defaults-tree", "plugins", "searchpath"),
}


def prepare_arguments(words: Sequence[str]) -> list[str]:
    """Check the words of a command line and normalize them for Hydra.

    Args:
        words: Overrides and options as the user typed them.

    Returns:
        The overrides, followed by the options with their full names.

    Raises:
        UserError: Hydra would refuse a word.
    """
    options, overrides = _separate(words)
    names = {option.partition("=")[0] for option in options}
    if "--shell-completion" in names:  # it has arguments of its own
        return list(words)
    if "--version" in names:
        print(f"surrogate-ocr {ocr.__version__}")
        sys.exit()
    for name in names & {*_CHOICES}:
        if others := names & {"--multirun", "--run", *_CHOICES} - {name}:
            raise UserError(f"{name} shows the config of one run: leave {min(others)} out")
    if "--resolve" in names and not names & {"--cfg", "--help"}:
        raise UserError("--resolve needs --cfg job")
    if {"--cfg", "job"} <= {*options}:  # show values instead of interpolations
        options.append("--resolve")
    require_pairs(overrides)
    sweeps = "--multirun" in names
    if sweeps:
        overrides = [*overrides, *_trials_at_once(overrides)]
    return [*normalize_overrides(overrides, sweeps), *options]


def _trials_at_once(overrides: Sequence[str]) -> list[str]:
    """Return the overrides by which a search runs a trial on each core, with joblib's launcher.

    There are none without that launcher, and where the user chooses what a trial or the launcher
    gets. Hydra wants to know the launcher before the sweep starts.
    """
    given = dict(word.lstrip("+~").partition("=")[::2] for word in overrides)
    # A user's own search config may choose a launcher itself, and so may an experiment.
    shipped = given.get("hparams_search", "").startswith("optuna")
    chosen = {"experiment", "hydra/launcher", "hydra.launcher.n_jobs", "hydra/sweeper", "threads"}
    if not shipped or given.keys() & {*chosen, "trainer.accelerator", "trainer.devices"}:
        return []
    if find_spec("hydra_plugins.hydra_joblib_launcher") is None:
        return []
    import joblib  # it takes a tenth of a second to load

    workers = given.get("hydra.sweeper.n_jobs", "null")
    if workers == "null":
        workers = str(min(joblib.cpu_count(), MAX_TRIALS))
    if not workers.isdecimal() or int(workers) < 2:
        return []
    return ["hydra/launcher=joblib", f"hydra.launcher.n_jobs={workers}"]


def _separate(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Separate options, with full names and their values, from overrides."""
    options, overrides, left = [], [], list(words)
    while left:
        word = left.pop(0)
        if not word.startswith("-") or word == "-":
            overrides.append(word)
            continue
        name, equals, value = word.partition("=")
        full = _option(name)
        if full is None:
            raise UserError(_describe_unknown(word, left))
        given = [value] if equals else left[: _OPTIONS[full]]
        if full == "--info" and not equals and left and not {"-", "="} & {*left[0]}:
            given = left[:1]  # its value is optional
        if len(given) < _OPTIONS[full]:
            raise UserError(f"{full} needs a value")
        if full in _CHOICES and given and given[0] not in _CHOICES[full]:
            raise UserError(f"{full} {given[0]}: choose one of {', '.join(_CHOICES[full])}")
        left = left if equals else left[len(given) :]
        options += [full, *given]
    return options, overrides


def _option(name: str) -> str | None:
    """Return the full name of one of Hydra's options; argparse accepts unique prefixes."""
    if name in _OPTIONS:
        before = [*_OPTIONS].index(name) - 1  # a short name follows the full one
        return name if name.startswith("--") else [*_OPTIONS][before]
    matches = [option for option in _OPTIONS if name.startswith("--") and option.startswith(name)]
    return matches[0] if len(matches) == 1 and len(name) > 2 else None


def _describe_unknown(word: str, following: Sequence[str]) -> str:
    """Describe an unknown option, with the override that may be meant."""
    name, equals, value = word.partition("=")
    if not equals and following and not following[0].startswith("-") and "=" not in following[0]:
        value = following[0]
        word = f"{word} {value}"
    key = guess_key(name) if len(name.strip("-")) > 1 else None
    if key is None:
        return (
            f"{word}: no such option. Write values as KEY=VALUE, such as "
            f"trainer.max_epochs=3; {train_command()} --cfg job shows all keys"
        )
    return f"{word}: write values as KEY=VALUE. Did you mean {format_override(key, value)}?"


def require_pairs(words: Sequence[str]) -> None:
    """Raise UserError for words that are not KEY=VALUE, such as one with spaces around the =."""
    for i, word in enumerate(words):
        if word.startswith("~"):
            continue
        key, equals, value = word.partition("=")
        following = words[i + 1] if i + 1 < len(words) else ""
        if following == "=" and not equals:
            value = words[i + 2] if i + 2 < len(words) else ""
            raise UserError(f"{word} = {value}: write it without spaces, {word}={value}")
        if following.startswith("=") and not equals:
            raise UserError(
                f"{word} {following}: write it without a space before the =, {word}{following}"
            )
        if equals and not value and following and "=" not in following:
            raise UserError(
                f"{word} {following}: write it without a space after the =, {word}{following}"
            )
        if not key.strip("+ "):
            raise UserError(f"{word}: write KEY{word.strip('+ ')}")
        if equals:
            continue
        if Path(word).is_dir() or ("/" in word and not Path(word).is_file()):
            raise UserError(f"{word}: for a folder of images write data=folder data.dir={word}")
        if Path(word).is_file():
            key = "ckpt_path" if word.endswith(".ckpt") else "data.labels"
            raise UserError(f"{word}: write values as KEY=VALUE, here {format_override(key, word)}")
        is_folder = following and Path(following).is_dir()
        key = "data.dir" if is_folder else guess_key(word.rstrip(":")) or ""
        if following and "=" not in following and key:
            raise UserError(f"{word} {following}: write {format_override(key, following)}")
        meant = f", here {format_override(key, '')}" if key else ", such as trainer.max_epochs=3"
        raise UserError(f"{word}: write values as KEY=VALUE{meant}")
