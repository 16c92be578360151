"""Images of one text look the same after preprocessing, whatever their colours and contrast."""

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageDraw

from ocr.data.images.contrast import (
    brightness_histogram,
    colourfulness,
    has_light_text,
    normalize_contrast,
    principal_grey,
)
from ocr.data.images.preprocessing import Preprocessor
from ocr.errors import UserError

GREEN, RED = (40, 120, 40), (200, 40, 30)  # equally bright


def text(ink="black", paper="white", size=(60, 20)):
    image = Image.new("RGB", size, paper)
    ImageDraw.Draw(image).text((4, 4), "A12", fill=ink)
    return image


def rainbow():
    image = Image.new("RGB", (30, 10), "red")
    image.paste("lime", (10, 0, 20, 10))
    image.paste("blue", (20, 0, 30, 10))
    return image


def contrast(image):
    low, high = image.getextrema()
    return high - low


def test_equally_bright_colours_differ_in_principal_grey():
    image = text(RED, GREEN)
    assert contrast(image.convert("L")) < 10
    assert contrast(principal_grey(image)) > 80


@pytest.mark.parametrize(
    "size,stroke",
    [
        ((3000, 200), (100, 90, 103, 105)),  # between the sampled pixels
        ((60, 60), (0, 25, 60, 32)),  # from edge to edge
        ((1, 30), (0, 10, 1, 20)),
    ],
)
def test_no_stroke_is_lost(size, stroke):
    image = Image.new("RGB", size, GREEN)
    image.paste(RED, stroke)
    assert contrast(principal_grey(image)) > 80


def test_a_colour_gradient_in_the_background_does_not_hide_text():
    """An image in which black is in the middle between the other colours, on one axis."""
    shades = np.linspace((60, 90, 255), (255, 120, 20), 160).astype(np.uint8)
    image = Image.fromarray(np.tile(shades, (40, 1, 1)))
    image.paste("black", (60, 8, 64, 32))
    image.paste("black", (110, 8, 114, 32))
    pixels = normalize_contrast(principal_grey(image), stretch=True, dark=False)
    paper = np.delete(pixels, [*range(60, 64), *range(110, 114)], axis=1)
    assert pixels[20, 61] < 20 and pixels[20, 112] < 20 and paper.min() > 80


@pytest.mark.parametrize(
    "ink,paper", [((200, 200, 90), (20, 20, 120)), ((90, 0, 0), (240, 200, 90))]
)
def test_principal_grey_keeps_brighter_colours_brighter(ink, paper):
    image = text(ink, paper)
    there = np.asarray(image.convert("L"), float).ravel()
    assert np.corrcoef(there, np.asarray(principal_grey(image), float).ravel())[0, 1] > 0.9


@pytest.mark.parametrize("size", [(1, 1), (60, 20), (3000, 400)])
def test_grey_images_are_unchanged(size):
    values = np.random.default_rng(0).integers(0, 256, size[::-1], np.uint8)
    image = Image.fromarray(values)
    assert np.array_equal(np.asarray(principal_grey(image.convert("RGB"))), values)


@pytest.mark.parametrize("ink,paper", [("red", "blue"), ("yellow", "navy"), ("lime", "magenta")])
def test_the_strongest_colours_stay_within_the_range_of_grey(ink, paper):
    values = sorted(set(np.asarray(principal_grey(text(ink, paper))).ravel().tolist()))
    inks = np.asarray(text(ink, paper)).reshape(-1, 3)
    assert len(values) > 0.9 * len(np.unique(inks, axis=0))  # none is cut off at black or white
    assert values[-1] - values[0] > 80


def test_contrast_is_stretched_from_black_to_white():
    faint = text((140, 140, 140), (180, 180, 180)).convert("L")
    stretched = normalize_contrast(faint, stretch=True, dark=False)
    assert stretched.min() == 0 and stretched.max() == 255
    assert np.array_equal(normalize_contrast(faint, stretch=False, dark=False), faint)


def test_single_outlier_pixels_do_not_affect_the_contrast():
    faint = text((140, 140, 140), (180, 180, 180)).convert("L")
    faint.putpixel((0, 0), 255)
    faint.putpixel((1, 0), 0)
    pixels = normalize_contrast(faint, stretch=True, dark=False)
    assert (pixels == 255).sum() > 1000 and (pixels == 0).sum() > 5


def test_a_full_stop_is_not_an_outlier():
    image = Image.new("L", (400, 40), 200)
    image.paste(120, (10, 30, 14, 34))  # 16 pixels of 16,000
    pixels = normalize_contrast(image, stretch=True, dark=False)
    assert pixels[32, 12] == 0 and pixels[0, 0] == 255


