"""Read text files in UTF-8, in the encoding of their byte order mark, or in data.encoding."""

import codecs
import re
import unicodedata
from pathlib import Path

from ocr.errors import SettingError, UserError

# UTF-32 comes before UTF-16, as its mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LATIN = ("cp1252", "cp1250")  # the more common one first
_SAMPLE_BYTES = 100_000  # from which an encoding is guessed


def validate_encoding(name: str) -> None:
    """Raise UserError if Python has no text encoding with that name."""
    try:
        "".encode(name)
    except (LookupError, ValueError) as error:
        raise SettingError(
            f"data.encoding={name}: no such encoding; give utf-8, utf-16, cp1252, latin-1, cp1251, "
            "gb18030, big5, shift_jis or another encoding of Python",
            key="data.encoding",
        ) from error


def read_text(path: Path, encoding: str | None = None) -> str:
    """Read a text file, without its byte order mark.

    Args:
        path: The file.
        encoding: Its encoding, as Python names it; None: UTF-8. A byte order mark overrides it.

    Raises:
        UserError: It cannot be read, or has another encoding; the message begins with the path and
            suggests an encoding if one fits.
    """
    content = _content(path)
    named = _mark(content) or encoding
    try:
        text = content.decode(named or "utf-8")
    except (LookupError, UnicodeError) as error:
        if encoding:
            validate_encoding(encoding)
        raise _undecodable(path, content, named, error) from error
    if "\0" in text:
        raise _wrong_encoding(
            f"{path}: not a text file in {named or 'UTF-8'}, as it has NUL characters", content
        )
    # Single-byte encodings decode UTF-8 without an error, but to wrong letters.
    if len(text) == len(content) and not text.isascii() and _is_utf_8(content):
        raise _wrong_encoding(f"{path}: not in {named}", content)
    return text.removeprefix("\ufeff")


def marked_encoding(path: Path) -> str | None:
    """Return the encoding of a file's byte order mark; None if there is none, or for UTF-8."""
    mark = _mark(_content(path))
    return mark.upper() if mark and mark != "utf-8-sig" else None


def _undecodable(path: Path, content: bytes, named: str | None, error: Exception) -> UserError:
    start = getattr(error, "start", 0)
    why = f"({getattr(error, 'reason', error)} at byte {start})"
    if named:
        return _wrong_encoding(f"{path}: not in {named} {why}", content)
    if _is_mostly_utf_8(content):
        line = content.count(b"\n", 0, start) + 1
        return UserError(
            f"{path}, line {line}: not in UTF-8, unlike the other lines {why}: correct it"
        )
    return _wrong_encoding(f"{path}: in another encoding, not UTF-8 {why}", content)


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


def _wrong_encoding(what: str, content: bytes) -> UserError:
    """Make an error with the encoding to give, and a word to check it by."""
    key = "data.encoding"
    if b"\0" not in content and _is_utf_8(content):
        return UserError(f"{what}: it is in UTF-8, give {key}=null", key=key)
    found = guess_encoding(content)
    if found is None:
        return UserError(f"{what}: save it as UTF-8")
    words = re.findall(r"\w+", content[:_SAMPLE_BYTES].decode(found, errors="ignore"))
    word = next((word for word in words if not word.isascii()), None)
    example = f" (it then contains {word[:20]!r})" if word else ""
    return UserError(f"{what}: give {key}={found}{example} or save it as UTF-8", key=key)


def guess_encoding(content: bytes) -> str | None:
    """Guess the encoding of text that is not UTF-8; return None if none is plausible."""
    content = content[:_SAMPLE_BYTES]
    zeros = [content[place::2].count(0) / max(1, len(content) // 2) for place in (0, 1)]
    if max(zeros) > 0.3:
        name = "utf-16-le" if zeros[1] > zeros[0] else "utf-16-be"
        return name if _text(content, name) else None
    runs = re.findall(rb"[\x80-\xff]+", content)
    high = b"".join(runs)
    # In Latin scripts, letters with accents stand between letters without.
    alone = sum(len(run) == 1 for run in runs) > 0.7 * len(runs)
    shares = {name: _share_of_usual(content, name) for name in _LATIN}
    best = max(shares, key=lambda name: shares[name])
    if alone and shares[best] > 0.7:
        return best
    # Other alphabets use bytes from 0xC0, East Asian encodings from 0x80.
    if sum(byte >= 0xC0 for byte in high) > 0.85 * len(high):
        hebrew = len(high) > 20 and set(high) <= set(range(0xE0, 0xFB))
        name = "cp1255" if hebrew else "cp1251"
        return name if _text(content, name) else None
    return _east_asian(content) or (best if shares[best] > 0.7 else None)


def _text(content: bytes, name: str) -> str | None:
    """Decode bytes whose last character may be cut off; return None if they are not text."""
    try:
        text = codecs.getincrementaldecoder(name)().decode(content)
    except UnicodeError:
        return None
    odd = {char for char in set(text) if unicodedata.category(char) in ("Cc", "Cn", "Co")}
    return None if odd - set("\t\r\n") else text


def _share_of_usual(content: bytes, name: str) -> float:
    """Return the share of Latin letters and usual signs among non-ASCII characters."""
    others = [char for char in _text(content, name) or "" if not char.isascii()]
    usual = sum("\xc0" <= char <= "\u017f" or char in "ªº€£§°«»„“”‘’–…" for char in others)
    return usual / max(1, len(others))


def _east_asian(content: bytes) -> str | None:
    """Return the East Asian encoding in which nearly all characters are common, or None."""
    for name, label in (
        ("gb2312", "gb18030"),  # gb18030 contains it
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
        if name == "gb2312":  # EUC-JP and EUC-KR use the same bytes
            if sum("\u3040" <= char <= "\u30ff" for char in others) > 0.2 * len(others):
                return "euc_jp"
            leads = set(re.findall(rb"([\xa1-\xfe])[\xa1-\xfe]", content))
            if len(leads) > 5 and max(leads) <= b"\xc8":
                return "cp949"
        return label
    return None
