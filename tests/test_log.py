"""What a run says, and where that goes."""

import io
import logging
import sys

import pytest

from ocr.log import hush, keep, say


@pytest.fixture
def handlers(tmp_path, monkeypatch):
    """As Hydra sets them up: one for the screen, one for train.log."""
    root = logging.getLogger()
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    screen = logging.StreamHandler(sys.stdout)
    file = logging.FileHandler(tmp_path / "train.log", encoding="utf-8")
    monkeypatch.setattr(root, "handlers", [screen, file])
    monkeypatch.setattr(logging.getLogger("ocr"), "level", logging.INFO)
    yield root.handlers
    file.close()


def test_what_is_printed_by_other_means_is_kept_in_the_log_only(tmp_path, handlers):
    keep("a table\nof 100 % lines")
    assert (tmp_path / "train.log").read_text(encoding="utf-8") == "a table\nof 100 % lines\n"
    assert sys.stdout.getvalue() == ""


def test_what_is_said_goes_above_a_bar(tmp_path, handlers, monkeypatch):
    first = sys.stdout
    hush()
    say("one")
    monkeypatch.setattr(sys, "stdout", io.StringIO())  # as a bar does while it is drawn
    say("two")
    assert (first.getvalue(), sys.stdout.getvalue()) == ("one\n", "two\n")
    assert (tmp_path / "train.log").read_text() == "one\ntwo\n"
