"""Values that follow from the data."""

import logging
from math import ceil
from types import SimpleNamespace

import pytest
from conftest import config
from omegaconf import OmegaConf

from ocr.data.images.preprocessing import Preprocessor
from ocr.data.loader import Loader
from ocr.data.samples import Sample
from ocr.data.text.charset import Charset
from ocr.data.text.unicode import TextNormalizer
from ocr.training import auto


def data(width: int, text: str, count: int = 100):
    samples = [Sample(str(i), text, i, width) for i in range(count)]
    return SimpleNamespace(
        parts={"train": samples, "val": samples},
        repeats=ceil(640 / count),
        loader=Loader(batch_size=8),
        preprocessor=Preprocessor(height=44),
        charset=Charset.from_texts([text]),
        source=SimpleNamespace(normalizer=TextNormalizer()),
    )


@pytest.mark.parametrize(
    "width,text,stride",
    [
        (200, "ABCDE", 4),
        (60, "ABCDEFGHIJ", 4),  # 6 pixels per character
        (59, "ABCDEFGHIJ", 2),
        (59, "AAAAAAAAAA", 2),  # needs 19 time steps
        (50, "AAAAAAAAAA", 1),
        (5, "ABCDEFGHIJ", 1),
    ],
)
def test_the_stride_gives_ctc_room(width, text, stride):
    chosen = config()
    auto.resolve(chosen, data(width, text))
    assert chosen.model.encoder.stride == stride


def test_few_long_captions_do_not_change_the_stride():
    many = data(200, "ABCDE", 100)
    many.parts["train"][0] = Sample("long", "A" * 90, 0, 200)
    chosen = config()
    auto.resolve(chosen, many)
    assert chosen.encoder.stride == 4


def test_captions_too_long_for_any_stride_are_ignored():
    few = data(200, "ABCDE", 20)
    few.parts["train"][0] = Sample("wrong", "A" * 120, 0, 200)
    chosen = config()
    auto.resolve(chosen, few)
    assert chosen.encoder.stride == 4


@pytest.mark.parametrize(
    "count,length,epochs",
    [(50, 5, 74), (720, 5, 67), (1800, 5, 27), (50_000, 5, 8), (720, 1, 67), (720, 20, 36)],
)
def test_small_sets_get_more_epochs(count, length, epochs):
    chosen = config()
    auto.resolve(chosen, data(200, "A" * length, count))
    assert chosen.trainer.max_epochs == epochs


@pytest.mark.parametrize("count,patience", [(5, 150), (25, 30), (500, 15)])
def test_small_validation_parts_get_more_patience(count, patience):
    chosen = config()
    auto.resolve(chosen, data(200, "ABCDE", count))
    assert chosen.callbacks.early_stopping.patience == patience


@pytest.mark.parametrize(
    "effort,channels,epochs,patience",
    [("quick", 16, 27, 6), ("normal", 24, 67, 15), ("thorough", 32, 100, 22)],
)
def test_effort_scales_channels_epochs_and_patience(effort, channels, epochs, patience):
    chosen = config(f"effort={effort}")
    auto.resolve(chosen, data(200, "ABCDE", 720))
    assert chosen.model.encoder.channels == channels
    assert chosen.trainer.max_epochs == epochs
    assert chosen.callbacks.early_stopping.patience == patience


@pytest.mark.parametrize("encoder,channels", [("conv", 21), ("vgg", 21), ("resnet", 32)])
def test_effort_scales_the_channels_of_every_encoder(encoder, channels):
    chosen = config("effort=thorough", f"encoder={encoder}")
    assert chosen.model.encoder.channels == channels


def test_effort_does_not_change_given_values():
    patience = "callbacks.early_stopping.patience"
    chosen = config(
        "effort=thorough", "encoder.channels=8", "trainer.max_epochs=3", f"{patience}=7"
    )
    auto.resolve(chosen, data(200, "ABCDE", 720))
    assert chosen.model.encoder.channels == 8 and chosen.trainer.max_epochs == 3
    assert chosen.callbacks.early_stopping.patience == 7


def test_fewer_views_give_fewer_epochs():
    chosen, some = config(), data(200, "ABCDE", 720)
    some.loader = Loader(batch_size=8, views=config("data=synthetic").data.views)
    auto.resolve(chosen, some)
    assert some.loader.views == 24_000 and chosen.trainer.max_epochs == 33


def test_without_early_stopping_there_is_no_patience():
    chosen = config("callbacks.early_stopping=null")
    auto.resolve(chosen, data(200, "ABCDE"))
    assert chosen.callbacks.early_stopping is None


def test_a_batch_is_at_most_the_training_part(caplog):
    caplog.set_level(logging.INFO, "ocr")
    small = data(200, "ABCDE", 5)
    auto.resolve(config(), small)
    assert small.loader.batch_size == 5
    assert "data.batch_size=8 is more than the 5 training images" in caplog.text


def test_a_run_without_training_reports_only_the_stride(caplog):
    caplog.set_level(logging.INFO, "ocr")
    auto.resolve(config("fit=false"), data(200, "ABCDE"))
    assert caplog.messages == ["chosen by the data: encoder.stride=4"]


@pytest.mark.parametrize(
    "count,length,key,grace",
    [
        (100, 5, "min_resource", 6),
        (720, 5, "n_warmup_steps", 6),
        (2400, 5, "min_resource", 3),
        (400, 40, "min_resource", 2),
        (50_000, 5, "n_warmup_steps", 1),
    ],
)
def test_trials_of_large_sets_are_compared_sooner(count, length, key, grace):
    chosen = config(f"+callbacks.trial.pruner.{key}=null")
    auto.resolve(chosen, data(200, "A" * length, count))
    assert chosen.callbacks.trial.pruner == {key: grace}


def test_a_trial_without_a_pruner_config_is_left_alone():
    chosen = config("+callbacks.trial.pruner=null")
    auto.resolve(chosen, data(200, "ABCDE"))
    assert chosen.callbacks.trial.pruner is None


def test_given_values_are_kept():
    chosen = config(
        "encoder.stride=8",
        "trainer.max_epochs=3",
        "callbacks.early_stopping.patience=7",
        "+callbacks.trial.pruner={min_resource: 4, lower: null}",
    )
    auto.resolve(chosen, data(200, "ABCDE"))
    assert chosen.callbacks.trial.pruner == {"min_resource": 4, "lower": None}
    assert (chosen.encoder.stride, chosen.trainer.max_epochs) == (8, 3)
    assert chosen.callbacks.early_stopping.patience == 7


@pytest.mark.parametrize("text", ["ABC", "12", " no", "$${{}}", "a'\":#"])
def test_what_images_and_captions_decide_is_filled_in(text):
    chosen = config()
    auto.resolve(chosen, data(200, text))
    written = OmegaConf.create(OmegaConf.to_yaml(chosen.data))
    assert (written.height, written.channels, written.polarity) == (44, 1, "keep")
    assert (written.charset, written.order) == ("".join(sorted({*text})), "visual")


def test_a_charset_that_cannot_be_given_stays_open():
    chosen = config()
    auto.resolve(chosen, data(200, "e\u0301"))  # composed, it is one letter
    assert chosen.data.charset is None
