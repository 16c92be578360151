"""Captions that a spreadsheet program has quoted or changed."""

from ocr.data.text.spreadsheet import contain_formulas, find_damaged, find_formulas
from ocr.doctor.finding import Finding, Fix, Kind, Severity
from ocr.doctor.scan import FolderScan


def spreadsheet_formulas(scan: FolderScan) -> Finding | None:
    """Find captions such as ="007"."""
    texts = find_formulas(scan.captions)
    if not texts:
        return None
    removable = contain_formulas(scan.captions)
    return Finding(
        Kind.SPREADSHEET_FORMULAS,
        Severity.INFO if removable else Severity.WARNING,
        'captions in the quotes of a spreadsheet, ="..."',
        len(texts),
        texts,
        "training removes the quotes"
        if removable
        else "training keeps the quotes, because other captions have such characters too",
        Fix(f"save the sheet{scan.in_tables} as CSV again, with the column as text"),
    )


def spreadsheet_damage(scan: FolderScan) -> Finding | None:
    """Find captions that look as if a spreadsheet took them for numbers or dates."""
    changed = find_damaged(scan.captions)
    if not changed:
        return None
    return Finding(
        Kind.SPREADSHEET_DAMAGE,
        Severity.WARNING,
        "captions that a spreadsheet seems to have changed",
        len(changed),
        [f"{text}: {how}" for text, how in changed],
        "training uses them as they are",
        Fix(
            f"export the captions again from their source, with the column as text{scan.in_tables};"
            " keep them if the images show them so"
        ),
    )
