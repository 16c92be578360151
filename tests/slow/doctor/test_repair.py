"""Fixes can be run, and lose nothing of value."""

import subprocess

import pytest
from conftest import draw
from PIL import Image

from ocr import cli


def fix(doctor, capsys, folder, kind, *arguments):
    """Run the commands of `--fix KIND`."""
    cli.main(["doctor", str(folder), "--fix", kind, *arguments])
    commands = capsys.readouterr().out
    subprocess.run(commands, shell=True, check=True)
    return commands


def test_only_files_without_image_are_deleted(folder, tmp_path, doctor, capsys):
    (folder / "1211.png").write_bytes(b"")
    (folder / "1212.png").write_bytes(b"<!DOCTYPE html><html>404</html>")
    (folder / "1213.png").write_bytes(b"\x89PNG\r\n\x1a\n and then damage")
    commands = fix(doctor, capsys, folder, "unreadable_images", "data.max_skipped=0.9")
    assert sorted(path.name for path in (tmp_path / "images_set_aside").iterdir()) == ["1213.png"]
    assert commands.count("rm -- ") == 2
    assert doctor(folder)["findings"] == {}


def test_images_of_any_name_are_set_aside(tmp_path, doctor, capsys, monkeypatch):
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
    fix(doctor, capsys, folder, "blank_images", *arguments)
    assert len([*(tmp_path / "-data 'of mine'_set_aside").rglob("*.png")]) == 6
    assert "blank_images" not in doctor(folder, *arguments)["findings"]


@pytest.mark.parametrize("link", [False, True])
def test_set_aside_is_in_no_folder_that_is_read(folder, tmp_path, doctor, capsys, link):
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


def test_files_set_aside_are_not_overwritten(folder, tmp_path, doctor, capsys):
    for shade in (200, 180):
        Image.new("L", (60, 24), shade).save(folder / "121.png")
        fix(doctor, capsys, folder, "blank_images")
    names = sorted(path.name for path in (tmp_path / "images_set_aside").iterdir())
    assert names == ["121.1.png", "121.png"]


@pytest.mark.parametrize(
    "kind",
    ["blank_images", "exact_duplicates", "truncated_images", "odd_size", "transparent_blank"],
)
def test_other_images_are_never_deleted(folder, doctor, kind):
    Image.new("L", (60, 24), 200).save(folder / "121.png")
    (folder / "112.png").write_bytes((folder / "112.png").read_bytes()[:-30])
    draw("133", (60, 240)).save(folder / "133.png")
    Image.new("RGBA", (60, 24), (0, 0, 0, 0)).save(folder / "223.png")
    (folder / "more").mkdir()
    (folder / "more" / "111.png").write_bytes((folder / "111.png").read_bytes())
    finding = doctor(folder, "data.recursive=true", "data.max_skipped=0.9")["findings"][kind]
    assert finding["commands"] and all(c.startswith("mkdir -p -- ") for c in finding["commands"])
