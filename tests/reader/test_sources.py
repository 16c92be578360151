"""What a Reader takes as an image, what it says of what is none, and where it reads."""

import io
import multiprocessing
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from conftest import draw

from ocr.errors import UserError
from ocr.reader import Reader


@pytest.fixture
def reader(checkpoint) -> Reader:
    return Reader.load(checkpoint)


@pytest.fixture
def path(tmp_path):
    draw("123").save(tmp_path / "123.png")
    return tmp_path / "123.png"


def test_all_that_a_program_holds_an_image_in_reads_the_same(reader, path):
    content, pixels = path.read_bytes(), np.asarray(draw("123"))
    used = io.BytesIO(content)
    used.read()
    with path.open("rb") as opened:
        sources = [
            str(path), opened, used, content, bytearray(content), memoryview(content), pixels,
            pixels[None], torch.from_numpy(pixels.copy()),
            torch.from_numpy(pixels / 255)[None],
        ]  # fmt: skip
        readings = reader.read(sources)
        assert len({(reading.text, round(reading.confidence, 4)) for reading in readings}) == 1
        assert reader.read(opened) == readings[:1]
    assert reader.read(iter([path, path])) == readings[:1] * 2


def test_errors_return_leaves_a_reading_in_the_place_of_what_cannot_be_read(reader, path):
    first, bad, last = reader.read([path, b"junk", path], errors="return", batch_size=2)
    assert first == last and first.error is None
    assert bad.text == "" and "not an image" in bad.error


def test_what_cannot_be_read_is_named_with_its_index(reader, path):
    with pytest.raises(UserError, match=r"images\[1\]: .*not an image"):
        reader.read([path, b"junk", path])
    stream = reader.stream([path, path, b"junk"])
    assert [next(stream), next(stream)] == reader.read([path, path])
    with pytest.raises(UserError, match=r"images\[2\]"):
        next(stream)


@pytest.mark.parametrize(
    "source,why",
    [
        (None, "not None"),
        ([3], "not a int"),
        (io.StringIO("x"), "mode 'rb'"),
        (io.BytesIO(), "empty"),
        (np.zeros((2, 8, 8, 3), np.uint8), "list(batch)"),
        ("data:image/png;base64,aaaa", "base64.b64decode"),
        ("https://example.org/1.png", "an address"),
    ],
)
def test_what_is_no_image_is_told_with_what_to_give(reader, source, why):
    with pytest.raises(UserError) as refusal:
        reader.read(source)
    assert why in str(refusal.value)


def test_a_process_that_forks_after_it_has_read_reads_on(reader, path):
    expected = reader.read(path)
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply_async(reader.read, (str(path),)).get(timeout=30) == expected


def test_threads_read_alike_and_leave_the_number_of_torchs_threads(reader, path):
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        with ThreadPoolExecutor(4) as pool:
            readings = [*pool.map(reader.read, [path] * 16)]
            assert all(reading == readings[0] for reading in readings)
            assert {*pool.map(lambda _: torch.get_num_threads(), range(8))} == {3}
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
