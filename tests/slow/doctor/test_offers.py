"""What the doctor offers can be done, and loses nothing of worth."""

import subprocess

import pytest
from conftest import draw
from PIL import Image

from ocr import cli

HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(40)


def mended(doctor, capsys, folder, kind, *arguments):
    """Obey `--fix KIND`."""
    cli.main(["doctor", str(folder), "--fix", kind, *arguments])
    commands = capsys.readouterr().out
    subprocess.run(commands, shell=True, check=True)
    return commands


def test_only_what_is_certainly_worthless_is_removed(folder, tmp_path, doctor, capsys):
    (folder / "1211.png").write_bytes(b"")
    (folder / "1212.png").write_bytes(b"<!DOCTYPE html><html>404</html>")
    (folder / "1213.png").write_bytes(b"\x89PNG\r\n\x1a\n and then damage")
    commands = mended(doctor, capsys, folder, "unreadable_images", "data.max_skipped=0.9")
    assert sorted(path.name for path in (tmp_path / "images_set_aside").iterdir()) == ["1213.png"]
    assert commands.count("rm -- ") == 2
    assert doctor(folder)["findings"] == {}


def test_images_of_any_name_are_set_aside_under_their_own(tmp_path, doctor, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "-data 'of mine'"
    for place in ("a", "b"):
        (folder / place).mkdir(parents=True)
        for i in range(10):
            draw(f"{i}").save(folder / place / f"{i}.png")
        for name in ("7", "-rf", 'it\'s "so" $HOME'):
            Image.new("L", (60, 24), 200).save(folder / place / f"{name} {place}.png")
    arguments = ("data.recursive=true", "data.max_skipped=0.9")
    finding = doctor(folder, *arguments)["findings"]["blank_images"]
    assert finding["count"] == 6 and finding["fix"].startswith("set them aside: ")
    mended(doctor, capsys, folder, "blank_images", *arguments)
    assert len([*(tmp_path / "-data 'of mine'_set_aside").rglob("*.png")]) == 6
    assert "blank_images" not in doctor(folder, *arguments)["findings"]


@pytest.mark.parametrize("link", [False, True])
def test_what_is_set_aside_lies_in_no_folder_that_is_read(folder, tmp_path, doctor, capsys, link):
    inner = folder / "test"
    inner.mkdir()
    for text in ("411", "412"):
        Image.new("L", (60, 24), 200 + int(text) % 2).save(inner / f"{text}.png")
    if link:
        (tmp_path / "link").symlink_to(inner)
    given = tmp_path / "link" if link else inner
    words = ("data.recursive=true", f"data.test_dir={given}", "data.max_skipped=0.9")
    commands = doctor(folder, *words)["findings"]["blank_images"]["commands"]
    assert commands
    for command in commands:
        subprocess.run(command, shell=True, check=True)
    assert [*(tmp_path / "images_set_aside" / "test").iterdir()]
    assert not [path for path in folder.rglob("*") if "set_aside" in path.name]


def test_nothing_that_was_set_aside_is_overwritten(folder, tmp_path, doctor, capsys):
    for shade in (200, 180):
        Image.new("L", (60, 24), shade).save(folder / "121.png")
        mended(doctor, capsys, folder, "blank_images")
    names = sorted(path.name for path in (tmp_path / "images_set_aside").iterdir())
    assert names == ["121.1.png", "121.png"]


@pytest.mark.parametrize(
    "kind",
    ["blank_images", "exact_duplicates", "truncated_images", "odd_size", "transparent_blank"],
)
def test_nothing_else_is_offered_for_removal(folder, doctor, kind):
    Image.new("L", (60, 24), 200).save(folder / "121.png")
    (folder / "112.png").write_bytes((folder / "112.png").read_bytes()[:-30])
    draw("133", (60, 240)).save(folder / "133.png")
    Image.new("RGBA", (60, 24), (0, 0, 0, 0)).save(folder / "223.png")
    (folder / "more").mkdir()
    (folder / "more" / "111.png").write_bytes((folder / "111.png").read_bytes())
    finding = doctor(folder, "data.recursive=true", "data.max_skipped=0.9")["findings"][kind]
    assert finding["commands"] and all(c.startswith("mkdir -p -- ") for c in finding["commands"])


def test_images_in_a_format_that_is_not_read_are_counted_and_named(folder, doctor, capsys):
    (folder / "IMG_1.HEIC").write_bytes(HEIC)
    (folder / "IMG_2.heic").write_bytes(b"whatever")  # by its name alone
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


def test_a_folder_of_such_images_only_says_so(tmp_path, doctor):
    (tmp_path / "A1.heic").write_bytes(HEIC)
    found = doctor(tmp_path)
    assert "1 image of a format that isn't read (HEIC 1)" in found["refusal"]
    assert found["findings"]["unsupported_format"]["count"] == 1


def test_a_photo_with_a_preview_is_a_jpeg_with_one_frame(folder, doctor):
    draw("1211").save(folder / "1211.jpg", format="MPO", save_all=True, append_images=[draw("x")])
    with Image.open(folder / "1211.jpg", formats=["JPEG"]) as image:
        assert image.format == "MPO"
    found = doctor(folder)
    assert not {"wrong_extension", "multiple_frames"} & found["findings"].keys()
    assert found["formats"] == {"PNG": 27, "JPEG": 1}
