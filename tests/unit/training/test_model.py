"""The network of a run, and the values that it takes from a checkpoint."""

import json
import sys

import pytest
import torch
from conftest import NETWORK, NORMALIZER, SMALL, config, draw, saved, trained

from ocr import Reader
from ocr.cli import main
from ocr.config.instantiate import build
from ocr.errors import UserError
from ocr.training.checks import check_values
from ocr.training.model import apply_checkpoint, build_model


def applied(*overrides):
    """Return the config of a run after `apply_checkpoint`."""
    composed = config(*overrides)
    apply_checkpoint(composed, overrides)
    return composed


def fine_tuned(checkpoint, folder, *overrides):
    """Return the data and the model of a run that starts with a checkpoint."""
    words = ("data=folder", f"data.dir={folder}", f"init_from={checkpoint}", *overrides)
    composed = applied(*words)
    data = build(composed.data)
    return data, build_model(composed, data)


@pytest.mark.parametrize("key", ["init_from", "ckpt_path"])
def test_the_network_comes_from_the_checkpoint(checkpoint, key):
    model = applied(f"{key}={checkpoint}").model
    expected = config(*SMALL, *NETWORK).model
    assert {**model, "optimizer": None} == {**expected, "optimizer": None}
    assert applied(f"{key}={checkpoint}").data.height == 24


def test_values_on_the_command_line_take_precedence(checkpoint, caplog):
    caplog.set_level("INFO", "ocr")
    composed = applied(
        f"init_from={checkpoint}", "encoder.dropout=0.3", "data.height=32", "head=linear"
    )
    assert composed.model.encoder.dropout == 0.3 and composed.model.encoder.num_layers == 2
    assert composed.data.height == 32 and composed.data.channels == 1
    assert composed.model.head == config().model.head
    [line] = caplog.messages
    assert "encoder.num_layers=2" in line and "encoder._target_=ocr.models.encoders.VGG" in line
    for key in ("dropout", "data.height", "head", "kernel_size"):
        assert key not in line


def test_an_option_of_the_same_class_takes_its_values_from_the_checkpoint(checkpoint):
    composed = applied(f"init_from={checkpoint}", "encoder=vgg", "++encoder.units_2=0")
    assert composed.model.encoder == config(*SMALL, *NETWORK).model.encoder


def test_a_key_that_the_checkpoint_lacks_is_left_out(tmp_path):
    network = config(*SMALL, "encoder=resnet", "~encoder.plain_stem").model
    old = saved(network, tmp_path / "old.ckpt")
    model = applied(f"init_from={old}", "encoder=resnet", "encoder.dropout=0.3").model
    assert "plain_stem" not in model.encoder and model.encoder.dropout == 0.3


def test_without_a_checkpoint_the_config_is_unchanged():
    assert applied("encoder.units=3") == config("encoder.units=3")


def test_init_from_and_ckpt_path_together_are_refused(checkpoint):
    with pytest.raises(UserError, match=r"init_from.*ckpt_path"):
        applied(f"init_from={checkpoint}", f"ckpt_path={checkpoint}")


@pytest.mark.parametrize("how,symbols", [("union", "12x3"), ("new", "123")])
def test_init_charset_decides_charset_and_weights(checkpoint, folder, how, symbols):
    data, recognizer = fine_tuned(checkpoint, folder, f"init_charset={how}")
    assert recognizer.charset.symbols == data.charset.symbols == symbols
    assert recognizer.hparams["symbols"] == symbols
    assert recognizer.hparams["preprocessor"] == data.preprocessor.state() == NORMALIZER
    assert sum(map(len, data.parts.values())) == 27 and not data.skipped
    old = Reader.load(checkpoint).model.state_dict()
    new = recognizer.model.state_dict()
    for symbol in "12":
        rows = "12x".index(symbol) + 1, symbols.index(symbol) + 1
        assert torch.equal(old["head.1.weight"][rows[0]], new["head.1.weight"][rows[1]])
    ids = data.dataset("val")[0][1]
    assert data.charset.decode(ids) == data.parts["val"][0].text


def test_init_charset_fail_refuses_new_characters_and_keeps_the_charset(checkpoint, folder):
    with pytest.raises(UserError, match=r"doesn't know: '3'"):
        fine_tuned(checkpoint, folder, "init_charset=fail")
    for path in folder.glob("*3*"):
        path.unlink()
    for caption in ("1111", "2222", "1221", "2112", "1212", "2121"):
        draw(caption).save(folder / f"{caption}.png")
    words = ("init_charset=fail", "data.val_size=0.3", "data.test_size=0")
    data, recognizer = fine_tuned(checkpoint, folder, *words)
    assert data.charset.symbols == recognizer.charset.symbols == "12x"


