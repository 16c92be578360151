import pytest

from ocr.search import report, result_writer


@pytest.fixture
def no_charts(monkeypatch):
    """They take seconds, and have tests of their own."""
    monkeypatch.setattr(report, "write_report", lambda *_: None)
    monkeypatch.setattr(result_writer, "run_task", lambda *_: None)
