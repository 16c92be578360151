"""Animations and pages: which of them is read is said, and can be chosen."""

import pytest
from conftest import draw
from PIL import Image


@pytest.fixture
def animated(tmp_path, captions):
    """27 animations, whose first frame is blank."""
    place = tmp_path / "animated"
    place.mkdir()
    for caption in captions:
        blank = Image.new("L", (60, 24), 255)
        blank.save(place / f"{caption}.gif", save_all=True, append_images=[draw(caption)])
    return place


def test_a_blank_first_frame_is_no_reason_to_take_the_image_away(animated, doctor):
    found = doctor(animated)
    finding = found["findings"]["multiple_frames"]
    assert finding["count"] == 27 and finding["commands"] == [] and finding["severity"] == "warning"
    assert finding["examples"][0] == "111.gif: 2 frames or pages"
    assert "data.frame=-1" in finding["fix"]
    assert not {"blank_images", "pixel_label_conflicts"} & found["findings"].keys()
    [line] = [line for line in found["messages"] if "frames or pages" in line]
    assert line.startswith("27 images have 2 frames or pages") and "only the first" in line


def test_a_frame_that_was_chosen_is_no_finding(animated, doctor):
    found = doctor(animated, "data.frame=-1")
    assert found["findings"] == {}
    assert any("only the last is read" in line for line in found["messages"])
    assert "multiple_frames" in doctor(animated, "data.frame=-2")["findings"]  # which is empty


def test_a_frame_that_is_not_there(animated, doctor):
    found = doctor(animated, "data.frame=7")
    assert found["code"] == 1
    finding = found["findings"]["missing_frame"]
    assert finding["count"] == 27 and finding["commands"] == []
    assert "it has 2 frames or pages" in finding["examples"][0]
    assert "unreadable_images" not in found["findings"]
