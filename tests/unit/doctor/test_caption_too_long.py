"""Captions that need more time steps than their image gives."""

import shlex

from conftest import draw
from doctor_folders import LENIENT


def test_fix_of_caption_too_long_gives_enough_time_steps(folder, doctor):
    draw("1" * 12).save(folder / f"{'12' * 14}.png")
    for width in ("encoder.stride=4", "data.width=15"):
        found = doctor(folder, LENIENT, width)["findings"]["caption_too_long"]
        first, _, command = found["fix"].partition("; if they are right: ")
        assert first == "correct the captions that are wrong (rename the files)"
        words = shlex.split(command)
        assert words[:5] == ["python", "-m", "ocr", "train", "data=folder"]
        assert "caption_too_long" not in doctor(folder, *words[6:])["findings"]


def test_caption_far_too_long_gets_no_command(folder, doctor):
    draw("1", (2, 24)).save(folder / f"{'12' * 20}.png")
    found = doctor(folder)["findings"]["caption_too_long"]
    assert found["fix"].startswith("correct the captions")
    assert "data=folder" not in found["fix"]
