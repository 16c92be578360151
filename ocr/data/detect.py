"""Find out where the captions of a folder are kept, if nobody says so."""

from collections.abc import Collection, Mapping

from ocr.data.labels import READERS, Columns, Row
from ocr.data.origins import Beside, FileNames, LabelsFile, Origin
from ocr.data.patterns import NamePattern
from ocr.data.sources import Folder, stem
from ocr.errors import UserError
from ocr.log import say

ENOUGH = 0.9  # the share of the images that must have a caption there
# Files of such names are meant to be read, even if they can't be.
PLAIN = ("labels", "metadata", "captions")
PARTS = ("train", "val", "valid", "validation", "test")


def detect(folder: Folder, columns: Columns, encoding: str | None = None) -> Origin:
    """What gives a caption to nearly all images; the file names only where nothing else does.

    Raises UserError, with the override to give, where that isn't clear.
    """
    origins, doubts = [Beside(".gt.txt", encoding)], []
    for name in _tables(folder):
        try:
            # Under any other name it may be what a model has read, or what classes there are.
            foreign = _is_plain(name, PLAIN + PARTS)
            origins.append(LabelsFile(folder.path / name, columns, foreign, folder, encoding))
        except UserError as error:
            if _is_plain(name):
                doubts.append(str(error))
    shares = {origin: origin.share(folder) for origin in origins}
    full = [origin for origin, share in shares.items() if share >= ENOUGH]
    # What names these images outright is surer than what names others that are called alike.
    full = [o for o in full if not (isinstance(o, LabelsFile) and o.foreigner)] or full
    if full:
        return _agreed(sorted(full, key=shares.get, reverse=True), folder)
    part = {o: share for o, share in shares.items() if share or _is_plain(o.name)}
    if part:
        doubts.append(_partial(part, folder))
    if doubts:
        raise UserError(f"{doubts[0]}; data.labels=name takes the file names as captions")
    folder.require_images()
    say(f"captions are the file names of {folder.path}, such as {_examples(folder)}")
    return FileNames(NamePattern("name"))


def _partial(shares: Mapping[Origin, float], folder: Folder) -> str:
    """On what has captions for some of the images, or for none."""
    most = max(shares, key=shares.get)
    if not shares[most]:
        rows = [row.file for row in most.rows if isinstance(row, Row)]
        wanted = f"; its first row is of {rows[0]}" if rows else ""
        first = f", the first image here is {folder.images[0]}" if folder.images else ""
        return f"{folder.path}: {most.name} names no image that is there{wanted}{first}"
    others = {o.name: share for o, share in shares.items() if share and o is not most}
    told = "".join(f", {name} for {share:.0%}" for name, share in others.items())
    text = (
        f"{folder.path}: {most.name} has captions for only {shares[most]:.0%} of the images{told}: "
        f"data.labels={most.name} takes what it names"
    )
    if others and sum(shares.values()) < 1.01:
        text += (
            "; if these are parts of a split, put each part's images into a folder of their own, "
            "data.train_dir and data.test_dir"
        )
    return text


def _tables(folder: Folder) -> list[str]:
    stems = {stem(name) for name in folder.images}
    return [
        name
        for name in folder.files
        if name.lower().endswith(tuple(READERS))
        and not name.lower().endswith(".gt.txt")
        and not name.startswith(".")
        and "/" not in name
        and stem(name) not in stems
    ]


def _is_plain(name: str, among: Collection[str] = PLAIN) -> bool:
    return stem(name).lower() in among and not name.lower().endswith(".txt")


def _agreed(full: list[Origin], folder: Folder) -> Origin:
    """The first of `full`; UserError if another contradicts it."""
    first, *others = full
    said = {}
    for origin in full if others else ():
        for row in origin.captions(folder):
            if isinstance(row, Row) and said.setdefault(row.file, row.text) != row.text:
                raise UserError(
                    f"{row.file}: {said[row.file]!r} in {first.name}, {row.text!r} in "
                    f"{origin.name}: choose data.labels={first.name} or data.labels={origin.name}"
                )
    say(f"captions are from {first.name} in {folder.path} (data.labels=name: the file names)")
    return first


def _examples(folder: Folder) -> str:
    """Some captions, and what makes one doubt whether they are any."""
    names = [text for name in folder.images if (text := stem(name))]
    shown = ", ".join(repr(name.encode(errors="replace").decode()) for name in names[:3])
    doubt = doubt_of_names(folder)
    return f"{shown}. {doubt}" if doubt else shown


def doubt_of_names(folder: Folder) -> str:
    """What makes one doubt whether the file names are captions, and what to do; or nothing."""
    names = [text for name in folder.images if (text := stem(name.rpartition("/")[2]))]
    if Beside(".txt").share(folder) == 1:
        return "Each has a .txt beside it: data.labels=.txt takes the captions from there"
    if len(names) >= 10 and _are_counted(names):
        return "That looks like counting: captions from elsewhere are data.labels=FILE"
    for separator in "_-.":
        if names and all(separator in name for name in names):
            patterns = f"data.pattern=label{separator}id or id{separator}label"
            return f"If the caption is a part of the name, say so: {patterns}"
    return ""


def _are_counted(names: list[str]) -> bool:
    if not all(name.isascii() and name.isdigit() and len(name) < 10 for name in names):
        return False
    numbers = sorted(map(int, names))
    return numbers == list(range(numbers[0], numbers[0] + len(numbers)))
