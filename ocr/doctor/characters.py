"""Format characters for findings: printable, with their counts and an example image."""

from collections.abc import Callable, Iterable, Sequence
from unicodedata import category

from ocr.data.text.invisible import character_name
from ocr.doctor.scan import FolderScan


def display_character(character: str) -> str:
    """Return the character, or its Unicode name if it isn't visible by itself."""
    if character == " ":
        return "' '"
    visible = character.isprintable() and category(character)[0] != "M"
    return character if visible else character_name(character)


def describe_characters(scan: FolderScan, characters: Sequence[str]) -> list[str]:
    """Describe each character by its count and an example image."""
    counts = scan.character_counts
    images = _find_images(scan, characters)
    return [f"{display_character(c)} {counts[c]:,}, in {images[c]}" for c in characters]


def describe_groups(
    scan: FolderScan,
    groups: Sequence[Sequence[str]],
    display: Callable[[str], str] = display_character,
) -> list[str]:
    """Describe each group by its characters' counts and an example image of the rarest one."""
    counts = scan.character_counts
    rarest = [min(group, key=counts.__getitem__) for group in groups]
    images = _find_images(scan, rarest)
    return [
        f"{', '.join(f'{display(c)} {counts[c]:,}' for c in group)}; {display(rare)} in "
        f"{images[rare]}"
        for group, rare in zip(groups, rarest, strict=True)
    ]


def _find_images(scan: FolderScan, characters: Iterable[str]) -> dict[str, str]:
    """Map each character to an image whose caption has it."""
    missing, images = set(characters), {}
    for sample in scan.samples:
        for character in missing.intersection(sample.text):
            images[character] = scan.short_name(sample.name)
            missing.discard(character)
        if not missing:
            break
    return images
