import os
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import pytest
import torch
from conftest import ROOT
from hydra import compose, initialize_config_dir

from ocr import waiting
from ocr.model.build import build
from ocr.model.callbacks import SharedCores

linux = pytest.mark.skipif(
    not waiting.COUNTED.exists(), reason="it is on Linux that waiting for a core is counted"
)
two_cores = pytest.mark.skipif(
    (os.cpu_count() or 1) < 2, reason="threads that share a core never keep it busy"
)


@pytest.fixture
def machine(monkeypatch):
    """Two cores that nobody has chosen anything for, and two threads."""
    for name in waiting.CHOICES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1})
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    waiting.watched.cache_clear()
    yield monkeypatch
    torch.set_num_threads(threads)
    waiting.watched.cache_clear()


@pytest.fixture
def clock(machine):
    """Time that passes when it is waited for; `waits` says how much of it was without a core."""
    here = SimpleNamespace(now=0.0, without=0.0, waits=[], pauses=[], pools=0)

    class Over:
        def is_set(self):
            return not here.waits

        def wait(self, seconds):
            here.now += seconds
            if seconds == waiting.INTERVAL:
                here.without += seconds * here.waits.pop(0)
            else:
                here.pauses.append(seconds)

    here.over = Over()
    machine.setattr(waiting, "monotonic", lambda: here.now)
    machine.setattr(waiting, "seconds_without_core", lambda: here.without)
    return here


def running(name):
    return sum(thread.name == name for thread in threading.enumerate())


def comes(what):
    until = time.monotonic() + 20
    while not what() and time.monotonic() < until:
        time.sleep(0.01)
    return what()


@pytest.mark.parametrize(
    "waits,pauses",
    [
        ([0.05, 0.4, 0.49], []),
        ([0.05, 0.51], [2]),
        ([1] * 6, [2, 4, 8, 16, 20, 20]),
        ([1, 1, 0.1, 1], [2, 4, 2]),
    ],
)
def test_the_pool_is_held_longer_each_time_that_others_still_need_the_cores(clock, waits, pauses):
    clock.waits = waits
    waiting._watch(2, clock.over)
    assert clock.pauses == pauses


@pytest.mark.parametrize("error", [OSError, RuntimeError("can't start new thread")])
def test_a_machine_at_its_limits_is_no_reason_to_end(clock, machine, error):
    def refuse(*_):
        raise error

    clock.waits = [1, 1]
    broken = "seconds_without_core" if error is OSError else "_idle_pool"
    machine.setattr(waiting, broken, refuse)
    waiting._watch(2, clock.over)
    assert not clock.pauses


@linux
def test_the_pool_is_there_while_others_need_the_cores(machine):
    seconds = [0.0]

    def without_core():
        seconds[0] += 1  # in far less than a second
        return seconds[0]

    machine.setattr(waiting, "seconds_without_core", without_core)
    machine.setattr(waiting, "INTERVAL", 0.01)
    with waiting.sharing_cores():
        assert comes(lambda: running("idle_pool") == 1)
    assert comes(lambda: not running("idle_pool")) and not running("sharing_cores")


@linux
@pytest.mark.parametrize("cores,threads", [(2, 2), (8, 2), (8, 8), (8, 3), (2, 4), (1, 2)])
def test_the_pool_makes_more_threads_than_cores(machine, cores, threads):
    machine.setattr(os, "sched_getaffinity", lambda pid: set(range(cores)))
    started = []
    machine.setattr(threading.Thread, "start", lambda self: started.append(self))
    with waiting._idle_pool(threads):
        managed = threads + len(started) * (threads - 1)  # but for the one who starts a team
    assert cores < managed <= max(threads, cores + threads - 1)


@linux
@two_cores
def test_threads_that_wait_sleep_at_once_while_the_pool_is_held():
    """By what they compute while they wait, which is the same on a busy machine."""
    code = """if True:
        import time, torch
        from ocr.waiting import TASKS, _idle_pool

        def seconds():
            before = time.process_time()
            for _ in range(50):
                some.add_(1)
                time.sleep(0.02)  # the other thread waits for the next addition
            return time.process_time() - before

        def tasks():
            return len([*TASKS.iterdir()])

        threads = torch.get_num_threads()
        some = torch.zeros(threads << 16)
        some.add_(1)
        alone = tasks()
        awake = seconds()
        with _idle_pool(threads):
            while tasks() < alone + 2:
                time.sleep(0.01)
            asleep = seconds()
        while tasks() > alone:
            time.sleep(0.01)
        print(asleep / awake, seconds() / awake)
    """
    env = {key: value for key, value in os.environ.items() if key not in waiting.CHOICES}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True, check=True
    )
    held, over = map(float, done.stdout.split())
    assert held < 0.5 and over > 2 * held


@linux
def test_what_is_counted_is_being_ready_without_a_core():
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
@pytest.mark.parametrize("choice", [*sorted(waiting.CHOICES), "one thread", "no counts", "no file"])
def test_nobody_watches_where_there_is_nothing_to_see_to(machine, tmp_path, choice):
    if choice == "one thread":
        torch.set_num_threads(1)
    elif choice in waiting.CHOICES:
        machine.setenv(choice, "2")
    else:
        machine.setattr(waiting, "COUNTED", tmp_path / "schedstat")
        if choice == "no counts":
            waiting.COUNTED.write_text("0 0 0\n")
    with waiting.sharing_cores():
        assert not running("sharing_cores")
    assert waiting.watched() == (choice == "one thread")


@linux
@pytest.mark.parametrize("end", ["teardown", "on_exception"])
def test_training_shares_its_cores_to_its_end(machine, end):
    with initialize_config_dir(str(ROOT / "conf")):
        callback = build(compose("train").callbacks.shared_cores)
    assert isinstance(callback, SharedCores)
    callback.setup(None, None, "fit")
    assert running("sharing_cores")
    getattr(callback, end)(None, None, None)
    assert not running("sharing_cores")
