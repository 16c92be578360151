"""Pixels with other depths than 8 bits are scaled and keep their contrast."""

import io
import warnings

import numpy as np
import pytest
from conftest import draw
from PIL import Image

from ocr.data.images.depth import to_uint8
from ocr.data.images.preprocessing import Preprocessor
from ocr.errors import UserError

TEXT = np.asarray(draw("A12DF"))
STRETCH = Preprocessor(24, contrast="stretch", grey="principal")
KEEP = Preprocessor(24)


def saved(pixels: np.ndarray, form: str) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, form)
    return file.getvalue()


@pytest.mark.parametrize("preprocessor", [STRETCH, KEEP])
def test_floats_in_a_tiff_and_in_an_array_equal_bytes(preprocessor):
    floats = (TEXT / 255).astype(np.float32)
    expected = preprocessor.decode(TEXT)
    assert np.array_equal(preprocessor.decode(saved(floats, "TIFF")), expected)
    assert np.array_equal(preprocessor.decode(floats), expected)
    assert np.array_equal(preprocessor.decode(saved(TEXT.astype(np.float32), "TIFF")), expected)


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.int64, np.uint64])
@pytest.mark.parametrize("factor", [1, 257])
def test_integers_of_any_type_equal_bytes(dtype, factor):
    wide = TEXT.astype(dtype) * dtype(factor)
    colours = np.stack([wide] * 3, axis=-1)
    for preprocessor in (STRETCH, KEEP):
        assert np.array_equal(preprocessor.decode(wide), preprocessor.decode(TEXT))
        same = preprocessor.decode(np.stack([TEXT] * 3, axis=-1))
        assert np.array_equal(preprocessor.decode(colours), same)


def test_booleans_are_black_and_white():
    expected = KEEP.decode((TEXT > 128).astype(np.uint8) * 255)
    assert np.array_equal(KEEP.decode(TEXT > 128), expected)
    assert np.array_equal(KEEP.decode(np.stack([TEXT > 128] * 3, axis=-1)), expected)


@pytest.mark.parametrize("step", [1, 3, 16])
@pytest.mark.parametrize("form", ["PNG", "TIFF", "array", "floats", "colours"])
def test_faint_contrast_is_kept(step, form):
    faint = (20000 + step * TEXT.astype(np.uint16)).astype(np.uint16)
    source = {
        "array": faint,
        "floats": (faint / 65535).astype(np.float32),
        "colours": np.stack([faint] * 3, axis=-1),
    }.get(form)
    pixels = STRETCH.decode(saved(faint, form) if source is None else source)
    assert abs(pixels.astype(int) - STRETCH.decode(TEXT)).max() <= 1
    assert np.ptp(KEEP.decode(faint).astype(int)) <= step + 1  # stretching is off


def test_one_bright_pixel_does_not_reduce_the_contrast():
    faint = 20000 + TEXT.astype(np.uint16)
    faint[0, 0] = 65535
    assert np.ptp(STRETCH.decode(faint).astype(int)) == 255


@pytest.mark.parametrize("spread", [0, 3, 50])
def test_the_noise_of_an_empty_page_is_not_stretched(spread):
    noise = np.random.default_rng(0).normal(20000, spread, (60, 200)).astype(np.uint16)
    assert np.ptp(STRETCH.decode(noise).astype(int)) <= 2


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -1.0, -0.2, 1e9])
def test_floats_out_of_range_are_refused_with_the_reason(wrong):
    floats = (TEXT / 255).astype(np.float32)
    floats[3, 3] = wrong
    for source in (floats, saved(floats, "TIFF")):
        with pytest.raises(UserError, match=r"NaN|floats must be from 0 to 1"):
            STRETCH.decode(source, "A1")


def test_values_that_are_negative_or_not_numbers_are_refused():
    for wrong in (TEXT.astype(complex), TEXT.astype(str), TEXT.astype(int) - 1):
        with pytest.raises(UserError, match=r"^A1: "):
            STRETCH.decode(wrong, "A1")


@pytest.mark.parametrize("dtype", [np.float16, np.float64, np.uint64, np.int8, np.uint32])
def test_the_largest_values_of_each_type(dtype):
    high = 1 if dtype(0.5) else np.iinfo(dtype).max
    with warnings.catch_warnings(action="error"):
        assert np.ptp(to_uint8(np.array([[0, high]], dtype), stretch=True)) >= 127


def test_bytes_are_unchanged():
    assert to_uint8(TEXT, stretch=True) is TEXT
