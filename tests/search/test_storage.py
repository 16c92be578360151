"""Where the study lives."""

import sqlite3

import optuna
import pytest

from ocr.search.storage import open_storage


def mode(path):
    """How SQLite keeps the journal of a file, as another process would find it."""
    with sqlite3.connect(path) as connection:
        return connection.execute("PRAGMA journal_mode").fetchone()[0]


def test_the_journal_is_kept_from_write_to_write(tmp_path):
    storage = open_storage(f"sqlite:///{tmp_path / 'study.db'}")
    study = optuna.create_study(storage=storage)
    study.tell(study.ask(), 1.0)
    assert (tmp_path / "study.db-journal").exists()


@pytest.mark.parametrize("held", [False, True])
def test_a_database_with_another_journal_keeps_it(tmp_path, held):
    path = tmp_path / "study.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE other (value)")
    reader = sqlite3.connect(path)
    if held:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM other")
    study = optuna.create_study(storage=open_storage(f"sqlite:///{path}"))
    study.tell(study.ask(), 1.0)
    reader.close()
    assert mode(path) == "wal"
