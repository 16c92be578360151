"""Split the lines of lists into cells."""

import re

from ocr.data.images.formats import SUFFIXES

_NAME_AND_REST = re.compile(
    rf"(.+?(?:{'|'.join(map(re.escape, SUFFIXES))})) +(.*)", re.IGNORECASE | re.DOTALL
)


def split_cells(line: str, separator: str) -> list[str]:
    """Split a line into all its cells, except at separators within quotes."""
    if separator == "\t":
        return line.split("\t")
    if separator == " ":
        if spaced := _NAME_AND_REST.fullmatch(line.strip()):
            return [spaced[1], *re.split(" +", spaced[2])]
        return re.split(" +", line.strip())
    found = re.findall(rf"({_cell(separator)})(?:{re.escape(separator)}|$)", line)
    if not line.endswith(separator):
        found = found[:-1] if len(found) > 1 and found[-1] == "" else found
    return [_unquoted(text.strip()) for text in found]


def _cell(separator: str) -> str:
    """Return a regular expression for one cell."""
    end = re.escape(separator)
    return rf'\s*"(?:\\.|""|[^"\\])*"\s*(?={end}|$)|[^{end}]*'


def _unquoted(text: str) -> str:
    """Remove the quotes and escapes of CSV and of ICDAR's files."""
    if not re.fullmatch('".*"', text):
        return text
    return re.sub(r'\\(["\\])', r"\1", text[1:-1]).replace('""', '"')


def split_pair(line: str, separator: str) -> tuple[str, str | None]:
    """Split a line into its first cell and the rest; None if there is only one cell."""
    if separator == " ":
        line = line.lstrip()
        if spaced := _NAME_AND_REST.fullmatch(line):
            return spaced[1], spaced[2]
        name, *rest = re.split(" +", line, maxsplit=1)
        return name, rest[0] if rest else None
    if separator == "\t":
        name, tab, caption = line.partition(separator)
        return name, caption if tab else None
    found = re.fullmatch(rf"({_cell(separator)}){re.escape(separator)}\s*(.*)", line)
    if not found:
        return _unquoted(line.strip()), None
    quoted = re.fullmatch(r'(".*")\s*', found[2])
    return _unquoted(found[1].strip()), _unquoted(quoted[1]) if quoted else found[2]
