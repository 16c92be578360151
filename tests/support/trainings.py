"""A stand-in for training: writes the files of a run, with given readings."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from ocr.cli import main
from ocr.config.compose import compose_without_run
from ocr.config.instantiate import build
from ocr.data.manifest import Prediction, write_lists, write_predictions
from ocr.data.samples import Sample


class Trainings:
    """A replacement for `run_task` that writes the files of a run without training.

    Args:
        read: Returns the reading of an image, given the number of training images.
        fails: Returns the reason why a run with these settings fails, or None.

    Attributes:
        commands: The commands that it was called with.
    """

    def __init__(self, read: Callable[[Sample, int], str], fails=lambda settings: None) -> None:
        self.read = read
        self.fails = fails
        self.commands: list[list[str]] = []

    def __call__(
        self, task: Callable[[], object], command: list[str], cwd: str, log: Path | None
    ) -> str | None:
        self.commands.append(command)
        assert command[1] == "train"
        parsed = OverridesParser.create().parse_overrides(command[2:])
        settings = {override.key_or_group: override.value() for override in parsed}
        if reason := self.fails(settings):
            return reason
        folder = Path(str(settings["hydra.run.dir"]))
        folder.mkdir(parents=True)
        words = [word for word in command[2:] if not word.startswith("hydra.")]
        data = build(compose_without_run(words).data)
        data.setup()
        write_lists(folder, data.parts, data.skipped)
        trained = len(data.parts["train"])
        rows = [Prediction(s.name, s.text, self.read(s, trained), 0.5) for s in data.parts["test"]]
        write_predictions(folder, rows)
        right = sum(row.label == row.reading for row in rows) / len(rows)
        metrics = {"images_train": trained, "images_test": len(rows), "test/exact_match": right}
        (folder / "metrics.json").write_text(json.dumps(metrics))
        return None


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def failing(*arguments: str, capsys) -> str:
    """Run a command that must fail, and return its messages."""
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code not in (0, None)
    return str(end.value.code) + capsys.readouterr().err
