"""Each thing that can be wrong with a folder is found, and said with what mends it."""

import csv
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import draw
from PIL import Image, ImageDraw

from ocr import cli
from ocr.config.compose import composed
from ocr.doctor.scan import scan_folder

LENIENT = "data.max_skipped=0.9"


def labelled(folder: Path, rows: dict[str, str]) -> Path:
    """`folder` with labels.csv: what its images' names say, and `rows`."""
    rows = {path.name: path.stem for path in sorted(folder.glob("*.png"))} | rows
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("file", "label"), *rows.items()])
    return folder


def resaved(source: Path, to: Path) -> None:
    """The same pixels in other bytes."""
    with Image.open(source) as image:
        image.save(to, compress_level=1)


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


def test_nothing_wrong_is_said_and_nothing_written(folder, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    cli.main(["doctor", str(folder)])
    assert "No problems found" in capsys.readouterr().out
    assert sorted(tmp_path.rglob("*")) == before


def test_table_names_finding_example_training_and_mend(folder, capsys):
    (folder / "broken.png").write_bytes(b"no image")
    cli.main(["doctor", str(folder)])
    out = capsys.readouterr().out
    assert "Unreadable images: 1  (unreadable_images)" in out
    assert "broken.png: not an image" in out
    assert "effect  training skips them" in out
    assert f"fix     rm -- {folder / 'broken.png'}" in out


def test_what_breaks_images_refuses_training(folder, doctor):
    for name in ("a", "b", "c"):
        (folder / f"{name}.png").write_bytes(b"no image")
    found = doctor(folder)
    assert found["code"] == 1
    assert "3 of 30 images are left out" in found["refusal"]
    words = shlex.split(
        found["findings"]["training_refused"]["fix"].partition("python train.py ")[2]
    )
    assert doctor(folder, words[-1])["code"] == 0


def test_truncated(folder, tmp_path, doctor):
    (folder / "121.png").write_bytes((folder / "121.png").read_bytes()[:-30])
    found = doctor(folder)["findings"]["truncated_images"]
    assert found["count"] == 1
    assert found["examples"][0].startswith("121.png: ")
    assert "rm" not in found["fix"].split()  # most of it can be seen
    subprocess.run(found["fix"], shell=True, check=True)
    assert (tmp_path / "images_set_aside" / "121.png").exists()


def test_a_link_that_leads_nowhere_and_the_command_that_mends_it(folder, doctor):
    (folder / "1234.png").symlink_to(folder / "gone.png")
    [command] = doctor(folder)["findings"]["unusable_rows"]["commands"]
    subprocess.run(command, shell=True, check=True)
    assert doctor(folder)["findings"] == {}


def test_wrong_suffix_and_the_command_that_mends_it(folder, doctor):
    draw("123").save(folder / "123.png", format="JPEG")
    found = doctor(folder)["findings"]
    assert found["wrong_extension"]["examples"] == ["123.png: JPEG inside"]
    subprocess.run(found["wrong_extension"]["fix"], shell=True, check=True)
    assert (folder / "123.jpg").exists()
    assert doctor(folder)["findings"] == {}


def test_images_that_training_overlooks(folder, doctor):
    shutil.copy(folder / "111.png", folder / "1112")
    draw("1113").save(folder / "1113.svg", format="jpeg")
    (folder / "notes").write_text("no image")
    (folder / "more").mkdir()
    draw("1121").save(folder / "more" / "1121.png")
    found = doctor(folder)["findings"]
    assert found["missing_extension"]["examples"] == ["1112: PNG inside", "1113.svg: JPEG inside"]
    assert found["unused_subfolders"]["examples"] == ["more/1121.png"]
    assert "data.recursive=true" in found["unused_subfolders"]["fix"]
    for command in found["missing_extension"]["commands"]:
        subprocess.run(command, shell=True, check=True)
    assert (folder / "1112.png").exists() and (folder / "1113.jpg").exists()
    found = doctor(folder, "data.recursive=true")["findings"]
    assert not {"missing_extension", "unused_subfolders"} & found.keys()


@pytest.mark.parametrize("name", ["annotations.xml", "Captions.XLSX"])
def test_captions_that_nobody_reads_are_told_of(folder, doctor, name):
    (folder / name).write_text("[]")
    found = doctor(folder)["findings"]
    assert found["unused_tables"]["examples"] == [name]
    labelled(folder, {})  # captions are read from there
    assert "unused_tables" not in doctor(folder)["findings"]


def test_captions_that_nobody_reads_are_something_to_mend(folder, doctor):
    images = sorted(folder.glob("*.png"))
    for path in images:
        path.rename(path.with_name(f"plate{path.name}"))
    names = [f"plate{path.stem}" for path in images]
    (folder / "plates.tab").write_text("".join(f"{name} X{name[::-1]}\n" for name in names))
    found = doctor(folder)["findings"]["unused_caption_files"]
    assert found["examples"] == ["plates.tab names all of the images"]
    assert found["severity"] == "warning" and "data.labels=plates.tab" in found["fix"]
    assert doctor(folder, "--labels", "plates.tab")["findings"].get("unused_caption_files") is None


def test_texts_beside_the_images_that_nobody_reads_are_something_to_mend(folder, doctor):
    for path in folder.glob("*.png"):
        path.with_name(f"{path.stem}-gt.txt").write_text(f"{path.stem}\n")
    found = doctor(folder)["findings"]["unused_sidecars"]
    assert found["severity"] == "warning" and "data.labels=-gt.txt" in found["fix"]
    assert "unused_sidecars" not in doctor(folder, "data.labels=-gt.txt")["findings"]


@pytest.mark.parametrize(
    "rename,advice",
    [
        (lambda number, name: f"{number:04}", "data.labels=FILE"),
        (lambda number, name: f"{name}_{number}", "data.pattern=label_id or id_label"),
    ],
)
def test_names_that_may_be_no_captions(folder, doctor, rename, advice):
    for number, path in enumerate(sorted(folder.iterdir())):
        path.rename(path.with_stem(rename(number, path.stem)))
    found = doctor(folder, LENIENT)["findings"]["doubtful_names"]
    assert found["count"] == 27 and advice in found["fix"]
    assert "doubtful_names" not in doctor(folder, "data.pattern=label_id", LENIENT)["findings"]


def test_many_are_mended_by_one_command(folder, doctor, capsys):
    for name in ("121", "122", "123", "131"):
        draw(name).save(folder / f"{name}.png", format="JPEG")
    mend = doctor(folder)["findings"]["wrong_extension"]["fix"]
    what, _, command = mend.partition(": ")
    assert what == "rename the files"
    assert command == f"python -m ocr doctor {folder} --fix wrong_extension | sh"
    cli.main(shlex.split(command.removesuffix(" | sh"))[3:])
    subprocess.run(capsys.readouterr().out, shell=True, check=True)
    assert doctor(folder)["findings"] == {}


def test_transparent_that_comes_out_blank(folder, doctor):
    Image.new("RGBA", (60, 24), (0, 0, 0, 0)).save(folder / "121.png")
    text = Image.new("RGBA", (60, 24), (255, 255, 255, 0))
    ImageDraw.Draw(text).text((4, 2), "122", fill=(0, 0, 0, 255))
    text.save(folder / "122.png")
    found = doctor(folder)
    assert found["transparent"] == 2
    assert found["findings"]["transparent_blank"]["examples"] == ["121.png"]
    assert "blank_images" not in found["findings"]


def test_near_empty(folder, doctor):
    Image.new("L", (60, 24), 200).save(folder / "121.png")
    dot = Image.new("L", (60, 24), 255)
    dot.putpixel((30, 12), 0)
    dot.save(folder / "122.png")
    found = doctor(folder)["findings"]["blank_images"]
    assert [example.partition(":")[0] for example in found["examples"]] == ["121.png", "122.png"]


def test_the_noise_of_an_empty_image_is_nothing_to_read(folder, doctor):
    noise = np.random.default_rng(0).normal(200, 3, (240, 600)).clip(0, 255)
    Image.fromarray(noise.astype(np.uint8)).save(folder / "121.png")
    found = doctor(folder)["findings"]["blank_images"]
    assert [example.partition(":")[0] for example in found["examples"]] == ["121.png"]


def test_outlier_in_size(folder, doctor):
    draw("121", (60, 240)).save(folder / "121.png")
    found = doctor(folder)
    assert found["findings"]["odd_size"]["examples"] == ["121.png: 60 x 240"]
    assert found["heights"]["max"] == 240


def test_an_image_is_not_odd_for_a_caption_that_is_too_long(folder, doctor):
    draw("12", (120, 24)).save(folder / f"{'1' * 200}.png")
    found = doctor(folder)["findings"]
    assert "caption_too_long" in found and "odd_size" not in found


def test_wide_images_of_long_captions_are_no_outliers(folder, doctor):
    rows = {f"{n}.png": str(n) * 12 for n in (4, 5)}
    for name, text in rows.items():
        draw(text, (240, 24)).save(folder / name)
    assert "odd_size" not in doctor(labelled(folder, rows))["findings"]


def test_exact_and_near_duplicates(folder, doctor):
    rows = {"copy.png": "111", "again.png": "222"}
    shutil.copy(folder / "111.png", folder / "copy.png")
    resaved(folder / "222.png", folder / "again.png")
    found = doctor(labelled(folder, rows))["findings"]
    assert found["exact_duplicates"]["examples"] == ["copy.png is 111.png"]
    assert found["near_duplicates"]["examples"] == ["again.png is like 222.png"]
    assert found["exact_duplicates"]["fix"] == "remove their rows from labels.csv"


def test_equal_images_with_different_captions(folder, doctor):
    shutil.copy(folder / "111.png", folder / "112.png")
    resaved(folder / "222.png", folder / "223.png")
    found = doctor(folder, LENIENT)["findings"]
    assert found["label_conflicts"]["count"] == 2
    assert found["pixel_label_conflicts"]["count"] == 2
    assert "223.png ('223')" in found["pixel_label_conflicts"]["examples"][0]


def test_unplaceable_and_the_override_that_mends_it(folder, doctor):
    draw("1" * 12).save(folder / f"{'12' * 14}.png")
    for width in ("encoder.stride=4", "data.width=15"):
        found = doctor(folder, LENIENT, width)["findings"]["caption_too_long"]
        first, _, command = found["fix"].partition("; if they are right: ")
        assert first == "correct the captions that are wrong (rename the files)"
        words = shlex.split(command)
        assert words[:3] == ["python", "train.py", "data=folder"]
        assert "caption_too_long" not in doctor(folder, *words[4:])["findings"]


def test_caption_that_no_image_of_its_width_could_hold(folder, doctor):
    draw("1", (2, 24)).save(folder / f"{'12' * 20}.png")
    found = doctor(folder)["findings"]["caption_too_long"]
    assert found["fix"].startswith("correct the captions")
    assert "train.py" not in found["fix"]


def test_characters(folder, doctor):
    rows = {"121.png": "12O", "122.png": "12o", "123.png": "120", "131.png": "1é1"}
    found = doctor(labelled(folder, rows))["findings"]
    assert found["rare_characters"]["count"] == 4
    assert "é 1, in 131.png" in found["rare_characters"]["examples"]
    assert found["rare_characters"]["fix"] == "add images with them"  # others would be too many
    mend = doctor(folder, "data.max_skipped=0.2")["findings"]["rare_characters"]["fix"]
    command = mend.partition("or train without 4 images: ")[2]
    assert doctor(folder, *shlex.split(command)[4:])["code"] == 0
    assert found["confusable_characters"]["count"] == 1
    assert found["confusable_characters"]["examples"][0].startswith("0 1, O 1, o 1; ")
    assert found["mixed_case"]["examples"][0].startswith("o 1, O 1; ")
    assert "split_seed" not in found["unevaluated_characters"]["fix"]  # training needs them all
    assert "homoglyphs" not in found


def test_letters_of_two_scripts(folder, doctor):
    rows = {"111.png": "A11", "112.png": "А12"}  # the second is Cyrillic
    found = doctor(labelled(folder, rows))["findings"]["homoglyphs"]
    [example] = found["examples"]
    assert "U+0410 cyrillic capital letter a 1" in example
    assert found["severity"] == "warning"


def test_other_shapes_of_a_character(folder, doctor):
    found = doctor(labelled(folder, {"111.png": "１11"}))["findings"]["homoglyphs"]
    assert found["fix"].endswith("data.normal_form=NFKC")
    mended = doctor(folder, "data.normal_form=NFKC")["findings"]
    assert "homoglyphs" not in mended


@pytest.mark.parametrize("form", ["NFC", "null"])
def test_mixed_normal_forms(folder, doctor, form):
    rows = {"111.png": "1é1", "112.png": "1e\u03012"}
    found = doctor(labelled(folder, rows), f"data.normal_form={form}")["findings"]
    assert found["mixed_normal_forms"]["count"] == 1
    assert found["mixed_normal_forms"]["severity"] == ("info" if form == "NFC" else "warning")


def test_characters_of_one_part_only(folder, tmp_path, doctor):
    test = tmp_path / "test"
    test.mkdir()
    draw("119").save(test / "119.png")
    found = doctor(folder, f"data.test_dir={test}")["findings"]["untrained_characters"]
    assert found["examples"] == [f"9 1, in {test / '119.png'}"]


def test_leaks(folder, tmp_path, doctor):
    test = tmp_path / "test"
    test.mkdir()
    shutil.copy(folder / "111.png", test)
    resaved(folder / "222.png", test / "222.png")
    draw("321").save(test / "112.png")
    found = doctor(folder, f"data.test_dir={test}")["findings"]["test_leakage"]
    assert found["count"] == 2
    assert f"{test / '111.png'} is 111.png" in found["examples"]
    subprocess.run(found["fix"], shell=True, check=True)
    assert "test_leakage" not in doctor(folder, f"data.test_dir={test}")["findings"]


def test_what_rows_can_do_wrong(folder, doctor):
    rows = {"gone.png": "123", "121.png": "", "122.png": "1\x012", "123.png": "123"}
    labelled(folder, rows)
    with (folder / "labels.csv").open("a") as file:
        file.write("123.png,321\n")
    draw("9").save(folder / "extra.png")
    found = doctor(folder, LENIENT)["findings"]
    for kind in ("missing_images", "control_characters", "conflicting_rows"):
        assert found[kind]["count"] == 1, kind
    assert sorted(found["missing_captions"]["examples"]) == ["121.png", "extra.png"]


def test_names_that_do_not_fit_and_charset(folder, doctor):
    found = doctor(folder, LENIENT, "data.pattern='(?P<label>[12]+)'")["findings"]
    assert found["pattern_mismatch"]["count"] == 19
    assert (
        found["pattern_mismatch"]["commands"] == []
        and "rm " not in found["pattern_mismatch"]["fix"]
    )
    found = doctor(folder, LENIENT, "data.charset='12'")["findings"]
    assert found["outside_charset"]["count"] == 19
    words = shlex.split(found["outside_charset"]["fix"])
    assert composed(words[2:]).data.charset == "123"
    assert len([word for word in words if word.startswith("data.charset=")]) == 1
    assert "data.charset" not in found.get("rare_characters", {}).get("fix", "")


def test_a_pattern_that_all_names_fit_is_told(folder, doctor):
    for i, path in enumerate(sorted(folder.glob("*.png"))):
        path.rename(folder / f"{i}-{path.name}")
    found = doctor(folder, "data.pattern=id_label")["findings"]["pattern_mismatch"]
    assert found["count"] == 27 and found["commands"] == []
    command = found["fix"].partition("give the pattern that all names match: ")[2]
    words = shlex.split(command)
    assert composed(words[2:]).data.pattern == "id-label"


def test_labels_are_given(folder, doctor):
    (folder / "texts.csv").write_text("file,label\n111.png,122\n112.png,123\n")
    found = doctor(folder, "--labels", "texts.csv", "data.test_size=0", "data.val_size=0.5")
    assert found["captions"] == {"train": "texts.csv"}
    assert found["images"] == 27
    assert sum(found["parts"].values()) == 2
    assert found["findings"]["missing_captions"]["count"] == 25


@pytest.mark.parametrize("content", [{}, {"a.png": b"no image"}, {"1.png": None, "2.png": None}])
def test_folders_that_nobody_can_train_on(tmp_path, doctor, content):
    for name, data in content.items():
        draw(name).save(tmp_path / name) if data is None else (tmp_path / name).write_bytes(data)
    found = doctor(tmp_path)
    assert found["code"] == 1
    assert found["findings"]["training_refused"]["examples"] == [found["refusal"]]


def test_mistakes_are_one_line(folder, capsys):
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
        said = f"{end.value.code}{''.join(capsys.readouterr())}"
        assert word in said
        assert "Traceback" not in said


def test_fine_tuning_may_be_what_refuses(folder, doctor, checkpoint):
    found = doctor(folder, f"init_from={checkpoint}", "init_charset=fail")
    assert found["code"] == 1
    assert "characters that init_from doesn't know: '3'" in found["refusal"]


def test_names_that_nobody_can_type(folder, doctor, capsys):
    (folder / os.fsdecode(b"\xff.png")).write_bytes(b"x")
    (folder / "a\nb.png").write_bytes(b"x")
    found = doctor(folder, LENIENT)["findings"]
    assert found["control_characters"]["commands"] == []
    subprocess.run(found["pattern_mismatch"]["commands"][0], shell=True, check=True)
    assert not (folder / "a\nb.png").exists()
    cli.main(["doctor", str(folder), LENIENT])
    assert "\\udcff.png" in capsys.readouterr().out


def test_time_steps_are_those_of_the_network(folder, monkeypatch):
    scan = scan_folder(folder, None, ["data.height=24"])
    known = [scan.time_steps(width) for width in range(1, 200)]
    monkeypatch.setattr("ocr.doctor.scan.ENCODERS", ())  # as if it were of one's own
    assert [scan.time_steps(width) for width in range(1, 200)] == known


def test_it_does_not_wait_for_torch(folder):
    done = """
import sys
from ocr.cli import main
main(["doctor", sys.argv[1]])
assert not {"torch", "pytorch_lightning", "torchmetrics", "matplotlib"} & sys.modules.keys()
"""
    run = subprocess.run([sys.executable, "-c", done, folder], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
