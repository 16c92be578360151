"""The commands that the docs give."""

import re
import shlex

from conftest import ROOT

DOCS = ("README.md", "benchmarks/README.md")


MEANT = {"KIND": "wrong_suffix", "KEY=VALUE": "seed=1"}


def commands() -> list[str]:
    found = {}
    for name in DOCS:
        text = (ROOT / name).read_text(encoding="utf-8")
        for block in re.findall(r"```bash\n(.*?)```", text, re.DOTALL):
            found |= dict.fromkeys(block.replace("\\\n", " ").splitlines())
        without = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
        inline = re.findall(r"`((?:python|make|pip|tensorboard)\s[^`]*)`", without)
        found |= dict.fromkeys(" ".join(command.split()) for command in inline)
    return [line for line in found if line.strip()]


def words_of(command: str) -> list[str]:
    """As a shell would split it; without what stands for more words, and where the output goes."""
    words = shlex.split(command, comments=True)
    words = words[: words.index(">")] if ">" in words else words
    return [MEANT.get(word, word) for word in words if word != "..."]
