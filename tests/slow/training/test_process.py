"""Runs in processes of their own."""

import os
import signal
import subprocess
import sys
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from unittest.mock import Mock

import pytest

from ocr.training import process as child
from ocr.training.process import run_command


def script(tmp_path, text):
    path = tmp_path / "script.py"
    path.write_text(text)
    return [str(path)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import os; os.kill(os.getpid(), 9)", "killed by SIGKILL"),
        ("raise MemoryError('no room')", "MemoryError: no room"),
        ("import sys; sys.exit('error: so it is')", "so it is"),
        ("import os; os._exit(7)", "ended with code 7"),
    ],
)
def test_what_becomes_of_a_process_is_told(tmp_path, text, words):
    reason = run_command(script(tmp_path, text), str(tmp_path), tmp_path / "output.log")
    assert words in reason


def test_a_process_that_is_well_has_no_reason(tmp_path):
    command = script(tmp_path, "print('hello')")
    assert run_command(command, str(tmp_path), tmp_path / "output.log") is None
    assert "hello" in (tmp_path / "output.log").read_text()


def test_workers_of_a_run_apart_start_as_those_of_any_run(tmp_path):
    text = "import multiprocessing\nprint(multiprocessing.get_start_method())"
    command, log = script(tmp_path, text), tmp_path / "output.log"
    assert run_command(command, str(tmp_path), log) is None
    alone = subprocess.run([sys.executable, *command], capture_output=True, text=True, check=True)
    assert log.read_text() == alone.stdout


def test_a_process_that_has_nowhere_to_write(tmp_path):
    words = script(tmp_path, "print('hello')")
    reason = run_command(words, str(tmp_path), tmp_path / "script.py" / "output.log")
    assert reason == f"{tmp_path}/script.py/output.log can't be written: File exists"


def test_the_next_process_is_ready_before_it_is_needed(tmp_path):
    command = script(tmp_path, "import os\nprint(os.getpid())")
    run_command(command, str(tmp_path), tmp_path / "first.log")
    [waiting] = child._ready
    run_command(command, str(tmp_path), tmp_path / "second.log")
    assert int((tmp_path / "second.log").read_text()) == waiting.process.pid
    assert int((tmp_path / "first.log").read_text()) != waiting.process.pid


def test_the_next_process_is_told_ahead(tmp_path):
    command = script(tmp_path, "from pathlib import Path\nprint(Path('there').exists())")
    assert run_command(command, str(tmp_path), None) is None
    [waiting] = child._ready
    child.tell_ahead(partial(int, "no number"))  # an error, which must not end it
    child.tell_ahead((tmp_path / "there").touch)
    deadline = time.monotonic() + 60
    while not (tmp_path / "there").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert child._ready[0] is waiting and waiting.process.is_alive()
    assert run_command(command, str(tmp_path), tmp_path / "output.log") is None
    assert (tmp_path / "output.log").read_text() == "True\n"


def test_what_cannot_be_told_hinders_no_run(tmp_path):
    command = script(tmp_path, "print('hello')")
    assert run_command(command, str(tmp_path), None) is None
    child.tell_ahead(lambda: None)  # which can't be pickled
    assert not child._ready
    assert run_command(command, str(tmp_path), tmp_path / "output.log") is None
    assert (tmp_path / "output.log").read_text() == "hello\n"


def test_nobody_waits_to_be_told(monkeypatch):
    monkeypatch.setattr(child, "_ready", deque())
    child.tell_ahead(print)
    assert not child._ready


def test_a_task_aside_returns_to_where_it_was_called(tmp_path):
    reason, pid = child.run_aside(Returning())
    assert reason is None and pid != os.getpid()
    reason, nothing = child.run_aside(Killed())
    assert "SIGKILL" in reason and nothing is None


def test_a_task_aside_for_which_no_process_can_be_had(monkeypatch):
    monkeypatch.setattr(child._Child, "start", Mock(side_effect=OSError("no more processes")))
    assert child.run_aside(Returning()) == ("no process to be had: no more processes", None)


class Returning:
    def __call__(self, script):
        return os.getpid()


class Killed:
    def __call__(self, script):
        os.kill(os.getpid(), signal.SIGKILL)


def test_one_that_is_killed_while_it_waits_is_replaced(tmp_path):
    command = script(tmp_path, "print('hello')")
    assert run_command(command, str(tmp_path), None) is None
    child._ready[0].process.kill()
    child._ready[0].process.join()
    assert run_command(command, str(tmp_path), tmp_path / "output.log") is None
    assert "hello" in (tmp_path / "output.log").read_text()


def test_one_that_is_killed_as_it_gets_its_orders(tmp_path, monkeypatch):
    dead = child._Child.start()
    dead.kill()
    monkeypatch.setattr(child, "_take", lambda: dead)
    reason = run_command(script(tmp_path, ""), str(tmp_path), None)
    assert reason.startswith("its process was killed by SIGKILL")


