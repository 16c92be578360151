"""The words of `python -m ocr`: what each command takes, and what is said of anything else."""

import pytest

from ocr.cli import main


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[object, str]:
    """Exit code and the line of a mistake; a code that is text is what Python prints."""
    with pytest.raises(SystemExit) as end:
        main(words)
    code = end.value.code
    return (1, code) if isinstance(code, str) else (code, capsys.readouterr().err)


def test_read_takes_a_checkpoint_and_images(tmp_path, capsys):
    checkpoint = tmp_path / "nope.ckpt"
    code, line = said(capsys, "read", str(checkpoint), str(tmp_path / "1.png"))
    assert code == 1
    assert line.startswith(f"error: {checkpoint}: ")


@pytest.mark.parametrize(
    "words,line",
    [
        (["raed", "x"], "raed: no such command. Did you mean read?"),
        (["read", "a.ckpt", "1.png", "--jsn"], "--jsn: no such option. Did you mean --json?"),
        (["doctor", "x", "--label", "y"], "--label: no such option. Did you mean --labels?"),
        (["doctor", "x", "--epochs", "3"], "Did you mean trainer.max_epochs=3?"),
        (["doctor", "x", "--json", "a=1", "y"], "y: nothing that belongs here"),
        (["read"], "the following arguments are required: checkpoint, images"),
    ],
)
def test_other_words_are_told_with_what_may_be_meant(capsys, words, line):
    code, error = said(capsys, *words)
    assert code == 2
    assert line in error
    assert error.count("\n") == 1


def test_without_a_command_there_is_a_list_of_them(capsys):
    main([])
    assert {"read", "doctor", "folds", "curve", "suspects", "pack"} <= {
        *capsys.readouterr().out.split()
    }
