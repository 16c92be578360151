"""Something to know about a folder of images, and what to do about it."""

import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from ocr.doctor.examine import Examination

FEW = 3  # commands that one can still read
DOES = {"rm": "remove the files", "mv": "rename them"}


@dataclass(frozen=True)
class Finding:
    """One kind of thing that is wrong, or worth a look.

    kind: a word for machines; what: for people. count: of images, captions or characters.
    examples: all of them, each with what there is to say. training: what it does with them.
    mend: the command. commands: for the shell, one a file, where that is what mends it.
    harmless: training is none the worse.
    """

    kind: str
    what: str
    count: int
    examples: Sequence[str]
    training: str
    mend: str
    commands: Sequence[str] = ()
    harmless: bool = False


def mended_by(seen: Examination, kind: str, commands: Sequence[str]) -> str:
    """The command that runs all of `commands`, which are of one kind, and what that does."""
    if len(commands) <= FEW:
        return "; ".join(commands)
    return f"{DOES[commands[0].partition(' ')[0]]}: {seen.doctor('--mend', kind)} | sh"


def without(seen: Examination, kind: str, names: Sequence[str]) -> dict[str, object]:
    """`mend` and `commands` that take these images out of the folder."""
    if seen.tables:  # a row that has lost its image would only be the next finding
        return {"mend": f"take their rows out of {' and '.join(seen.tables)}"}
    # The name of a file that is no Unicode can't be typed. A link may lead nowhere.
    commands = [f"rm -- {shlex.quote(name)}" for name in names if os.path.lexists(name)]
    if not commands:
        return {"mend": "take them out"}
    return {"mend": mended_by(seen, kind, commands), "commands": commands}
