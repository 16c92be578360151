"""Download a ZIP file of images, verify it, and unpack it safely."""

import hashlib
import logging
import os
import shutil
import stat
import tempfile
import urllib.request
import zipfile
import zlib
from http.client import HTTPException
from pathlib import Path, PurePosixPath

from ocr.errors import UserError

log = logging.getLogger(__name__)

TIMEOUT = 30  # seconds without data
MAX_UNPACKED = 512 * 2**20  # bytes; a larger content is refused


def git_blob_id(content: bytes) -> str:
    """Return git's id of a file: SHA-1 of a header and the content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def download(url: str, blob_id: str, folder: Path) -> None:
    """Download a ZIP file and unpack it to a folder, completely or not at all.

    Args:
        url: The address of the ZIP file.
        blob_id: Its git blob id.
        folder: The new folder.

    Raises:
        UserError: The file can't be downloaded, or is not the expected one.
    """
    with tempfile.TemporaryDirectory() as scratch:
        archive = Path(scratch) / "archive.zip"
        log.info("downloading %s", url)
        _fetch(url, archive, folder)
        if git_blob_id(archive.read_bytes()) != blob_id:
            raise UserError(
                f"{url}: not the expected file (git blob id differs from {blob_id}); get the "
                f"images elsewhere and name their folder: data.dir=PATH"
            )
        _place(archive, folder, url)


def _place(archive: Path, folder: Path, url: str) -> None:
    """Unpack to a temporary folder on the same disk, and rename it to `folder`."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        scratch_folder = tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-")
    except OSError as error:
        raise UserError(f"{folder}: can't be made ({error})") from error
    with scratch_folder as scratch:
        images = Path(scratch) / "images"
        _unpack(archive, images, url)
        try:
            images.rename(folder)
        except OSError as error:
            # Another process has created the folder in the meantime.
            if not folder.is_dir():
                raise UserError(f"{folder}: {error.strerror}") from error


def _fetch(url: str, archive: Path, folder: Path) -> None:
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT) as answer, archive.open("wb") as file:
            while chunk := answer.read(2**20):
                file.write(chunk)
                if file.tell() > MAX_UNPACKED:
                    raise OSError(f"it is larger than {MAX_UNPACKED // 2**20} MiB")
            expected = answer.headers.get("Content-Length")
        if expected is not None and archive.stat().st_size != int(expected):
            raise OSError(
                f"the connection broke after {archive.stat().st_size} of {expected} bytes"
            )
    except (OSError, HTTPException, ValueError) as error:
        reason = str(getattr(error, "reason", None) or error).partition("\n")[0]
        raise UserError(
            f"cannot download {url} ({reason}); unpack that file to {folder}, "
            "or name a folder that holds the images: data.dir=PATH"
        ) from error


def _unpack(archive: Path, images: Path, url: str) -> None:
    """Unpack all files of a ZIP file into `images`, without their folders."""
    images.mkdir()
    try:
        with zipfile.ZipFile(archive) as zipped:
            members = [member for member in zipped.infolist() if not member.filename.endswith("/")]
            if sum(member.file_size for member in members) > MAX_UNPACKED:
                raise UserError(f"{url}: unpacks to more than {MAX_UNPACKED // 2**20} MiB; refused")
            for member in members:
                path = PurePosixPath(member.filename.replace("\\", "/"))
                first = path.parts[0] if path.parts else "/"
                outside = path.is_absolute() or ".." in path.parts or ":" in first or first == "/"
                if outside or stat.S_ISLNK(member.external_attr >> 16):
                    raise UserError(f"{url}: entry {member.filename!r} points outside; refused")
                if first == "__MACOSX":
                    continue
                with zipped.open(member) as source, (images / path.name).open("xb") as target:
                    shutil.copyfileobj(source, target)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError) as error:
        raise UserError(f"{url}: not a usable zip ({error})") from error
    if not any(os.scandir(images)):
        raise UserError(f"{url}: the zip holds no files")
