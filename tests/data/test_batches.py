from types import SimpleNamespace

import torch
from torch.utils.data import RandomSampler

from ocr.data.batches import POOL, WidthBatches
from ocr.data.sources import Sample


def dataset(widths):
    samples = [Sample(str(i), "x", i, width) for i, width in enumerate(widths)]
    return SimpleNamespace(samples=samples)


def batches(widths, size):
    data = dataset(widths)
    made = WidthBatches(RandomSampler(range(len(widths))), data, size)
    return made, list(made)


def test_every_index_comes_once():
    widths = torch.randint(10, 400, (1003,)).tolist()
    made, found = batches(widths, 8)
    assert sorted(i for batch in found for i in batch) == list(range(1003))
    assert len(found) == len(made) and max(map(len, found)) == 8


def test_a_batch_holds_images_of_about_one_width():
    widths = torch.randint(10, 1000, (POOL * 8,)).tolist()
    _, found = batches(widths, 8)
    padded = sum(len(batch) * max(widths[i] for i in batch) for batch in found)
    assert padded < 1.1 * sum(widths)


def test_batches_come_in_random_order():
    widths = list(range(100, 100 + POOL * 4))
    _, found = batches(widths, 4)
    firsts = [batch[0] for batch in found]
    assert firsts != sorted(firsts)
    assert [batch for _, batch in zip(range(3), batches(widths, 4)[1])] != found[:3]


def test_equal_widths_are_simply_shuffled():
    torch.manual_seed(1)
    expected = list(RandomSampler(range(20)))
    torch.manual_seed(1)
    _, found = batches([50] * 20, 8)
    assert [i for batch in found for i in batch] == expected


def test_a_fixed_order_is_kept():
    found = list(WidthBatches([3, 1, 2, 0], dataset([9, 8, 7, 6]), 3))
    assert found == [[3, 1, 2], [0]]
