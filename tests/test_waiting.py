import os
import subprocess
import sys
import time
from pathlib import Path
from threading import Event, Thread

import pytest
import torch
from conftest import ROOT

from ocr import waiting
from ocr.model.callbacks import SharedCores

linux = pytest.mark.skipif(
    not Path("/proc/self/schedstat").exists(), reason="waiting for a core is counted on Linux only"
)


@pytest.fixture
def crowd(monkeypatch):
    """A machine whose cores others need while `crowd` says so; torch has two threads."""
    needed = Event()
    seconds = [0.0]

    def without_core():
        seconds[0] += needed.is_set()  # in far less than a second
        return seconds[0]

    monkeypatch.setattr(waiting, "seconds_without_core", without_core)
    monkeypatch.setattr(waiting, "INTERVAL", 0.01)
    for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1})
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    yield needed
    torch.set_num_threads(threads)


def tasks():
    return len([*waiting.TASKS.iterdir()])


def comes(what):
    until = time.monotonic() + 20
    while not what() and time.monotonic() < until:
        time.sleep(0.01)
    return what()


@linux
def test_an_idle_pool_is_held_while_others_need_the_cores(crowd):
    torch.zeros(1 << 20).add_(1)  # this thread's own pool
    alone = tasks()
    with waiting.sharing_cores():
        assert comes(lambda: tasks() == alone + 1)  # who watches
        for _ in range(2):
            crowd.set()
            assert comes(lambda: tasks() == alone + 3)  # an idle thread, and one more in its pool
            crowd.clear()
            assert comes(lambda: tasks() == alone + 1)
        crowd.set()
        assert comes(lambda: tasks() == alone + 3)
    assert comes(lambda: tasks() == alone)


@linux
@pytest.mark.parametrize("cores,threads", [(2, 2), (8, 2), (8, 8), (8, 3), (2, 4), (1, 2)])
def test_the_pool_makes_more_threads_than_cores(crowd, monkeypatch, cores, threads):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(cores)))
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    started = []
    monkeypatch.setattr(Thread, "start", lambda self: started.append(self))
    waiting._idle_pool()
    managed = threads + len(started) * (threads - 1)  # libgomp's count has none for who starts one
    assert cores < managed <= max(threads, cores + threads - 1)


@linux
def test_threads_that_wait_sleep_at_once_while_the_pool_is_held():
    """By what they compute while they wait, which is the same on a busy machine."""
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("two threads on one core never keep it busy")
    code = """if True:
        import time, torch
        from ocr.waiting import _idle_pool

        def seconds():
            before = time.process_time()
            for _ in range(50):
                some.add_(1)
                time.sleep(0.02)  # the other thread waits for the next addition
            return time.process_time() - before

        torch.set_num_threads(2)
        some = torch.zeros(1 << 17)
        some.add_(1)
        awake = seconds()
        pool = _idle_pool()
        time.sleep(0.5)
        asleep = seconds()
        pool.set()
        time.sleep(0.5)
        print(asleep / awake, seconds() / awake)
    """
    env = {key: value for key, value in os.environ.items() if "OMP_" not in key}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=True
    )
    held, over = map(float, done.stdout.split())
    assert held < 0.5 and over > 2 * held


@linux
def test_what_is_counted_is_waiting_for_a_core():
    code = """if True:
        import os, subprocess, sys, time
        from ocr.waiting import seconds_without_core

        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
        others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
        try:
            before, start = seconds_without_core(), time.monotonic()
            while seconds_without_core() - before < 0.1 and time.monotonic() - start < 60:
                pass
            print(seconds_without_core() - before)
        finally:
            for other in others:
                other.kill()
    """
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert float(done.stdout) >= 0.1


@linux
@pytest.mark.parametrize("given", [{"GOMP_SPINCOUNT": "7"}, {"OMP_WAIT_POLICY": "passive"}, 1])
def test_nobody_watches_where_there_is_nothing_to_do(crowd, monkeypatch, given):
    if given == 1:
        torch.set_num_threads(1)
    else:
        for name, value in given.items():
            monkeypatch.setenv(name, value)
    before = tasks()
    with waiting.sharing_cores():
        assert tasks() == before


@linux
@pytest.mark.parametrize("end", ["teardown", "on_exception"])
def test_training_shares_its_cores_to_its_end(crowd, end):
    torch.zeros(1 << 20).add_(1)
    before = tasks()
    callback = SharedCores()
    callback.setup(None, None, "fit")
    assert comes(lambda: tasks() == before + 1)
    getattr(callback, end)(None, None, None)
    assert comes(lambda: tasks() == before)
