"""Start with the weights of a reader of other images, matched character by character."""

from collections.abc import Mapping
from math import log
from typing import Any

import torch

from ocr.config.instantiate import build
from ocr.data.images.preprocessing import Preprocessor
from ocr.data.text.bidi import has_rtl
from ocr.data.text.charset import BLANK, Charset
from ocr.errors import UserError
from ocr.models.checkpoint import Network, differences
from ocr.models.crnn import CRNN

CHARSETS = ("union", "new", "fail")


def merge(old: Charset, new: Charset, how: str) -> Charset:
    """The characters of a reader that knows `old` and is to learn `new`.

    how: "union", both; "new", only those; "fail", the old ones, which have to do. Their order is
    the new one's, if it has letters that tell.
    """
    unknown = old.unknown(new.symbols)
    if how == "fail" and unknown:
        raise UserError(
            f"the images have characters that init_from doesn't know: {unknown!r}. "
            "init_charset=union or new teaches them, data.charset leaves them out"
        )
    symbols = new.symbols if how == "new" else old.symbols + unknown
    return Charset(symbols, (new if has_rtl(new.symbols) else old).order)


@torch.no_grad()
def carry_over(network: Network, model: CRNN, charset: Charset) -> None:
    """Give `model`, which knows `charset`, the weights of `network`.

    A new character gets the mean of the old ones' rows and the row it has in `model`, which is
    fresh. With the mean it is likely where there is some character and unlikely elsewhere, which
    is most of what a row has to learn; by the fresh row the new ones differ. Both together learn
    faster than either alone (see benchmarks/README.md).
    """
    old = network.charset
    ids = torch.tensor([BLANK, *(old.symbols.find(s) + 1 or len(old) for s in charset.symbols)])
    new = ids == len(old)
    weights = network.model.state_dict()
    # A head ends in the layer that scores the symbols.
    layer = f"head.{len(model.head) - 1}"
    for name, fresh in model.head[-1].named_parameters(layer):
        rows = weights[name]
        rows = torch.cat([rows, rows[BLANK + 1 :].mean(0, keepdim=True)])[ids]
        rows[new] += fresh[new]
        weights[name] = rows
    # However many they are, they weigh no more than the old ones together, so that the blank
    # stays as likely as it was (see heads.py).
    weights[f"{layer}.bias"][new] -= log(max(1, new.sum().item() / len(old.symbols)))
    model.load_state_dict(weights)


def require_fit(
    network: Network, config: Mapping[str, Any], preprocessor: Preprocessor, path: str
) -> None:
    """Raise UserError, naming the keys, if the weights don't fit a model of this `config`."""
    there = network.shape()
    here = {**config, "data": {key: getattr(preprocessor, key) for key in there["data"]}}
    # Of another kind, it may not even be complete: what is null follows from the images.
    if all(here[part].get("_target_") == there[part].get("_target_") for part in there):
        model = build(
            config, symbols=network.charset.symbols, preprocessor=preprocessor.state()
        ).model
        try:
            model.load_state_dict(network.model.state_dict())
            return
        except RuntimeError:
            pass
    raise UserError(
        f"the weights of init_from={path} don't fit: {', '.join(differences(there, here))}. "
        "Leave such keys out of the command line, and they are as they are there"
    )
