"""Give the training part enough images of every character."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from ocr.data.duplicates import duplicate_groups
from ocr.data.samples import Samples

ENOUGH = 5  # training images that show a character
MAX_GIVEN = 0.25  # share of a part's images that may move to the training part
MIXING = 0x9E3779B97F4A7C15  # 2**64 / the golden ratio (Knuth 1973, section 6.4)


def ensure_character_coverage(
    parts: Mapping[str, Samples], seed: int = 0
) -> tuple[dict[str, Samples], int]:
    """Move images to "train" until it has enough images of every character.

    Enough is ENOUGH images or, if that is less, the training part's share of all images with the
    character, but at least one. A character that is rare in training can't be learned, so a test
    of it is meaningless. Images move with their duplicates and groups. A part gives at most
    MAX_GIVEN of its images, more only for a character that training lacks entirely, and never all.

    Args:
        parts: The samples by part.
        seed: The split seed.

    Returns:
        The parts, and the number of images that moved.
    """
    pool = [(part, i) for part in parts if part != "train" for i in range(len(parts[part]))]
    if not pool:
        return dict(parts), 0
    samples = Samples.concatenate(table for part, table in parts.items() if part != "train")
    texts = samples.texts.tolist()
    numbers = duplicate_groups(samples, seed).tolist()
    groups = defaultdict(list)
    for row, ((part, _), number) in enumerate(zip(pool, numbers, strict=True)):
        groups[part, number].append(row)
    # A part is an interval of digests; multiplication mixes them, so that no part comes first.
    order = sorted(groups, key=lambda group: (group[1] * MIXING % 2**64, group))
    given: dict[str, list[int]] = {part: [] for part in parts}
    seen = _count_texts(parts["train"].texts)
    shown = seen + _count_texts(texts)
    total = sum(map(len, parts.values()))
    for enough, share in ((1, 1.0), (ENOUGH, MAX_GIVEN)):
        wanted = Counter(
            {
                character: min(enough, max(1, len(parts["train"]) * count // total))
                for character, count in shown.items()
            }
        )
        wanted.subtract(seen)
        for group in order:
            part, rows = group[0], groups[group]
            most = min(share * len(parts[part]), len(parts[part]) - 1)
            if (
                any(wanted[character] > 0 for row in rows for character in texts[row])
                and len(given[part]) + len(rows) <= most
            ):
                given[part] += rows
                wanted.subtract(found := _count_texts(texts[row] for row in rows))
                seen += found
                groups[group] = []
    moved = [row for rows in given.values() for row in rows]
    covered = {
        part: table.without(pool[row][1] for row in given[part]) for part, table in parts.items()
    }
    covered["train"] = Samples.concatenate([covered["train"], samples.take(moved)])
    return covered, len(moved)


def _count_texts(texts: Iterable[str]) -> Counter[str]:
    """Count the texts that contain each character."""
    return Counter(character for text in texts for character in set(text))
