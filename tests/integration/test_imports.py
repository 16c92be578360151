"""What importing needs: nothing that exists on Unix alone."""

import subprocess
import sys

from conftest import ROOT

WITHOUT_UNIX = """
import importlib, pkgutil, signal, sys, os
import multiprocessing.context, torch, pytorch_lightning, optuna  # may use what is missing below
for name in ("fcntl", "resource", "pwd", "grp", "termios"):
    sys.modules[name] = None  # importing it raises ImportError
for name in ("SIGALRM", "SIGKILL", "SIGHUP", "setitimer", "ITIMER_REAL", "alarm"):
    delattr(signal, name)
for name in ("fork", "killpg", "setpgid", "getloadavg", "sched_getaffinity"):
    if hasattr(os, name):
        delattr(os, name)
import ocr
for module in pkgutil.walk_packages(ocr.__path__, "ocr."):
    importlib.import_module(module.name)
"""


def test_every_module_imports_without_unix():
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_UNIX], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