def test_a_run_is_well_where_the_next_process_cant_be_had(tmp_path, monkeypatch):
    ready = child._Child.start()
    monkeypatch.setattr(child, "_take", lambda: ready)
    monkeypatch.setattr(child, "_ready", deque())
    monkeypatch.setattr(child._Child, "start", Mock(side_effect=OSError("no more processes")))
    assert run_command(script(tmp_path, ""), str(tmp_path), None) is None
    assert not child._ready


def test_several_at_once_in_one_process(tmp_path):
    text = "import sys, time\ntime.sleep(1)\nprint(sys.argv[1])"
    [path] = script(tmp_path, text)
    logs = [tmp_path / f"{i}.log" for i in range(3)]
    with ThreadPoolExecutor(3) as pool:
        runs = [pool.submit(run_command, [path, log.name], str(tmp_path), log) for log in logs]
    assert [run.result() for run in runs] == [None] * 3
    assert [log.read_text().strip() for log in logs] == [log.name for log in logs]


def test_a_folder_that_is_gone_is_a_reason(tmp_path):
    log = tmp_path / "output.log"
    reason = run_command(script(tmp_path, ""), str(tmp_path / "gone"), log)
    assert "gone" in reason and "No such file" in reason
    assert "Traceback" in log.read_text()


def test_a_run_is_over_before_its_process_but_the_next_one_waits(tmp_path):
    text = (
        "import threading, time\nfrom pathlib import Path\nprint(Path('gone').exists())\n"
        "def last():\n    time.sleep(3)\n    open('gone', 'w').close()\n"
        "threading.Thread(target=last).start()"
    )
    command = script(tmp_path, text)
    for number in (0, 1):
        log = tmp_path / f"{number}.log"
        assert run_command(command, str(tmp_path), log) is None
        assert (tmp_path / "gone").exists() == bool(number)
        assert log.read_text() == f"{bool(number)}\n"


NESTED = """
import time
from pathlib import Path
from ocr.training.process import run_command
if __name__ == "__main__":
    inner = Path("inner.py")
    inner.write_text("print('inner')")
    print(run_command([str(inner)], ".", Path("inner.log")))
    Path("ended").write_text(str(time.time()))
"""


def test_a_run_that_runs_others_ends_when_they_do(tmp_path):
    # What waits there for a next one would keep it from ending.
    command = script(tmp_path, NESTED)
    assert run_command(command, str(tmp_path), tmp_path / "output.log") is None
    assert (tmp_path / "output.log").read_text() == "None\n"
    assert time.time() - float((tmp_path / "ended").read_text()) < 15  # it would be for ever
    path = {"PYTHONPATH": str(Path(child.__file__).parents[2])}
    alone = subprocess.run(
        [sys.executable, *command], cwd=tmp_path, env=os.environ | path, timeout=120
    )
    assert alone.returncode == 0


@pytest.mark.parametrize("end", ["", "os._exit(7)"])
def test_what_a_run_leaves_behind_ends_with_it(tmp_path, end):
    text = (
        f"import os, subprocess\nprint(subprocess.Popen(['sleep', '300']).pid, flush=True)\n{end}"
    )
    log = tmp_path / "output.log"
    run_command(script(tmp_path, text), str(tmp_path), log)
    listed = ["ps", "-o", "stat=", "-p", log.read_text().strip()]
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        state = subprocess.run(listed, capture_output=True, text=True).stdout.strip()
        if state[:1] in ("", "Z"):  # nobody may have collected it
            return
        time.sleep(0.1)
    pytest.fail(f"it is still there: {state}")


ORPHAN = """
import subprocess, sys, time
from pathlib import Path
subprocess.Popen([sys.executable, sys.argv[1]])
while not Path("started").exists():  # or the run would never have had this one as its parent
    time.sleep(0.1)
"""


def test_a_search_goes_on_when_its_shell_is_gone(tmp_path):
    inner = tmp_path / "inner.py"
    inner.write_text("import time; open('started', 'w').close(); time.sleep(3)")
    main = tmp_path / "main.py"
    main.write_text(
        "import os\n"
        "from pathlib import Path\n"
        "from ocr.training.process import run_command\n"
        "if __name__ == '__main__':\n"
        f"    reason = run_command([{str(inner)!r}], '.', None)\n"
        "    Path('done').write_text(f'{reason} {os.getppid()}')\n"
    )
    shell = tmp_path / "shell.py"
    shell.write_text(ORPHAN)
    path = {"PYTHONPATH": str(Path(child.__file__).parents[2])}
    words = [sys.executable, str(shell), str(main)]
    with subprocess.Popen(words, cwd=tmp_path, env=os.environ | path) as process:
        gone = process.pid
    deadline = time.monotonic() + 120
    while not (tmp_path / "done").exists() and time.monotonic() < deadline:
        time.sleep(0.2)
    reason, parent = (tmp_path / "done").read_text().split()
    assert reason == "None" and int(parent) != gone
