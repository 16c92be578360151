"""Find images by the names in tables: paths of other machines, URLs, names of uploads."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice
from unicodedata import normalize
from urllib.parse import unquote

from ocr.data.sources.folder import stem

_URL = re.compile(r"[a-z][a-z0-9+.-]+://|/?data/(?:upload|local-files)/", re.IGNORECASE)
_UPLOAD_PREFIX = re.compile(r"[0-9a-f]{8}-(?=.)")  # Label Studio's, before an uploaded file's name

MAX_TRIED = 200  # images that are searched for to decide whether a text names any
MIN_EXPECTED = 10  # if fewer names are expected in a text, their absence is not conclusive


def name_variants(name: str) -> list[str]:
    """Return the paths that a name in a table may stand for, the name itself first."""
    return list(dict.fromkeys(_variants(name)))


def _variants(name: str) -> Iterator[str]:
    yield name
    yield name.strip()
    yield name.strip().replace("\\", "/")
    if _URL.match(name.strip()):
        path, _, query = name.strip().partition("?")
        # Label Studio's local files: /data/local-files/?d=folder/1.png
        path = query.removeprefix("d=") if query.startswith("d=") else path
        yield unquote(path)


def base_names(name: str) -> list[str]:
    """Return the file names without folders that a name in a table may stand for."""
    found = [written.rpartition("/")[2] for written in name_variants(name)[1:] or [name]]
    found += [_UPLOAD_PREFIX.sub("", base, count=1) for base in found]
    return list(dict.fromkeys(found))


class ImageNameIndex:
    """Finds images by their names in a text.

    Folders in the text are ignored, as they differ between machines.

    Args:
        images: The names of the images.
    """

    def __init__(self, images: Sequence[str]) -> None:
        self.count = len(images)
        self._by_base: dict[str, str] = {}  # with suffix, in lower case
        self._by_stem: dict[str, str] = {}
        self._by_path: dict[str, str] = {}  # without suffix
        for image in images:
            name = normalize("NFC", image)
            base = name.rpartition("/")[2]
            self._by_base[base.lower()] = image
            self._by_stem[stem(base)] = image
            if "/" in name:
                self._by_path[stem(name)] = image

    def may_occur_in(self, text: str, share: float) -> bool:
        """Return False if a text certainly doesn't name the images.

        This takes a hundredth of the time of looking up every word.

        Args:
            text: A part of a file.
            share: The share of the file in `text`, 0 to 1.
        """
        tried = list(islice(self._by_stem, 0, None, 1 + len(self._by_stem) // MAX_TRIED))
        return share * len(tried) < MIN_EXPECTED or any(name in text for name in tried)

    def find(self, word: str) -> tuple[str, bool] | None:
        """Find the image that a word names.

        Returns:
            The image, and whether its suffix or its folder is named as well; None if there is none.
        """
        word = word.replace("\\", "/").removeprefix("./")
        base, *others = base_names(word)
        if found := self._by_base.get(base.lower()) or self._by_path.get(word):
            return found, True
        for other in others:
            if found := self._by_base.get(other.lower()):
                return found, True
        found = self._by_stem.get(base)
        return (found, False) if found else None
