"""Something to know about a folder of images, and what to do about it."""

import os
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from ocr.doctor.scan import Examination
from ocr.doctor.set_aside import place_aside, real_path

FEW = 3  # commands that one can still read
# By the words that the commands begin with.
DOES = {
    ("rm",): "remove the files",
    ("mv",): "rename them",
    ("mkdir",): "set them aside",
    ("mkdir", "rm"): "set them aside, or remove those with no image in them",
}


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
    words = tuple(sorted({command.partition(" ")[0] for command in commands}))
    return f"{DOES[words]}: {seen.doctor('--mend', kind)} | sh"


def without(seen: Examination, kind: str, names: Sequence[str]) -> dict[str, object]:
    """`mend` and `commands` that take these images out of the folder.

    What certainly is worthless is removed, all else is moved into a folder of its own.
    """
    if seen.tables:  # a row that has lost its image would only be the next finding
        return {"mend": f"take their rows out of {' and '.join(seen.tables)}"}
    # The name of a file that is no Unicode can't be typed. A link may lead nowhere.
    files = {real_path(name): name for name in names if os.path.lexists(name)}
    commands = [_taken_out(seen, name) for name in files.values()]
    if not commands:
        return {"mend": "take them out"}
    return {"mend": mended_by(seen, kind, commands), "commands": commands}


def _taken_out(seen: Examination, name: str) -> str:
    file = shlex.quote(name)
    if name in seen.looks and seen.looks[name].worthless:
        return f"rm -- {file}"
    target = place_aside(name, [*seen.data.dirs.values()])
    folder = shlex.quote(str(target.parent))
    return f"mkdir -p -- {folder} && mv -n -- {file} {shlex.quote(str(target))}"
