"""Normalize overrides before Hydra parses them.

Hydra reads the name 2024_01 as the number 202401 and 1.50 as 1.5, so names are quoted.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Quote, QuotedString
from hydra.errors import HydraException

from ocr.errors import UserError

_PACKAGE = Path(__file__).resolve().parents[1]
# conf/ is part of an installed package; in a checkout, it stands beside it.
CONF = next(path for path in (_PACKAGE / "conf", _PACKAGE.parent / "conf") if path.is_dir())

# Keys whose values are text, even if they look like numbers.
_TEXT = re.compile(
    r"data\.(?:(?:train_|val_|test_)?dir|labels|file_column|label_column|group|pattern|charset"
    r"|symbols|encoding|url|git_blob)"
    r"|init_from|ckpt_path|trainer\.default_root_dir"
    r"|callbacks\.\w+\.dirpath|logger\.\w+\.(?:save_dir|name|version)"
    r"|hydra\.(?:run\.dir|sweep\.dir|sweep\.subdir|job\.name)"
    r"|hydra\.sweeper\.(?:storage|study_name|start_from)"
)
# Quoted strings, separators, and values.
_TOKENS = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|[,()\[\]]|[^,()\[\]'\"]+|.")
_FUNCTIONS = re.compile(r"(?:range|interval|int|float|bool|str|json_str|glob)\(")

OPTIONAL = ("experiment", "hparams_search")  # groups without a default in conf/train.yaml
_SEVERAL = ("callbacks", "experiment", "logger")  # groups of which several options can be chosen
# The beginning of an option's name, of a list of them, or of keys and values.
_OPTION = re.compile(r"(?!(?:null|true|false|nan|inf)$)[A-Za-z_'\"{$]", re.IGNORECASE)


def quote_value(text: str) -> str:
    """Quote text as a value for Hydra's command line."""
    return QuotedString(text, Quote.single).with_quotes()


def normalize_overrides(words: Iterable[str], sweeps: bool = False) -> list[str]:
    """Quote text, and drop overrides that change nothing.

    Args:
        words: Overrides as the user typed them.
        sweeps: Whether commas separate values to sweep over.

    Returns:
        The overrides for Hydra.

    Raises:
        UserError: An override sets a group to something that is not one of its options, a pruner
            without a search, or a key of `run`.
    """
    normalized: list[str] = []
    for word in words:
        prefix, key, value = _split(word)
        group = key.partition("@")[0]
        if key.startswith("run."):
            raise UserError(f"{word}: hydra.run.dir=PATH sets the run folder")
        if value is not None and _TEXT.fullmatch(key):
            word = f"{prefix}{key}={_as_text(value, sweeps)}"
        elif _is_group(group):
            if group in OPTIONAL and (value == "null" or (prefix == "~" and value is None)):
                normalized = [other for other in normalized if _split(other)[1] != key]
                continue
            _require_option(word, prefix, group, value)
        normalized.append(word)
    keys = {_split(word)[1] for word in normalized}
    if "pruner" in keys and "hparams_search" not in keys:
        raise UserError("pruner belongs to a search: add -m hparams_search=optuna")
    return normalized


def options_of(group: str) -> list[str]:
    """Return the options of a group of conf/ or of Hydra."""
    if (CONF / group).is_dir() and not group.startswith("hydra"):
        return sorted(path.stem for path in (CONF / group).glob("*.yaml"))
    with initialize_config_dir(str(CONF)):
        return list(GlobalHydra.instance().config_loader().get_group_options(group))


def _split(word: str) -> tuple[str, str, str | None]:
    """Split an override into its prefix (+, ++, ~), its key, and its value or None."""
    key, equals, value = word.partition("=")
    bare = key.lstrip("+~")
    return key[: len(key) - len(bare)], bare, value.strip() if equals else None


def _as_text(value: str, sweeps: bool) -> str:
    """Quote a value, or each value of a sweep, if Hydra would read it as something else."""
    if "{" in value or _FUNCTIONS.match(value):  # an interpolation, or a function of Hydra
        return value
    text = "".join(map(_token_as_text, _TOKENS.findall(value)))
    try:
        override = OverridesParser.create().parse_override(f"key={text}")
    except HydraException:  # such as ~/images, or photos (old)
        return quote_value(value)
    return quote_value(value) if override.is_sweep_override() and not sweeps else text


def _token_as_text(token: str) -> str:
    text = token.strip()
    if not text or text == "null":
        return token
    try:
        parsed = OverridesParser.create().parse_override(f"key={text}").value()
    except HydraException:  # a separator, or something that Hydra will refuse
        return token
    return quote_value(text) if parsed is None or isinstance(parsed, int | float) else token


def _is_group(key: str) -> bool:
    return key.startswith("hydra/") or (key.isidentifier() and (CONF / key).is_dir())


def _require_option(word: str, prefix: str, group: str, value: str | None) -> None:
    """Raise UserError if `word` sets the group to something that is not one of its options."""
    if value is None and prefix != "~":  # Hydra reports the missing value
        return
    if group == "data" and value and ("/" in value or Path(value).is_dir()):
        raise UserError(f"{word}: for a folder of images write data=folder data.dir={value}")
    if prefix.startswith("+") and (CONF / group).is_dir() and group != "pruner":
        raise UserError(f"{word}: the config has {group} already; leave out the {prefix}")
    if value and prefix != "~" and _OPTION.match(value):
        return
    if value and prefix != "~" and value.startswith("[") and group in _SEVERAL:
        return
    has_parts = group in ("callbacks", "logger")
    parts = f"; {group}.NAME=null leaves out a part" if has_parts else ""
    raise UserError(f"{word}: choose one of {', '.join(options_of(group))}{parts}")
