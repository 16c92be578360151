"""Text files as Unicode: UTF-8, or what a byte order mark or data.encoding says."""

import codecs
import re
import unicodedata
from pathlib import Path

from ocr.errors import UserError

# UTF-32's mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LATIN = ("cp1252", "cp1250")  # the more usual first
_LOOKED_AT = 100_000  # bytes, at most, from which an encoding is guessed


def validate_encoding(name: str) -> None:
    """Raise UserError if Python knows no text encoding by that name."""
    try:
        "".encode(name)
    except (LookupError, ValueError) as error:
        raise UserError(
            f"data.encoding={name}: no such encoding; there are utf-8, utf-16, cp1252, "
            "latin-1, cp1251, gb18030, big5, shift_jis and the others that Python knows"
        ) from error


def read_text(path: Path, encoding: str | None = None) -> str:
    """The text of a file, without its byte order mark.

    Args:
        path: The file.
        encoding: Its encoding, by any of Python's names. None: UTF-8. A byte order mark at the
            file's beginning counts for more.

    Raises:
        UserError: If it can't be read, or is in another encoding. The message is one line that
            begins with the path and names the encoding to give, if one fits.
    """
    content = _content(path)
    named = _mark(content) or encoding
    try:
        text = content.decode(named or "utf-8")
    except (LookupError, UnicodeError) as error:
        if encoding:
            validate_encoding(encoding)
        raise UserError(f"{path}{_reason(content, named, error)}") from error
    if "\0" in text:
        raise UserError(
            f"{path}: not a text file in {named or 'UTF-8'}: it holds NUL characters: "
            f"{_advice(content)}"
        )
    # In an encoding of one byte a character, the letters of UTF-8 come out as others.
    if len(text) == len(content) and not text.isascii() and _is_utf_8(content):
        raise UserError(f"{path}: not in {named}: {_advice(content)}")
    return text.removeprefix("\ufeff")


def marked_encoding(path: Path) -> str | None:
    """What a byte order mark says of a file, such as UTF-16; None for UTF-8, or without one."""
    mark = _mark(_content(path))
    return mark.upper() if mark and mark != "utf-8-sig" else None


def _reason(content: bytes, named: str | None, error: Exception) -> str:
    """Why it can't be decoded and what to do, to be put behind the path."""
    start = getattr(error, "start", 0)
    why = f"({getattr(error, 'reason', error)} at byte {start})"
    if named:
        return f": not in {named} {why}: {_advice(content)}"
    if _is_mostly_utf_8(content):
        line = content.count(b"\n", 0, start) + 1
        return f", line {line}: not in UTF-8, as the other lines are {why}: mend it"
    return f": in another encoding, not UTF-8 {why}: {_advice(content)}"


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from error


def _mark(start: bytes) -> str | None:
    return next((name for mark, name in _MARKS if start.startswith(mark)), None)


def _is_utf_8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _is_mostly_utf_8(content: bytes) -> bool:
    text = content.decode("utf-8", errors="replace")
    broken = text.count("\ufffd")
    return sum(not char.isascii() for char in text) - broken > 3 * broken


def _advice(content: bytes) -> str:
    """What to do, with a word by which a person can judge whether the guess is right."""
    if b"\0" not in content and _is_utf_8(content):
        return "it is in UTF-8, which data.encoding=null reads"
    found = guess_encoding(content)
    if found is None:
        return "save it as UTF-8"
    words = re.findall(r"\w+", content[:_LOOKED_AT].decode(found, errors="ignore"))
    word = next((word for word in words if not word.isascii()), None)
    read = f", which reads {word[:20]!r} in it," if word else ""
    return f"give data.encoding={found}{read} or save it as UTF-8"


def guess_encoding(content: bytes) -> str | None:
    """The encoding in which bytes that are no UTF-8 make plausible text; None if none does."""
    content = content[:_LOOKED_AT]
    zeros = [content[place::2].count(0) / max(1, len(content) // 2) for place in (0, 1)]
    if max(zeros) > 0.3:
        name = "utf-16-le" if zeros[1] > zeros[0] else "utf-16-be"
        return name if _text(content, name) else None
    runs = re.findall(rb"[\x80-\xff]+", content)
    high = b"".join(runs)
    # Where letters with accents are, plain ones are around them.
    alone = sum(len(run) == 1 for run in runs) > 0.7 * len(runs)
    shares = {name: _share_of_usual(content, name) for name in _LATIN}
    best = max(shares, key=shares.get)
    if alone and shares[best] > 0.7:
        return best
    # The letters of other alphabets are the upper 64; East Asian pairs take all.
    if sum(byte >= 0xC0 for byte in high) > 0.85 * len(high):
        hebrew = len(high) > 20 and set(high) <= set(range(0xE0, 0xFB))
        name = "cp1255" if hebrew else "cp1251"
        return name if _text(content, name) else None
    return _east_asian(content) or (best if shares[best] > 0.7 else None)


def _text(content: bytes, name: str) -> str | None:
    """Decoded, but for a character that is cut off at the end; None if it is no text."""
    try:
        text = codecs.getincrementaldecoder(name)().decode(content)
    except UnicodeError:
        return None
    odd = {char for char in set(text) if unicodedata.category(char) in ("Cc", "Cn", "Co")}
    return None if odd - set("\t\r\n") else text


def _share_of_usual(content: bytes, name: str) -> float:
    """Of letters and of signs that people type, among what isn't ASCII; 0 if it is no text."""
    others = [char for char in _text(content, name) or "" if not char.isascii()]
    usual = sum("\xc0" <= char <= "\u017f" or char in "ªº€£§°«»„“”‘’–…" for char in others)
    return usual / max(1, len(others))


def _east_asian(content: bytes) -> str | None:
    """The one of which nearly all characters are usual ones; None if there is none."""
    for name, label in (
        ("gb2312", "gb18030"),  # under the name of what contains it
        ("shift_jis", "shift_jis"),
        ("cp932", "cp932"),
        ("big5", "big5"),
        ("gb18030", "gb18030"),
        ("cp949", "cp949"),
    ):
        others = [char for char in _text(content, name) or "" if not char.isascii()]
        usual = sum("\u3000" <= char <= "\u30ff" or "\u4e00" <= char <= "\u9fff" for char in others)
        hangul = sum("\uac00" <= char <= "\ud7a3" for char in others)
        if usual + hangul < 0.9 * len(others) or not others:
            continue
        if name == "gb2312":  # Japanese and Korean have pairs of the same bytes
            if sum("\u3040" <= char <= "\u30ff" for char in others) > 0.2 * len(others):
                return "euc_jp"
            leads = set(re.findall(rb"([\xa1-\xfe])[\xa1-\xfe]", content))
            if len(leads) > 5 and max(leads) <= b"\xc8":
                return "cp949"
        return label
    return None
