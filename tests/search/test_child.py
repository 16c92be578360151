"""Runs in processes of their own."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ocr.search import child
from ocr.search.child import run_command


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
    waiting = child._ready.process.pid
    run_command(command, str(tmp_path), tmp_path / "second.log")
    assert int((tmp_path / "second.log").read_text()) == waiting
    assert int((tmp_path / "first.log").read_text()) != waiting


def test_one_that_is_killed_while_it_waits_is_replaced(tmp_path):
    command = script(tmp_path, "print('hello')")
    assert run_command(command, str(tmp_path), None) is None
    os.kill(child._ready.process.pid, signal.SIGKILL)
    child._ready.process.join()
    assert run_command(command, str(tmp_path), tmp_path / "output.log") is None
    assert "hello" in (tmp_path / "output.log").read_text()


NESTED = """
from pathlib import Path
from ocr.search.child import run_command
if __name__ == "__main__":
    inner = Path("inner.py")
    inner.write_text("print('inner')")
    print(run_command([str(inner)], ".", Path("inner.log")))
"""


def test_a_run_that_runs_others_ends(tmp_path):
    # What waits there for a next one would keep it from ending.
    command = script(tmp_path, NESTED)
    for log in ("first.log", "second.log"):
        assert run_command(command, str(tmp_path), tmp_path / log) is None
        assert (tmp_path / log).read_text() == "None\n"
    path = {"PYTHONPATH": str(Path(child.__file__).parents[2])}
    alone = subprocess.run(
        [sys.executable, *command], cwd=tmp_path, env=os.environ | path, timeout=120
    )
    assert alone.returncode == 0


def test_what_a_run_leaves_behind_ends_with_it(tmp_path):
    text = "import subprocess\nprint(subprocess.Popen(['sleep', '300']).pid)"
    log = tmp_path / "output.log"
    assert run_command(script(tmp_path, text), str(tmp_path), log) is None
    run_command(script(tmp_path, ""), str(tmp_path), None)
    listed = ["ps", "-o", "stat=", "-p", log.read_text().strip()]
    state = subprocess.run(listed, capture_output=True, text=True).stdout.strip()
    assert state in ("", "Z", "ZN")  # nobody may have collected it
