"""Run scripts in processes that are forked from a server, which is faster than interpreters."""

import runpy
from collections.abc import Callable
from functools import partial
from pathlib import Path

from ocr.training.process import run_task


def run_script(command: list[str], cwd: str, log: Path, charts: bool = True) -> str | None:
    """Run `python COMMAND`, and return why it failed; without `charts`, a search draws none."""
    return run_task(partial(_run, command[0], charts), command, cwd, log)


def omit_charts(set_attribute: Callable = setattr) -> None:
    """Let searches draw no charts, which take seconds and have tests of their own."""
    from ocr.search import report, result_writer

    set_attribute(report, "write_report", lambda *_: None)
    set_attribute(result_writer, "run_task", lambda *_: None)


def _run(path: str, charts: bool) -> None:
    if not charts:
        omit_charts()
    runpy.run_path(path, run_name="__main__")
