"""Merge the rows of a labels file that are about the same image."""

from ocr.data.samples import Sample, Skipped, SkipReason
from ocr.formatting import pluralize
from ocr.log import info


def merge_repeated_rows(samples: list[Sample | Skipped]) -> list[Sample | Skipped]:
    """Keep one sample of equal rows, and none of rows with different captions.

    Args:
        samples: The samples, and those that are left out already.

    Returns:
        The samples in the same order, with names that can be printed.
    """
    by_name: dict[str, list[Sample]] = {}
    for sample in samples:
        if isinstance(sample, Sample):
            same = by_name.setdefault(sample.name, [])
            if sample not in same:
                same.append(sample)
    different = sum(map(len, by_name.values()))
    if repeats := sum(isinstance(sample, Sample) for sample in samples) - different:
        rows = pluralize(repeats, "row repeats", "rows repeat")
        info(f"{rows} another row: each image is used once")
    kept: list[Sample | Skipped] = []
    for sample in samples:
        if isinstance(sample, Skipped):
            kept.append(Skipped(printable(sample.name), sample.reason, printable(sample.detail)))
        elif same := by_name.pop(sample.name, []):
            if len(same) == 1:
                kept.append(sample)
            else:
                captions = " and ".join(repr(one.text) for one in same[:2])
                detail = f"rows disagree about it: {captions}"
                kept.append(Skipped(sample.name, SkipReason.CONFLICTING_ROWS, detail))
    return kept


def printable(name: str) -> str:
    """Escape the bytes of a file name that are not UTF-8."""
    return name.encode("utf-8", "backslashreplace").decode()
