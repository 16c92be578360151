"""A Reader beside other programs, in forked processes and in threads."""

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from conftest import ROOT, draw, launch

from ocr import Reader
from ocr.threads import one_thread, use_threads


@pytest.fixture
def own_threads():
    """Torch has three threads, as in a program of somebody else's."""
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def image(tmp_path):
    draw("12x").save(tmp_path / "a.png")
    return tmp_path / "a.png"


def test_reading_leaves_the_program_its_threads(checkpoint, image, own_threads, monkeypatch):
    reader = Reader.load(checkpoint)
    assert torch.get_num_threads() == 3
    inside = []
    forward = reader.model.forward
    monkeypatch.setattr(
        reader.model,
        "forward",
        lambda *images: inside.append(torch.get_num_threads()) or forward(*images),
    )
    stream = reader.stream([image, image], batch_size=1)
    next(stream)
    assert torch.get_num_threads() == 3  # between two readings, too
    list(stream)
    reader.read([b"junk", image], errors="return")
    assert inside == [1, 1, 1] and torch.get_num_threads() == 3


def test_threads_that_read_side_by_side_get_their_number_back(own_threads):
    first_inside, second_inside, first_out = (threading.Event() for _ in range(3))

    def first():
        with one_thread():
            first_inside.set()
            second_inside.wait(20)
        first_out.set()

    def second():
        first_inside.wait(20)
        with one_thread():  # it meets torch only now, and finds the first one's 1
            second_inside.set()
            first_out.wait(20)
        return torch.get_num_threads()

    with ThreadPoolExecutor(3) as pool:
        pool.submit(first)
        assert pool.submit(second).result(60) == 3
        assert pool.submit(torch.get_num_threads).result(60) == 3  # a thread that begins later


def test_a_reader_may_be_shared_by_threads(checkpoint, image):
    reader = Reader.load(checkpoint)
    expected = reader.read(image)
    with ThreadPoolExecutor(4) as pool:
        for reading in pool.map(reader.read, [image] * 40):
            assert reading == expected


# Torch has computed with several threads, and the reader has read, before the process forks.
FORKS = """
import multiprocessing, sys, torch
from ocr import Reader
checkpoint, image = sys.argv[1:]
torch.set_num_threads(4)
torch.rand(400, 400) @ torch.rand(400, 400)
torch.zeros(1 << 20).add_(1).sum()
reader = Reader.load(checkpoint)
expected = reader.read([image] * 70)

def read():
    assert reader.read([image] * 70) == expected
    assert Reader.load(checkpoint).read(image) == expected[:1]

fork = multiprocessing.get_context("fork")
workers = [fork.Process(target=read) for _ in range(2)]
for worker in workers:
    worker.start()
for worker in workers:
    worker.join()
assert [worker.exitcode for worker in workers] == [0, 0]
assert reader.read([image] * 70) == expected
"""

# Threads that reading starts: none, of the kernel's count.
STARTS = """
import os, sys
from ocr import Reader
import numpy, torch
before = len(os.listdir("/proc/self/task")), torch.get_num_threads()
Reader.load(sys.argv[1]).read([sys.argv[2]] * 70)
assert (len(os.listdir("/proc/self/task")), torch.get_num_threads()) == before
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forked processes are Unix's")
@pytest.mark.parametrize("program", [FORKS, STARTS])
def test_a_process_that_has_read_may_fork(checkpoint, image, program):
    if program == STARTS and sys.platform != "linux":
        pytest.skip("a process's threads are counted on Linux")
    env = {**os.environ, "OMP_NUM_THREADS": "4"}
    words = [sys.executable, "-c", program, str(checkpoint), str(image)]
    process = launch(words, cwd=ROOT, env=env, stderr=subprocess.STDOUT)
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output


BUSY = "import numpy\na = numpy.ones((500, 500))\nwhile True: a @ a"


def test_reading_beside_a_busy_program_ends_well(checkpoint, image):
    env = {key: value for key, value in os.environ.items() if key != "OMP_NUM_THREADS"}
    words = [sys.executable, "-m", "ocr", "read", str(checkpoint), str(image)]

    def read(_):
        return subprocess.run(words, cwd=ROOT, env=env, capture_output=True, timeout=300)

    with subprocess.Popen([sys.executable, "-c", BUSY], env=env) as busy:  # on all cores
        try:
            with ThreadPoolExecutor(2) as pool:
                done = list(pool.map(read, range(6)))
        finally:
            busy.kill()
    assert [(one.returncode, one.stderr) for one in done] == [(0, b"")] * 6


@pytest.mark.parametrize(
    ("given", "count", "threads"),
    [(None, None, 1), (None, 2, 2), ("3", None, 3), ("3", 2, 2)],
)
def test_how_many_threads_a_run_has(own_threads, monkeypatch, given, count, threads):
    monkeypatch.setenv("OMP_NUM_THREADS", given or "")
    if given is None:
        monkeypatch.delenv("OMP_NUM_THREADS")
    use_threads(count)  # torch has 3, as OMP_NUM_THREADS=3 would have made it
    assert torch.get_num_threads() == threads
    assert os.environ["OMP_NUM_THREADS"] == str(threads)  # of the processes that a run starts
