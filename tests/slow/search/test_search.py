"""What a search does with what its trials do."""

import csv

import optuna
import pytest
from hydra import compose, initialize_config_dir
from optuna.trial import TrialState
from toy import CONF, composed, launcher, searching

from ocr.config.instantiate import build
from ocr.errors import UserError
from ocr.search.search import Search
from ocr.training.auto import fill_grace_epochs

pytestmark = pytest.mark.usefixtures("no_charts")

SAMPLERS = ("tpe", "gp", "cmaes", "random", "qmc", "nsgaii", "nsgaiii", "grid")
PRUNERS = [path.stem for path in sorted((CONF / "pruner").glob("*.yaml"))]


def rows(folder):
    with (folder / "trials.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_every_sampler_handles_the_shipped_space(tmp_path, sampler):
    overrides = (f"hydra/sweeper/sampler={sampler}", "hydra.sweeper.n_trials=14")
    with searching(tmp_path, *overrides) as search:
        assert search.run()
        values = {tuple(t.params.values()) for t in search.coordinator.trials()}
        assert len(values) == 14
    table = rows(tmp_path)
    assert [row["state"] for row in table] == ["complete"] * 14
    # the default comes first
    assert table[0]["encoder"] == "resnet" and float(table[0]["optimizer.lr"]) == 3e-3
    for row in table:  # what doesn't matter is blank
        assert (row["recurrent.hidden_size"] == "") == (row["recurrent"] == "none")
        assert (row["head.units"] == "") == (row["head"] == "linear")


@pytest.mark.parametrize("sampler", ["tpe", "gp"])
def test_a_resumed_search_does_not_propose_the_same_again(tmp_path, sampler):
    fixed = (f"hydra/sweeper/sampler={sampler}", "hydra.sweeper.sampler.seed=1")
    for n_trials in (5, 10):
        with searching(tmp_path, *fixed, f"hydra.sweeper.n_trials={n_trials}") as search:
            search.run()
            params = [str(t.params) for t in search.coordinator.trials()]
    assert len(params) == len(set(params)) == 10


@pytest.mark.parametrize("sampler", ["gp", "tpe", "random", "nsgaii"])
def test_processes_that_begin_at_once_do_not_propose_the_same(tmp_path, sampler):
    fixed = (f"hydra/sweeper/sampler={sampler}", "hydra.sweeper.start_with_default=false")
    with (
        searching(tmp_path, *fixed, "hydra.sweeper.n_trials=6") as one,
        Search(one.config, launcher(tmp_path), one.space) as other,
    ):
        one.coordinator.n_trials = 3
        one.run()
        other.run()
        params = [str(t.params) for t in other.coordinator.trials()]
    assert len(params) == len(set(params)) == 6


def test_the_surrogate_learns(tmp_path):
    best = {}
    for sampler in ("tpe", "gp", "random"):
        folder = tmp_path / sampler
        overrides = (f"hydra/sweeper/sampler={sampler}", "hydra.sweeper.sampler.seed=0")
        with searching(folder, *overrides, "hydra.sweeper.n_trials=40") as search:
            search.run()
            late = [t.value for t in search.coordinator.trials()[20:]]
            best[sampler] = sum(late) / len(late)
    assert max(best["tpe"], best["gp"]) < best["random"]


@pytest.mark.parametrize(
    "setting",
    ["n_trials=0", "top_k=-1", "max_failure_rate=2", "max_failure_rate=-1", "minutes=0"],
)
def test_settings_without_sense_are_refused(tmp_path, setting):
    refused = pytest.raises(UserError, match=rf"hydra.sweeper.{setting}(\.0)?: give")
    with refused, searching(tmp_path, f"hydra.sweeper.{setting}"):
        pass


def test_failures_are_isolated_and_explained(tmp_path):
    def fails(settings):
        return UserError("too deep") if settings["encoder"] == "vgg" else None

    with searching(
        tmp_path, "hydra.sweeper.n_trials=20", "hydra.sweeper.max_failure_rate=1",
        "hydra/sweeper/sampler=random", launch=launcher(tmp_path, fails=fails),
    ) as search:  # fmt: skip
        search.run()
    table = rows(tmp_path)
    assert len(table) == 20
    for row in table:
        failed = row["encoder"] == "vgg"
        assert (row["state"] == "fail") == failed
        assert (row["reason"] == "too deep") == failed
    assert any(row["state"] == "fail" for row in table)


def test_too_many_failures_end_the_search(tmp_path):
    launch = launcher(tmp_path, fails=lambda settings: UserError("no such folder"))
    with (
        searching(tmp_path, "hydra.sweeper.n_trials=30", launch=launch) as search,
        pytest.raises(UserError, match=r"3 of 3 trials failed.*no such folder \(3 times\)"),
    ):
        search.run()
    assert len(rows(tmp_path)) == 3


def test_no_trial_starts_after_the_time_is_up(tmp_path):
    overrides = ("hydra.sweeper.n_trials=1000", "hydra.sweeper.minutes=0.02")
    with searching(tmp_path, *overrides, launch=launcher(tmp_path, 0.3)) as search:
        search.run()
    assert 1 <= len(rows(tmp_path)) <= 6


def test_a_fixed_value_is_not_searched_and_a_given_space_replaces(tmp_path):
    overrides = ("optimizer=adamw", "optimizer.lr=tag(log,interval(1e-4,2e-4))")
    with searching(tmp_path, *overrides, "hydra.sweeper.n_trials=5",
                   "hydra.sweeper.start_with_default=false") as search:  # fmt: skip
        search.run()
        names = {v.name for v in search.space.values}
        assert "optimizer" not in names and "optimizer.lr" in names
    assert all(1e-4 <= float(row["optimizer.lr"]) <= 2e-4 for row in rows(tmp_path))


def test_a_fixed_value_that_some_architectures_lack(tmp_path):
    with searching(tmp_path, "recurrent.num_layers=2", "hydra.sweeper.n_trials=1") as search:
        lines = {name: search.space.overrides({"recurrent": name}) for name in ("lstm", "none")}
    assert "recurrent.num_layers=2" in lines["lstm"]
    assert "recurrent.num_layers=2" not in lines["none"]


@pytest.mark.parametrize(
    ("overrides", "there"),
    [
        ([], True),
        (["optimizer=sgd", "optimizer.lr=tag(log,interval(1e-4,2e-4))"], True),
        (["head=choice(mlp)"], False),
        (["optimizer=choice(sgd,rmsprop)", "optimizer.momentum=interval(0.1,0.9)"], False),
    ],
)
def test_the_default_trial_if_there_is_one(tmp_path, overrides, there):
    with searching(tmp_path, *overrides) as search:
        lines = search.space.default_trial()
        assert there == (lines is not None)
        if there:  # it can be composed, and is the default
            assert {"encoder=resnet", "recurrent=lstm"} <= set(lines) and composed(*lines)


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["encoder.num_layrs=choice(1,2)"], "Did you mean encoder.num_layers"),
        (["encoder=choice(conv,foo)"], "encoder=foo: there is no such choice"),
        (["encoder=interval(0,1)"], "encoder is searched by names"),
        (["hydra.sweeper.storage=nonsense"], "hydra.sweeper.storage=nonsense"),
        (["hydra.sweeper.storage=sqlite:////proc/none/study.db"], "sqlite:////proc/none"),
        (["hydra.sweeper.direction=down"], "choose minimize or maximize"),
        (["hydra.sweeper.n_jobs=2"], "hydra/launcher=joblib"),
        (
            ["hydra.sweeper.n_jobs=2", "hydra/launcher=joblib", "hydra.launcher.n_jobs=1"],
            "joblib has one worker",
        ),
    ],
)
def test_a_mistake_ends_before_any_training(tmp_path, overrides, words):
    with pytest.raises(UserError) as error, searching(tmp_path, *overrides):
        pass
    assert words in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "other",
    [
        ["optimizer=adamw"],
        ["trainer.max_epochs=3"],
        ["objective=val/exact_match"],
        ["encoder.growth=interval(1.0,3.0)"],
    ],
)
def test_a_study_made_for_something_else(tmp_path, other):
    with searching(tmp_path, "hydra.sweeper.n_trials=2") as search:
        search.run()
    with pytest.raises(UserError, match="made for other trials"), searching(tmp_path, *other):
        pass
    assert len(rows(tmp_path)) == 2


