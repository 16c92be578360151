"""Spliced images: their pixels, captions and batches."""

from itertools import pairwise

import pytest
import torch

from ocr.data.augmentation.splicing import (
    CharacterPositions,
    SegmentedImage,
    Splicing,
    estimate_widths,
    find_cuts,
    splice,
    splice_points,
)
from ocr.data.collate import Batch
from ocr.errors import UserError

HEIGHT, SLOT = 8, 20


def text(caption: list[int], slot: int = SLOT, steps: int = 99) -> SegmentedImage:
    """An image in which each character fills a slot with stripes of 10 times its id."""
    image = torch.zeros(1, HEIGHT, slot * len(caption), dtype=torch.uint8)
    for i, symbol in enumerate(caption):
        image[:, ::2, i * slot + 3 : (i + 1) * slot - 3] = 10 * symbol
    return SegmentedImage(image, caption, [slot * i for i in range(1, len(caption))], steps)


def shown(made: SegmentedImage) -> list[int]:
    """The ids of the characters in the pixels between the cuts."""
    edges = [0, *made.cuts, made.image.shape[-1]]
    return [round(made.image[0, 0, (a + b) // 2].item() / 10) for a, b in pairwise(edges)]


def batch(*texts: SegmentedImage) -> Batch:
    widths = torch.tensor([one.image.shape[-1] for one in texts])
    images = torch.zeros(len(texts), 1, HEIGHT, int(widths.max()), dtype=torch.uint8)
    for row, one in zip(images, texts, strict=True):
        row[..., : one.image.shape[-1]] = one.image
    targets = torch.tensor([i for one in texts for i in one.caption])
    lengths = torch.tensor([len(one.caption) for one in texts])
    return Batch(images, widths, targets, lengths, torch.arange(len(texts)) + 100)


def learned(share: float, *texts: SegmentedImage) -> Splicing:
    splicing = Splicing(share)
    splicing.learn({i: reading(one) for i, one in enumerate(texts, start=100)})
    return splicing


def reading(one: SegmentedImage) -> CharacterPositions:
    edges = [0, *one.cuts, one.image.shape[-1]]
    return CharacterPositions(one.caption, [(a + b) / 2 for a, b in pairwise(edges)], one.steps)


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("slot", [17, 20, 24])
def test_a_splice_has_the_head_of_one_image_and_the_tail_of_another(count, slot):
    head, tail = text([1, 2, 3, 4], slot), text([5, 6, 7])
    made = splice(head, tail, count)
    assert made.image.shape == tail.image.shape and made.image.dtype == torch.uint8
    assert made.caption == head.caption[:count] + tail.caption[count:]
    assert made.cuts == tail.cuts  # of equal slots, stretched to fit
    assert shown(made) == made.caption


def test_splice_does_not_change_its_inputs():
    head, tail = text([1, 2]), text([3, 4])
    before = head.image.clone(), tail.image.clone()
    splice(head, tail, 1)
    assert torch.equal(head.image, before[0]) and torch.equal(tail.image, before[1])


def test_characters_are_stretched_only_up_to_the_limit():
    assert splice_points(text([1, 2, 3]), text([4, 5, 6, 7])) == [1, 2]
    assert splice_points(text([1, 2, 3], 30), text([4, 5, 6, 7])) == []
    assert splice_points(text([1]), text([4, 5])) == []


def test_captions_with_too_few_time_steps_are_not_spliced():
    head, tail = text([1, 2, 3]), text([4, 2, 1], steps=3)
    assert splice_points(head, tail) == [1, 2]
    assert splice_points(text([2, 3, 1]), tail) == [2]  # 2 2 1 needs four steps


def test_a_spliced_batch_keeps_its_widths_and_has_matching_captions():
    texts = [text([1, 2, 3]), text([4, 5, 6]), text([7, 8]), text([9, 10, 11, 12])]
    before, splicing = batch(*texts), learned(1.0, *texts)
    for _ in range(20):
        made = splicing(before)
        assert torch.equal(made.widths, before.widths)
        captions = [c.tolist() for c in made.targets.split(made.target_lengths.tolist())]
        for i, (one, caption) in enumerate(zip(texts, captions, strict=True)):
            image = made.images[i, ..., : made.widths[i]]
            assert shown(SegmentedImage(image, caption, one.cuts, 99)) == caption
            assert caption != one.caption and len(caption) == len(one.caption)
            assert not made.images[i, ..., made.widths[i] :].any()


def test_about_the_given_share_is_spliced():
    texts = [text([1, 2]), text([3, 4])] * 50
    before = batch(*texts)
    changed = (learned(0.3, *texts)(before).images != before.images).flatten(1).any(1).sum()
    # Half of the images are equal, and splicing equal images changes nothing.
    assert 5 < changed < 35


@pytest.mark.parametrize("share,known", [(0.0, True), (1.0, False)])
def test_nothing_is_spliced_if_off_or_without_positions(share, known):
    texts = [text([1, 2]), text([3, 4])]
    before = batch(*texts)
    assert learned(share, *texts if known else ())(before) is before


def test_an_image_without_positions_is_not_spliced():
    texts = [text([1, 2]), text([3, 4]), text([5, 6])]
    made = learned(1.0, *texts[:2])(batch(*texts))
    assert made.targets.tolist() == [3, 2, 1, 4, 5, 6]


def test_a_cut_is_made_where_there_is_least_ink():
    one = text([1, 2, 3], slot=20)
    cuts = find_cuts(one.image, [6.0, 24.0, 46.0], [1, 1, 1])  # far from the middles of 10, 30, 50
    for cut, true in zip(cuts, [20, 40], strict=True):
        assert abs(cut - true) <= 3


def test_a_cut_follows_the_widths_if_no_gap_is_visible():
    flat = torch.zeros(1, HEIGHT, 60, dtype=torch.uint8)
    assert find_cuts(flat, [10, 30, 50], [1, 1, 1]) == [20, 40]
    assert find_cuts(flat, [10, 30, 50], [3, 1, 1]) == [25, 40]


def test_peaks_side_by_side_give_cuts_within_the_image():
    image = torch.zeros(1, HEIGHT, 4, dtype=torch.uint8)
    assert find_cuts(image, [0.5, 1.5, 2.5, 3.5], [1] * 4) == [1, 2, 3]


def test_widths_are_estimated_from_the_distances_of_peaks():
    wide = {1: 10.0, 2: 20.0, 3: 40.0}
    readings = []
    for caption in ([1, 2, 3], [3, 1, 2], [2, 2, 1], [3, 3]) * 20:
        peaks = [wide[caption[0]] / 2]
        for a, b in pairwise(caption):
            peaks.append(peaks[-1] + (wide[a] + wide[b]) / 2)
        readings.append(CharacterPositions(caption, peaks, 99))
    assert estimate_widths(readings) == pytest.approx(wide, rel=0.05)


def test_a_rare_character_gets_about_the_mean_width():
    readings = [CharacterPositions([1, 1], [5, 15], 99)] * 50 + [
        CharacterPositions([2, 1], [5, 14], 99)
    ]
    assert estimate_widths(readings)[2] == pytest.approx(10, abs=1)
    assert estimate_widths([CharacterPositions([4], [5], 99)]) == {}


@pytest.mark.parametrize("share", [-0.1, 1.1, "half"])
def test_a_share_out_of_range_is_refused(share):
    with pytest.raises(UserError, match=r"data\.splicing="):
        Splicing(share)
