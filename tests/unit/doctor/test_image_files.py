"""Image files that are truncated, misnamed, blank or of odd size."""

import shlex
import subprocess

import numpy as np
from conftest import draw
from doctor_folders import labelled
from PIL import Image, ImageDraw

from ocr import cli


def test_truncated_images_are_set_aside(folder, tmp_path, doctor):
    (folder / "121.png").write_bytes((folder / "121.png").read_bytes()[:-30])
    found = doctor(folder)["findings"]["truncated_images"]
    assert found["count"] == 1
    assert found["examples"][0].startswith("121.png: ")
    assert "rm" not in found["fix"].split()  # it still shows most of the text
    subprocess.run(found["fix"], shell=True, check=True)
    assert (tmp_path / "images_set_aside" / "121.png").exists()


def test_fix_of_wrong_extension_renames_the_file(folder, doctor):
    draw("123").save(folder / "123.png", format="JPEG")
    found = doctor(folder)["findings"]
    assert found["wrong_extension"]["examples"] == ["123.png: JPEG inside"]
    subprocess.run(found["wrong_extension"]["fix"], shell=True, check=True)
    assert (folder / "123.jpg").exists()
    assert doctor(folder)["findings"] == {}


def test_many_files_are_fixed_by_one_command(folder, doctor, capsys):
    for name in ("121", "122", "123", "131"):
        draw(name).save(folder / f"{name}.png", format="JPEG")
    fix = doctor(folder)["findings"]["wrong_extension"]["fix"]
    summary, _, command = fix.partition(": ")
    assert summary == "rename the files"
    assert command == f"python -m ocr doctor {folder} --fix wrong_extension | sh"
    cli.main(shlex.split(command.removesuffix(" | sh"))[3:])
    subprocess.run(capsys.readouterr().out, shell=True, check=True)
    assert doctor(folder)["findings"] == {}


def test_transparent_blank_images_are_found(folder, doctor):
    Image.new("RGBA", (60, 24), (0, 0, 0, 0)).save(folder / "121.png")
    text = Image.new("RGBA", (60, 24), (255, 255, 255, 0))
    ImageDraw.Draw(text).text((4, 2), "122", fill=(0, 0, 0, 255))
    text.save(folder / "122.png")
    found = doctor(folder)
    assert found["transparent"] == 2
    assert found["findings"]["transparent_blank"]["examples"] == ["121.png"]
    assert "blank_images" not in found["findings"]


def test_blank_images_are_found(folder, doctor):
    Image.new("L", (60, 24), 200).save(folder / "121.png")
    dot = Image.new("L", (60, 24), 255)
    dot.putpixel((30, 12), 0)
    dot.save(folder / "122.png")
    found = doctor(folder)["findings"]["blank_images"]
    assert [example.partition(":")[0] for example in found["examples"]] == ["121.png", "122.png"]


def test_images_of_faint_noise_are_blank(folder, doctor):
    noise = np.random.default_rng(0).normal(200, 3, (240, 600)).clip(0, 255)
    Image.fromarray(noise.astype(np.uint8)).save(folder / "121.png")
    found = doctor(folder)["findings"]["blank_images"]
    assert [example.partition(":")[0] for example in found["examples"]] == ["121.png"]


def test_images_of_odd_size_are_found(folder, doctor):
    draw("121", (60, 240)).save(folder / "121.png")
    found = doctor(folder)
    assert found["findings"]["odd_size"]["examples"] == ["121.png: 60 x 240"]
    assert found["heights"]["max"] == 240


def test_image_of_a_caption_too_long_is_not_of_odd_size(folder, doctor):
    draw("12", (120, 24)).save(folder / f"{'1' * 200}.png")
    found = doctor(folder)["findings"]
    assert "caption_too_long" in found and "odd_size" not in found


def test_wide_image_of_a_long_caption_is_not_of_odd_size(folder, doctor):
    rows = {f"{n}.png": str(n) * 12 for n in (4, 5)}
    for name, text in rows.items():
        draw(text, (240, 24)).save(folder / name)
    assert "odd_size" not in doctor(labelled(folder, rows))["findings"]
