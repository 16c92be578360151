"""Tasks in processes of their own."""

import importlib.util
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from scripts import run_script

from ocr.errors import UserError
from ocr.training import process
from ocr.training.process import run_task

ROOT = Path(process.__file__).parents[2]


def fail(error: BaseException) -> None:
    raise error


def write(text: str) -> None:
    print(text)


@pytest.mark.parametrize(
    ("task", "reason"),
    [
        (partial(write, "hello"), None),
        (partial(fail, UserError("data.dir=x: no such folder")), "data.dir=x: no such folder"),
        (partial(sys.exit, "error: no such folder"), "no such folder"),
        (partial(fail, MemoryError("no room")), "MemoryError: no room"),
        (partial(sys.exit, 3), "its process ended with code 3"),
        (partial(os._exit, 7), "its process ended with code 7"),
        (
            partial(signal.raise_signal, signal.SIGKILL),
            "its process was killed by SIGKILL, as the system does when memory runs out",
        ),
    ],
)
def test_why_a_task_failed(tmp_path, task, reason):
    log = tmp_path / "logs" / "output.log"
    assert run_task(task, sys.argv, tmp_path, log) == reason
    assert log.exists()


def time_out(number, frame):
    raise TimeoutError


def test_a_long_reason_is_cut(tmp_path):
    """It could be longer than a pipe's buffer; the log has all of it."""
    signal.signal(signal.SIGALRM, time_out)
    signal.alarm(60)
    text = "x" * 200_000
    log = tmp_path / "output.log"
    reason = run_task(partial(fail, UserError(text)), sys.argv, tmp_path, log)
    signal.alarm(0)
    assert reason.startswith("xxx") and len(reason) < 5000
    assert text in log.read_text()


def test_a_script_runs_as_by_itself(tmp_path):
    """With its arguments, its folder on the path, and data loader workers that start as usual."""
    (tmp_path / "beside.py").write_text("import multiprocessing, os, sys")
    script, log = tmp_path / "script.py", tmp_path / "output.log"
    script.write_text(
        "from beside import multiprocessing, os, sys\n"
        "print(sys.argv[1], os.getcwd(), __name__, multiprocessing.get_start_method())"
    )
    assert run_script([str(script), "a b"], str(tmp_path), log) is None
    words = [sys.executable, str(script), "a b"]
    assert log.read_text() == subprocess.check_output(words, cwd=tmp_path, text=True)


def test_a_log_or_a_folder_that_cannot_be_used(tmp_path):
    (tmp_path / "file").write_text("")
    log = tmp_path / "file" / "output.log"
    assert run_task(partial(write, ""), sys.argv, tmp_path, log) == (
        f"{log} can't be written: File exists"
    )
    reason = run_task(partial(write, ""), sys.argv, tmp_path / "gone", tmp_path / "output.log")
    assert "gone" in reason and "No such file" in reason
    assert "Traceback" in (tmp_path / "output.log").read_text()


def test_a_process_that_cannot_be_started(tmp_path, monkeypatch):
    def refuse(*args):
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(multiprocessing.get_context("forkserver").Process, "_Popen", refuse)
    reason = run_task(partial(write, ""), sys.argv, tmp_path, None)
    assert "cannot be started" in reason and "temporarily unavailable" in reason


def test_several_at_once_in_one_process(tmp_path):
    logs = [tmp_path / f"{i}.log" for i in range(3)]
    with ThreadPoolExecutor(3) as pool:
        runs = [
            pool.submit(run_task, partial(write, log.name), sys.argv, tmp_path, log) for log in logs
        ]
    assert [run.result() for run in runs] == [None] * 3
    assert [log.read_text().strip() for log in logs] == [log.name for log in logs]


def sleep_with_child(folder: Path) -> None:
    """Start a process, as a data loader or further ranks do, and wait."""
    (folder / "parent").write_text(str(multiprocessing.parent_process().pid))
    leave_child(folder)
    try:
        time.sleep(300)
    except KeyboardInterrupt:
        (folder / "interrupted").touch()
        raise


def leave_child(folder: Path) -> None:
    (folder / "child").write_text(str(subprocess.Popen(["sleep", "300"]).pid))


def wait_for(path: Path) -> str:
    deadline = time.monotonic() + 60
    while not (path.exists() and path.read_text()):
        assert time.monotonic() < deadline, f"no {path.name}"
        time.sleep(0.05)
    return path.read_text()


def assert_ends(pid: str) -> None:
    deadline = time.monotonic() + 30
    listed = ["ps", "-o", "stat=", "-p", pid]
    while time.monotonic() < deadline:
        state = subprocess.run(listed, capture_output=True, text=True).stdout.strip()
        if state[:1] in ("", "Z"):  # nobody may have collected it
            return
        time.sleep(0.1)
    pytest.fail(f"process {pid} is still there: {state}")


def test_what_a_task_leaves_behind_ends_with_it(tmp_path):
    assert run_task(partial(leave_child, tmp_path), sys.argv, tmp_path, None) is None
    assert_ends((tmp_path / "child").read_text())


def test_an_interrupt_is_passed_on(tmp_path):
    def interrupt():
        wait_for(tmp_path / "child")
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt):
        run_task(partial(sleep_with_child, tmp_path), sys.argv, tmp_path, tmp_path / "log")
    assert (tmp_path / "interrupted").exists()
    assert_ends((tmp_path / "child").read_text())


MAIN = f"""
import os, sys
from functools import partial
from pathlib import Path
sys.path.append({str(Path(__file__).parent)!r})
from ocr.training.process import run_task
from test_process import TASK
if __name__ == "__main__":
    reason = run_task(partial(TASK, Path()), sys.argv, Path(), None)
    Path("done").write_text(f"{{reason}} {{os.getppid()}}")
"""


def start_shell(folder: Path, task: str) -> subprocess.Popen:
    """A process that stands for a shell, with a command that runs `task` in a third one."""
    (folder / "main.py").write_text(MAIN.replace("TASK", task))
    shell = "import subprocess, sys; subprocess.Popen([sys.executable, 'main.py']).wait()"
    paths = os.pathsep.join(map(str, [ROOT, *sys.path]))
    return subprocess.Popen(
        [sys.executable, "-c", shell], cwd=folder, env=os.environ | {"PYTHONPATH": paths}
    )


def test_a_task_ends_with_its_parent(tmp_path):
    with start_shell(tmp_path, "sleep_with_child"):
        child = wait_for(tmp_path / "child")
        os.kill(int((tmp_path / "parent").read_text()), signal.SIGKILL)
    assert_ends(child)


def wait_to_go(folder: Path) -> None:
    (folder / "started").write_text("started")
    wait_for(folder / "go")


def test_a_command_goes_on_when_its_shell_is_gone(tmp_path):
    with start_shell(tmp_path, "wait_to_go") as shell:
        wait_for(tmp_path / "started")
        shell.kill()
    (tmp_path / "go").write_text("go")
    reason, parent = wait_for(tmp_path / "done").split()
    assert reason == "None" and int(parent) != shell.pid


def test_what_the_server_imports_is_there():
    """It ignores names that are not."""
    for name in process._PRELOAD:
        assert importlib.util.find_spec(name), name
