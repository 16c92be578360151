"""Characters with too few examples."""

from collections.abc import Sequence

from ocr.config.overrides import quote_value
from ocr.doctor.characters import describe_characters
from ocr.doctor.finding import Finding, Fix, Kind, Severity
from ocr.doctor.scan import FolderScan
from ocr.formatting import pluralize

MIN_COUNT = 5


def rare_characters(scan: FolderScan) -> Finding | None:
    """Find characters that occur only a few times."""
    counts = scan.character_counts
    rare = sorted((c for c in counts if counts[c] < MIN_COUNT), key=lambda c: (counts[c], c))
    if not rare:
        return None
    return Finding(
        Kind.RARE_CHARACTERS,
        Severity.INFO,
        f"characters that occur fewer than {MIN_COUNT} times",
        len(rare),
        describe_characters(scan, rare),
        "the model hardly learns them",
        Fix(f"add images with them{_suggest_exclusion(scan, rare)}"),
    )


def _suggest_exclusion(scan: FolderScan, rare: Sequence[str]) -> str:
    """Suggest a charset without them, if that would skip few images."""
    frequent = "".join(sorted(set(scan.character_counts).difference(rare)))
    if not frequent or scan.config.data.charset:
        return ""
    count = sum(not set(rare).isdisjoint(sample.text) for sample in scan.samples)
    if len(scan.data.unusable) + count > scan.data.max_skipped * scan.data.total:
        return ""
    command = scan.train_command(f"data.charset={quote_value(frequent)}")
    return f", or train without {pluralize(count, 'image')}: {command}"
