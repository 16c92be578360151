"""Trials that run at once on one machine have one thread each."""

import os

import pytest
from hydra import compose, initialize_config_dir
from hydra._internal.callbacks import Callbacks
from hydra.core.global_hydra import GlobalHydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import HydraContext
from toy import CONF

from ocr.search.launchers import make_launcher


@pytest.fixture
def launcher(tmp_path, monkeypatch):
    """A function that makes a launcher."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # so that monkeypatch restores it
    monkeypatch.delenv("OMP_NUM_THREADS")

    def make(name, *overrides, task=None):
        lines = ["hparams_search=optuna", f"hydra/launcher={name}", *overrides]
        lines.append(f"hydra.sweep.dir={tmp_path}")
        config = compose("train", overrides=lines, return_hydra_config=True)
        HydraConfig.instance().set_config(config)
        loader = GlobalHydra.instance().config_loader()
        return make_launcher(
            config, HydraContext(config_loader=loader, callbacks=Callbacks()), task
        )

    with initialize_config_dir(str(CONF)):
        yield make


@pytest.mark.parametrize(
    ("name", "n_jobs", "threads"),
    [
        ("joblib", 5, "1"),
        ("submitit_local", 5, "1"),
        ("submitit_slurm", 5, None),
        ("basic", 1, None),
    ],
)
def test_trials_on_one_machine_have_one_thread_each(launcher, name, n_jobs, threads):
    launcher(name, f"hydra.sweeper.n_jobs={n_jobs}")
    assert os.environ.get("OMP_NUM_THREADS") == threads


def test_threads_set_by_the_user_are_kept(launcher, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    launcher("submitit_local", "hydra.sweeper.n_jobs=3")
    assert os.environ["OMP_NUM_THREADS"] == "7"


def test_a_worker_has_one_thread(launcher):
    def threads(config):
        import torch

        return torch.get_num_threads()

    made = launcher("submitit_local", "hydra.sweeper.n_jobs=12", task=threads)
    [job] = made.launch([["hparams_search=optuna", "hydra.sweep.subdir=0"]], 0)
    assert job.return_value == 1
