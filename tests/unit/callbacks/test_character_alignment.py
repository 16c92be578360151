"""Positions of characters, from the network's output at each time step."""

from types import SimpleNamespace

import torch
from pytorch_lightning.plugins.precision import Precision
from pytorch_lightning.trainer.states import TrainerFn

from ocr.callbacks.character_alignment import CharacterAlignment
from ocr.data.augmentation.splicing import Splicing
from ocr.data.collate import Batch
from ocr.data.dataset import CaptionedImages
from ocr.data.images.cache import ImageCache
from ocr.data.images.preprocessing import Preprocessor
from ocr.data.samples import Sample, Samples
from ocr.data.text.charset import Charset
from ocr.models.ctc import best_path, best_path_positions


def logits(*rows: str) -> torch.Tensor:
    """Return logits whose best classes spell the rows, one class per time step; - is the blank."""
    ids = [[max(0, "-abc".index(c)) for c in row] for row in rows]
    return torch.nn.functional.one_hot(torch.tensor(ids), 4).float()


def test_a_character_is_in_the_middle_of_its_time_steps():
    output = logits("-aaa-b-", "a--bb-c")
    assert best_path_positions(output, torch.tensor([7, 7])) == [
        [(1, 2.0), (2, 5.0)],
        [(1, 0.0), (2, 3.5), (3, 6.0)],
    ]


def test_time_steps_of_padding_are_ignored():
    assert best_path_positions(logits("a-bbc"), torch.tensor([3])) == [[(1, 0.0), (2, 2.0)]]


def test_positions_belong_to_the_symbols_of_the_best_path():
    output, lengths = torch.randn(50, 12, 4), torch.randint(1, 13, (50,))
    positions = best_path_positions(output, lengths)
    assert [[i for i, _ in path] for path in positions] == best_path(output, lengths)


class FixedNetwork(torch.nn.Module):
    """A network that reads `ids` in every image, with four time steps per character."""

    device = torch.device("cpu")

    def __init__(self, ids: list[int]):
        super().__init__()
        self.ids = [i for one in ids for i in (0, one, one, 0)]

    def forward(self, images, widths):
        output = torch.nn.functional.one_hot(torch.tensor(self.ids), 4).float()
        return output.expand(len(images), -1, -1), torch.full((len(images),), len(self.ids))


class Data:
    """Three images of 24 columns with three captions of two characters."""

    texts = ("aa", "ab", "ba")

    def __init__(self, share: float):
        self.splicing = Splicing(share)
        self.preprocessor = Preprocessor(8)

    def dataset(self, part: str) -> CaptionedImages:
        cache = ImageCache(1)
        for text in self.texts:
            cache.put(text, torch.zeros(1, 8, 24, dtype=torch.uint8))
        samples = [Sample(text, text, width=24) for text in self.texts]
        return CaptionedImages(Samples.from_rows(samples), self.preprocessor, Charset("abc"), cache)


def aligned(data: Data, *readings: list[int], fn: TrainerFn = TrainerFn.FITTING) -> list[bool]:
    """Validate once with each reading, and return which images have been aligned."""
    trainer = SimpleNamespace(
        datamodule=data, state=SimpleNamespace(fn=fn), precision_plugin=Precision()
    )
    for ids in readings:
        CharacterAlignment().on_validation_epoch_end(trainer, FixedNetwork(ids))
    return [i in data.splicing for i in range(3)]


def test_an_image_is_aligned_once_it_is_read_correctly():
    assert aligned(Data(1.0), [1, 2]) == [False, True, False]
    assert aligned(Data(1.0), [1, 2], [2, 1], [3, 3]) == [False, True, True]


def test_images_are_cut_between_their_characters():
    data = Data(1.0)
    aligned(data, [1, 2], [2, 1])
    captions = torch.tensor([1, 2, 2, 1])
    images = torch.zeros(2, 1, 8, 24, dtype=torch.uint8)
    images[1] = 200
    widths, lengths, index = torch.tensor([24, 24]), torch.tensor([2, 2]), torch.tensor([1, 2])
    batch = Batch(images, widths, captions, lengths, index)
    made = data.splicing(batch)
    assert made.targets.tolist() == [2, 2, 1, 1]
    assert (made.images[0, ..., :9] == 200).all() and not made.images[0, ..., 15:].any()


def test_no_image_is_aligned_without_splicing_or_in_a_test():
    assert aligned(Data(0.0), [1, 2]) == [False, False, False]
    assert aligned(Data(1.0), [1, 2], fn=TrainerFn.TESTING) == [False, False, False]
