"""Images with several frames or pages: the report names the one that is read."""

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


def test_images_with_a_blank_first_frame_are_not_removed(animated, doctor):
    found = doctor(animated)
    finding = found["findings"]["multiple_frames"]
    assert finding["count"] == 27 and finding["commands"] == [] and finding["severity"] == "warning"
    assert finding["examples"][0] == "111.gif: 2 frames or pages"
    assert "data.frame=-1" in finding["fix"]
    assert not {"blank_images", "pixel_label_conflicts"} & found["findings"].keys()
    [line] = [line for line in found["messages"] if "frames or pages" in line]
    assert line.startswith("27 images have 2 frames or pages") and "only the first" in line


def test_chosen_frame_with_text_is_no_finding(animated, doctor):
    found = doctor(animated, "data.frame=-1")
    assert found["findings"] == {}
    assert any("only the last is read" in line for line in found["messages"])
    assert "multiple_frames" in doctor(animated, "data.frame=-2")["findings"]  # which is blank


def test_missing_frame_is_found(animated, doctor):
    found = doctor(animated, "data.frame=7")
    assert found["code"] == 1
    finding = found["findings"]["missing_frame"]
    assert finding["count"] == 27 and finding["commands"] == []
    assert "it has 2 frames or pages" in finding["examples"][0]
    assert "unreadable_images" not in found["findings"]
