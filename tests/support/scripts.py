"""Scripts in processes that are forked from a server with torch: sooner than a new interpreter."""

import runpy
from functools import partial
from pathlib import Path

from ocr.training.process import run_task


def run_script(command: list[str], cwd: str, log: Path) -> str | None:
    """Do what `python COMMAND` does. Returns why it failed, or None."""
    return run_task(partial(runpy.run_path, command[0], run_name="__main__"), command, cwd, log)
