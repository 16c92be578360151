"""Scripts in processes that are forked from a server with torch: sooner than a new interpreter."""

import runpy
from collections.abc import Callable
from functools import partial
from pathlib import Path

from ocr.training.process import run_task


def run_script(command: list[str], cwd: str, log: Path, charts: bool = True) -> str | None:
    """Do what `python COMMAND` does, without a search's charts if so. Returns why it failed."""
    return run_task(partial(_run, command[0], charts), command, cwd, log)


def omit_charts(set_attribute: Callable = setattr) -> None:
    """Let a search draw no charts: they take seconds, and have tests of their own."""
    from ocr.search import report, result_writer

    set_attribute(report, "write_report", lambda *_: None)
    set_attribute(result_writer, "run_task", lambda *_: None)


def _run(path: str, charts: bool) -> None:
    if not charts:
        omit_charts()
    runpy.run_path(path, run_name="__main__")
