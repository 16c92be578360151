"""The storage of a study."""

import optuna
import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from ocr.errors import UserError
from ocr.search import storage as storages
from ocr.search.storage import open_storage
from ocr.search.study import heartbeat, rejoin


@pytest.fixture
def study(tmp_path):
    return optuna.create_study(storage=open_storage(f"sqlite:///{tmp_path / 'study.db'}"))


def test_running_trial_sends_heartbeats(study, monkeypatch):
    """This uses private names of Optuna, so the test notices if they change."""
    monkeypatch.setattr(storages, "GRACE", 1)
    trial = study.ask()
    with heartbeat(study, trial):
        pass
    rows = optuna.storages._rdb.models.TrialHeartbeatModel
    database = study._storage._backend
    with database.engine.connect() as connection:
        assert connection.exec_driver_sql(f"SELECT COUNT(*) FROM {rows.__tablename__}").scalar()


def test_running_trial_can_be_rejoined(study):
    """This uses a private name of Optuna, so the test notices if it changes."""
    study.ask()
    number = study.ask().number
    trial = rejoin(study, number)
    trial.report(0.5, 1)
    study.tell(trial, 1.0)
    assert study.trials[number].intermediate_values == {1: 0.5}
    assert study.best_trial.number == number


def test_opening_is_retried_if_another_process_creates_the_tables(tmp_path, monkeypatch):
    """This depends on the text of a driver's error, so the test notices if it changes."""
    opened = []

    def collide(*args, **kwargs):
        opened.append(args)
        if len(opened) > 1:
            return "storage"
        with create_engine(f"sqlite:///{tmp_path / 'other.db'}").connect() as connection:
            for _ in range(2):
                connection.exec_driver_sql("CREATE TABLE studies (id INTEGER)")

    monkeypatch.setattr(storages, "RDBStorage", collide)
    assert open_storage(f"sqlite:///{tmp_path / 'study.db'}") == "storage"


def test_other_database_errors_are_raised(tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise OperationalError("SELECT 1", {}, Exception("disk full"))

    monkeypatch.setattr(storages, "RDBStorage", refuse)
    with pytest.raises(UserError, match="disk full"):
        open_storage(f"sqlite:///{tmp_path / 'study.db'}")