def test_the_noise_of_an_empty_image_is_not_stretched():
    noise = np.random.default_rng(0).integers(198, 203, (40, 160), np.uint8)
    image = Image.fromarray(noise)
    assert np.array_equal(normalize_contrast(image, stretch=True, dark=False), noise)


def test_light_text_is_inverted():
    light, dark = text("white", "black").convert("L"), text().convert("L")
    assert has_light_text(brightness_histogram(light)) and not has_light_text(
        brightness_histogram(dark)
    )
    assert np.array_equal(normalize_contrast(light, stretch=False, dark=True), dark)
    assert np.array_equal(normalize_contrast(dark, stretch=False, dark=True), dark)


def test_stretching_keeps_the_hue():
    pixels = normalize_contrast(text((120, 60, 60), (180, 160, 160)), stretch=True, dark=False)
    assert contrast(Image.fromarray(pixels).convert("L")) > 200
    hues = pixels.astype(int).reshape(-1, 3)
    assert (hues[:, 0] >= hues[:, 1]).all() and (hues[:, 1] == hues[:, 2]).all()


def test_colourfulness_is_high_only_for_colours_off_the_main_axis():
    assert colourfulness(text()) == pytest.approx(0, abs=1e-3)
    assert colourfulness(text(RED, GREEN)) == pytest.approx(0, abs=0.05)
    assert colourfulness(rainbow()) > 0.55


def preprocessor(images):
    found = Preprocessor(None, channels=None, polarity=None, contrast="stretch", grey="principal")
    found.infer(images)
    return found


def test_polarity_is_dark_if_light_and_dark_text_are_mixed():
    dark, light = [text()], [text("white", "black")]
    assert preprocessor(dark * 9 + light).polarity == "keep"
    assert preprocessor(dark + light * 9).polarity == "keep"
    mixed = preprocessor(dark * 6 + light * 4)
    assert mixed.polarity == "dark"
    one, other = (mixed.decode(images[0]).astype(float) for images in (dark, light))
    assert abs(one - other).max() <= 2  # rounding errors


def test_three_channels_are_inferred_only_if_grey_loses_much():
    assert preprocessor([text(RED, GREEN)] * 3).channels == 1
    assert preprocessor([rainbow()] * 3).channels == 3


def test_a_text_in_any_colours_gives_the_same_image():
    prepared = preprocessor([text(), text("white", "black")])
    images = [
        prepared.decode(text(ink, paper)).astype(float)
        for ink, paper in (("black", "white"), (RED, GREEN), (GREEN, RED), ((90, 90, 90), "white"))
    ]
    for image in images[1:]:
        assert abs(image - images[0]).mean() < 4  # of 255


def test_grey_files_skip_the_conversion_to_grey(monkeypatch):
    monkeypatch.setattr("ocr.data.images.preprocessing.principal_grey", None)
    prepared = Preprocessor(20, grey="principal")
    image = text().convert("L")
    for mode in ("1", "L", "LA", "La", "I;16", "F"):
        kind = image.convert(mode) if mode != "La" else image.convert("LA").convert(mode)
        assert prepared.decode(kind).shape == (1, 20, 60)


@pytest.mark.parametrize("key", ["polarity", "contrast", "grey"])
def test_other_values_are_refused(key):
    with pytest.raises(UserError, match=rf"data\.{key}=much: give "):
        Preprocessor(20, **{key: "much"})


@pytest.mark.parametrize("grey", ["luma", "principal"])
@pytest.mark.parametrize("mode", ["P", "PA", "RGBA", "RGBa", "CMYK", "YCbCr", "HSV", "LAB"])
def test_every_mode_becomes_grey(mode, grey):
    image = text(RED, "white")
    if mode == "LAB":
        profile = ImageCms.createProfile
        image = ImageCms.profileToProfile(image, profile("sRGB"), profile("LAB"), outputMode="LAB")
    elif mode in ("PA", "RGBa"):
        image = image.convert(mode[:-1] if mode == "PA" else "RGBA").convert(mode)
    else:
        image = image.convert(mode)
    pixels = Preprocessor(20, grey=grey, contrast="stretch").decode(image)
    assert pixels.shape == (1, 20, 60)
    assert pixels.min() == 0 and pixels.max() == 255


@pytest.mark.parametrize("shape", [(10, 0), (0, 10), (10, 0, 3)])
def test_an_image_without_pixels_is_refused(shape):
    with pytest.raises(UserError, match="no pixels"):
        Preprocessor(20, grey="principal").decode(np.zeros(shape, np.uint8))
