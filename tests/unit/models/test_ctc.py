"""The CTC loss and the best path."""

import pytest
import torch

from ocr.data.text.charset import Charset
from ocr.models.ctc import best_path, blank_share, ctc_loss


def one_hot(steps, classes=4):
    return torch.nn.functional.one_hot(torch.tensor(steps), classes).float() * 20


@pytest.mark.parametrize(
    "steps,text",
    [
        ([1, 0, 1, 2], "aab"),  # a blank separates equal neighbours
        ([1, 1, 2, 2], "ab"),  # without a blank they are merged
        ([0, 0, 0, 0], ""),
        ([1, 0, 0, 1], "aa"),
        ([3, 2, 1, 0], "cba"),
    ],
)
def test_best_path(steps, text):
    ids = best_path(one_hot([steps]), torch.tensor([4]))
    assert Charset("abc").decode(ids[0]) == text


def test_nothing_is_read_beyond_the_length():
    assert best_path(one_hot([[1, 2, 3, 3]]), torch.tensor([2])) == [[1, 2]]
    assert best_path(one_hot([[1, 2, 3, 3]]), torch.tensor([0])) == [[]]


def test_blank_share_counts_steps_within_the_lengths():
    logits = one_hot([[0, 0, 1, 0], [0, 1, 1, 1]])
    assert blank_share(logits, torch.tensor([4, 1])) == pytest.approx(4 / 5)


def test_loss_is_minus_the_log_probability():
    # Two steps, text "a": the paths aa, a-, -a.
    logits = torch.randn(1, 2, 3)
    p = logits.softmax(-1)[0]
    expected = p[0, 1] * p[1, 1] + p[0, 1] * p[1, 0] + p[0, 0] * p[1, 1]
    loss = ctc_loss(logits, torch.tensor([2]), torch.tensor([1]), torch.tensor([1]))
    assert torch.exp(-loss[0]) == pytest.approx(expected.item(), rel=1e-5)


def test_loss_is_float32_under_mixed_precision():
    logits = torch.randn(2, 30, 5).bfloat16()
    targets, sizes = torch.tensor([1, 2, 3, 4]), torch.tensor([2, 2])
    with torch.autocast("cpu", torch.bfloat16):
        loss = ctc_loss(logits, torch.tensor([30, 30]), targets, sizes)
    assert loss.dtype == torch.float32
    alone = ctc_loss(logits.float(), torch.tensor([30, 30]), targets, sizes)
    torch.testing.assert_close(loss, alone)
