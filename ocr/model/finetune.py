"""Start with the weights of a reader of other images, matched character by character."""

from collections.abc import Mapping
from math import log
from typing import Any

import torch

from ocr.data.charset import BLANK, Charset
from ocr.data.images import Normalizer
from ocr.errors import UserError
from ocr.model.build import build
from ocr.model.checkpoint import Network, differences
from ocr.model.crnn import CRNN

CHARSETS = ("union", "new", "fail")


def merge(old: Charset, new: Charset, how: str) -> Charset:
    """The characters of a reader that knows `old` and is to learn `new`.

    how: "union", both; "new", only those; "fail", the old ones, which have to do.
    """
    unknown = old.unknown(new.symbols)
    if how == "fail" and unknown:
        raise UserError(
            f"the images have characters that init_from doesn't know: {unknown}. "
            "init_charset=union or new teaches them, data.charset leaves them out"
        )
    return new if how == "new" else Charset(old.symbols + unknown)


def carry_over(network: Network, model: CRNN, charset: Charset) -> None:
    """Give `model`, which knows `charset`, the weights of `network`."""
    weights = network.model.state_dict()
    last = f"head.{len(network.model.head) - 1}"  # a head ends in the layer that scores symbols
    for name in (f"{last}.weight", f"{last}.bias"):
        weights[name] = _respelt(weights[name], network.charset, charset)
    new = torch.tensor([symbol not in network.charset.symbols for symbol in charset.symbols])
    # However many there are, together they weigh no more than the old ones did, so that the
    # blank stays as likely as it was (see heads.py).
    excess = max(1.0, new.sum().item() / len(network.charset.symbols))
    weights[f"{last}.bias"][1:][new] -= log(excess)
    model.load_state_dict(weights)


def _respelt(rows: torch.Tensor, old: Charset, new: Charset) -> torch.Tensor:
    """The rows of a last layer for `new`, from those for `old`.

    A new character gets the mean of the old ones' rows: it is then likely where there is some
    character, and not where there is none, which is most of what a row has to learn.
    """
    ids = [old.symbols.find(symbol) + 1 or len(old) for symbol in new.symbols]
    return torch.cat([rows, rows[BLANK + 1 :].mean(0, keepdim=True)])[[BLANK, *ids]]


def require_fit(
    network: Network, config: Mapping[str, Any], normalizer: Normalizer, path: str
) -> None:
    """Raise UserError, naming the keys, if the weights don't fit a model of this `config`."""
    model = build(config, symbols=network.charset.symbols, normalizer=normalizer.state()).model
    try:
        model.load_state_dict(network.model.state_dict())
    except RuntimeError as error:
        there = network.shape()
        here = {**config, "data": {key: getattr(normalizer, key) for key in there["data"]}}
        raise UserError(
            f"the weights of init_from={path} don't fit: {', '.join(differences(there, here))}. "
            "Leave such keys out of the command line, and they are as they are there"
        ) from error
