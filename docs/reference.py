"""Build the configuration reference from the files and comments in conf/.

An mkdocs hook: it replaces the marker in docs/configuration.md by one table for each file, and
docs/benchmarks.md by benchmarks/README.md, which is outside of docs/.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
CONF = ROOT / "conf"
BENCHMARKS = ROOT / "benchmarks" / "README.md"
MARKER = "<!-- reference -->"
# Groups in the order in which conf/train.yaml lists them; the others follow.
ORDER = (
    "data", "effort", "augment", "encoder", "recurrent", "head", "optimizer", "scheduler",
    "trainer", "callbacks", "logger", "experiment", "hparams_search", "pruner",
    "portfolio",
)  # fmt: skip
NOT_KEYS = ("defaults", "search")
BASE = "Keys of all kinds of data"  # conf/data/common/base.yaml


@dataclass(frozen=True)
class Key:
    """A key of the configuration.

    Attributes:
        name: As given on the command line, such as `encoder.units`.
        value: The default as it stands in the file, "" for a section.
        meaning: The comment beside it.
    """

    name: str
    value: str
    meaning: str


@dataclass(frozen=True)
class Option:
    """A file in conf/.

    Attributes:
        group: The folder, such as `encoder`; "" for conf/train.yaml and conf/run.yaml.
        name: The file's name without its suffix.
        about: The comment at the top of the file.
        bases: Files that it extends.
        keys: The keys that it sets.
        space: What a search varies: keys and their spaces.
    """

    group: str
    name: str
    about: str
    bases: list[str]
    keys: list[Key]
    space: list[Key]


def on_page_markdown(markdown: str, page: "Page", **_: object) -> str:
    """Fill the generated pages (mkdocs calls this for every page)."""
    if page.file.src_uri == "benchmarks.md":
        return BENCHMARKS.read_text(encoding="utf-8")
    return markdown.replace(MARKER, reference()) if MARKER in markdown else markdown


def reference() -> str:
    """The tables of all files, as Markdown."""
    options = [read_option(path) for path in CONF.rglob("*.yaml")]
    options.sort(key=lambda o: (_rank(o.group), o.group, o.name != "train", o.name))
    lines, title = [], None
    for option in options:
        if title != (title := option.group or f"{option.name}.yaml"):
            lines += [f"## {title}", ""]
        lines += _section(option)
    return "\n".join(lines)


def read_option(path: Path) -> Option:
    """Read a file of conf/ with its comments."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    root = yaml.compose(text)
    header = [line for line in _leading_comments(lines) if not line.startswith("@package")]
    package = re.match(r"# @package (\S+)", text)
    group = path.parent.relative_to(CONF).as_posix().removesuffix("/common").removeprefix(".")
    prefix = package[1] if package else group
    prefix = "" if prefix == "_global_" or not prefix else f"{prefix}."
    entries = root.value if isinstance(root, yaml.MappingNode) else []
    by_name = {key.value: node for key, node in entries}
    spaces = list(_keys(by_name["search"], lines, prefix)) if "search" in by_name else []
    return Option(
        group,
        path.stem,
        " ".join(header),
        list(_bases(by_name.get("defaults"))) if group and not package else [],
        list(_keys(root, lines, prefix)) if entries else [],
        spaces,
    )


def _rank(group: str) -> int:
    if not group:
        return -1
    return ORDER.index(group) if group in ORDER else len(ORDER)


def _leading_comments(lines: list[str]) -> Iterator[str]:
    for line in lines:
        if not line.startswith("#"):
            return
        yield line.lstrip("# ").rstrip()


def _bases(defaults: yaml.Node | None) -> Iterator[str]:
    """The files of the same group that a defaults list names."""
    for node in defaults.value if defaults else ():
        if isinstance(node, yaml.ScalarNode) and node.value != "_self_":
            yield node.value.partition("@")[0].rpartition("/")[2]


def _keys(root: yaml.MappingNode, lines: list[str], prefix: str) -> Iterator[Key]:
    for key, node in root.value:
        name = str(key.value)
        if name in NOT_KEYS or name.startswith("_"):
            continue
        nested = isinstance(node, yaml.MappingNode)
        row = key.start_mark.line
        comment = _comment(lines, row, key.end_mark.column if nested else node.end_mark.column)
        value = "" if nested else lines[row][node.start_mark.column : node.end_mark.column]
        if not nested or comment:
            yield Key(prefix + name, value, comment)
        if nested:
            yield from _keys(node, lines, f"{prefix}{name}.")


def _comment(lines: list[str], row: int, column: int) -> str:
    """The comment after a value and on the indented lines that follow."""
    mark = lines[row].find("#", column)
    if mark < 0:
        return ""
    words = [lines[row][mark:]]
    for line in lines[row + 1 :]:
        if not re.match(r"\s{8,}#", line):
            break
        words.append(line)
    return " ".join(word.strip().lstrip("# ") for word in words)


def _section(option: Option) -> list[str]:
    title = BASE if option.name == "base" else f"`{option.group}={option.name}`"
    lines = [f"### {title}", ""] if option.group else []
    if option.about:
        lines += [option.about, ""]
    if option.bases:
        others = (BASE if name == "base" else f"`{option.group}={name}`" for name in option.bases)
        lines += [f"Extends {' and '.join(others)}.", ""]
    if any(key.meaning for key in option.keys):
        lines += ["| key | default | meaning |", "|---|---|---|"]
        lines += [f"| `{k.name}` | {_code(k.value)} | {_cell(k.meaning)} |" for k in option.keys]
    elif option.keys:  # a preset
        lines += ["| key | value |", "|---|---|"]
        lines += [f"| `{k.name}` | {_code(k.value)} |" for k in option.keys]
    lines.append("")
    if option.space:
        space = {k.name.rpartition(".")[2]: k.value for k in option.space}
        searched = ", ".join(f"`{name}`: {_code(value)}" for name, value in space.items())
        lines += [f"Searched by `hparams_search`: {searched}", ""]
    return lines


def _code(value: str) -> str:
    return f"`{value}`".replace("|", r"\|") if value else ""


def _cell(text: str) -> str:
    return text.replace("|", r"\|").replace("<", "&lt;")
