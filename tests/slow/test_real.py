"""One real training: 900 captchas of the set that the original system was made for."""

import zipfile

import pytest
from conftest import REAL, trained

ZIP = REAL / "captcha_images_v2_900.zip"


@pytest.mark.skipif(not ZIP.exists(), reason=f"the real images are not at {ZIP}")
def test_real_captchas_are_read(tmp_path):
    with zipfile.ZipFile(ZIP) as zipped:
        zipped.extractall(tmp_path)
    (folder,) = (path for path in tmp_path.iterdir() if path.is_dir())
    _, metrics, _ = trained(
        "data=folder", f"data.dir={folder}", "trainer.max_epochs=8", cwd=tmp_path
    )
    assert metrics["images_train"] + metrics["images_val"] + metrics["images_test"] == 900
    assert metrics["test/exact_match"] >= 0.95
    assert metrics["val/exact_match"] >= 0.95
