"""Invented trials, and the report of a search as a reader sees it."""

import base64
import math
import random
from html.parser import HTMLParser
from pathlib import Path

from optuna.distributions import CategoricalDistribution as Choice
from optuna.distributions import FloatDistribution as Float
from optuna.distributions import IntDistribution as Int
from optuna.trial import FrozenTrial, TrialState, create_trial

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
    """Create a trial; `params` maps names to (value, distribution)."""
    params = params or {}
    made = create_trial(
        state=state,
        values=values,
        params={name: value for name, (value, _) in params.items()},
        distributions={name: distribution for name, (_, distribution) in params.items()},
        user_attrs={"command": [f"{name}={value}" for name, (value, _) in params.items()]}
        | attributes,
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
    """Return the trials, of every state, of a search in which the learning rate decides."""
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


def searched(values, *params) -> list[FrozenTrial]:
    """Return complete trials with these scores; each of `params` has a value for each trial."""
    return [
        trial(i, [value], {f"p{j}": column[i] for j, column in enumerate(params)})
        for i, value in enumerate(values)
    ]


def small(count: int) -> list[FrozenTrial]:
    return searched([1 / (i + 1) for i in range(count)], [(i, Int(0, 99)) for i in range(count)])


class Page(HTMLParser):
    """The contents of a report's HTML page."""

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