def test_earlier_results_are_starting_points(tmp_path):
    with searching(tmp_path / "a", "hydra.sweeper.n_trials=8") as search:
        search.run()
        best = search.ranking(search.coordinator.trials())[:2]
    csv_file = tmp_path / "a" / "trials.csv"
    with searching(
        tmp_path / "b", f"hydra.sweeper.start_from={csv_file}", "hydra.sweeper.n_trials=3",
        "hydra.sweeper.start_from_best=2",
    ) as search:  # fmt: skip
        search.run()
        tried = search.coordinator.trials()
    for old, new in zip(best, tried[1:], strict=True):
        assert search.space.settings(old.params) == search.space.settings(new.params)


def test_starting_points_beyond_the_total_are_told(tmp_path, capsys):
    with searching(tmp_path / "a", "hydra.sweeper.n_trials=2") as search:
        search.run()
    start = f"hydra.sweeper.start_from={tmp_path / 'a' / 'trials.csv'}"
    with searching(tmp_path / "b", start, "hydra.sweeper.n_trials=1") as search:
        search.run()
    assert "n_trials=1 leaves out 2 of 3 starting points" in capsys.readouterr().out


def test_a_start_that_is_no_csv(tmp_path):
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with (
        searching(tmp_path, f"hydra.sweeper.start_from=[{tmp_path}/x.csv]") as search,
        pytest.raises(UserError, match=r"x\.csv is not the trials\.csv of a search"),
    ):
        search.run()


