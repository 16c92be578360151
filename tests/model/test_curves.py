"""metrics.csv of a run that goes on in its own folder."""

import os

import pytest
from pytorch_lightning.utilities import rank_zero_only

from ocr.model.curves import Curves


@pytest.mark.parametrize("rank,kept", [(0, False), (1, True)])
def test_only_the_first_rank_touches_the_rows(tmp_path, monkeypatch, rank, kept):
    rows = b"epoch,val/cer\r\n0,0.5\r\n"
    path = tmp_path / "metrics.csv"
    path.write_bytes(rows)
    os.utime(path, (1, 1))
    monkeypatch.setattr(rank_zero_only, "rank", rank)
    curves = Curves(str(tmp_path), "", "", str(tmp_path / "last.ckpt"))
    assert curves.experiment is not None
    assert path.read_bytes() == rows
    assert (path.stat().st_mtime == 1) == kept
