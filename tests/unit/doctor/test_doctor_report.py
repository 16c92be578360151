"""The report as text and as JSON, its exit code, and mistakes on the command line."""

import json
import shlex
import subprocess
import sys

import pytest
from conftest import draw
from doctor_folders import table

from ocr import cli
from ocr.doctor.scan import scan_folder


def test_clean_folder_has_no_findings(folder, doctor):
    found = doctor(folder)
    assert found["findings"] == {}
    assert found["code"] == 0
    assert found["images"] == 27
    assert sum(found["parts"].values()) == 27
    assert found["formats"] == {"PNG": 27}
    assert found["modes"] == {"L": 27}
    assert found["characters"] == {"1": 27, "2": 27, "3": 27}
    assert found["widths"]["min"] == found["widths"]["max"] == 60
    assert found["captions"] == {"train": "name"}


def test_report_of_a_clean_folder_as_text_writes_no_file(folder, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    cli.main(["doctor", str(folder)])
    assert "No problems found" in capsys.readouterr().out
    assert sorted(tmp_path.rglob("*")) == before


def test_text_has_message_example_effect_and_fix(folder, capsys):
    (folder / "broken.png").write_bytes(b"no image")
    cli.main(["doctor", str(folder)])
    out = capsys.readouterr().out
    assert "Unreadable images: 1  (unreadable_images)" in out
    assert "broken.png: not an image" in out
    assert "effect  training skips them" in out
    assert f"fix     rm -- {folder / 'broken.png'}" in out


def test_too_many_skipped_images_refuse_training(folder, doctor):
    for name in ("a", "b", "c"):
        (folder / f"{name}.png").write_bytes(b"no image")
    found = doctor(folder)
    assert found["code"] == 1
    assert "3 of 30 images are left out" in found["refusal"]
    words = shlex.split(found["findings"]["training_refused"]["fix"].partition(" train ")[2])
    assert doctor(folder, words[-1])["code"] == 0


@pytest.mark.parametrize("content", [{}, {"a.png": b"no image"}, {"1.png": None, "2.png": None}])
def test_folders_without_usable_images_refuse_training(tmp_path, doctor, content):
    for name, data in content.items():
        draw(name).save(tmp_path / name) if data is None else (tmp_path / name).write_bytes(data)
    found = doctor(tmp_path)
    assert found["code"] == 1
    assert found["findings"]["training_refused"]["examples"] == [found["refusal"]]


@pytest.mark.parametrize("fitting", [0, 1])
@pytest.mark.parametrize("as_json", [True, False])
def test_captions_that_are_all_too_long_are_reported(folder, capsys, fitting, as_json):
    names = sorted(path.name for path in folder.iterdir())
    table(folder, names, lambda name: "1" if names.index(name) < fitting else '{"a": 1}' * 40)
    with pytest.raises(SystemExit) as end:
        cli.main(["doctor", str(folder), *(["--json"] if as_json else [])])
    out = capsys.readouterr().out
    assert end.value.code == 1
    if as_json:
        report = json.loads(out)
        assert {"training_refused", "caption_too_long"} <= {
            one["kind"] for one in report["findings"]
        }
    else:
        assert "(caption_too_long)" in out


def test_labels_option_selects_the_captions(folder, doctor):
    (folder / "texts.csv").write_text("file,label\n111.png,122\n112.png,123\n")
    found = doctor(folder, "--labels", "texts.csv", "data.test_size=0", "data.val_size=0.5")
    assert found["captions"] == {"train": "texts.csv"}
    assert found["images"] == 27
    assert sum(found["parts"].values()) == 2
    assert found["findings"]["missing_captions"]["count"] == 25


def test_unknown_characters_can_refuse_fine_tuning(folder, doctor, checkpoint):
    found = doctor(folder, f"init_from={checkpoint}", "init_charset=fail")
    assert found["code"] == 1
    assert "characters that init_from doesn't know: '3'" in found["refusal"]


def test_mistakes_on_the_command_line_are_named_without_traceback(folder, capsys):
    for arguments, word in (
        ([str(folder / "nowhere")], "no such folder"),
        ([str(folder), "data.hight=3"], "data.hight"),
        ([str(folder), "--fix", "nonsense"], "nonsense"),
        ([str(folder), "data=packed"], "data=packed"),
        ([str(folder), "data.splicing=2"], "data.splicing=2"),
        ([str(folder), "data.splicing=null"], "data.splicing=None"),
        ([str(folder), "~data.splicing"], "data.splicing=None"),
        ([str(folder), "augment.tilt=abc"], "tilt"),
        ([str(folder), "encoder.kernel_size=4"], "kernel_size"),
    ):
        with pytest.raises(SystemExit) as end:
            cli.main(["doctor", *arguments])
        assert end.value.code not in (0, None)
        output = f"{end.value.code}{''.join(capsys.readouterr())}"
        assert word in output
        assert "Traceback" not in output


def test_time_steps_equal_those_of_the_network(folder, monkeypatch):
    scan = scan_folder(folder, None, ["data.height=24"])
    known = [scan.time_steps(width) for width in range(1, 200)]
    monkeypatch.setattr("ocr.doctor.scan.ENCODERS", ())  # as for a user's own encoder
    assert [scan.time_steps(width) for width in range(1, 200)] == known


def test_torch_is_not_imported(folder):
    code = """
import sys
from ocr.cli import main
main(["doctor", sys.argv[1]])
assert not {"torch", "pytorch_lightning", "torchmetrics", "matplotlib"} & sys.modules.keys()
"""
    run = subprocess.run([sys.executable, "-c", code, folder], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
