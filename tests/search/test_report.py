"""The report of a search: what it draws, what it tells, and that nothing breaks it."""

import base64
import io
import math
import random
import re
import warnings
from html.parser import HTMLParser
from pathlib import Path

import matplotlib
import numpy as np
import optuna
import pytest
from matplotlib import pyplot
from optuna.distributions import CategoricalDistribution as Choice
from optuna.distributions import FloatDistribution as Float
from optuna.distributions import IntDistribution as Int
from optuna.trial import FrozenTrial, TrialState, create_trial
from optuna.visualization import matplotlib as plots
from PIL import Image

from ocr.search.report import write_report

COMPLETE, PRUNED, FAIL, RUNNING = (
    TrialState.COMPLETE,
    TrialState.PRUNED,
    TrialState.FAIL,
    TrialState.RUNNING,
)
UNITS = Choice((64, 96, 128, 192, 256, 384, 512))
SPACE = {
    "encoder": Choice(("conv", "vgg", "resnet")),
    "recurrent": Choice(("lstm", "gru", "rnn", "none")),
    "head": Choice(("linear", "mlp")),
    "optimizer": Choice(
        ("adadelta", "adagrad", "adam", "adamw", "nadam", "radam", "rmsprop", "sgd")
    ),
    "optimizer.lr": Float(1e-5, 1e-1, log=True),
    "encoder.num_layers": Int(1, 5),
    "encoder.growth": Float(1.0, 2.0),
    "encoder.units": UNITS,
    "encoder.units_2": UNITS,
    "recurrent.num_layers": Int(1, 3),
    "recurrent.hidden_size": UNITS,
    "recurrent.hidden_size_2": Choice((None, *UNITS.choices)),
    "head.units": UNITS,
    "data.batch_size": Choice((8, 16, 32, 64)),
}
PICTURES = {"history", "importances", "slice", "parallel", "latency"}


def trial(number, values=None, params=None, state=COMPLETE, **attributes) -> FrozenTrial:
    """params: name: (value, distribution)."""
    params = params or {}
    made = create_trial(
        state=state,
        values=values,
        params={name: value for name, (value, _) in params.items()},
        distributions={name: distribution for name, (_, distribution) in params.items()},
        user_attrs=attributes,
    )
    made.number = number
    return made


def proposal(chance: random.Random) -> dict:
    params = {}
    for name, space in SPACE.items():
        if isinstance(space, Choice):
            params[name] = chance.choice(space.choices), space
        elif isinstance(space, Int):
            params[name] = chance.randint(space.low, space.high), space
        elif space.log:
            params[name] = 10 ** chance.uniform(-5, -1), space
        else:
            params[name] = chance.uniform(space.low, space.high), space
    if params["recurrent"][0] == "none":
        params = {n: p for n, p in params.items() if not n.startswith("recurrent.")}
    if params["head"][0] == "linear":
        del params["head.units"]
    return params


def realistic(count: int, objectives: int = 1) -> list[FrozenTrial]:
    """A search in which the learning rate decides, with zeros, of trials of every state."""
    chance = random.Random(0)
    trials = []
    for number in range(count):
        params = proposal(chance)
        distance = abs(math.log10(params["optimizer.lr"][0]) + 2.7)
        cer = 0.0 if distance < 0.2 else min(1.0, 10 ** (1.4 * distance - 3))
        cpu_ms = chance.uniform(0.3, 5.0)
        metrics = {
            "val/cer": cer,
            "val/exact_match": max(0.0, 1 - 5 * cer),
            "val/loss": 0.02 + 3 * cer,
            "epochs": chance.randint(5, 30),
            "fit_seconds": chance.uniform(10, 90),
            "parameters": chance.randint(40_000, 4_000_000),
            "cpu_ms": cpu_ms,
        }
        if number % 7 == 3 and objectives == 1:
            reason = "worse than the median"
            trials.append(trial(number, None, params, PRUNED, metrics=metrics, reason=reason))
        elif number % 11 == 5:
            trials.append(trial(number, None, params, FAIL, reason="out of memory"))
        elif number == count - 1:
            trials.append(trial(number, None, params, RUNNING))
        else:
            values = [cer, cpu_ms][:objectives]
            trials.append(trial(number, values, params, metrics=metrics))
    return trials


