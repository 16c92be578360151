"""The table of samples, skipped.csv and the splitter."""

import numpy as np
import pytest

from ocr.data.manifest import read_skipped, write_skipped
from ocr.data.samples import Sample, Samples, Skipped, SkipReason
from ocr.data.split import Splitter
from ocr.errors import UserError

ROWS = [Sample("a.png", "é", 1, 10), Sample("b.png", "b", 2, 20, "car"), Sample("c.png", "", 3, 30)]


def test_rows_of_a_table_are_the_given_samples():
    table = Samples.from_rows(ROWS)
    assert [*table] == ROWS
    assert table.lengths.tolist() == [1, 1, 0]


def test_take_without_and_concatenate():
    table = Samples.from_rows(ROWS, folders=[0, 1, 1])
    assert [*table.take([2, 0])] == [ROWS[2], ROWS[0]]
    assert [*table.without([1])] == [ROWS[0], ROWS[2]]
    assert table.without([]) is table
    both = Samples.concatenate([table.take([1]), table.take([0])])
    assert [*both] == [ROWS[1], ROWS[0]]
    assert both.folders.tolist() == [1, 0] and both.rows.tolist() == [1, 0]


def test_skipped_csv_is_read_back(tmp_path):
    skipped = [
        Skipped("a", SkipReason.NO_CAPTION, "any words"),
        Skipped("b", SkipReason.EMPTY_CAPTION),
    ]
    write_skipped(tmp_path, skipped)
    read = read_skipped(tmp_path)
    assert [(one.name, one.reason, one.text) for one in read] == [
        (one.name, one.reason, one.text) for one in skipped
    ]
    assert [one.is_unusable for one in read] == [False, True]


def test_a_splitter_adds_the_missing_parts():
    digests = np.random.default_rng(0).integers(0, 2**63, 200).tolist()
    table = Samples.from_rows(Sample(str(i), "x", 2 * d) for i, d in enumerate(digests))
    splitter = Splitter(val_size=0.2, test_size=0.2, split_seed=0, train_images=50)
    parts = splitter.split({"train": table.take(range(150)), "test": table.take(range(150, 200))})
    assert parts.keys() == {"train", "val", "test"}
    assert len(parts["train"]) == 50 and len(parts["test"]) == 50
    assert splitter.unused == 100 - len(parts["val"])


def test_a_fold_out_of_range_is_named():
    with pytest.raises(UserError, match=r"data\.fold=5"):
        Splitter(val_size=0.1, test_size=0.1, split_seed=0, folds=5, fold=5)
