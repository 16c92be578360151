"""The split of a fixed folder never changes: it equals golden_split.csv."""

import csv
from pathlib import Path

import pytest
from datamodules import from_folder
from PIL import Image

GOLDEN = Path(__file__).with_name("golden_split.csv")
CASES = {
    "plain": {},
    "seed": {"split_seed": 3},
    "fold": {"folds": 4, "fold": 1},
    "stratify": {"stratify": True},
    "train_images": {"train_images": 20},
}


@pytest.fixture
def drawn(tmp_path) -> Path:
    """BMP images, whose bytes don't depend on a compression library; some are near duplicates."""
    folder = tmp_path / "drawn"
    folder.mkdir()
    for number in range(60):
        caption = f"{number // 2 * 37 % 1000:03}{'xyz'[number % 5 % 3]}"
        image = Image.new("L", (64, 24), 255)
        for i, character in enumerate(caption):
            shade = ord(character) * 7 % 200
            image.paste(shade, (4 + 15 * i, 3 + ord(character) % 9, 14 + 15 * i, 20))
        image.putpixel((number, 0), 0)
        image.save(folder / f"{number:02}_{caption}.bmp")
    return folder


@pytest.mark.parametrize("case", CASES)
def test_the_split_matches_the_golden_file(drawn, tmp_path, case):
    from_folder(drawn, pattern="id_label", **CASES[case]).report(tmp_path)
    with (tmp_path / "split.csv").open(newline="") as file:
        split = [[case, row["part"], Path(row["file"]).name] for row in csv.DictReader(file)]
    with GOLDEN.open(newline="") as file:
        assert split == [row for row in csv.reader(file) if row[0] == case]
