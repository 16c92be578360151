"""Where the study lives."""

import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import optuna
from hydra.utils import instantiate
from optuna.exceptions import ExperimentalWarning
from optuna.storages import BaseStorage, JournalStorage, RDBStorage
from optuna.storages.journal import JournalFileBackend
from sqlalchemy import event
from sqlalchemy.engine import Engine, make_url
from sqlalchemy.exc import (
    ArgumentError,
    IntegrityError,
    OperationalError,
    ProgrammingError,
    SQLAlchemyError,
)

from ocr.errors import UserError

HEARTBEAT = 30  # seconds between the signs of life of a running trial
GRACE = 120  # seconds without one until a trial on another machine counts as dead


def open_storage(storage: str | Mapping[str, Any], checked: bool = False) -> BaseStorage:
    """The storage at a database URL, in a journal file (`PATH.log`, `PATH.journal`), or made from
    a config with a `_target_` in optuna.storages.

    checked: whether a database is known to be of this Optuna's version.
    Raises UserError if it can't be reached.
    """
    try:
        if isinstance(storage, Mapping):
            return instantiate(storage, _execution_whitelist_=["optuna.storages.*"])
        if "://" not in storage and storage.endswith((".log", ".journal")):
            Path(storage).parent.mkdir(parents=True, exist_ok=True)
            return JournalStorage(JournalFileBackend(storage))
        url = make_url(storage)
        options = {}
        if url.get_backend_name() == "sqlite":
            options = {"connect_args": {"timeout": 120}}  # several processes write to the file
            if url.database:
                Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        return _database(storage, options | {"pool_pre_ping": True}, checked)
    except ModuleNotFoundError as error:
        raise UserError(
            f"hydra.sweeper.storage={hidden(storage)} needs a package: pip install {error.name}"
        ) from error
    except ArgumentError as error:
        raise UserError(
            f"hydra.sweeper.storage={hidden(storage)}: give a database URL, such as "
            "sqlite:///study.db or postgresql+psycopg://user:password@host/name, or a "
            "journal file (study.log)"
        ) from error
    except (OSError, SQLAlchemyError, optuna.exceptions.OptunaError) as error:
        raise UserError(
            f"hydra.sweeper.storage={hidden(storage)} can't be opened: {first_line(error)}"
        ) from error


@contextmanager
def one_transaction(study: optuna.Study) -> Iterator[None]:
    """What this thread writes to `study` meanwhile is written at once, if into a database.

    A trial's values one by one would take five times as long. Not to be nested.
    """
    database = getattr(study._storage, "_backend", None)
    if not isinstance(database, RDBStorage):
        yield
        return
    sessions = database.scoped_session
    sessions.remove()
    try:
        with database.engine.begin() as connection:
            sessions(bind=connection)
            yield
    finally:
        sessions.remove()


def disconnect(storage: BaseStorage) -> None:
    """Give a database's connections back; the next query makes one. They are no use to a fork."""
    database = getattr(storage, "_backend", None)
    if isinstance(database, RDBStorage):
        database.scoped_session.remove()
        database.engine.dispose()


def lock_file(storage: str | Mapping[str, Any]) -> Path | None:
    """Where processes queue to take trials from an SQLite file, which can't lock a row."""
    if isinstance(storage, str) and storage.startswith("sqlite"):
        database = make_url(storage).database
        return Path(f"{database}.lock").absolute() if database else None
    return None


def _database(url: str, options: dict[str, Any], checked: bool) -> RDBStorage:
    """Optuna's storage; of several processes that make its tables at once, all but one fail."""
    attempts = 5
    while True:
        attempts -= 1
        try:
            with warnings.catch_warnings(action="ignore", category=ExperimentalWarning):
                storage = RDBStorage(
                    url,
                    engine_kwargs=options,
                    skip_compatibility_check=checked,
                    heartbeat_interval=HEARTBEAT,
                    grace_period=GRACE,
                )
            _keep_journal(storage.engine)
            return storage
        except (IntegrityError, OperationalError, ProgrammingError) as error:
            made_meanwhile = isinstance(error, IntegrityError) or "already exists" in str(error)
            if not (attempts and made_meanwhile):
                raise
            time.sleep(0.5)


def _keep_journal(engine: Engine) -> None:
    """SQLite writes a third sooner if it needn't delete its journal, and is as safe."""

    def keep(connection: Any, record: Any) -> None:
        if connection.execute("PRAGMA journal_mode").fetchone() == ("delete",):  # and not WAL
            connection.execute("PRAGMA journal_mode=PERSIST")

    if engine.name == "sqlite" and engine.url.database not in (None, "", ":memory:"):
        event.listen(engine, "connect", keep)
        engine.dispose()  # of those that were connected before


def first_line(error: BaseException) -> str:
    """The gist of a database's error, which tend to be long."""
    origin = getattr(error, "orig", None) or error.__cause__ or error
    return str(origin).strip().splitlines()[0] if str(origin).strip() else type(error).__name__


def hidden(storage: str | Mapping[str, Any]) -> str:
    """Without the password."""
    try:
        return make_url(storage).render_as_string(hide_password=True)
    except (ArgumentError, TypeError):
        return str(storage)
