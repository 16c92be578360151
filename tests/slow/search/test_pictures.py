"""Which pictures a report has, and what drawing them leaves behind: nothing."""

import warnings

import matplotlib
import optuna
from matplotlib import pyplot
from optuna.visualization import matplotlib as plots
from reported import PICTURES, drawn, realistic, report, small


def test_two_objectives(tmp_path):
    page = report(tmp_path, realistic(30, 2), ["val/cer", "cpu_ms"])
    assert page.missing == []
    assert drawn(tmp_path) == {
        "latency",
        *(f"{name}_{i}" for name in PICTURES - {"latency"} for i in (1, 2)),
    }
    assert len(page.images) == 9


def test_a_failing_picture_costs_only_itself(tmp_path, monkeypatch):
    def broken(*args, **kwargs):
        pyplot.figure()
        raise RuntimeError("a <bug> in Optuna")

    monkeypatch.setattr(plots, "plot_slice", broken)
    page = report(tmp_path, realistic(20))
    assert drawn(tmp_path) == PICTURES - {"slice"}
    why = "it can't be drawn (RuntimeError: a <bug> in Optuna)."
    assert page.missing == [f"val/cer by value: {why}"]
    assert pyplot.get_fignums() == []


def test_stale_pictures_are_gone(tmp_path):
    report(tmp_path, realistic(30))
    page = report(tmp_path, [])
    assert drawn(tmp_path) == set()
    assert page.images == []
    [missing] = page.missing
    assert missing.count("val/cer") == 5 and "it takes two trials" in missing


def test_no_trace_is_left(tmp_path, capfd, caplog):
    optuna.logging.enable_propagation()
    caplog.set_level("DEBUG")
    matplotlib.use("svg")
    own = pyplot.figure()
    settings = dict(matplotlib.rcParams)
    optuna.logging.set_verbosity(optuna.logging.DEBUG)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            report(tmp_path, small(10))
        assert drawn(tmp_path) == PICTURES - {"latency"}
        assert optuna.logging.get_verbosity() == optuna.logging.DEBUG
        assert dict(matplotlib.rcParams) == settings
        assert matplotlib.get_backend() == "svg"
        assert pyplot.get_fignums() == [own.number]
        assert capfd.readouterr() == ("", "")
        assert [record for record in caplog.records if record.name.startswith("optuna")] == []
    finally:
        optuna.logging.disable_propagation()
        optuna.logging.set_verbosity(optuna.logging.INFO)
        pyplot.close(own)
        matplotlib.use("agg")
