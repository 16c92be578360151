"""Applying a function to many items in several processes."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from conftest import launch

from ocr.data.parallel import MAX_SERIAL, default_workers, parallel_map
from ocr.errors import UserError


def square(number: int) -> tuple[int, int]:
    if number < 0:
        raise ValueError("negative")
    return number**2, os.getpid()


@pytest.mark.parametrize("count", [0, 1, 5, MAX_SERIAL + 1])
def test_results_are_in_the_order_of_items(count):
    results = list(parallel_map(square, range(count), "squares"))
    assert [number for number, _ in results] == [i**2 for i in range(count)]
    inside = all(process == os.getpid() for _, process in results)
    assert inside == (count <= MAX_SERIAL or default_workers() == 1)


def test_a_daemonic_process_starts_no_others(monkeypatch):
    monkeypatch.setitem(multiprocessing.current_process()._config, "daemon", True)
    results = list(parallel_map(square, range(MAX_SERIAL + 1), "squares", num_workers=2))
    assert {process for _, process in results} == {os.getpid()}


def test_no_processes_are_started_for_0_workers():
    results = list(parallel_map(square, range(MAX_SERIAL + 1), "squares", num_workers=0))
    assert {process for _, process in results} == {os.getpid()}


def test_results_are_computed_lazily():
    asked = []
    results = parallel_map(asked.append, range(MAX_SERIAL), "numbers")
    assert not asked
    next(results)
    assert len(asked) < MAX_SERIAL


@pytest.mark.parametrize("count", [10, MAX_SERIAL + 10])
def test_an_error_is_raised_here(count):
    with pytest.raises(ValueError, match="negative"):
        list(parallel_map(square, [*range(count - 1), -1], "squares"))


def end_at_7(number: int) -> int:
    if number == 7:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def test_a_killed_process_is_a_one_line_error():
    with pytest.raises(UserError, match=r"was killed.*num_workers=1"):
        list(parallel_map(end_at_7, range(MAX_SERIAL + 10), "numbers", num_workers=2))


# Prints the id of each worker process at its first result.
WORKS = """
import os, time
from ocr.data.parallel import parallel_map

def slow(number):
    time.sleep(0.02)
    return os.getpid()

if __name__ == "__main__":
    workers = set()
    for pid in parallel_map(slow, range(100_000), "numbers", num_workers=2):
        if pid not in workers:
            workers.add(pid)
            print(pid, flush=True)
"""


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGINT])
def test_worker_processes_end_with_their_parent(tmp_path, ending):
    (tmp_path / "works.py").write_text(WORKS)
    path = {"PYTHONPATH": os.pathsep.join(sys.path)}
    driver = launch(
        [sys.executable, "works.py"], cwd=tmp_path, env=os.environ | path, stderr=subprocess.PIPE
    )
    workers = [int(driver.stdout.readline()) for _ in range(2)]
    if ending == signal.SIGINT:
        os.killpg(driver.pid, ending)  # to all processes, like a terminal
    else:
        driver.kill()
    _, errors = driver.communicate(timeout=60)
    assert errors.count("Traceback") == (ending == signal.SIGINT)  # the driver's own
    until = time.monotonic() + 60
    while any(map(runs, workers)):
        assert time.monotonic() < until
        time.sleep(0.05)


def runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    with suppress(OSError):  # a container may not reap zombies
        return ") Z " not in Path(f"/proc/{process}/stat").read_text()
    return True
