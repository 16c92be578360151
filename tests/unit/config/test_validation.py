"""Values of a wrong type are refused with their key."""

import pytest

from ocr.config.compose import compose_without_run
from ocr.config.validation import require_types
from ocr.errors import UserError


@pytest.mark.parametrize(
    "word,expected",
    [
        ("encoder.num_layers=three", "encoder.num_layers=three: give a whole number"),
        (
            "encoder.growth=fast",
            "encoder.growth=fast: give a number",
        ),  # annotated in the base class
        ("encoder.units=1e12", "encoder.units=1000000000000.0: give a whole number"),
        ("recurrent.hidden_size=[1,2]", "recurrent.hidden_size=[1, 2]: give a whole number"),
        ("recurrent.hidden_size=x", "recurrent.hidden_size=x: give a whole number"),
        ("head.blank_prior=x", "head.blank_prior=x: give a number"),
        ("optimizer.lr=fast", "optimizer.lr=fast: give a number"),
        ("optimizer.fused=yes", "optimizer.fused=yes: give true or false"),
        (
            "scheduler.pct_start=x",
            "scheduler.pct_start=x: give a number",
        ),  # the target is a function
        ("trainer.gradient_clip_val=x", "trainer.gradient_clip_val=x: give a number"),
        (
            "callbacks.early_stopping.patience=x",
            "callbacks.early_stopping.patience=x: give a whole number",
        ),
        (
            "callbacks.health_monitor.blank_steps=x",
            "callbacks.health_monitor.blank_steps=x: give a whole number",
        ),
    ],
)
def test_a_value_of_a_wrong_type_is_refused(word, expected):
    with pytest.raises(UserError) as caught:
        require_types(compose_without_run([word]))
    assert str(caught.value) == expected


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["optimizer.lr=1", "encoder.num_layers=4", "callbacks.early_stopping.patience=null"],
        ["trainer.devices=auto", "trainer.precision=32-true", "trainer.deterministic=warn"],
        ["optimizer.lr=${trainer.gradient_clip_val}"],
        ["experiment=keras"],
        ["experiment=original"],
        ["logger=tensorboard"],
        [
            "encoder._target_=ocr.models.encoders.Nonsense",
            "encoder.growth=fast",
        ],  # refused by `build`
    ],
)
def test_other_values_are_accepted(words):
    require_types(compose_without_run(words))
