"""Find all there is to find in a folder."""

from collections.abc import Iterator
from math import ceil

from ocr.doctor.checks import captions, characters, formats
from ocr.doctor.checks import duplicates as copies
from ocr.doctor.checks import images as files
from ocr.doctor.checks import text as spelled
from ocr.doctor.checks import unused_files as overlooked
from ocr.doctor.finding import Finding
from ocr.doctor.scan import Examination


def findings(seen: Examination) -> list[Finding]:
    """What is wrong, or worth a look; a refusal first."""
    return [
        finding
        for some in (
            _refusal,
            captions.findings,
            spelled.findings,
            formats.findings,
            files.findings,
            overlooked.findings,
            copies.findings,
            characters.findings,
        )
        for finding in some(seen)
    ]


def _refusal(seen: Examination) -> Iterator[Finding]:
    if seen.refusal is None:
        return
    data = seen.data
    mend = "the line says how"
    share = len(data.lost) / max(1, data.total)
    if data.parts and all(data.parts.values()) and share > data.max_skipped:
        mend = f"what is below, or {seen.train(f'data.max_skipped={ceil(share * 100) / 100:g}')}"
    yield Finding("refusal", "reason not to start", 1, [seen.refusal], "refuses", mend)
