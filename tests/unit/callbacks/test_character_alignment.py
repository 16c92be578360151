"""Where characters are, from what the network says at each step."""

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
    """What says the classes of each row, one a step; - is the blank."""
    ids = [[max(0, "-abc".index(c)) for c in row] for row in rows]
    return torch.nn.functional.one_hot(torch.tensor(ids), 4).float()


def test_a_character_is_in_the_middle_of_the_steps_that_say_it():
    said = logits("-aaa-b-", "a--bb-c")
    assert best_path_positions(said, torch.tensor([7, 7])) == [
        [(1, 2.0), (2, 5.0)],
        [(1, 0.0), (2, 3.5), (3, 6.0)],
    ]


def test_what_lies_in_the_padding_is_not_read():
    assert best_path_positions(logits("a-bbc"), torch.tensor([3])) == [[(1, 0.0), (2, 2.0)]]


def test_it_reads_as_the_best_path_does():
    said, lengths = torch.randn(50, 12, 4), torch.randint(1, 13, (50,))
    assert [[i for i, _ in read] for read in best_path_positions(said, lengths)] == best_path(
        said, lengths
    )


class Says(torch.nn.Module):
    """Reads every image of 24 columns as `ids`, four steps a character."""

    device = torch.device("cpu")

    def __init__(self, ids: list[int]):
        super().__init__()
        self.ids = [i for one in ids for i in (0, one, one, 0)]

    def forward(self, images, widths):
        said = torch.nn.functional.one_hot(torch.tensor(self.ids), 4).float()
        return said.expand(len(images), -1, -1), torch.full((len(images),), len(self.ids))


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


def known(data: Data, *said: list[int], fn: TrainerFn = TrainerFn.FITTING) -> list[bool]:
    trainer = SimpleNamespace(
        datamodule=data, state=SimpleNamespace(fn=fn), precision_plugin=Precision()
    )
    for ids in said:
        CharacterAlignment().on_validation_epoch_end(trainer, Says(ids))
    return [i in data.splicing for i in range(3)]


def test_an_image_is_known_once_it_is_read_as_its_caption_says():
    assert known(Data(1.0), [1, 2]) == [False, True, False]
    assert known(Data(1.0), [1, 2], [2, 1], [3, 3]) == [False, True, True]


def test_its_cut_lies_between_its_characters():
    data = Data(1.0)
    known(data, [1, 2], [2, 1])
    captions = torch.tensor([1, 2, 2, 1])
    images = torch.zeros(2, 1, 8, 24, dtype=torch.uint8)
    images[1] = 200
    widths, lengths, index = torch.tensor([24, 24]), torch.tensor([2, 2]), torch.tensor([1, 2])
    batch = Batch(images, widths, captions, lengths, index)
    made = data.splicing(batch)
    assert made.targets.tolist() == [2, 2, 1, 1]
    assert (made.images[0, ..., :9] == 200).all() and not made.images[0, ..., 15:].any()


def test_nobody_looks_where_no_look_alikes_are_made():
    assert known(Data(0.0), [1, 2]) == [False, False, False]
    assert known(Data(1.0), [1, 2], fn=TrainerFn.TESTING) == [False, False, False]
