"""Text files as Unicode: UTF-8, or what a byte order mark or data.encoding says."""

from pathlib import Path

from ocr.errors import UserError


def read_text(path: Path, encoding: str | None = None) -> str:
    """The text of a file, without its byte order mark.

    Args:
        path: The file.
        encoding: Its encoding, by any of Python's names. None: UTF-8, or UTF-16 and UTF-32 if
            they begin with their byte order mark.

    Raises:
        UserError: If it can't be read, or is in another encoding. The message is one line that
            begins with the path and names the encoding to give, if one fits.
    """
    try:
        content = path.read_bytes()
        text = content.decode(encoding or "utf-8-sig")
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        found = "UTF-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "another encoding"
        message = f"{path}: in {found}, not UTF-8 ({error.reason} at byte {error.start})"
        raise UserError(f"{message}: save it as UTF-8") from error
    if "\0" in text:
        raise UserError(f"{path}: not a text file in UTF-8: it holds NUL characters")
    return text
