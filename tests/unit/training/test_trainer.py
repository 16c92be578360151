"""Lightning's flags, and runs without optional callbacks."""

import csv
import json

import pytest
from conftest import NORMALIZER, SMALL, config
from conftest import train as command

from ocr import compose, train
from ocr.config.instantiate import build
from ocr.errors import UserError
from ocr.training.trainer import require_flags

QUIET = ("callbacks.progress_bar=null", "callbacks.model_summary=null", "data.min_images=1")


@pytest.fixture
def run(tmp_path, folder):
    """A function that trains in this process; it returns metrics.json and the run folder."""

    def trained(*words):
        place = tmp_path / "run"
        own = [w for w in SMALL if w.partition("=")[0] not in {x.partition("=")[0] for x in words}]
        fixed = ("data=folder", f"data.dir={folder}", f"hydra.run.dir={place}")
        result = train(compose([*fixed, *QUIET, *own, *words]))
        assert result.folder == place
        return json.loads((place / "metrics.json").read_text()), place

    return trained


@pytest.mark.parametrize(
    "word",
    [
        "fast_dev_run=true",
        "fast_dev_run=2",
        "barebones=true",
        "enable_checkpointing=false",
        "logger=false",
        "limit_train_batches=0",
        "limit_val_batches=0",
        "limit_val_batches=0.0",
        "limit_test_batches=0",
        "max_time=60",
        "max_steps=0",
        "check_val_every_n_epoch=0",
        "val_check_interval=0",
        "val_check_interval=00:00:01:00",
        "accumulate_grad_batches=0",
        "precision=64-true",
    ],
)
def test_flags_that_make_a_run_fail_are_refused(word):
    with pytest.raises(UserError) as error:
        require_flags(config(f"++trainer.{word}"))
    assert str(error.value).startswith(f"trainer.{word.partition('=')[0]}=")


def test_max_epochs_0_only_splits_the_data(tmp_path, folder):
    place = tmp_path / "run"
    code, output = command(
        "data=folder", f"data.dir={folder}", *SMALL, "trainer.max_epochs=0",
        f"hydra.run.dir={place}", cwd=tmp_path,
    )  # fmt: skip
    assert code == 1 and output.splitlines()[-1].startswith("error: trainer.max_epochs=0")
    assert "split.csv" in output and len((place / "split.csv").read_text().splitlines()) == 28


def test_required_callbacks_cannot_be_removed():
    with pytest.raises(UserError, match=r"callbacks\.best=null"):
        require_flags(config("callbacks.best=null"))
    with pytest.raises(UserError, match=r"callbacks\.character_alignment=null"):
        require_flags(config("callbacks.character_alignment=null", "data.splicing=0.5"))


@pytest.mark.parametrize(
    "words,expected",
    [
        (["++trainer.max_steps=2"], r"trainer\.max_steps=2.*Give 3 or more"),
        (["trainer.check_val_every_n_epoch=3"], r"trainer\.check_val_every_n_epoch=3"),
        (["++trainer.val_check_interval=99"], r"trainer\.val_check_interval=99.*3 batches"),
        (["++trainer.limit_val_batches=0.1"], r"trainer\.limit_val_batches=0\.1"),
        (["++trainer.overfit_batches=0.1"], r"trainer\.overfit_batches=0\.1"),
        (["++trainer.nonsense=3"], r"trainer\.nonsense=3: Trainer has no such argument"),
        (["trainer.max_time=abc"], r"trainer\.max_time=abc"),
        (["callbacks.training_timer=true"], r"callbacks\.training_timer=True"),
    ],
)
def test_a_run_without_a_validation_is_refused_before_training(run, tmp_path, words, expected):
    with pytest.raises(UserError, match=expected):
        run(*words)
    assert not (tmp_path / "run" / "metrics.csv").exists()


def test_scores_count_the_images_that_were_read(run):
    words = ("data.test_size=0.3", "data.val_size=0.3", "data.batch_size=2", "trainer.max_epochs=1")
    metrics, place = run(*words, "+trainer.limit_test_batches=1", "+trainer.limit_val_batches=1")
    with (place / "predictions.csv").open(newline="") as file:
        assert len([*csv.DictReader(file)]) == metrics["images_test"] == 2
    assert metrics["images_val"] == 2 and "val/images" not in metrics
    low, high = metrics["test/exact_match_ci95"]
    assert high - low > 0.6


# All optional callbacks at once, then single parts.
@pytest.mark.parametrize(
    "words",
    [
        [
            f"callbacks.{name}=null"
            for name in config().callbacks
            if name not in ("best", "progress_bar", "model_summary")
        ],
        ["~callbacks.training_timer", "~callbacks.last"],
        ["logger.csv=null"],
        ["+trainer.enable_progress_bar=false", "+trainer.enable_model_summary=false"],
        ["+trainer.max_steps=1", "+trainer.val_check_interval=1"],
        ["trainer.check_val_every_n_epoch=null", "+trainer.val_check_interval=2"],
    ],
)
def test_a_run_works_without_optional_parts(run, words):
    metrics, place = run("trainer.max_epochs=1", *words)
    assert (place / "best.ckpt").exists() and metrics["images_test"] > 0
    timer = not any("training_timer" in word for word in words)
    assert ("fit_seconds" in metrics) == timer
    assert (place / "metrics.csv").exists() == ("logger.csv=null" not in words)


@pytest.mark.parametrize(
    "section,key,value",
    [
        ("optimizer", "lr", -1),
        ("optimizer", "weight_decay", -1),
        ("encoder", "num_layers", [1, 2]),
        ("encoder", "norm", [1, 2]),
        ("recurrent", "hidden_size", -1),
        ("scheduler", "pct_start", 3),
        ("optimizer", "nonsense", 3),
    ],
)
def test_a_refused_value_is_named_by_its_key(section, key, value):
    from torch import nn, optim

    model = config(f"++{section}.{key}={value}", "encoder.stride=4").model
    parameters = [nn.Parameter()]
    with pytest.raises(UserError) as error:
        if section == "optimizer":
            build(model.optimizer, parameters, section=section)
        elif section == "scheduler":
            build(model.scheduler, optim.SGD(parameters), 1, section=section)
        else:
            build(model, symbols="12", preprocessor=NORMALIZER, section="model")
    assert f"{section}.{key}={value}" in str(error.value) and "\n" not in str(error.value)


def test_a_refused_run_removes_only_its_own_files(tmp_path, folder):
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "note.txt").touch()
    words = ("data=folder", f"data.dir={folder}", "optimizer.lr=-1")
    for place, left in (("a/b", None), ("kept", ["note.txt"])):
        code, output = command(*words, f"hydra.run.dir={place}", cwd=tmp_path)
        assert code == 1 and "optimizer.lr=-1" in output
        there = sorted(p.name for p in (tmp_path / place).iterdir()) if left else None
        assert there == left
    assert not (tmp_path / "a").exists()


def test_damaged_images_suggest_the_doctor_and_keep_skipped_csv(tmp_path, folder):
    for path in [*folder.iterdir()][:5]:
        path.write_bytes(b"nothing")
    words = ("data=folder", f"data.dir={folder}", "data.labels=name", "hydra.run.dir=run")
    code, output = command(*words, cwd=tmp_path)
    assert code == 1 and f"python -m ocr doctor {folder} data.labels=name" in output
    assert (tmp_path / "run" / "skipped.csv").exists()
    code, output = command(*words, "data.height=-1", cwd=tmp_path)
    assert code == 1 and "doctor" not in output
