"""The report page of a search: its content, and that it is replaced as a whole."""

import io
import re
from pathlib import Path

import numpy as np
import pytest
from optuna.distributions import CategoricalDistribution as Choice
from optuna.distributions import IntDistribution as Int
from PIL import Image
from reported import PICTURES, Page, drawn, realistic, report, small, trial

from ocr.search.report import write_page, write_report


@pytest.fixture(scope="module")
def search(tmp_path_factory) -> Path:
    """The folder with the report of realistic(30)."""
    folder = tmp_path_factory.mktemp("report")
    write_report(realistic(30), ["val/cer"], ["minimize"], folder)
    return folder


def test_report_of_a_search_has_all_plots(search):
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


def test_winner_is_added_without_drawing_plots_again(tmp_path):
    winner = {"winner": "trial 3 of 22", "read with": "python -m ocr read <x>"}
    sections = ["<h2>A picture</h2>"]
    write_page(realistic(5), ["val/cer"], ["minimize"], tmp_path, sections, winner)
    page = Page(tmp_path / "index.html")
    assert "The winnerwinnertrial 3 of 22read withpython -m ocr read <x>The best trial" in page.text
    assert "A picture" in page.text
    assert [path.name for path in tmp_path.iterdir()] == ["index.html"]


def test_page_names_the_pareto_front(tmp_path):
    values = [[0.1, 5.0], [0.3, 1.0], [0.4, 6.0], [0.2, 2.0]]
    trials = [trial(i, v, {"x": (i, Int(0, 9))}) for i, v in enumerate(values)]
    page = report(tmp_path, trials, ["val/cer", "cpu_ms"])
    assert re.findall(r"Trial (\d): val/cer ([\d.]+), cpu_ms ([\d.]+)", page.text) == [
        ("0", "0.1", "5"),
        ("1", "0.3", "1"),
        ("3", "0.2", "2"),
    ]


def test_page_names_the_best_trial(tmp_path):
    scores = [(0.2, 0.1), (0.1, 0.9), (0.1, 0.3), (0.3, 0.2)]
    trials = [
        trial(i, [cer], {"x": (i, Int(0, 9))}, metrics={"val/loss": loss})
        for i, (cer, loss) in enumerate(scores)
    ]
    assert "Trial 2: val/cer 0.1python -m ocr train x=2" in report(tmp_path, trials).text
    page = report(tmp_path, trials, ["val/exact_match"], ["maximize"])
    assert "Trial 3: val/exact_match 0.3python -m ocr train x=3" in page.text


def test_table_has_all_trials(search):
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


def test_missing_metrics_are_blank(tmp_path):
    metrics = {"cpu_ms": None, "val/loss": None, "val/exact_match": None}
    trials = [trial(i, [i / 10], metrics=metrics) for i in range(3)]
    page = report(tmp_path, trials)
    assert drawn(tmp_path) == {"history"}
    assert {row["cpu_ms"] for row in page.table()} == {""}


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


def test_page_needs_no_other_file(search):
    page = Page(search / "index.html")
    assert not re.search(r"https?://|@import|url\(|\bhref=|\bsrcset=", page.source)
    assert {"link", "script", "iframe", "object"}.isdisjoint(page.tags)
    assert all(
        s.startswith("data:image/png;base64,") for s in re.findall(r'src="([^"]*)', page.source)
    )


@pytest.mark.parametrize("failing", ["write_bytes", "replace"])
def test_failed_write_leaves_the_old_files(tmp_path, monkeypatch, failing):
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
