"""The names that others give to an image: paths of other machines, addresses, uploads."""

import re
from collections.abc import Iterator
from urllib.parse import unquote

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]+://|/?data/(?:upload|local-files)/", re.IGNORECASE)
_UPLOADED = re.compile(
    r"[0-9a-f]{8}-(?=.)"
)  # what Label Studio puts before an uploaded file's name


def name_variants(name: str) -> list[str]:
    """The ways to understand a path as somebody has written it, the literal one first."""
    return list(dict.fromkeys(_spellings(name)))


def _spellings(name: str) -> Iterator[str]:
    yield name
    yield name.strip()
    yield name.strip().replace("\\", "/")
    if _ADDRESS.match(name.strip()):
        path, _, query = name.strip().partition("?")
        # Label Studio's files of its own disk: /data/local-files/?d=folder/1.png
        path = query.removeprefix("d=") if query.startswith("d=") else path
        yield unquote(path)


def base_names(name: str) -> list[str]:
    """The file names alone, without the folders, in a path as somebody has written it."""
    parts = [written.rpartition("/")[2] for written in name_variants(name)[1:] or [name]]
    parts += [_UPLOADED.sub("", part, count=1) for part in parts if _UPLOADED.match(part)]
    return list(dict.fromkeys(parts))
