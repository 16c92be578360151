"""Files of an earlier run are kept together, under one number."""

from ocr.callbacks.earlier_run import keep_earlier, resumes

NAMES = ("best.ckpt", "metrics.json")


def test_files_of_a_run_get_the_same_number(tmp_path):
    (tmp_path / "best.ckpt").write_text("interrupted")
    keep_earlier(tmp_path, NAMES)
    for name in NAMES:
        (tmp_path / name).write_text("finished")
    keep_earlier(tmp_path, NAMES)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "best.1.ckpt": "interrupted",
        "best.2.ckpt": "finished",
        "metrics.2.json": "finished",
    }


def test_only_a_checkpoint_of_the_same_folder_is_resumed(tmp_path):
    assert resumes(tmp_path, f"{tmp_path}/x/../last.ckpt")
    assert not resumes(tmp_path, f"{tmp_path}/x/last.ckpt")
    assert not resumes(tmp_path, None)
