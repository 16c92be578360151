"""Open the storage of a study."""

import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import optuna
from hydra.utils import instantiate
from optuna.exceptions import ExperimentalWarning
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from sqlalchemy.engine import make_url
from sqlalchemy.exc import (
    ArgumentError,
    IntegrityError,
    OperationalError,
    ProgrammingError,
    SQLAlchemyError,
)

from ocr.errors import UserError

HEARTBEAT = 30  # seconds between the heartbeats of a running trial
GRACE = 120  # seconds without a heartbeat after which a trial counts as dead
_ATTEMPTS = 5  # at creating the tables, half a second apart


def open_storage(storage: str | Mapping[str, Any]) -> BaseStorage:
    """Open a study's storage, or create it.

    Args:
        storage: A database URL, a journal file (`PATH.log`, `PATH.journal`), or a config with a
            `_target_` in optuna.storages.

    Raises:
        UserError: The storage cannot be opened.
    """
    try:
        if isinstance(storage, Mapping):
            return instantiate(storage, _execution_whitelist_=["optuna.storages.*"])
        if "://" not in storage and storage.endswith((".log", ".journal")):
            Path(storage).parent.mkdir(parents=True, exist_ok=True)
            return JournalStorage(JournalFileBackend(storage))
        url = make_url(storage)
        options: dict[str, Any] = {"pool_pre_ping": True}
        if url.get_backend_name() == "sqlite":
            options["connect_args"] = {"timeout": 120}  # several processes write to the file
            if url.database:
                Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        return _open_database(storage, options)
    except ModuleNotFoundError as error:
        raise UserError(
            f"hydra.sweeper.storage={hide_password(storage)} needs a package: "
            f"pip install {error.name}"
        ) from error
    except ArgumentError as error:
        raise UserError(
            f"hydra.sweeper.storage={hide_password(storage)}: give a database URL, such as "
            "sqlite:///study.db or postgresql+psycopg://user:password@host/name, or a "
            "journal file (study.log)"
        ) from error
    except (OSError, SQLAlchemyError, optuna.exceptions.OptunaError) as error:
        raise UserError(
            f"hydra.sweeper.storage={hide_password(storage)} can't be opened: {first_line(error)}"
        ) from error


def lock_file(storage: str | Mapping[str, Any]) -> Path | None:
    """Return the file that processes lock to claim a trial in SQLite, which cannot lock a row."""
    if isinstance(storage, str) and storage.startswith("sqlite"):
        database = make_url(storage).database
        return Path(f"{database}.lock").absolute() if database else None
    return None


def _open_database(url: str, options: dict[str, Any]) -> RDBStorage:
    """Open a database, and retry if another process creates its tables at the same time."""
    attempts = _ATTEMPTS
    while True:
        attempts -= 1
        try:
            with warnings.catch_warnings(action="ignore", category=ExperimentalWarning):
                return RDBStorage(
                    url,
                    engine_kwargs=options,
                    heartbeat_interval=HEARTBEAT,
                    grace_period=GRACE,
                )
        except (IntegrityError, OperationalError, ProgrammingError) as error:
            # Database drivers have no common error code for an existing table, only its text.
            concurrent = isinstance(error, IntegrityError) or "already exists" in str(error)
            if not concurrent or not attempts:
                raise
            time.sleep(0.5)


def first_line(error: BaseException) -> str:
    """Return the first line of a database error."""
    origin = getattr(error, "orig", None) or error.__cause__ or error
    return str(origin).strip().splitlines()[0] if str(origin).strip() else type(error).__name__


def hide_password(storage: str | Mapping[str, Any]) -> str:
    """Return a storage's URL without its password."""
    if isinstance(storage, Mapping):
        return str(storage)
    try:
        return make_url(storage).render_as_string(hide_password=True)
    except ArgumentError:
        return str(storage)
