"""Where characters are, from what the network says at each step."""

import torch

from ocr.model.alignment import peaks
from ocr.model.ctc import best_path


def logits(*rows: str) -> torch.Tensor:
    """What says the classes of each row, one a step; - is the blank."""
    ids = [[max(0, "-abc".index(c)) for c in row] for row in rows]
    return torch.nn.functional.one_hot(torch.tensor(ids), 4).float()


def test_a_character_is_in_the_middle_of_the_steps_that_say_it():
    said = logits("-aaa-b-", "a--bb-c")
    assert peaks(said, torch.tensor([7, 7])) == [
        [(1, 2.0), (2, 5.0)],
        [(1, 0.0), (2, 3.5), (3, 6.0)],
    ]


def test_what_lies_in_the_padding_is_not_read():
    assert peaks(logits("a-bbc"), torch.tensor([3])) == [[(1, 0.0), (2, 2.0)]]


def test_it_reads_as_the_best_path_does():
    said, lengths = torch.randn(50, 12, 4), torch.randint(1, 13, (50,))
    assert [[i for i, _ in read] for read in peaks(said, lengths)] == best_path(said, lengths)
