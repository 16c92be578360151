"""Where the study lives."""

import sqlite3

import optuna
import pytest

from ocr.search.storage import one_transaction, open_storage


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


def test_one_transaction_is_seen_whole_or_not_at_all(tmp_path):
    url = f"sqlite:///{tmp_path / 'study.db'}"
    study = optuna.create_study(study_name="s", storage=open_storage(url))

    def seen():
        """By another process."""
        [trial] = optuna.load_study(study_name="s", storage=open_storage(url)).trials
        return trial.params, trial.user_attrs

    trial = study.ask()
    with pytest.raises(KeyboardInterrupt), one_transaction(study):
        trial.suggest_float("x", 0, 1)
        raise KeyboardInterrupt
    assert seen() == ({}, {})
    again = optuna.Trial(study, trial._trial_id)
    with one_transaction(study):
        x = again.suggest_float("x", 0, 1)
        again.set_user_attr("note", 1)
        assert seen() == ({}, {})
        assert study.trials[0].params == {"x": x}  # to itself
    assert seen() == ({"x": x}, {"note": 1})
    study.tell(again, 1.0)  # alone again
    assert study.best_value == 1.0


def test_what_is_no_database_has_no_transactions(tmp_path):
    study = optuna.create_study(storage=open_storage(str(tmp_path / "study.log")))
    with one_transaction(study):
        study.ask().suggest_float("x", 0, 1)
    assert study.trials[0].params
