"""The manual names only commands, keys, options and files that exist, and its examples run."""

import argparse
import re
import subprocess
import sys
import tomllib
from importlib import import_module
from importlib.util import find_spec

import numpy as np
import pytest
import torch
import yaml
from conftest import NORMALIZER, ROOT, draw
from hydra import compose, initialize_config_dir
from hydra.core.override_parser.overrides_parser import OverridesParser
from manual import OPTIONS, PAGES, commands, prose, words_of

from ocr.cli import main
from ocr.config.command_line import prepare_arguments
from ocr.config.instantiate import build
from ocr.search.sweeper import SurrogateConf

# Programs of others, which the manual only starts.
FOREIGN = ("tensorboard", "pre-commit", "source")
GROUPS = sorted({option.group for option in OPTIONS if option.group})
KEYS = {key.name for option in OPTIONS for key in option.keys} | {
    f"hydra.sweeper.{name}" for name in SurrogateConf.__dataclass_fields__
}
KEYS |= {key.rpartition(".")[0] for key in KEYS} | {"hydra.sweep.dir", "hydra.run.dir"}


@pytest.mark.parametrize("command", commands())
def test_a_command_is_accepted(command, monkeypatch, capsys):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    words = words_of(command)
    match words:
        case [program, *_] if program in FOREIGN:
            pass
        case ["make", target, *_]:
            assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
        case ["pip", "install", "."]:
            pass
        case ["pip", "install", package]:
            [(name, extra)] = re.findall(r"^([\w-]+)\[(\w+)\]$", package)
            assert name == project["name"] and extra in project["optional-dependencies"]
        case ["python", "train.py", *overrides] | ["surrogate-ocr", "train", *overrides]:
            composes(overrides)
        case ["surrogate-ocr", *arguments]:
            assert "surrogate-ocr" in project["scripts"]
            parses(arguments, monkeypatch, capsys)
        case ["python", "-m", "pytest", file, *_]:
            assert (ROOT / file).exists()
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
    prepare_arguments(words)
    if "--config-dir" in words:  # of an earlier run; tests/slow/test_docs_run.py
        return
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
    """The command line takes the arguments; nothing is run."""
    asked = []
    set_defaults = argparse.ArgumentParser.set_defaults

    def instead(parser, **values):
        set_defaults(parser, **values | ({"run": asked.append} if "run" in values else {}))

    monkeypatch.setattr(argparse.ArgumentParser, "set_defaults", instead)
    if len(arguments) < 2:  # only named
        with pytest.raises(SystemExit) as end:
            main([*arguments, "--help"])
        assert end.value.code == 0
        assert arguments[-1:] == [] or arguments[-1] in capsys.readouterr().out
        return
    main(arguments)
    [options] = asked
    composes(getattr(options, "overrides", []) and ["data=folder", *options.overrides])


def test_the_pages_have_commands():
    found = commands()
    for beginning in ("python train.py", "python -m ocr", "python benchmarks/", "make", "pip"):
        assert any(command.startswith(beginning) for command in found), beginning


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_keys_options_and_files_that_are_named_exist(page):
    for code in re.findall(r"`([^`]+)`", prose(page)):
        for group, option in re.findall(rf"(?<![\w./])({'|'.join(GROUPS)})=(\w+)", code):
            known = {one.name for one in OPTIONS if one.group == group}
            own = f"conf/{group}/{option}.yaml" in page.read_text()  # made by the page's example
            shipped = group.startswith("hydra/")  # Hydra's own options
            assert option in known | {"choice"} or own or shipped, code
        for key in re.findall(rf"(?<![\w./])((?:{'|'.join(GROUPS)}|hydra)(?:\.\w+)+)", code):
            placeholder = re.search(r"\.[A-Z]", key)
            path = re.match(r"\w+\.(csv|md|json|yaml|py|sh|png|log|ckpt)$", key)
            assert key in KEYS or placeholder or path or key.startswith("hydra.launcher"), code
        for path in re.findall(r"(?<![\w./])((?:ocr|conf|tests|docs|benchmarks)/[\w./*-]*)", code):
            assert list(ROOT.glob(path.rstrip("/"))) or f"In `{path}`" in prose(page), code


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CHANGELOG.md"], ids=lambda page: page.name)
def test_linked_files_are_there(page):
    links = re.findall(r"\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)", page.read_text())
    assert not [link for link in links if not (page.parent / link).exists()]


def test_the_manual_builds_and_its_links_lead_somewhere(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "configuration" / "index.html").read_text()
    assert "encoder.num_layers" in page
    assert "search.py surrogate" in (tmp_path / "benchmarks" / "index.html").read_text()


@pytest.mark.parametrize("name", SurrogateConf.__dataclass_fields__)
def test_the_search_page_has_every_key_of_the_sweeper(name):
    elsewhere = {"_target_", "direction", "params", "pruner", "sampler"}
    unused = {"custom_search_space", "defaults"}  # of Hydra's sweeper, which ours extends
    page = (ROOT / "docs" / "search.md").read_text()
    assert f"hydra.sweeper.{name}" in page or name in elsewhere | unused


@pytest.mark.parametrize("page", ["README.md", "docs/reading.md"])
def test_the_examples_of_a_reader_run(page, tmp_path, checkpoint, monkeypatch, capsys):
    [code] = re.findall(r"```python\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)
    checkpoint.rename(tmp_path / "best.ckpt")
    monkeypatch.chdir(tmp_path)
    picture = draw("12x")
    for name in ("one.png", "two.jpg"):
        picture.save(name)
    exec(code, {"pil_image": picture, "numpy_array": np.array(picture)})
    assert len(capsys.readouterr().out.splitlines()) == {"README.md": 1}.get(page, 4)


EXAMPLES = re.findall(
    r"`(ocr/models/\w+)\.py`:\n\n```python\n(.*?)```.*?`conf/(\w+)/(\w+)\.yaml`.*?```yaml\n(.*?)```",
    (ROOT / "docs" / "extending.md").read_text(),
    re.DOTALL,
)


def test_there_are_examples_of_own_parts():
    assert [group for _, _, group, *_ in EXAMPLES] == ["recurrent", "encoder"]


@pytest.mark.parametrize("module, code, group, option, values", EXAMPLES)
def test_an_own_part_of_the_manual_keeps_the_contract(
    module, code, group, option, values, tmp_path, monkeypatch
):
    place = import_module(module.replace("/", "."))
    namespace = dict(vars(place))
    exec(code, namespace)
    for name in namespace.keys() - vars(place).keys():
        monkeypatch.setattr(place, name, namespace[name], raising=False)
    (tmp_path / group).mkdir()
    (tmp_path / group / f"{option}.yaml").write_text(values)
    assert yaml.safe_load(values)["_target_"].startswith(module.replace("/", "."))
    with initialize_config_dir(str(ROOT / "conf")):
        overrides = [f"hydra.searchpath=[file://{tmp_path}]", f"{group}={option}"]
        config = compose("train", overrides=[*overrides, "encoder.stride=4"])
    model = build(config.model, symbols="12x", preprocessor=NORMALIZER).eval()
    images = torch.rand(2, 1, 24, 80)
    images[1, ..., 40:] = 0
    logits, lengths = model(images, torch.tensor([80, 40]))
    alone, _ = model(images[1:, ..., :40], torch.tensor([40]))
    steps = int(lengths[1])
    assert steps == model.time_steps(40)
    torch.testing.assert_close(logits[1:, :steps], alone[:, :steps], atol=1e-5, rtol=1e-4)
