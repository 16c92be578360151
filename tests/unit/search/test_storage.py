"""Where the study lives."""

import optuna
import pytest

from ocr.search import storage as storages
from ocr.search.storage import open_storage
from ocr.search.study import heartbeat, rejoin


@pytest.fixture
def study(tmp_path):
    return optuna.create_study(storage=open_storage(f"sqlite:///{tmp_path / 'study.db'}"))


def test_a_running_trial_sends_heartbeats(study, monkeypatch):
    """By private names of Optuna's: this notices when they have changed."""
    monkeypatch.setattr(storages, "GRACE", 1)
    trial = study.ask()
    with heartbeat(study, trial):
        pass
    rows = optuna.storages._rdb.models.TrialHeartbeatModel
    database = study._storage._backend
    with database.engine.connect() as connection:
        assert connection.exec_driver_sql(f"SELECT COUNT(*) FROM {rows.__tablename__}").scalar()


def test_a_running_trial_is_rejoined(study):
    """By a private name of Optuna's: this notices when it has changed."""
    study.ask()
    number = study.ask().number
    trial = rejoin(study, number)
    trial.report(0.5, 1)
    study.tell(trial, 1.0)
    assert study.trials[number].intermediate_values == {1: 0.5}
    assert study.best_trial.number == number
