"""Messages of a run, and where they are written."""

import io
import logging
import sys

import pytest

from ocr.log import info, log_run, silence_lightning, write_to_log


@pytest.fixture
def logs(tmp_path, monkeypatch):
    """A function that logs to the screen and train.log, as Hydra does.

    A test calls it, because pytest replaces sys.stdout after the fixtures.
    """
    file = logging.FileHandler(tmp_path / "train.log", encoding="utf-8")
    yield lambda: set_up(file, monkeypatch)
    file.close()


def set_up(file, monkeypatch):
    root = logging.getLogger()
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    screen = logging.StreamHandler(sys.stdout)
    monkeypatch.setattr(root, "handlers", [screen, file])
    monkeypatch.setattr(logging.getLogger("ocr"), "level", logging.INFO)


def test_text_printed_by_other_means_is_only_written_to_the_log(tmp_path, logs):
    logs()
    write_to_log("a table\nof 100 % lines")
    assert (tmp_path / "train.log").read_text(encoding="utf-8") == "a table\nof 100 % lines\n"
    assert sys.stdout.getvalue() == ""


def test_messages_are_printed_above_a_progress_bar(tmp_path, logs, monkeypatch):
    logs()
    first = sys.stdout
    silence_lightning()
    info("one")
    monkeypatch.setattr(sys, "stdout", io.StringIO())  # as a bar does while it is drawn
    info("two")
    assert (first.getvalue(), sys.stdout.getvalue()) == ("one\n", "two\n")
    assert (tmp_path / "train.log").read_text() == "one\ntwo\n"


def test_a_run_writes_its_log_despite_a_log_file_of_the_caller(tmp_path, logs):
    logs()
    (tmp_path / "run").mkdir()
    with log_run(tmp_path / "run"):
        info("one")
    info("two")
    assert (tmp_path / "run" / "train.log").read_text() == "one\n"
    assert (tmp_path / "train.log").read_text() == "one\ntwo\n"


def test_a_log_that_hydra_writes_is_written_once(tmp_path, logs):
    logs()
    with log_run(tmp_path / "run" / ".."):
        info("one")
    assert (tmp_path / "train.log").read_text() == sys.stdout.getvalue() == "one\n"
