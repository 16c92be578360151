"""Rows and names without a usable caption, missing captions, and unknown characters."""

import os
import shlex
import subprocess

from conftest import draw
from doctor_folders import LENIENT, labelled

from ocr import cli
from ocr.config.compose import compose_without_run


def test_unusable_rows_are_found(folder, doctor):
    rows = {"gone.png": "123", "121.png": "", "122.png": "1\x012", "123.png": "123"}
    labelled(folder, rows)
    with (folder / "labels.csv").open("a") as file:
        file.write("123.png,321\n")
    draw("9").save(folder / "extra.png")
    found = doctor(folder, LENIENT)["findings"]
    for kind in ("missing_images", "control_characters", "conflicting_rows"):
        assert found[kind]["count"] == 1, kind
    assert sorted(found["missing_captions"]["examples"]) == ["121.png", "extra.png"]


def test_pattern_mismatch_and_characters_outside_the_charset_are_found(folder, doctor):
    found = doctor(folder, LENIENT, "data.pattern='(?P<label>[12]+)'")["findings"]
    assert found["pattern_mismatch"]["count"] == 19
    assert (
        found["pattern_mismatch"]["commands"] == []
        and "rm " not in found["pattern_mismatch"]["fix"]
    )
    found = doctor(folder, LENIENT, "data.charset='12'")["findings"]
    assert found["outside_charset"]["count"] == 19
    words = shlex.split(found["outside_charset"]["fix"])
    assert compose_without_run(words[4:]).data.charset == "123"
    assert len([word for word in words if word.startswith("data.charset=")]) == 1
    assert "data.charset" not in found.get("rare_characters", {}).get("fix", "")


def test_fitting_pattern_is_suggested(folder, doctor):
    for i, path in enumerate(sorted(folder.glob("*.png"))):
        path.rename(folder / f"{i}-{path.name}")
    found = doctor(folder, "data.pattern=id_label")["findings"]["pattern_mismatch"]
    assert found["count"] == 27 and found["commands"] == []
    command = found["fix"].partition("set a pattern that all names match: ")[2]
    words = shlex.split(command)
    assert compose_without_run(words[4:]).data.pattern == "id-label"


def test_file_names_that_are_not_unicode_are_reported(folder, doctor, capsys):
    (folder / os.fsdecode(b"\xff.png")).write_bytes(b"x")
    (folder / "a\nb.png").write_bytes(b"x")
    found = doctor(folder, LENIENT)["findings"]
    assert found["control_characters"]["commands"] == []
    subprocess.run(found["pattern_mismatch"]["commands"][0], shell=True, check=True)
    assert not (folder / "a\nb.png").exists()
    cli.main(["doctor", str(folder), LENIENT])
    assert "\\udcff.png" in capsys.readouterr().out


def test_fix_of_a_broken_link_removes_it(folder, doctor):
    (folder / "1234.png").symlink_to(folder / "gone.png")
    [command] = doctor(folder)["findings"]["unusable_rows"]["commands"]
    subprocess.run(command, shell=True, check=True)
    assert doctor(folder)["findings"] == {}
