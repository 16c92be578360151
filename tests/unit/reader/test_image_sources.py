"""The kinds of images that a Reader accepts, and its errors for all others."""

import io
import pickle
import tempfile

import numpy as np
import pytest
import torch
from conftest import draw
from PIL import Image

from ocr import Reader
from ocr.errors import UserError


@pytest.fixture
def reader(checkpoint):
    return Reader.load(checkpoint)


@pytest.fixture
def path(tmp_path):
    draw("12x").save(tmp_path / "a.png")
    return tmp_path / "a.png"


def spooled(content):
    file = tempfile.SpooledTemporaryFile()  # noqa: SIM115, the caller keeps it open
    file.write(content)
    return file


SOURCES = {
    "str": str,
    "open file": lambda path: path.open("rb"),
    "unbuffered file": lambda path: path.open("rb", buffering=0),
    "bytes": lambda path: path.read_bytes(),
    "BytesIO": lambda path: io.BytesIO(path.read_bytes()),
    "an upload": lambda path: spooled(path.read_bytes()),  # positioned at its end
    "bytearray": lambda path: bytearray(path.read_bytes()),
    "memoryview": lambda path: memoryview(path.read_bytes()),
    "picture": Image.open,
    "array": lambda path: pixels(path),
    "array with channels": lambda path: np.repeat(pixels(path)[..., None], 3, 2),
    "array with channels first": lambda path: np.repeat(pixels(path)[None], 3, 0),
    "tensor": lambda path: torch.tensor(pixels(path)),
    "tensor with a channel": lambda path: torch.tensor(pixels(path))[None],
    "tensor with channels": lambda path: torch.tensor(pixels(path)).expand(3, -1, -1),
    "tensor with channels last": lambda path: torch.tensor(pixels(path))[..., None],
    "tensor of floats": lambda path: torch.tensor(pixels(path) / 255, requires_grad=True),
    "tensor of halves": lambda path: (torch.tensor(pixels(path)).float() / 255).half()[None],
}


def pixels(path):
    return np.array(Image.open(path))


@pytest.mark.parametrize("kind", SOURCES)
def test_every_kind_of_image_is_read_like_its_file(reader, path, kind):
    expected = reader.read(path)[0]
    [alone] = reader.read(SOURCES[kind](path))
    [first, _, last] = reader.read([SOURCES[kind](path), path, SOURCES[kind](path)])
    assert {alone.text, first.text, last.text} == {expected.text}
    assert alone.confidence == pytest.approx(expected.confidence, rel=1e-2)
    assert alone.error is None


def test_any_iterable_of_images_is_read(reader, path):
    [expected] = reader.read(path)
    for images in ((path,), iter([path]), (p for p in [path]), {path}, np.array([str(path)])):
        assert [reading.text for reading in reader.read(images)] == [expected.text]
    assert [reading.text for reading in reader.stream(path for _ in range(3))] == [
        expected.text
    ] * 3


def closed(path):
    file = path.open("rb")
    file.close()
    return file


@pytest.mark.parametrize(
    "make,words",
    [
        (lambda path: path.open(), "opened as text; open it with mode 'rb'"),
        (lambda path: path.parent, "a folder; give the images in it"),
        (closed, "closed file"),
        (lambda path: io.BytesIO(), "the file is empty"),
        (lambda path: io.StringIO("x"), "opened as text"),
        (lambda path: "https://example.com/a.png", "a URL, not a path"),
        (lambda path: "data:image/png;base64,iVBORw0KGgo", "base64.b64decode"),
        (lambda path: "iVBORw0KGgo" * 1000, "base64.b64decode"),
        (lambda path: "a\0.png", "a\0.png: not a readable image"),
        (lambda path: path.with_name("none.png"), "none.png: No such file or directory"),
        (lambda path: b"junk", "not an image"),
        (lambda path: torch.zeros(2, 3, 24, 60), "a batch; give its images: list(batch)"),
        (lambda path: np.zeros((2, 24, 60, 3), np.uint8), "a batch; give its images"),
        (lambda path: torch.zeros(24), "shape (24,); expected (height, width)"),
        (lambda path: torch.zeros(5, 24, 60), "shape (5, 24, 60); expected"),
        (lambda path: torch.full((24, 60), 255.0), "floats"),
    ],
)
def test_error_of_an_unreadable_image_is_one_line(reader, path, make, words):
    with pytest.raises(UserError) as alone:
        reader.read(make(path))
    assert words in str(alone.value) and "\n" not in str(alone.value)
    with pytest.raises(UserError) as listed:
        reader.read([path, make(path)])
    assert words in str(listed.value) and str(listed.value).startswith("images[1]: ")
    assert len(str(listed.value)) < 400


@pytest.mark.parametrize("thing", [None, 7, object()])
def test_other_objects_are_refused(reader, thing):
    with pytest.raises(UserError, match="expected a path, a file"):
        reader.read(thing)


@pytest.mark.parametrize("thing", [["x.png"], None, 7, {}])
def test_error_names_the_index_of_another_object_in_a_list(reader, path, thing):
    with pytest.raises(UserError, match=r"^images\[1\]: expected a path, a file .*; not "):
        reader.read([path, thing])


def test_errors_can_be_returned_in_place_of_readings(reader, path, tmp_path):
    [expected] = reader.read(path)
    junk = tmp_path / "junk.png"
    junk.write_bytes(b"junk")
    images = [path, junk, path.open(), path]
    for readings in (
        reader.read(images, errors="return"),
        list(reader.stream(iter(images), batch_size=2, errors="return")),
    ):
        assert [r.text for r in readings] == [expected.text, "", "", expected.text]
        assert [r.error is None for r in readings] == [True, False, False, True]
        assert readings[1].confidence == 0 and "junk.png: not an image" in readings[1].error
        assert "opened as text" in readings[2].error
        assert pickle.loads(pickle.dumps(readings[1])) == readings[1]
    assert [r.error is None for r in reader.read([junk, junk], errors="return")] == [False, False]


def test_images_before_an_error_are_read(reader, path):
    stream = reader.stream([path, path, b"junk", path])
    assert next(stream).text == next(stream).text
    with pytest.raises(UserError, match=r"^images\[2\]: not an image"):
        next(stream)


@pytest.mark.parametrize("wrong", [{"errors": "ignore"}, {"batch_size": 0}])
def test_wrong_arguments_are_refused(reader, path, wrong):
    with pytest.raises(UserError, match=f"{next(iter(wrong))}="):
        reader.read(path, **wrong)
