"""Every command in the docs is one that there is."""

import argparse
import re
import tomllib
from importlib.util import find_spec

import numpy as np
import pytest
from conftest import ROOT, draw
from doc_commands import commands, words_of
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser

from ocr.cli import main

# What can't be parsed here, and why; each is the beginning of a command.
NOT_HERE = {"tensorboard": "a program of its own"}
# Values of the docs that stand for others.


@pytest.mark.parametrize("command", commands())
def test_a_command_of_the_docs(command, monkeypatch, capsys):
    words = words_of(command)
    for beginning, reason in NOT_HERE.items():
        if command.startswith(beginning):
            pytest.skip(reason)
    match words:
        case ["make", target, *_]:
            assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
        case ["pip", "install", package]:
            project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
            [(name, extra)] = re.findall(r"^([\w-]+)\[(\w+)\]$", package)
            assert name == project["name"] and extra in project["optional-dependencies"]
        case ["python", "train.py", *overrides]:
            composes(overrides)
        case ["python", "-m", "ocr", *arguments]:
            parses(arguments, monkeypatch, capsys)
        case ["python", script, *arguments]:
            source = (ROOT / script).read_text()
            flags = [word.partition("=")[0] for word in arguments if word.startswith("--")]
            assert not [flag for flag in flags if f'"{flag}"' not in source]
            if script == "benchmarks/search.py":
                assert f'"{arguments[0]}"' in source
        case _:
            pytest.fail("add to this test how such a command is checked")


def composes(words):
    """Hydra takes the overrides; of a sweep's, the first value each."""
    if any("launcher=ray" in word for word in words) and not find_spec("ray"):
        pytest.skip("Ray isn't installed")
    words = [word for word in words if word not in ("-m", "--cfg", "job")]
    overrides = []
    for override in OverridesParser.create().parse_overrides(words):
        values = override.sweep_string_iterator() if override.is_sweep_override() else None
        overrides.append(
            f"{override.key_or_group}={next(iter(values))}" if values else override.input_line
        )
    with initialize_config_dir(str(ROOT / "conf")):
        compose("train", overrides=overrides, return_hydra_config=True)


def parses(arguments, monkeypatch, capsys):
    """The command line takes them; nothing is run."""
    asked = []
    set_defaults = argparse.ArgumentParser.set_defaults

    def instead(parser, **values):
        set_defaults(parser, **values | ({"run": asked.append} if "run" in values else {}))

    monkeypatch.setattr(argparse.ArgumentParser, "set_defaults", instead)
    if len(arguments) < 2:  # only named
        with pytest.raises(SystemExit) as end:
            main([*arguments, "--help"])
        assert end.value.code == 0 and arguments[-1] in capsys.readouterr().out
        return
    main(arguments)
    [options] = asked
    composes(getattr(options, "overrides", []) and ["data=folder", *options.overrides])


def test_the_docs_have_commands():
    found = commands()
    for beginning in ("python train.py", "python -m ocr", "python benchmarks/", "make", "pip"):
        assert any(command.startswith(beginning) for command in found), beginning


def test_the_example_of_a_reader_runs(tmp_path, checkpoint, monkeypatch, capsys):
    [code] = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    checkpoint.rename(tmp_path / "best.ckpt")
    monkeypatch.chdir(tmp_path)
    picture = draw("12x")
    for name in ("one.png", "two.jpg"):
        picture.save(name)
    exec(code, {"pil_image": picture, "numpy_array": np.array(picture)})
    assert len(capsys.readouterr().out.splitlines()) == 4
