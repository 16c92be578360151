"""What the plots of a search show, and that no search is too strange for them."""

import pytest
from optuna.distributions import CategoricalDistribution as Choice
from optuna.distributions import FloatDistribution as Float
from optuna.distributions import IntDistribution as Int
from optuna.trial import TrialState
from optuna.visualization import matplotlib as plots
from PIL import Image
from reported import FAIL, PRUNED, RUNNING, SPACE, drawn, realistic, report, searched, trial

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
    "all equal": (searched([0.0] * 9, [(i, Int(0, 9)) for i in range(9)]), ALL - {"importances"}),
    "few": (searched(DECLINE, [(i, Int(0, 9)) for i in range(5)]), ALL - {"importances"}),
    "one parameter": (searched(DECLINE * 3, [(i, Int(0, 99)) for i in range(15)]), ALL),
    "two parameters": (
        searched(DECLINE * 3, *[[(i * k, Int(0, 99)) for i in range(15)] for k in (1, 2)]),
        ALL,
    ),
    "single values": (
        searched(
            DECLINE * 2,
            [(1, Int(1, 1))] * 10,
            [("a", Choice(("a",)))] * 10,
            [(0.1, Float(0.1, 0.1, log=True))] * 10,
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


def test_long_names_are_no_wider_than_their_panels(tmp_path, axes_of):
    space = {f"encoder{i}num_layers (vgg, resnet)": (i, Int(0, 9)) for i in range(8)}
    report(tmp_path, [trial(n, [n / 10], space) for n in range(3)])
    [panels] = axes_of["plot_slice"]
    panels[0].figure.draw_without_rendering()  # labels were measured for the file's resolution
    for axes in panels:
        assert axes.xaxis.label.get_window_extent().width <= axes.bbox.width, axes.get_xlabel()


def test_one_value_has_one_mark(tmp_path, axes_of):
    report(tmp_path, searched(DECLINE, [(0.1, Float(1e-5, 1, log=True))] * 5, [(3, Int(1, 9))] * 5))
    [panels] = axes_of["plot_slice"]
    marks = [[label.get_text() for label in axes.get_xticklabels()] for axes in panels]
    assert marks == [["0.1"], ["3"]]


def test_whole_numbers_stay_whole_on_a_logarithmic_axis(tmp_path, axes_of):
    sizes = [(n, Int(1, 600, log=True)) for n in (16, 40, 99, 200, 510)]
    report(tmp_path, searched(DECLINE, sizes))
    [axes] = axes_of["plot_slice"]
    marks = [label.get_text() for label in axes.get_xticklabels()]
    assert marks == ["16", "51", "160", "510"]


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


@pytest.mark.parametrize("trials,expected", STRANGE.values(), ids=STRANGE)
def test_strange_search(tmp_path, trials, expected):
    page = report(tmp_path, trials)
    assert drawn(tmp_path) == expected
    assert len(page.images) == len(expected)
    assert sum(text.count("val/cer") for text in page.missing) == 5 - len(expected)
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
