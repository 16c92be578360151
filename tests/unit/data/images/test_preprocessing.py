import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ocr.data.collate import blank_padding, pad_images, rounded
from ocr.data.images.formats import FORMATS, SUFFIXES
from ocr.data.images.preprocessing import Preprocessor
from ocr.errors import UserError

BANDS = np.repeat(np.uint8([[0, 128, 255]]), 20, axis=1).repeat(20, axis=0)  # 20 high, 60 wide


def picture(mode: str) -> Image.Image:
    """A black, a grey and a white band."""
    if mode == "I;16":
        return Image.fromarray(BANDS.astype(np.uint16) * 257)
    return Image.fromarray(BANDS).convert(mode)


def encode(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def noise(width: int = 60, height: int = 40) -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3))
    return Image.fromarray(pixels.astype(np.uint8))


def flat(value: int, width: int, height: int = 10) -> np.ndarray:
    return np.full((1, height, width), value, np.uint8)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    "mode,kind",
    [
        ("L", "PNG"),
        ("LA", "PNG"),
        ("RGB", "PNG"),
        ("RGBA", "PNG"),
        ("P", "PNG"),
        ("I;16", "PNG"),
        ("L", "JPEG"),
        ("RGB", "JPEG"),
        ("CMYK", "JPEG"),
        ("L", "BMP"),
        ("RGBA", "WEBP"),
        ("P", "GIF"),
        ("L", "TIFF"),
        ("I;16", "TIFF"),
        ("CMYK", "TIFF"),
    ],
)
def test_pixels_of_every_type_become_8_bits(mode, kind, channels):
    pixels = Preprocessor(20, channels=channels).decode(encode(picture(mode), kind))
    assert pixels.dtype == np.uint8
    assert pixels.shape == (channels, 20, 60)
    bands = pixels[:, :, [10, 30, 50]].astype(float)  # away from the edges, which JPEG blurs
    assert abs(bands - [0, 128, 255]).max() <= 4


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP", "GIF"])
def test_one_bit_per_pixel_becomes_black_and_white(kind):
    image = Image.fromarray(BANDS > 200)
    assert image.mode == "1"
    pixels = Preprocessor(20).decode(encode(image, kind))
    assert pixels[..., :40].max() == 0
    assert pixels[..., 40:].min() == 255


def test_grey_weighs_the_colours():
    red, green = (Preprocessor(4).decode(Image.new("RGB", (4, 4), c)) for c in ("red", "lime"))
    assert 0 < red.max() < green.min() < 255


def test_colour_channels_are_red_green_blue():
    pixels = Preprocessor(8, channels=3).decode(Image.new("RGB", (8, 8), (10, 20, 30)))
    assert pixels[:, 0, 0].tolist() == [10, 20, 30]
    assert pixels.flags.c_contiguous


def see_through(mode: str, colour: object, **options) -> bytes:
    return encode(Image.new(mode, (12, 10), colour), **options)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    "content",
    [
        see_through("RGBA", (0, 0, 0, 0)),
        see_through("LA", (0, 0)),
        encode(Image.new("RGB", (12, 10)).quantize(), transparency=0),
        encode(Image.new("RGB", (12, 10)).quantize(), transparency=b"\0" * 256),
        see_through("L", 0, transparency=0),
        see_through("RGB", 0, transparency=(0, 0, 0)),
        see_through("1", 0, transparency=0),
        see_through("RGBA", (0, 0, 0, 0), kind="WEBP", lossless=True, exact=True),
        encode(Image.new("RGB", (12, 10)).quantize(), "GIF", transparency=0),
    ],
    ids=["RGBA", "LA", "P", "P-table", "L", "RGB", "1", "WEBP", "GIF"],
)
def test_transparent_is_white(content, channels):
    pixels = Preprocessor(10, channels=channels).decode(content)
    assert pixels.shape == (channels, 10, 12)
    assert pixels.min() == 255


def test_half_transparent_black_is_grey():
    pixels = Preprocessor(10).decode(Image.new("RGBA", (10, 10), (0, 0, 0, 128)))
    assert np.unique(pixels).tolist() == pytest.approx([127], abs=1)


def test_text_on_a_transparent_background_stays_visible():
    image = Image.new("RGBA", (30, 10), (0, 0, 0, 0))
    image.paste((0, 0, 0, 255), (10, 0, 20, 10))
    pixels = Preprocessor(10).decode(encode(image))
    assert pixels[0, 5, [5, 15, 25]].tolist() == [255, 0, 255]


