"""A line of a list in its cells, whatever stands between them."""

import re

from ocr.data.images.loading import SUFFIXES

_SPACED = re.compile(
    rf"(.+?(?:{'|'.join(map(re.escape, SUFFIXES))})) +(.*)", re.IGNORECASE | re.DOTALL
)


def split_cells(line: str, separator: str) -> list[str]:
    """All cells of a line; in quotes, as ICDAR has them, a separator is none."""
    if separator == "\t":
        return line.split("\t")
    if separator == " ":
        if found := _SPACED.fullmatch(line.strip()):
            return [found[1], *re.split(" +", found[2])]
        return re.split(" +", line.strip())
    found = re.findall(rf"({_cell(separator)})(?:{re.escape(separator)}|$)", line)
    if not line.endswith(separator):
        found = found[:-1] if len(found) > 1 and found[-1] == "" else found
    return [_unquoted(text.strip()) for text in found]


def _cell(separator: str) -> str:
    """A pattern of what stands between separators."""
    end = re.escape(separator)
    return rf'\s*"(?:\\.|""|[^"\\])*"\s*(?={end}|$)|[^{end}]*'


def _unquoted(text: str) -> str:
    """Without ICDAR's quotes and backslashes, or those of CSV."""
    if not re.fullmatch('".*"', text):
        return text
    return re.sub(r'\\(["\\])', r"\1", text[1:-1]).replace('""', '"')


def split_pair(line: str, separator: str) -> tuple[str, str | None]:
    """The first cell, and all that comes after it; None if there is nothing."""
    if separator == " ":
        line = line.lstrip()
        if found := _SPACED.fullmatch(line):
            return found[1], found[2]
        name, *caption = re.split(" +", line, maxsplit=1)
        return name, caption[0] if caption else None
    if separator == "\t":
        name, found, caption = line.partition(separator)
        return name, caption if found else None
    found = re.fullmatch(rf"({_cell(separator)}){re.escape(separator)}\s*(.*)", line)
    if not found:
        return _unquoted(line.strip()), None
    quoted = re.fullmatch(r'(".*")\s*', found[2])
    return _unquoted(found[1].strip()), _unquoted(quoted[1]) if quoted else found[2]
