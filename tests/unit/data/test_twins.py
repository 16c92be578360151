"""Images of one text line stay in one part of the split, from a folder and from a pack."""

from collections import defaultdict
from pathlib import Path

import pytest
from conftest import draw
from datamodules import BASE, from_folder

from ocr.data.factory import packed_folder
from ocr.data.sources.pack import pack


@pytest.fixture
def twice(tmp_path) -> Path:
    """Thirty text lines, each with two images that look different."""
    folder = tmp_path / "lines"
    folder.mkdir()
    for number in range(30):
        image = draw(f"{number * 37 % 1000:03}")
        image.save(folder / f"{number}.bin.png")
        image.resize((90, 20)).rotate(9, fillcolor=99).save(folder / f"{number}.nrm.png")
        (folder / f"{number}.gt.txt").write_text(f"{number * 37 % 1000:03}\n")
    return folder


def parts_of_lines(data) -> list[set[str]]:
    """The parts of the split that each line's images are in."""
    parts = defaultdict(set)
    for part, samples in data.parts.items():
        for sample in samples:
            parts[Path(sample.name).name.partition(".")[0]].add(part)
    return [*parts.values()]


@pytest.mark.parametrize(
    "changes", [{}, {"split_seed": 3}, {"folds": 3, "fold": 1}, {"train_images": 20}]
)
def test_two_images_of_a_line_are_in_one_part(twice, tmp_path, changes):
    found = parts_of_lines(from_folder(twice, **changes))
    assert all(len(parts) == 1 for parts in found)
    assert {part for parts in found for part in parts} == {"train", "val", "test"}
    if not changes:
        pack(twice, tmp_path / "out")
        data = packed_folder(dir=str(tmp_path / "out"), **BASE)
        data.setup()
        assert all(len(parts) == 1 for parts in parts_of_lines(data))
