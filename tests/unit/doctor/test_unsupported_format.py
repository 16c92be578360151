"""Images in formats that are not supported."""

import pytest
from conftest import draw
from doctor_folders import HEIC
from PIL import Image

from ocr import cli


def test_unsupported_formats_are_counted_and_named(folder, doctor, capsys):
    (folder / "IMG_1.HEIC").write_bytes(HEIC)
    (folder / "IMG_2.heic").write_bytes(b"whatever")  # found by its extension
    (folder / "341.png").write_bytes(HEIC)
    (folder / "4").write_bytes(b"\xff\x0a" + bytes(20))
    (folder / "5.dng").write_bytes(b"II*\0" + bytes(20))
    found = doctor(folder, "data.max_skipped=0.9")
    finding = found["findings"]["unsupported_format"]
    assert finding["count"] == 5
    assert finding["message"].endswith("(HEIC 3, JPEG XL 1, camera raw 1)")
    assert "magick mogrify -format png" in finding["fix"] and finding["commands"] == []
    assert (
        "unreadable_images" not in found["findings"]
        and "missing_extension" not in found["findings"]
    )
    assert any("4 images of a format that isn't read" in line for line in found["messages"])
    with pytest.raises(SystemExit):
        cli.main(["doctor", str(folder), "--fix", "unreadable_images"])


def test_folder_of_unsupported_images_refuses_training(tmp_path, doctor):
    (tmp_path / "A1.heic").write_bytes(HEIC)
    found = doctor(tmp_path)
    assert "1 image of a format that isn't read (HEIC 1)" in found["refusal"]
    assert found["findings"]["unsupported_format"]["count"] == 1


def test_photo_with_a_preview_is_a_jpeg_with_one_frame(folder, doctor):
    draw("1211").save(folder / "1211.jpg", format="MPO", save_all=True, append_images=[draw("x")])
    with Image.open(folder / "1211.jpg", formats=["JPEG"]) as image:
        assert image.format == "MPO"
    found = doctor(folder)
    assert not {"wrong_extension", "multiple_frames"} & found["findings"].keys()
    assert found["formats"] == {"PNG": 27, "JPEG": 1}
