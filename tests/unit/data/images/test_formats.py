"""Supported and unsupported formats of images, and the choice of a frame."""

import io

import numpy as np
import pytest
from conftest import draw
from PIL import Image, features

from ocr.data.images.formats import (
    FORMATS,
    SUFFIXES,
    UNSUPPORTED_SUFFIXES,
    find_unsupported,
    identify_format,
)
from ocr.data.images.preprocessing import Preprocessor
from ocr.errors import UserError


def encoded(form: str, image=None, **options) -> bytes:
    file = io.BytesIO()
    (image or draw("123")).save(file, form, **options)
    return file.getvalue()


def ftyp(*brands: bytes) -> bytes:
    content = brands[0] + bytes(4) + b"".join(brands[1:])
    return (8 + len(content)).to_bytes(4, "big") + b"ftyp" + content + bytes(30)


@pytest.mark.parametrize("form", FORMATS)
def test_supported_formats_are_identified_by_content(form):
    content = encoded(form)
    assert identify_format(content) == form
    assert Preprocessor(24).decode(content).shape == (1, 24, 60)


@pytest.mark.skipif(not features.check("avif"), reason="this Pillow has no AVIF")
def test_avif_is_read_under_any_name(folder):
    assert ".avif" in SUFFIXES
    (folder / "123.png").write_bytes(encoded("AVIF"))
    assert np.ptp(Preprocessor(24).decode(folder / "123.png").astype(int)) > 200


@pytest.mark.parametrize(
    "content,name",
    [
        (ftyp(b"heic", b"mif1", b"heic"), "HEIC"),
        (ftyp(b"mif1", b"mif1", b"heic"), "HEIC"),
        (ftyp(b"msf1", b"hevc"), "HEIC"),
        (ftyp(b"crx ", b"isom"), "camera raw"),
        (b"\xff\x0a" + bytes(20), "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"8BPS" + bytes(20), "Photoshop"),
        (b"%PDF-1.7\n", "PDF"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
        (b"\xef\xbb\xbf<?xml version='1.0'?>\n<!-- drawn -->\n<svg/>", "SVG"),
        (b"DDS " + bytes(20), "DDS"),
        (b"\0\0\1\0\1\0" + bytes(20), "ICO"),
        (encoded("TGA"), "TGA"),
        (encoded("TGA", draw("1").convert("RGB")), "TGA"),
        (encoded("PCX"), "PCX"),
        (encoded("ICO"), "ICO"),
        (b"PK\3\4" + bytes(20), "a ZIP archive"),
    ],
)
def test_unsupported_formats_are_named_in_the_error(tmp_path, content, name):
    path = tmp_path / "A1.png"
    path.write_bytes(content)
    with pytest.raises(UserError, match=rf"A1\.png: {name}, which isn't read: save it as PNG"):
        Preprocessor(24).decode(path)


@pytest.mark.parametrize("content", [b"", b"no image", b"BMW is no bitmap", b"<html></html>"])
def test_other_content_is_not_identified(content):
    assert identify_format(content) is None


def test_avif_and_heic_are_distinguished_by_brand():
    assert identify_format(ftyp(b"mif1", b"mif1", b"avif")) == "AVIF"
    assert identify_format(ftyp(b"isom", b"mp41")) == "a video"


def test_unsupported_images_of_a_folder_are_found(tmp_path):
    files = {
        "a.HEIC": ftyp(b"heic"),
        "b.tga": b"whatever",  # identified by its suffix only
        "c": ftyp(b"heic"),
        "d.nef": b"MM\0*" + bytes(20),
        "e.heic": encoded("JPEG"),  # a JPEG with another suffix
        "f.heic": b"",
        "g.txt": b"%PDF",
        "h.zip": b"PK\3\4",
        "i.png": ftyp(b"heic"),  # skipped with its own reason
        "._j.heic": ftyp(b"heic"),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "k.heic").mkdir()
    expected = {"a.HEIC": "HEIC", "b.tga": "TGA", "c": "HEIC", "d.nef": "camera raw"}
    assert find_unsupported(tmp_path, [*files, "k.heic", "gone.psd"]) == expected


def test_no_suffix_is_both_read_and_unread():
    assert not {
        s for s in UNSUPPORTED_SUFFIXES if s in SUFFIXES and UNSUPPORTED_SUFFIXES[s] not in FORMATS
    }


SHADES = (0, 128, 255)


@pytest.mark.parametrize("form", ["GIF", "TIFF", "PNG", "WEBP"])
@pytest.mark.parametrize("frame,shade", [(0, 0), (1, 128), (-1, 255), (-3, 0)])
@pytest.mark.parametrize("opened", [False, True])
def test_the_chosen_frame_is_read(form, frame, shade, opened):
    frames = [Image.new("L", (20, 10), value) for value in SHADES]
    options = {"lossless": True} if form == "WEBP" else {}
    content = encoded(form, frames[0], save_all=True, append_images=frames[1:], **options)
    source = Image.open(io.BytesIO(content)) if opened else content
    preprocessor = Preprocessor(**Preprocessor(10, frame=frame).state())  # as in a checkpoint
    for _ in range(2):
        assert abs(int(preprocessor.decode(source).max()) - shade) <= 1


def test_a_frame_that_the_caller_has_chosen_is_kept():
    frames = [Image.new("L", (20, 10), value) for value in SHADES]
    content = encoded("GIF", frames[0], save_all=True, append_images=frames[1:])
    image = Image.open(io.BytesIO(content))
    image.seek(1)
    assert Preprocessor(10, frame=-1).decode(image).max() == 128


@pytest.mark.parametrize("frame", [1, -2])
def test_a_missing_frame_is_refused(frame):
    with pytest.raises(UserError, match=f"A1: it has 1 frame or page, .*data.frame={frame}"):
        Preprocessor(24, frame=frame).decode(encoded("PNG"), "A1")
    assert Preprocessor(24, frame=-1).decode(encoded("PNG")).shape == (1, 24, 60)


@pytest.mark.parametrize("frame", ["last", 0.5, None, True])
def test_a_frame_that_is_not_a_whole_number_is_refused(frame):
    with pytest.raises(UserError, match=r"data\.frame"):
        Preprocessor(24, frame=frame)