def test_data_charset_limits_the_new_characters(checkpoint, folder):
    words = ("init_charset=fail", "data.charset=12", "data.max_skipped=1")
    data, _ = fine_tuned(checkpoint, folder, *words, "data.val_size=0.3")
    assert data.charset.symbols == "12x" and len(data.skipped) == 19


@pytest.mark.parametrize(
    "overrides,words",
    [
        (["init_charset=both"], ["init_charset=both", "union", "new", "fail"]),
        (["encoder=resnet"], ["encoder._target_", "ResNet", "VGG"]),
        (["head=mlp", "head.units=48"], ["head.units (24 saved, 48 given)"]),
        (["data.channels=3"], ["data.channels (1 saved, 3 given)"]),
        (["optimizer.lr=-1"], ["AdamW", "lr=-1"]),
        (["optimizer.weight_decay=-1"], ["AdamW", "weight_decay=-1"]),
        (["scheduler.pct_start=2"], ["scheduler.pct_start=2"]),
        (["effort.width=0"], ["effort.width=0", "above 0"]),
        (["effort.width=.inf"], ["effort.width=.inf", "above 0"]),
        (["effort.width=x"], ["effort.width=x", "above 0"]),
        (["effort.epochs=null"], ["effort.epochs=None", "above 0"]),
    ],
)
def test_wrong_values_are_refused_before_the_scan_of_the_images(checkpoint, overrides, words):
    with pytest.raises(UserError) as error:
        fine_tuned(checkpoint, "nowhere", *overrides)
    for word in words:
        assert word in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", [b"", b"no checkpoint", None])
def test_a_file_that_is_not_a_checkpoint_is_named(tmp_path, content):
    path = tmp_path / "wrong.ckpt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=r"wrong\.ckpt"):
        applied(f"init_from={path}")


@pytest.mark.parametrize("key", ["init_from", "ckpt_path"])
def test_a_truncated_checkpoint_is_called_damaged(checkpoint, key):
    checkpoint.write_bytes(checkpoint.read_bytes()[: checkpoint.stat().st_size // 2])
    with pytest.raises(UserError, match=r"old\.ckpt: damaged.*again"):
        applied(f"{key}={checkpoint}")


def test_checking_values_uses_no_random_numbers():
    state = torch.random.get_rng_state()
    check_values(config("optimizer=adamw"))
    assert torch.equal(torch.random.get_rng_state(), state)


def test_check_values_refuses_a_value_of_a_wrong_type():
    with pytest.raises(UserError, match=r"patience=x: give a whole number"):
        check_values(config("callbacks.early_stopping.patience=x"))


@pytest.mark.parametrize("part", ["encoder", "preprocessor", "order", "symbols", "state_dict"])
def test_a_checkpoint_with_a_wrong_value_is_named(checkpoint, part):
    saved = torch.load(checkpoint, weights_only=True)
    (saved if part in saved else saved["hyper_parameters"])[part] = 3
    torch.save(saved, checkpoint)
    with pytest.raises(UserError, match=r"old\.ckpt"):
        applied(f"init_from={checkpoint}")


def test_a_fine_tuned_reader_reads_and_its_run_can_be_resumed(
    tmp_path, checkpoint, folder, capsys, monkeypatch
):
    words = ("data=folder", f"data.dir={folder}", "data.batch_size=8", "trainer.precision=32-true")
    words = (*words, "data.min_images=1", "optimizer.lr=1e-9", "trainer.max_epochs=1")
    run, _, output = trained(*words, f"init_from={checkpoint}", cwd=tmp_path)
    assert "1 new: '3'" in output
    old, new = Reader.load(checkpoint).model, Reader.load(run / "best.ckpt").model
    for before, after in zip(old.encoder.parameters(), new.encoder.parameters(), strict=True):
        torch.testing.assert_close(after, before, atol=1e-5, rtol=0)

    monkeypatch.setattr(sys, "stdout", sys.stdout)
    main(["read", "--json", str(run / "best.ckpt"), str(folder)])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(lines) == 27 and set("".join(line["text"] for line in lines)) <= set("12x3")

    last = f"ckpt_path={run / 'last.ckpt'}"
    (tmp_path / "more").mkdir()
    _, metrics, _ = trained(*words, "trainer.max_epochs=2", last, cwd=tmp_path / "more")
    assert metrics["epochs"] == 2
