"""A PostgreSQL server for tests, if PostgreSQL is installed."""

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def _program(name: str) -> str:
    homes = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)  # Debian's place
    path = os.pathsep.join([*map(str, homes), os.environ.get("PATH", os.defpath)])
    return shutil.which(name, path=path) or pytest.skip(f"PostgreSQL isn't installed: no {name}")


def _call(*words: str | Path) -> None:
    # PostgreSQL refuses to run as root. The server would keep a pipe for its output open.
    user = {"user": "nobody"} if os.geteuid() == 0 else {}
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, cwd="/", **user)


@contextmanager
def postgresql() -> Iterator[str]:
    """Run a server, and yield the folder of its socket; skip the test without PostgreSQL."""
    pytest.importorskip("psycopg", reason="psycopg isn't installed")
    initdb, control = _program("initdb"), _program("pg_ctl")
    folder = Path(tempfile.mkdtemp(prefix="pg"))  # a socket's path has to be short
    data = folder / "data"
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, "nobody")
        _call(initdb, "-D", data, "-U", "ocr", "-A", "trust", "--no-sync")
        options = f"-k {folder} -c listen_addresses='' -c fsync=off"
        _call(control, "-D", data, "-l", folder / "log", "-o", options, "-w", "start")
        try:
            yield str(folder)
        finally:
            _call(control, "-D", data, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder)


def database(server: str) -> str:
    """Create a database on `server`, and return its URL."""
    import psycopg

    name = f"d{uuid.uuid4().hex}"
    with psycopg.connect(host=server, user="ocr", dbname="postgres", autocommit=True) as server_:
        server_.execute(f"CREATE DATABASE {name}")
    return f"postgresql+psycopg://ocr@/{name}?host={server}"
