"""Folders of caption files, and the captions that are found in them."""

from pathlib import Path

from ocr.data.samples import Sample, Skipped
from ocr.data.sources.captions import CaptionFinder
from ocr.data.text.file_name_patterns import FileNamePattern
from ocr.data.text.unicode import TextNormalizer


def write(folder: Path, **files: str) -> None:
    """Write files by their names, in which "__" stands for a dot."""
    for name, content in files.items():
        path = folder / name.replace("__", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode())


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def found(
    folder: Path, labels: str | None = None, pattern: str | None = None, **keys: object
) -> dict[str, str]:
    """Return captions by file name, in order; reasons of skipped files are in angle brackets."""
    form = keys.pop("normal_form", "NFC")
    captions = CaptionFinder(
        TextNormalizer(form, "keep", True), labels, pattern and FileNamePattern(pattern), **keys
    )
    return shown(folder, captions.find({"train": folder})["train"])


def shown(folder: Path, samples: list[Sample | Skipped]) -> dict[str, str]:
    names = [s.name.removeprefix(f"{folder}/") for s in samples]
    texts = [s.text if isinstance(s, Sample) else f"<{s.text}>" for s in samples]
    assert len(set(names)) == len(names)
    return dict(zip(names, texts))
