"""Overrides reach Hydra as the user meant them."""

import pytest
from conftest import ROOT

from ocr.config.compose import compose_without_run
from ocr.config.hydra_errors import explain
from ocr.config.overrides import normalize_overrides, options_of
from ocr.config.suggest import guess_key
from ocr.errors import UserError


@pytest.mark.parametrize("text", ["2024_01", "1.50", "1e5", "007", "0x10", "true", "nan", "-1"])
@pytest.mark.parametrize("key", ["data.dir", "data.labels", "data.label_column", "data.charset"])
def test_text_stays_as_it_was_typed(key, text):
    values = compose_without_run(["data=folder", f"{key}={text}"]).data
    assert values[key.removeprefix("data.")] == text


@pytest.mark.parametrize(
    "word,meant",
    [
        ("init_from=2024_01", "init_from='2024_01'"),
        ("hydra.run.dir=1.50", "hydra.run.dir='1.50'"),
        ("+data.group=1e5", "+data.group='1e5'"),
        ("data.dir=2024_01,b", "data.dir='2024_01',b"),  # a sweep
        ("data.dir=choice(1.0,2.0)", "data.dir=choice('1.0','2.0')"),
        ("data.dir='2024_01'", "data.dir='2024_01'"),
        ("data.dir=a/2024_01", "data.dir=a/2024_01"),
        ("data.dir=null", "data.dir=null"),
        ("data.dir=${oc.env:HOME}", "data.dir=${oc.env:HOME}"),
        ("data.height=1_0", "data.height=1_0"),  # the key takes a number
    ],
)
def test_only_text_that_looks_like_a_number_is_quoted(word, meant):
    assert normalize_overrides([word], sweeps=True) == [meant]
    assert normalize_overrides([meant], sweeps=True) == [meant]


@pytest.mark.parametrize("text", ["my data, old", "photos (new)", "~/images", "a=b", "x]"])
def test_text_may_contain_characters_of_hydras_grammar(text):
    assert compose_without_run(["data=folder", f"data.dir={text}"]).data.dir == text


def groups():
    folders = {path.name for path in (ROOT / "conf").iterdir() if path.is_dir()}
    return [*sorted(folders - {"experiment", "hparams_search", "hydra"}), "hydra/launcher"]


@pytest.mark.parametrize("group", groups())
@pytest.mark.parametrize("value", ["null", "3", "true", "[a,3]", ""])
def test_an_invalid_option_lists_the_options_of_its_group(group, value):
    if value.startswith("[") and group in ("callbacks", "logger"):
        pytest.skip("several of its options can be chosen")
    with pytest.raises(UserError) as error:
        normalize_overrides([f"{group}={value}"])
    assert str(error.value).startswith(f"{group}={value}: choose one of ")
    assert all(option in str(error.value) for option in options_of(group))


@pytest.mark.parametrize("word", ["~scheduler", "~logger", "+scheduler=cosine"])
def test_a_group_can_be_neither_removed_nor_added(word):
    with pytest.raises(UserError, match=word.lstrip("+~").partition("=")[0]):
        normalize_overrides([word])


@pytest.mark.parametrize("group", ["experiment", "hparams_search"])
def test_a_null_preset_changes_nothing(group):
    assert compose_without_run([f"{group}=null"]) == compose_without_run([])
    assert compose_without_run(["experiment=keras", "experiment=null"]) == compose_without_run([])
    assert compose_without_run([f"~{group}"]) == compose_without_run([])


@pytest.mark.parametrize(
    "word,key",
    [
        ("epochs", "trainer.max_epochs"),
        ("--epochs", "trainer.max_epochs"),
        ("lr", "optimizer.lr"),
        ("--learning-rate", "optimizer.lr"),
        ("batch_size", "data.batch_size"),
        ("--label", "data.labels"),
        ("patience", "callbacks.early_stopping.patience"),
        ("data.lr", "optimizer.lr"),
        ("qwertyuiop", None),
    ],
)
def test_names_of_other_programs_are_recognized(word, key):
    assert guess_key(word) == key


@pytest.mark.parametrize(
    "word,expected",
    [
        ("epochs=3", "Did you mean trainer.max_epochs=3?"),
        ("lr=0.1", "Did you mean optimizer.lr=0.1?"),
        ("dir=PATH", "Did you mean data=folder data.dir=PATH?"),
        ("sed=3", "Did you mean seed?"),
        ("encoder.growht=2", "Did you mean growth?"),
    ],
)
def test_an_unknown_key_gets_a_suggestion(word, expected, monkeypatch):
    monkeypatch.setattr("sys.argv", ["train.py", word])
    with pytest.raises(Exception) as error:  # Hydra's
        compose_without_run([word])
    assert expected in explain(error.value)
