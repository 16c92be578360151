"""Every script under benchmarks/ at its smallest size."""

import shutil

import pytest
from conftest import ROOT, SMALL
from scripts import run_script

TRIAL = ("trainer.max_epochs=1", "data.count=40")
ONCE = (*SMALL, "trainer.max_epochs=1", "data.min_images=1")
REST = ("--", *TRIAL)
# What each prints; {folder} has images that their names caption, {zip} is a folder of such a zip.
SCRIPTS = {
    "beside": (["--images", "2", "--repeats", "1", "--calls", "1"], "exit codes of 2 calls: [0]"),
    "big_folder": (["--images", "60", "--cache-mb", "1"], "listed 60 images"),
    "doctor": (["--images", "5"], "findings"),
    "few_labels": (
        ["--data={folder}", "--labels", "15", "--seeds", "0", "--only", "default", "--", *ONCE],
        "15 labels, default, seed 0",
    ),
    "packed": (["--images", "60", "--batches-of", "8"], "data=packed"),
    "panel": (["--data={zip}", "--", *ONCE], "images"),
    "plateau": (["--data={folder}", "--seeds", "1", "--", *ONCE], "of 1 seeds at 90 %"),
    "search table": (
        ["table", "--set=synthetic", "--trials=1", "--scratch={zip}", "--out={zip}/t.csv", *REST],
        "1 trials in t.csv",
    ),
    "search surrogate": (["surrogate", "--repeats", "1", "--samplers", "random"], "random"),
    "search pruning": (["pruning", "--repeats", "1"], "hyperband"),
    "search overhead": (["overhead", "--trials", "2", "--images", "40"], "s a trial"),
    "step": (["--repeats", "1", "--matrix", "64", *SMALL[:6]], "GFLOP/s"),
    "throughput": (["--images", "24", "--epochs", "2", "--repeats", "1"], "images/s"),
    "time_to_accuracy": (["--data={folder}", "--seeds", "1", "--", *ONCE], "test exact match"),
    "widths": (["--repeats", "1", "--epochs", "2", "{zip}/images.zip", *SMALL], "peak MiB"),
}
PARTS = {"drawn", "process", "search_sets", "training", "trials"}  # of the others


def test_every_script_is_here():
    scripts = {path.stem for path in (ROOT / "benchmarks").glob("*.py")}
    assert scripts - PARTS == {name.partition(" ")[0] for name in SCRIPTS}


@pytest.mark.parametrize("name", SCRIPTS)
def test_it_runs(tmp_path, folder, name):
    words, printed = SCRIPTS[name]
    place = tmp_path / "zip"
    shutil.make_archive(str(place / "images"), "zip", tmp_path, folder.name)
    words = [word.format(folder=folder, zip=place) for word in words]
    script = ROOT / "benchmarks" / f"{name.partition(' ')[0]}.py"
    log = tmp_path / "output"
    reason = run_script([str(script), *words], str(tmp_path), log)
    assert reason is None, log.read_text()
    assert printed in log.read_text()
