import pytest
import torch

from ocr.data.charset import Charset
from ocr.model.ctc import best_path, blank_share, ctc_loss, disagreement


def one_hot(steps, classes=4):
    return torch.nn.functional.one_hot(torch.tensor(steps), classes).float() * 20


@pytest.mark.parametrize(
    "steps,text",
    [
        ([1, 0, 1, 2], "aab"),  # a blank parts equal neighbours
        ([1, 1, 2, 2], "ab"),  # without one they are merged
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


def test_views_that_say_the_same_do_not_disagree():
    logits, lengths = torch.randn(2, 7, 4).repeat(2, 1, 1), torch.tensor([7, 5, 7, 5])
    torch.testing.assert_close(disagreement(logits, lengths), torch.zeros(2))


def test_disagreement_is_half_the_sum_of_both_divergences_within_the_length():
    logits, lengths = torch.randn(4, 6, 3), torch.tensor([6, 2, 6, 2])
    p, q = logits.softmax(-1).chunk(2)
    steps = ((p - q) * (p.log() - q.log())).sum(-1) / 2  # both divergences in one
    expected = torch.stack([steps[0].sum(), steps[1, :2].sum()])
    torch.testing.assert_close(disagreement(logits, lengths), expected)


def test_each_view_comes_nearer_to_what_the_other_says():
    logits = torch.zeros(2, 1, 2, requires_grad=True)
    with torch.no_grad():
        logits[0, 0, 0] = 2.0  # the one view says the first class, the other can't tell
    disagreement(logits, torch.tensor([1, 1])).sum().backward()
    p, q = logits.detach().softmax(-1).chunk(2)
    # Towards the other's distribution as it is: a cross-entropy's gradient.
    torch.testing.assert_close(logits.grad, torch.cat([p - q, q - p]) / 2)
