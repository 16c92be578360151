"""A set of drawn captchas: many fonts, and a colour of its own for each character."""

import csv
import random
import string
from pathlib import Path

import matplotlib
from PIL import Image, ImageDraw, ImageFont

SYMBOLS = string.ascii_uppercase + string.digits
SIZE = 160, 48  # pixels
LENGTHS = range(4, 8)
# Matplotlib brings these fonts along; those left out have no letters.
FONTS = sorted(
    path
    for path in (Path(matplotlib.get_data_path()) / "fonts" / "ttf").glob("*.ttf")
    if not path.stem.startswith(
        (
            "STIXNonUni",
            "STIXSiz",
            "LastResort",
            "cmex",
            "cmsy",
            "cmmi",
            "DejaVuSansDisplay",
            "DejaVuSerifDisplay",
        )
    )
)


def draw_set(folder: Path, count: int, seed: int = 0) -> None:
    """Draw `count` images into `folder`, with labels.csv."""
    rng = random.Random(seed)
    folder.mkdir(parents=True)
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("file", "label"))
        for i in range(count):
            text = "".join(rng.choices(SYMBOLS, k=rng.choice(LENGTHS)))
            draw(text, rng).save(folder / f"{i}.png")
            writer.writerow((f"{i}.png", text))


def draw(text: str, rng: random.Random) -> Image.Image:
    """Draw a text: each character turned, in a font, size and colour of its own."""
    ground = tuple(rng.randint(150, 255) for _ in range(3))
    image = Image.new("RGB", SIZE, ground)
    pen = ImageDraw.Draw(image)
    for _ in range(3):
        pen.line([_point(rng), _point(rng)], fill=_colour(rng), width=rng.randint(1, 2))
    step = SIZE[0] / (len(text) + 0.5)
    for i, character in enumerate(text):
        font = ImageFont.truetype(rng.choice(FONTS), rng.randint(22, 34))
        mask = Image.new("L", (48, 48))
        ImageDraw.Draw(mask).text((24, 24), character, fill=255, font=font, anchor="mm")
        mask = mask.rotate(rng.uniform(-25, 25), Image.Resampling.BILINEAR)
        place = round(step * (i + 0.75) + rng.uniform(-3, 3)) - 24, rng.randint(-4, 4)
        image.paste(_colour(rng), place, mask)
    for _ in range(200):
        image.putpixel((rng.randrange(SIZE[0]), rng.randrange(SIZE[1])), _colour(rng))
    return image


def _colour(rng: random.Random) -> tuple[int, ...]:
    return tuple(rng.randint(0, 160) for _ in range(3))


def _point(rng: random.Random) -> tuple[int, int]:
    return rng.randrange(SIZE[0]), rng.randrange(SIZE[1])