# The position of the ink in the upright image; stored 20 wide and 40 high, with ink at the top.
@pytest.mark.parametrize("orientation,ink", [(6, "right"), (8, "left")])
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_the_exif_orientation_is_applied(kind, orientation, ink):
    image = Image.new("L", (20, 40), 255)
    image.paste(0, (0, 0, 20, 20))
    exif = Image.Exif()
    exif[0x0112] = orientation
    pixels = Preprocessor(20).decode(encode(image, kind, exif=exif))
    assert pixels.shape == (1, 20, 40)
    left, right = pixels[0, 10, 5].item(), pixels[0, 10, 35].item()
    assert (left < 20 and right > 235) if ink == "left" else (right < 20 and left > 235)


def test_the_first_frame_of_an_animation_is_read():
    frames = [Image.new("L", (10, 10), value) for value in (0, 255, 128)]
    content = encode(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert Image.open(io.BytesIO(content)).n_frames == 3
    assert Preprocessor(10).decode(content).max() == 0


@pytest.mark.parametrize(
    "size,width", [((100, 50), 40), ((40, 20), 40), ((10, 10), 20), ((33, 7), 94), ((1, 300), 1)]
)
def test_proportions_are_kept(size, width):
    assert Preprocessor(20).decode(Image.new("L", size)).shape == (1, 20, width)


@pytest.mark.parametrize("size", [(100, 50), (64, 20), (5, 300)])
def test_a_fixed_width_changes_the_proportions(size):
    assert Preprocessor(20, width=64).decode(Image.new("L", size)).shape == (1, 20, 64)


@pytest.mark.parametrize("width", [None, 64])
@pytest.mark.parametrize("size", [(100, 50), (33, 7), (5, 300), (1, 1)])
def test_the_width_is_known_without_decoding(size, width):
    preprocessor = Preprocessor(20, width)
    assert preprocessor.scaled_width(*size) == preprocessor.decode(Image.new("L", size)).shape[-1]


def test_scaling_does_not_flip_the_image():
    image = Image.new("L", (200, 100), 255)
    image.paste(0, (0, 0, 100, 50))
    pixels = Preprocessor(20).decode(image)
    assert pixels[0, [5, 5, 15, 15], [10, 30, 10, 30]].tolist() == [0, 255, 255, 255]


@pytest.mark.parametrize("channels", [1, 3])
def test_every_source_gives_the_same_pixels(tmp_path, channels):
    image, path = noise(), tmp_path / "a.png"
    image.save(path)
    preprocessor = Preprocessor(20, channels=channels)
    expected = preprocessor.decode(path)
    for source in (str(path), path.read_bytes(), image, np.array(image)):
        assert np.array_equal(preprocessor.decode(source), expected)


@pytest.mark.parametrize("shape", [(10, 30), (10, 30, 3), (10, 30, 4)])
def test_arrays_of_grey_colour_and_alpha(shape):
    pixels = Preprocessor(10).decode(np.full(shape, 255, np.uint8))
    assert pixels.shape == (1, 10, 30)
    assert pixels.min() == 255


def test_the_given_image_and_array_are_not_changed():
    image, pixels = Image.new("RGBA", (10, 20), (1, 2, 3, 4)), np.zeros((20, 10), np.uint8)
    before = image.copy()
    result = Preprocessor(20).decode(pixels)
    result += 1
    Preprocessor(20).decode(image)
    assert image == before
    assert pixels.max() == 0


def halved(kind: str) -> bytes:
    content = encode(noise(), kind)
    return content[: len(content) // 2]


BROKEN = {
    "png": halved("PNG"),
    "jpeg": halved("JPEG"),
    "bmp": halved("BMP"),
    "gif": halved("GIF"),
    "webp": halved("WEBP"),
    "tiff": halved("TIFF"),
    "png head only": encode(noise())[:20],
    "png with a damaged middle": encode(noise()).replace(b"IDAT", b"IDAX"),
    "random": np.random.default_rng(0).bytes(500),
    "empty": b"",
    "text": b"file,label\na.png,A\n",
    "html": b"<!DOCTYPE html><html><body>404</body></html>",
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_damaged_image_is_named_in_one_line(tmp_path, content):
    path = tmp_path / "A1.png"
    path.write_bytes(content)
    with pytest.raises(UserError) as caught:
        Preprocessor(20).decode(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("as_type", [str, Path])
def test_a_missing_file_is_named(tmp_path, as_type):
    path = as_type(tmp_path / "gone.png")
    with pytest.raises(UserError, match=r"gone\.png: No such file"):
        Preprocessor(20).decode(path)


def test_a_folder_is_no_image(tmp_path):
    with pytest.raises(UserError, match=str(tmp_path)):
        Preprocessor(20).decode(tmp_path)


def test_errors_of_bytes_use_the_given_name():
    with pytest.raises(UserError, match=r"^upload 7: "):
        Preprocessor(20).decode(b"", "upload 7")


@pytest.mark.parametrize("source", [None, 5, [[1, 2]]])
def test_a_source_of_another_type_is_refused(source):
    with pytest.raises(UserError, match="image: "):
        Preprocessor(20).decode(source)


@pytest.mark.parametrize("shape", [(3, 10, 30), (1, 10, 30, 3), (10, 30, 5)])
def test_an_array_of_another_shape_is_refused(shape):
    with pytest.raises(UserError, match="image: "):
        Preprocessor(20).decode(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("source", [Image.new("L", (5, 0)), np.zeros((0, 5), np.uint8)])
def test_an_image_without_rows_is_refused(source):
    with pytest.raises(UserError, match="image: "):
        Preprocessor(20).decode(source)


def rotated_with_a_damaged_tag() -> bytes:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "text"
    content = encode(noise(), "JPEG", exif=exif)
    damaged = content.replace(b"\x01\x0e\x00\x02", b"\x01\x00\x00\x02")  # the width, as text
    assert damaged != content
    return damaged


def test_damaged_metadata_is_a_one_line_error():
    with pytest.raises(UserError, match="A1: "):
        Preprocessor(20).decode(rotated_with_a_damaged_tag(), "A1")


def test_16_bits_with_a_transparent_value_are_scaled():
    image = Image.fromarray(np.full((10, 10), 0x8000, np.uint16))
    pixels = Preprocessor(10).decode(encode(image, transparency=0))
    assert np.unique(pixels).tolist() == [128]


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 16])
def test_pixels_with_fewer_bits_are_not_dark(bits):
    values = BANDS.astype(int) * (2**bits - 1) // 255
    image = Image.fromarray(values.astype(np.uint16))
    pixels = Preprocessor(20).decode(encode(image))[0, 0, [10, 30, 50]]
    assert abs(pixels.astype(float) - [0, 128, 255]).max() <= 1


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(
    "pixels", [2399, 1500, 100]
)  # the image has 2400; Pillow raises at twice the limit
@pytest.mark.parametrize("read", [Path, Path.read_bytes, Image.open])
def test_more_pixels_than_pillow_s_limit_are_refused(tmp_path, monkeypatch, pixels, read):
    path = tmp_path / "bomb.png"
    noise().save(path)
    source = read(path)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", pixels)
    with pytest.raises(UserError, match="more pixels"):
        Preprocessor(20).decode(source)


def test_as_many_pixels_as_pillow_s_limit_are_read(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 2400)
    assert Preprocessor(20).decode(noise()).shape == (1, 20, 30)


def test_a_much_too_wide_image_is_refused(tmp_path):
    path = tmp_path / "line.png"
    Image.new("L", (3000, 1)).save(path)
    with pytest.raises(UserError, match=r"line\.png: .*60000 pixels wide at data\.height=20"):
        Preprocessor(20).decode(path)
    assert Preprocessor(20, width=100).decode(path).shape == (1, 20, 100)


@pytest.mark.parametrize("channels", [0, 2, 4])
def test_other_numbers_of_channels_are_refused(channels):
    with pytest.raises(UserError, match=r"data\.channels"):
        Preprocessor(20, channels=channels)


@pytest.mark.parametrize(
    "size,key", [((0, None), "height"), ((20, 0), "width"), ((20, -1), "width")]
)
def test_sizes_that_are_not_positive_are_refused(size, key):
    with pytest.raises(UserError, match=rf"data\.{key}"):
        Preprocessor(*size)


def test_a_batch_is_padded_on_the_right():
    images = [flat(7, 3), flat(8, 5), flat(9, 1)]
    batch, widths = pad_images(images)
    assert batch.shape == (3, 1, 10, 5)
    assert batch.dtype == torch.uint8
    assert widths.tolist() == [3, 5, 1]
    assert batch[:, 0, 0].tolist() == [[7, 7, 7, 0, 0], [8, 8, 8, 8, 8], [9, 0, 0, 0, 0]]


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("width", [4, 157])
def test_equal_widths_need_no_padding(count, width):
    images = [flat(i, width) for i in range(count)]
    batch, widths = pad_images(images)
    assert np.array_equal(batch, images)
    assert widths.tolist() == [width] * count


def test_batches_have_few_different_widths():
    shapes = set()
    for widest in range(301, 600):
        batch, widths = pad_images([flat(1, widest), flat(2, 300)])
        assert widths.tolist() == [widest, 300]
        assert batch[1, ..., 300:].count_nonzero() == 0
        assert batch[0, ..., widest:].count_nonzero() == 0
        shapes.add(batch.shape[-1])
    assert len(shapes) < 20


def test_rounding_a_width_adds_a_sixteenth_at_most():
    for width in range(1, 10_000):
        assert width <= rounded(width) <= width * 17 / 16
        assert rounded(rounded(width)) == rounded(width)


def test_normalize_subtracts_mean_and_divides_by_std():
    preprocessor = Preprocessor(10, mean=0.6, std=0.2)
    batch, widths = pad_images([flat(255, 2), flat(51, 2)])
    floats = preprocessor.normalize(batch, widths)
    assert floats.dtype == torch.float32
    assert floats[0].unique().tolist() == pytest.approx([2.0], abs=1e-5)
    assert floats[1].unique().tolist() == pytest.approx([-2.0], abs=1e-5)


def test_padding_is_exactly_0():
    preprocessor = Preprocessor(10, mean=0.3, std=0.1)
    batch, widths = pad_images([flat(200, 3), flat(200, 8)])
    floats = preprocessor.normalize(batch, widths)
    assert (floats[0, ..., 3:] == 0).all()
    assert (floats[0, ..., :3] != 0).all()
    assert (floats[1] != 0).all()


@pytest.mark.parametrize("channels", [1, 3])
def test_a_wider_image_does_not_change_the_values_of_another(channels):
    preprocessor = Preprocessor(20, channels=channels, mean=0.41, std=0.17)
    images = [preprocessor.decode(noise(width)) for width in (30, 77)]
    alone = preprocessor.normalize(*pad_images(images[:1]))
    beside = preprocessor.normalize(*pad_images(images))
    assert torch.equal(beside[:1, ..., : alone.shape[-1]], alone)


def test_normalize_does_not_change_its_input():
    preprocessor = Preprocessor(10)
    batch, widths = pad_images([flat(200, 3), flat(100, 5)])
    before = batch.clone()
    preprocessor.normalize(batch, widths)
    assert torch.equal(batch, before)


def test_a_padded_batch_has_the_values_of_each_image_alone(tmp_path):
    preprocessor = Preprocessor(20, mean=0.4, std=0.3)
    images = [preprocessor.decode(image) for image in (noise(60, 40), noise(100, 40))]
    floats = preprocessor.normalize(*pad_images(images))
    assert floats.shape == (2, 1, 20, 50)
    alone = preprocessor.normalize(*pad_images(images[:1]))
    assert torch.equal(floats[:1, ..., :30], alone)
    assert floats[0, ..., 30:].abs().max() == 0


def test_fit_measures_mean_and_std_of_the_pixels():
    preprocessor = Preprocessor(10)
    preprocessor.fit([flat(0, 10), flat(255, 30)])
    assert preprocessor.mean == pytest.approx(0.75, abs=1e-3)
    assert preprocessor.std == pytest.approx(0.75**0.5 / 2, abs=2e-3)


@pytest.mark.parametrize("value", [0, 255])
def test_blank_images_are_normalized_to_finite_values(value):
    preprocessor = Preprocessor(10)
    preprocessor.fit([flat(value, 10)])
    floats = preprocessor.normalize(*pad_images([flat(0, 4), flat(255, 4)]))
    assert floats.isfinite().all()


def test_state_builds_the_same_preprocessor():
    preprocessor = Preprocessor(24, width=70, channels=3)
    preprocessor.fit([preprocessor.decode(noise())])
    state = json.loads(json.dumps(preprocessor.state()))
    again = Preprocessor(**state)
    assert again.state() == preprocessor.state()
    image, widths = pad_images([preprocessor.decode(noise())])
    assert torch.equal(preprocessor.normalize(image, widths), again.normalize(image, widths))


def test_state_is_a_copy():
    preprocessor = Preprocessor(24)
    preprocessor.state()["height"] = 1
    assert preprocessor.height == 24


def test_blank_padding_uses_each_row_s_width():
    blanked = blank_padding(torch.ones(3, 2, 4, 5), torch.tensor([0, 2, 5]))
    assert blanked.sum(dim=(1, 2, 3)).tolist() == [0, 16, 40]
    assert blanked[1, ..., :2].min() == 1


def test_every_suffix_is_one_that_pillow_reads():
    Image.init()
    assert {Image.EXTENSION[suffix] for suffix in SUFFIXES} == set(FORMATS)


def test_postscript_is_never_opened(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n%%EndComments\n")
    with pytest.raises(UserError, match=r"a\.png"):
        Preprocessor(24).decode(path)


def test_arrays_of_floats_and_of_one_channel():
    pixels = np.random.default_rng(0).integers(0, 256, (16, 32), dtype=np.uint8)
    expected = Preprocessor(16).decode(pixels)
    assert np.array_equal(Preprocessor(16).decode(pixels / 255), expected)
    assert np.array_equal(Preprocessor(16).decode(pixels[..., None]), expected)
    with pytest.raises(UserError, match="floats must be from 0 to 1"):
        Preprocessor(16).decode(pixels.astype(np.float32))
