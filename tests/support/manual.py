"""The pages of the manual, their commands, and the reference of conf/."""

import re
import runpy
import shlex
from pathlib import Path

from conftest import ROOT

MANUAL = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES = [*MANUAL, ROOT / "CONTRIBUTING.md", ROOT / "benchmarks" / "README.md"]
REFERENCE = runpy.run_path(str(ROOT / "docs" / "reference.py"))
OPTIONS = [REFERENCE["read_option"](path) for path in sorted((ROOT / "conf").rglob("*.yaml"))]
# Placeholders in the manual, and values for them.
PLACEHOLDERS = {"KIND": "wrong_extension", "KEY=VALUE": "seed=1"}


def commands(pages: list[Path] = PAGES) -> list[str]:
    """Return all commands of the pages, without duplicates."""
    found = {}
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for block in re.findall(r"```bash\n(.*?)```", text, re.DOTALL):
            found |= dict.fromkeys(block.replace("\\\n", " ").splitlines())
        inline = re.findall(
            r"`((?:python|make|pip|tensorboard|surrogate-ocr)\s[^`]*)`", prose(page)
        )
        found |= dict.fromkeys(inline)
    words = (shlex.join(shlex.split(line, comments=True)) for line in found)
    return list(dict.fromkeys(word.removesuffix(" ...") for word in words if word))


def prose(page: Path) -> str:
    """Return the text of a page without code blocks, in one line."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return " ".join(text.split())


def words_of(command: str) -> list[str]:
    """Return the words of a command, without `...` and without a redirection."""
    words = shlex.split(command)
    words = words[: words.index(">")] if ">" in words else words
    return [PLACEHOLDERS.get(word, word) for word in words if word != "..."]
