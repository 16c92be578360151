"""Command lines as people type them: what Hydra gets of them, and what is said of the rest."""

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from ocr.arguments import understood
from ocr.compose import composed
from ocr.errors import UserError


@pytest.mark.parametrize(
    "value",
    ["2024_01", "1.50", "007", "1e5", "true", "~/images", "my data, old", "photos (new)", "a=b"],
)
def test_a_folder_is_taken_as_it_is_typed(value):
    assert composed(["data=folder", f"data.dir={value}"]).data.dir == value


def test_null_and_quotes_are_what_they_are_to_hydra():
    data = composed(["data=folder", "data.dir=null", "data.labels='1.50'"]).data
    assert data.dir is None
    assert data.labels == "1.50"


def test_a_comma_separates_values_to_sweep_over():
    [word, *_] = understood(["data.dir=2024_01,2024_02", "-m"])
    values = OverridesParser.create().parse_override(word).sweep_iterator()
    assert [value.text for value in values] == ["2024_01", "2024_02"]


def test_options_go_under_their_whole_names_behind_the_overrides():
    words = understood(["-c", "job", "seed=3", "--resolve"])
    assert words == ["seed=3", "--cfg", "job", "--resolve"]


@pytest.mark.parametrize(
    "words,line",
    [
        (["--epochs", "3"], "trainer.max_epochs=3"),
        (["--label", "x.csv"], "data=folder data.labels=x.csv"),
        (["data.dir=", "x"], "no space after the =, data.dir=x"),
        (["seed", "=", "3"], "no spaces around the =, seed=3"),
        (["seed", "=3"], "no space before the =, seed=3"),
        (["data.recursive"], "data.recursive: values are given as KEY=VALUE"),
        (["foo"], "foo: values are given as KEY=VALUE, such as trainer.max_epochs=3"),
        (["-m", "--cfg", "job"], "leave --multirun out"),
        (["--cfg"], "--cfg takes a word after it"),
        (["--cfg", "everything"], "choose one of job, hydra, all"),
        (["optimizer=null"], "choose one of adadelta"),
        (["+data=folder"], "leave the + out"),
        (["~callbacks"], "callbacks.NAME=null leaves out a part"),
    ],
)
def test_what_cannot_be_taken_is_told_with_what_may_be_meant(words, line):
    with pytest.raises(UserError) as refusal:
        understood(words)
    assert line in str(refusal.value)


def test_a_folder_alone_is_told_as_an_override(tmp_path):
    with pytest.raises(UserError, match=f"data=folder data.dir={tmp_path}"):
        understood([str(tmp_path)])


@pytest.mark.parametrize("word", ["experiment=null", "hparams_search=null", "~experiment"])
def test_a_group_that_chooses_nothing_may_be_given_nothing(word):
    assert understood([word]) == []
