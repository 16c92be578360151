"""Characters that only one part of the split contains."""

from collections import Counter
from collections.abc import Sequence

from ocr.doctor.characters import describe_characters
from ocr.doctor.finding import Finding, Fix, Kind, Severity
from ocr.doctor.scan import FolderScan

MIN_IMAGES = 5  # with a character; of more, another split may evaluate one


def untrained_characters(scan: FolderScan) -> Finding | None:
    """Find characters that occur in validation or test images only."""
    train, evaluated = _characters(scan)
    untrained = sorted(evaluated - train)
    if not untrained:
        return None
    return Finding(
        Kind.UNTRAINED_CHARACTERS,
        Severity.WARNING,
        "characters that occur in no training image",
        len(untrained),
        describe_characters(scan, untrained),
        "the model can't learn them, and each counts as an error",
        Fix(_suggest_training_images(scan, untrained)),
    )


def unevaluated_characters(scan: FolderScan) -> Finding | None:
    """Find characters that occur in training images only."""
    train, evaluated = _characters(scan)
    unevaluated = sorted(train - evaluated)
    if not unevaluated:
        return None
    images = Counter(c for sample in scan.samples for c in set(sample.text))
    fix = "add images with them"
    cut = {"val", "test"} - scan.source.dirs.keys()
    if cut and any(images[c] > MIN_IMAGES for c in unevaluated):
        fix += f", or try another split: {scan.train_command('data.split_seed=1')}"
    return Finding(
        Kind.UNEVALUATED_CHARACTERS,
        Severity.INFO,
        "characters that occur in training images only",
        len(unevaluated),
        describe_characters(scan, unevaluated),
        "no score shows how well the model reads them",
        Fix(fix),
    )


def _characters(scan: FolderScan) -> tuple[set[str], set[str]]:
    """Return the characters of the training images, and those of all other parts."""
    train, evaluated = set[str](), set[str]()
    for part, samples in scan.data.parts.items():
        (train if part == "train" else evaluated).update(*(s.text for s in samples))
    return train, evaluated


def _suggest_training_images(scan: FolderScan, characters: Sequence[str]) -> str:
    """Suggest how to get training images with these characters."""
    data = scan.data
    own = [
        part
        for part, samples in data.parts.items()
        if part in scan.source.dirs
        and not set().union(*(s.text for s in samples)).isdisjoint(characters)
    ]
    if own:
        rows = ", and their rows," if scan.tables else ""
        folders = " or ".join(str(scan.source.dirs[part]) for part in own)
        return f"move such images{rows} from {folders} to {scan.source.dirs['train']}"
    if data.splitter.stratify or data.splitter.folds:  # the split has moved what it could
        return "add images with them"
    return scan.train_command("data.stratify=true")