class Page(HTMLParser):
    """A report as a reader sees it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.source = path.read_text(encoding="utf-8")
        self.tags, self.images, self.rows, self.missing, self.text = [], [], [], [], ""
        self._class, self._cell = "", False
        self.feed(self.source)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.tags.append(tag)
        self._class = attributes.get("class", "")
        if tag == "img":
            head, _, data = attributes["src"].partition(",")
            assert head == "data:image/png;base64"
            self.images.append(base64.b64decode(data, validate=True))
        elif tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")
        self._cell = tag in ("td", "th")

    def handle_endtag(self, tag):
        self._cell = False

    def handle_data(self, data):
        self.text += data
        if self._cell:
            self.rows[-1][-1] += data
        if self._class == "missing":
            self.missing.append(data)
            self._class = ""

    def table(self) -> list[dict[str, str]]:
        return [dict(zip(self.rows[0], row, strict=True)) for row in self.rows[1:]]


def report(folder, trials, objectives=("val/cer",), directions=None) -> Page:
    write_report(trials, objectives, directions or ["minimize"] * len(objectives), folder)
    return Page(folder / "index.html")


def drawn(folder: Path) -> set[str]:
    return {path.stem for path in folder.glob("*.png")}


@pytest.fixture
def axes_of(monkeypatch):
    """What Optuna drew, by the name of its function, after the report has mended it."""
    seen: dict[str, list] = {}

    def spy(name):
        draw = getattr(plots, name)

        def spied(*args, **kwargs):
            axes = draw(*args, **kwargs)
            seen.setdefault(name, []).append(axes)
            return axes

        monkeypatch.setattr(plots, name, spied)

    for kind in (
        "optimization_history", "param_importances", "slice", "parallel_coordinate", "pareto_front"
    ):  # fmt: skip
        spy(f"plot_{kind}")
    return seen


@pytest.fixture(scope="module")
def search(tmp_path_factory) -> Path:
    """Where realistic(30) is reported."""
    folder = tmp_path_factory.mktemp("report")
    write_report(realistic(30), ["val/cer"], ["minimize"], folder)
    return folder


def test_realistic_search(search):
    page = Page(search / "index.html")
    assert page.missing == []
    assert {path.name for path in search.iterdir()} == {
        *(f"{name}.png" for name in PICTURES),
        "index.html",
    }
    assert len(page.images) == 5
    for name in PICTURES:
        picture = (search / f"{name}.png").read_bytes()
        assert picture in page.images
        pixels = np.asarray(Image.open(io.BytesIO(picture)).convert("L"))
        assert pixels.std() > 10  # something is on it
    assert "Trials: 1 running, 22 complete, 4 pruned, 3 fail." in page.text


def test_slices_are_in_rows_and_low_scores_apart(tmp_path, axes_of):
    report(tmp_path, realistic(30))
    [panels] = axes_of["plot_slice"]
    assert len(panels) == 14
    assert len({round(axes.get_position().y0, 2) for axes in panels}) == 4
    assert {axes.get_yscale() for axes in panels} == {"symlog"}
    assert Image.open(tmp_path / "slice.png").width < 1300
    labels = {axes.get_xlabel(): [t.get_text() for t in axes.get_xticklabels()] for axes in panels}
    assert set(labels["optimizer"]) <= set(SPACE["optimizer"].choices)
    assert "null" in labels["recurrent.hidden_size_2"]
    [history] = axes_of["plot_optimization_history"]
    assert history.get_yscale() == "symlog"


def test_one_value_has_one_mark(tmp_path, axes_of):
    report(tmp_path, searched(DECLINE, [(0.1, Float(1e-5, 1, log=True))] * 5, [(3, Int(1, 9))] * 5))
    [panels] = axes_of["plot_slice"]
    marks = [[label.get_text() for label in axes.get_xticklabels()] for axes in panels]
    assert marks == [["0.1"], ["3"]]


def test_no_logarithm_where_scores_are_alike_or_high_ones_are_good(tmp_path, axes_of):
    x = Float(0, 1)
    report(tmp_path, [trial(i, [0.1 + i / 10], {"x": (i / 10, x)}) for i in range(5)])
    trials = [trial(i, [0.001 + i / 10], {"x": (i / 10, x)}) for i in range(5)]
    report(tmp_path, trials, ["val/exact_match"], ["maximize"])
    assert [axes.get_yscale() for axes in axes_of["plot_optimization_history"]] == ["linear"] * 2


@pytest.mark.parametrize("direction,best", [("minimize", 0.0), ("maximize", 0.9)])
def test_parallel_draws_the_best_last(tmp_path, axes_of, direction, best):
    trials = [trial(i, [i * 7 % 10 / 10], {"x": (i, Int(0, 9))}) for i in range(10)]
    number = next(t.number for t in trials if t.values == [best])
    report(tmp_path, trials, directions=[direction])
    [axes] = axes_of["plot_parallel_coordinate"]
    merit, at = axes.collections[0].get_segments()[-1][:, 1]
    assert merit == 0
    assert at == pytest.approx(number)  # x runs from 0 to 9 as the ranks do
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert float(labels[0]) == best
    assert [t.get_text() for t in axes.get_xticklabels()] == ["val/cer", "x"]


def test_two_objectives(tmp_path):
    page = report(tmp_path, realistic(30, 2), ["val/cer", "cpu_ms"])
    assert page.missing == []
    assert drawn(tmp_path) == {
        "latency",
        *(f"{name}_{i}" for name in PICTURES - {"latency"} for i in (1, 2)),
    }
    assert len(page.images) == 9


def test_the_pareto_front_is_told(tmp_path):
    values = [[0.1, 5.0], [0.3, 1.0], [0.4, 6.0], [0.2, 2.0]]
    trials = [trial(i, v, {"x": (i, Int(0, 9))}) for i, v in enumerate(values)]
    page = report(tmp_path, trials, ["val/cer", "cpu_ms"])
    assert re.findall(r"Trial (\d): val/cer ([\d.]+), cpu_ms ([\d.]+)", page.text) == [
        ("0", "0.1", "5"),
        ("1", "0.3", "1"),
        ("3", "0.2", "2"),
    ]


def test_the_best_trial_is_told(tmp_path):
    scores = [(0.2, 0.1), (0.1, 0.9), (0.1, 0.3), (0.3, 0.2)]
    trials = [
        trial(i, [cer], {"x": (i, Int(0, 9))}, metrics={"val/loss": loss})
        for i, (cer, loss) in enumerate(scores)
    ]
    assert "Trial 2: val/cer 0.1x=2" in report(tmp_path, trials).text
    page = report(tmp_path, trials, ["val/exact_match"], ["maximize"])
    assert "Trial 3: val/exact_match 0.3x=3" in page.text


@pytest.mark.parametrize(
    "name,direction", [("val/cer", "minimize"), ("val/exact_match", "maximize")]
)
def test_latency_is_a_front_of_score_and_speed(tmp_path, axes_of, name, direction):
    better = sorted([0.1, 0.2, 0.3], reverse=direction == "maximize")
    points = [(2, better[1], 3.0), (5, better[0], 7.0), (6, better[2], 4.0), (9, better[1], 5.0)]
    trials = [
        trial(n, [score], {"x": (n, Int(0, 9))}, metrics={"cpu_ms": ms}) for n, score, ms in points
    ]
    trials.append(trial(10, [better[0]], {"x": (0, Int(0, 9))}))  # nobody measured it
    report(tmp_path, trials, [name], [direction])
    [axes] = axes_of["plot_pareto_front"]
    red = {tuple(point) for point in axes.collections[1].get_offsets().tolist()}
    assert red == {(3.0, better[1]), (7.0, better[0])}
    assert {text.get_text() for text in axes.texts} == {"2", "5"}


def test_trials_keep_their_numbers(tmp_path, axes_of):
    trials = [trial(n, [n / 10], {"x": (n, Int(0, 9))}) for n in (3, 7, 8)]
    report(tmp_path, [*trials, trial(5, None, {"x": (1, Int(0, 9))}, FAIL)])
    [axes] = axes_of["plot_optimization_history"]
    assert axes.collections[0].get_offsets()[:, 0].tolist() == [3, 7, 8]


def test_table_of_all_trials(search):
    rows = Page(search / "index.html").table()
    assert [row["number"] for row in rows] == [str(i) for i in range(30)]
    assert [row["state"] for row in rows[3:6]] == ["pruned", "complete", "fail"]
    for made, row in zip(realistic(30), rows):
        metrics = made.user_attrs.get("metrics", {})
        assert row["seconds"] == (f"{metrics['fit_seconds']:.4g}" if metrics else "")
        assert row["epochs"] == str(metrics.get("epochs", ""))
        assert row["val/cer"] == (f"{metrics['val/cer']:.4g}" if metrics else "")
        assert row["reason"] == made.user_attrs.get("reason", "")
        assert (row["head.units"] == "") == ("head.units" not in made.params)
        if "recurrent.hidden_size_2" in made.params:
            size = made.params["recurrent.hidden_size_2"]
            assert row["recurrent.hidden_size_2"] == ("null" if size is None else str(size))


def searched(values, *params) -> list[FrozenTrial]:
    """Complete trials with these scores; params: one list of (value, distribution) each."""
    return [
        trial(i, [value], {f"p{j}": column[i] for j, column in enumerate(params)})
        for i, value in enumerate(values)
    ]


def small(count: int) -> list[FrozenTrial]:
    return searched([1 / (i + 1) for i in range(count)], [(i, Int(0, 99)) for i in range(count)])


MIXED = Choice((None, True, 1.5, "a", 2))
LONG = Choice(tuple(f"{'a very long name of a category, the ' * 3}{i}th" for i in range(40)))
MATHS = Choice(("$x_{0$", "$x_{1$"))
LOG = Int(1, 50, log=True)
DECLINE = [0.9, 0.5, 0.2, 0.1, 0.0]
ALL = {"history", "importances", "slice", "parallel"}
STRANGE = {
    "no trials": ([], set()),
    "one complete": (searched([0.1], [(1, Int(0, 9))]), set()),
    "all failed": ([trial(i, None, {"x": (i, Int(0, 9))}, FAIL) for i in range(4)], set()),
    "failed before any value": ([trial(i, None, {}, FAIL) for i in range(4)], set()),
    "pruned without a report": ([trial(i, None, {}, PRUNED) for i in range(4)], set()),
    "running and waiting": (
        [trial(0, state=RUNNING), trial(1, state=TrialState.WAITING)],
        set(),
    ),
    "nothing searched": (searched(DECLINE), {"history"}),
    "all equal": (searched([0.0] * 5, [(i, Int(0, 9)) for i in range(5)]), ALL - {"importances"}),
    "one parameter": (searched(DECLINE * 3, [(i, Int(0, 99)) for i in range(15)]), ALL),
    "two parameters": (
        searched(DECLINE * 3, *[[(i * k, Int(0, 99)) for i in range(15)] for k in (1, 2)]),
        ALL,
    ),
    "single values": (
        searched(
            DECLINE,
            [(1, Int(1, 1))] * 5,
            [("a", Choice(("a",)))] * 5,
            [(0.1, Float(0.1, 0.1, log=True))] * 5,
        ),
        ALL - {"importances"},
    ),
    "None among choices": (
        searched(DECLINE * 2, [(None if i % 2 else 8, Choice((None, 8))) for i in range(10)]),
        ALL,
    ),
    "mixed types": (
        searched(DECLINE * 2, [(MIXED.choices[i % 5], MIXED) for i in range(10)]),
        ALL,
    ),
    "long names": (
        searched(
            DECLINE * 8,
            [(name, LONG) for name in LONG.choices],
            [(i, Int(0, 99)) for i in range(40)],
        ),
        ALL,
    ),
    "mathematics": (
        searched(DECLINE * 2, [(f"$x_{{{i % 2}$", MATHS) for i in range(10)]),
        ALL,
    ),
    "negative and large": (
        searched([-5.0, 0.0, 1e9, 3.0, 2.0] * 2, [(i, Int(0, 99)) for i in range(10)]),
        ALL,
    ),
    "disjoint parameters": (
        [
            trial(i, [i / 10], {"ab"[i % 2]: (1 + i, LOG), "c": (i / 9, Float(0, 9))})
            for i in range(20)
        ],
        ALL,
    ),
}  # fmt: skip


@pytest.mark.parametrize("trials,expected", STRANGE.values(), ids=STRANGE)
def test_strange_search(tmp_path, trials, expected):
    page = report(tmp_path, trials)
    assert drawn(tmp_path) == expected
    assert len(page.images) == len(expected)
    assert len(page.missing) == 5 - len(expected)
    assert "can't be drawn" not in page.text  # the reasons are foreseen ones
    assert [row["number"] for row in page.table()] == [str(t.number) for t in trials]
    for name in expected:
        width, height = Image.open(tmp_path / f"{name}.png").size
        assert 300 < width < 1500 and 90 < height < 1500


@pytest.mark.parametrize(
    "trials",
    [[], [trial(0, [0.1, 2.0])], [trial(i, [0.5, 1.0]) for i in range(3)]],
    ids=["none", "one", "equal"],
)
def test_strange_search_with_two_objectives(tmp_path, trials):
    page = report(tmp_path, trials, ["val/cer", "cpu_ms"])
    assert page.text.count("Trial 0: val/cer") == bool(trials)
    assert "can't be drawn" not in page.text


def test_latency_as_the_only_objective(tmp_path):
    trials = [trial(i, [1.0 + i], metrics={"cpu_ms": 1.0 + i}) for i in range(3)]
    report(tmp_path, trials, ["cpu_ms"])
    assert drawn(tmp_path) == {"history"}


def test_metrics_that_are_none(tmp_path):
    metrics = {"cpu_ms": None, "val/loss": None, "val/exact_match": None}
    trials = [trial(i, [i / 10], metrics=metrics) for i in range(3)]
    page = report(tmp_path, trials)
    assert drawn(tmp_path) == {"history"}
    assert {row["cpu_ms"] for row in page.table()} == {""}


def test_a_failing_picture_costs_only_itself(tmp_path, monkeypatch):
    def broken(*args, **kwargs):
        pyplot.figure()
        raise RuntimeError("a <bug> in Optuna")

    monkeypatch.setattr(plots, "plot_slice", broken)
    page = report(tmp_path, realistic(20))
    assert drawn(tmp_path) == PICTURES - {"slice"}
    assert page.missing == ["Left out: it can't be drawn (RuntimeError: a <bug> in Optuna)."]
    assert pyplot.get_fignums() == []


def test_names_and_reasons_are_escaped(tmp_path):
    evil = """<script>alert("1")</script> & 'x'"""
    choices = Choice((evil, "b"))
    trials = [
        trial(i, [i / 10], {evil: (choices.choices[i % 2], choices)}, reason=evil)
        for i in range(10)
    ]
    page = report(tmp_path, trials, [evil])
    assert "script" not in page.tags
    assert "<script" not in page.source
    row = page.table()[0]
    assert row["reason"] == evil and list(row.values()).count(evil) == 2
    assert page.text.count(evil) > 20
    assert len(page.images) == 4


def test_the_page_needs_nothing_else(search):
    page = Page(search / "index.html")
    assert not re.search(r"https?://|@import|url\(|\bhref=|\bsrcset=", page.source)
    assert {"link", "script", "iframe", "object"}.isdisjoint(page.tags)
    assert all(
        s.startswith("data:image/png;base64,") for s in re.findall(r'src="([^"]*)', page.source)
    )


def test_stale_pictures_are_gone(tmp_path):
    report(tmp_path, realistic(30))
    page = report(tmp_path, [])
    assert drawn(tmp_path) == set()
    assert page.images == []
    assert len(page.missing) == 5


@pytest.mark.parametrize("failing", ["write_bytes", "replace"])
def test_a_reader_never_sees_half_a_file(tmp_path, monkeypatch, failing):
    report(tmp_path, small(10))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    write = Path.write_bytes

    def full(path, *args):
        if failing == "write_bytes":
            write(path, args[0][:10])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, failing, full)
        with pytest.raises(OSError, match="No space"):
            report(tmp_path, small(15))
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


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
        assert drawn(tmp_path) == ALL
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