def test_pareto_front(tmp_path):
    overrides = ("hydra.sweeper.objectives=[val/cer,cpu_ms]", "pruner=none",
                 "hydra.sweeper.direction=[minimize,minimize]")  # fmt: skip
    with searching(tmp_path, *overrides, "hydra.sweeper.n_trials=6") as search:
        search.run()
        assert search.ranking(search.coordinator.trials())
    assert {"value/val/cer", "value/cpu_ms"} <= rows(tmp_path)[0].keys()


@pytest.mark.parametrize("name", PRUNERS)
def test_every_pruner_builds_and_decides(name):
    with initialize_config_dir(str(CONF)):
        config = compose(
            "train",
            overrides=["hparams_search=optuna", f"pruner={name}"],
            return_hydra_config=True,
        )
    settings = dict(config.hydra.sweeper.pruner)
    pruner = build(settings | fill_grace_epochs(settings, 6))
    study = optuna.create_study(pruner=pruner, study_name="x")
    pruned = 0
    for i in range(30):
        trial = study.ask()
        hopeless = i % 3 == 0
        for epoch in range(1, 31):
            trial.report(1.0 if hopeless or epoch < 5 else 1 / epoch, epoch)
            if trial.should_prune():
                assert epoch >= 6, "within the grace period"
                assert hopeless
                pruned += 1
                study.tell(trial, state=TrialState.PRUNED)
                break
        else:
            study.tell(trial, 1.0 if hopeless else 1 / 30)
    assert (pruned > 3) == (name != "none")


def test_a_trial_taken_for_dead_is_no_end(tmp_path, capsys):
    """A machine that sleeps too long: another process has given up its trial."""

    def launch(jobs, number):
        if not number:
            search.study.tell(number, state=TrialState.FAIL)
        return well(jobs, number)

    well = launcher(tmp_path)
    with searching(tmp_path, "hydra.sweeper.n_trials=3", launch=launch) as search:
        search.run()
    assert "trial 0 sent no heartbeat" in capsys.readouterr().out.replace("\n", " ")
    table = rows(tmp_path)
    assert [row["state"] for row in table] == ["fail", *["complete"] * 3]
    assert float(table[-1]["optimizer.lr"]) == 3e-3 or float(table[1]["optimizer.lr"]) == 3e-3


def test_a_dead_trial_is_no_reason_to_wait(tmp_path):
    with searching(tmp_path, "hydra.sweeper.n_trials=2") as search:
        search.run()
        dead = search.study.ask()
        dead.set_user_attr("owner", search.coordinator.owner | {"lock": str(tmp_path / "gone")})
        assert search.coordinator.running_elsewhere() == []


def test_a_password_is_not_shown(tmp_path):
    url = "postgresql+psycopg://me:secret@127.0.0.1:1/x"
    with (
        pytest.raises(UserError) as error,
        searching(tmp_path, f"hydra.sweeper.storage='{url}'"),
    ):
        pass
    assert "127.0.0.1" in str(error.value) and "secret" not in str(error.value)


def test_a_search_with_given_weights_leaves_the_network_alone(tmp_path):
    with searching(tmp_path, "init_from=old.ckpt", "hydra.sweeper.n_trials=1") as search:
        names = {value.name for value in search.space.values}
    assert {name.partition(" ")[0] for name in names} == {
        "optimizer", "optimizer.lr", "data.batch_size"
    }  # fmt: skip
    with searching(tmp_path / "b", "init_from=old.ckpt", "encoder.dropout=choice(0,0.2)") as search:
        assert "encoder.dropout" in {value.name for value in search.space.values}
