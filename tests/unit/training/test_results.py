"""The closing table of a run."""

import pytest

from ocr.training.results import _print


@pytest.mark.parametrize(
    "skipped,uncaptioned,words",
    [
        (0, 0, None),
        (1, 0, "1 image, listed"),
        (0, 1200, "1,200 images without a caption, listed"),
        (2, 1, "2 images and 1 image without a caption, listed"),
    ],
)
def test_the_number_of_images_left_out_is_printed(tmp_path, capsys, skipped, uncaptioned, words):
    metrics = {"images_train": 8, "images_val": 1, "epochs": 2, "fit_seconds": 1, "parameters": 9}
    metrics |= {"images_skipped": skipped, "images_uncaptioned": uncaptioned}
    metrics |= {"val/exact_match": 0.5, "val/exact_match_ci95": [0.1, 0.9], "val/cer": 0.2}
    _print(metrics, tmp_path / "best.ckpt", tmp_path)
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("left out")]
    assert lines == ([f"left out    {words} in {tmp_path}/skipped.csv"] if words else [])
