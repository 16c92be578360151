"""What one run of a sweep has seen of the images, and hands on to the next."""

import logging
import shutil
from unittest.mock import Mock

import numpy as np
import pytest
from conftest import config
from torch.nn import Identity

from ocr.config.instantiate import build
from ocr.data import seen
from ocr.data.sources.kinds import FolderData
from ocr.data.sources.pack import pack
from ocr.errors import UserError


@pytest.fixture(autouse=True)
def forgotten():
    yield
    seen.remember(None)


def run(folder, *overrides) -> FolderData:
    settings = config("data=folder", f"data.dir={folder}", *overrides).data
    data = build(settings)
    seen.set_up(data, settings)
    return data


def pixels(data):
    """Of all images, by part."""
    sets = {part: data.dataset(part) for part in data.parts}
    return {part: [images.image(i) for i in range(len(images))] for part, images in sets.items()}


def test_the_next_run_needs_no_images(folder, caplog):
    caplog.set_level(logging.INFO, "ocr")
    (folder / "broken.png").write_bytes(b"no image")
    first = run(folder, "data.batch_size=8")
    said, shown, parts = list(caplog.messages), pixels(first), dict(first.parts)
    first.drop_infeasible(lambda width: 0)  # which is that network's affair
    handed_on = seen.handed_on()

    caplog.clear()
    shutil.rmtree(folder)
    seen.remember(handed_on)
    second = run(folder, "data.batch_size=4", "augment=none")
    assert second.parts == parts and second.batch_size == 4 and isinstance(second.augment, Identity)
    assert [skipped.name for skipped in second.skipped] == [str(folder / "broken.png")]
    assert second.state() == first.state()
    assert caplog.messages == said and len(said) > 1
    for part, images in pixels(second).items():
        np.testing.assert_array_equal(images, shown[part])
    assert seen.handed_on() is None  # nothing that isn't known


@pytest.mark.parametrize("change", ["data.height=30", "data.split_seed=1", "data.case=lower"])
def test_other_settings_see_other_images(folder, change):
    run(folder)
    seen.remember(seen.handed_on())
    shutil.rmtree(folder)
    with pytest.raises(UserError, match="no such folder"):
        run(folder, change)


@pytest.fixture
def packed(folder, tmp_path):
    pack(folder, tmp_path / "pack")
    return config("data=packed", f"data.dir={tmp_path / 'pack'}").data


def captions(data):
    """Of all images, by part."""
    return {part: [(s.name, s.text) for s in samples] for part, samples in data.parts.items()}


def test_a_pack_is_handed_on(packed):
    first, second = build(packed), build(packed)
    seen.set_up(first, packed)
    seen.remember(seen.handed_on())
    seen.set_up(second, packed)
    assert seen.handed_on() is None
    assert captions(second) == captions(first)


def test_a_pack_that_is_gone_hinders_no_other_data(packed, folder):
    seen.set_up(build(packed), packed)
    seen.remember(seen.handed_on())
    shutil.rmtree(packed.dir)
    assert run(folder).parts


def test_what_cannot_be_handed_on_is_no_failure(folder, monkeypatch):
    run(folder)
    monkeypatch.setattr(seen.pickle, "dumps", Mock(side_effect=MemoryError))
    assert seen.handed_on() is None


def test_too_many_images_are_not_handed_on(folder, monkeypatch):
    run(folder)
    assert seen.handed_on()
    monkeypatch.setattr(seen, "MOST", 0.01)
    assert seen.handed_on() is None
