"""Captions that spell accented letters in different Unicode normal forms."""

from unicodedata import is_normalized

from ocr.doctor.finding import Finding, Fix, Kind, Severity
from ocr.doctor.scan import FolderScan


def mixed_normal_forms(scan: FolderScan) -> Finding | None:
    """Find decomposed captions, if others are composed."""
    decomposed = [text for text in scan.captions if not is_normalized("NFC", text)]
    composed = [text for text in scan.captions if not is_normalized("NFD", text)]
    if not (decomposed and composed):
        return None
    form = scan.config.data.normal_form
    return Finding(
        Kind.MIXED_NORMAL_FORMS,
        Severity.INFO if form else Severity.WARNING,
        "captions with letters and accents as separate characters, while others combine them",
        len(decomposed),
        [f"{text!a}, beside {composed[0]!a}" for text in decomposed],
        f"training spells both alike (data.normal_form={form})"
        if form
        else "training learns them as different characters",
        Fix("nothing to do" if form else scan.train_command("data.normal_form=NFC")),
    )
