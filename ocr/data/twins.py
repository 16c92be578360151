"""Group the images of one text line, which must stay in one part of a split."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from ocr.data.samples import Skipped
from ocr.data.sources.caption_source import Row
from ocr.data.sources.folder import Folder, stem
from ocr.data.sources.sidecar import strip_processing_suffixes
from ocr.formatting import pluralize
from ocr.log import info


def with_twins(
    rows: Sequence[Row | Skipped], folder: Folder, suffix: str | None = None
) -> list[Row | Skipped]:
    """Put the images of one text line into one group, and log an example.

    These are images that share a text file, and images with the same caption whose names differ
    only by a suffix of preprocessing: line.bin.png and line.nrm.png.

    Args:
        rows: Captions without groups.
        folder: The images.
        suffix: The suffix of the text files with the captions; None: captions are not from such
            files.

    Returns:
        The rows in the same order.
    """
    keys = [_key(row, folder, suffix) if isinstance(row, Row) else None for row in rows]
    files = defaultdict(set)
    for key, row in zip(keys, rows, strict=True):
        if key is not None:
            files[key].add(row.file)  # type: ignore[union-attr]
    twins = {key: images for key, images in files.items() if len(images) > 1}
    if not twins:
        return list(rows)
    sizes = {len(images) for images in twins.values()}
    many = f"{sizes.pop()}" if len(sizes) == 1 else "several"
    first, second, *_ = sorted(Path(file).name for file in next(iter(twins.values())))
    captions = pluralize(len(twins), "caption is", "captions are")
    info(
        f"{captions} of {many} images each, such as {first} and {second}: such images stay in one "
        "part of the split"
    )
    return [
        row._replace(group=key[0]) if key in twins else row  # type: ignore[union-attr]
        for key, row in zip(keys, rows, strict=True)
    ]


def _key(row: Row, folder: Folder, suffix: str | None) -> tuple[str, str]:
    """Return the key that images of one text line share: a name within the folder, and the text."""
    name = row.file
    if suffix is not None:
        name = row.where.removesuffix(suffix)
    elif (path := Path(name)).is_relative_to(folder.path):
        name = stem(path.relative_to(folder.path).as_posix())
    else:
        name = stem(name)
    return strip_processing_suffixes(name), row.text
