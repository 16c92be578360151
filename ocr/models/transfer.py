"""Transfer learning: initialise a network with the weights of another one, symbol by symbol."""

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


def merge_charsets(old: Charset, new: Charset, how: str) -> Charset:
    """Choose the charset of a fine-tuned reader.

    Args:
        old: Charset of the pretrained reader.
        new: Charset of the images.
        how: "union" for both; "new" for the symbols of the images only; "fail" for the old charset,
            which must contain those of the images.

    Returns:
        The charset. Its order is that of the images if they have right-to-left symbols.

    Raises:
        UserError: If `how` is "fail" and the images have other symbols.
    """
    unknown = old.unknown(new.symbols)
    if how == "fail" and unknown:
        raise UserError(
            f"the images have characters that init_from doesn't know: {unknown!r}. Give "
            "init_charset=union or new to learn them, or a data.charset without them"
        )
    symbols = new.symbols if how == "new" else old.symbols + unknown
    return Charset(symbols, (new if has_rtl(new.symbols) else old).order)


@torch.no_grad()
def transfer_weights(network: Network, model: CRNN, charset: Charset) -> None:
    """Load pretrained weights into a network with another charset.

    The row of a new symbol in the last layer is the mean of the old symbols' rows plus its random
    initialisation. The mean makes the symbol likely where there is any symbol, and the random part
    distinguishes new symbols. Both together learn faster than either alone (benchmarks/README.md).

    Args:
        network: The pretrained network.
        model: The network to initialise; it differs in the number of classes only.
        charset: Symbols of its classes.
    """
    old = network.charset
    ids = torch.tensor([BLANK, *(old.symbols.find(s) + 1 or len(old) for s in charset.symbols)])
    new = ids == len(old)
    weights = network.model.state_dict()
    last_layer = f"head.{len(model.head) - 1}"
    for name, initial in model.head[-1].named_parameters(last_layer):
        rows = weights[name]
        rows = torch.cat([rows, rows[BLANK + 1 :].mean(0, keepdim=True)])[ids]
        rows[new] += initial[new]
        weights[name] = rows
    # However many new symbols there are, together they are at most as likely as the old ones, so
    # the blank stays about as likely as before (see heads.py).
    weights[f"{last_layer}.bias"][new] -= log(max(1, new.sum().item() / len(old.symbols)))
    model.load_state_dict(weights)


def require_compatible(
    network: Network, config: Mapping[str, Any], preprocessor: Preprocessor, path: str
) -> None:
    """Check that pretrained weights fit a model config.

    Args:
        network: The pretrained network.
        config: Model config of the run.
        preprocessor: Preprocessing of the run.
        path: Path of the pretrained checkpoint, for the message.

    Raises:
        UserError: If the weights don't fit; it names the keys that differ.
    """
    saved = network.config()
    given = {**config, "data": {key: getattr(preprocessor, key) for key in saved["data"]}}
    # A config of other classes may have null values that the images have not decided yet.
    if all(given[part].get("_target_") == saved[part].get("_target_") for part in saved):
        model = build(
            config, symbols=network.charset.symbols, preprocessor=preprocessor.state()
        ).model
        try:
            model.load_state_dict(network.model.state_dict())
            return
        except RuntimeError:
            pass
    raise UserError(
        f"the weights of init_from={path} don't fit: {', '.join(differences(saved, given))}. "
        "Leave these keys out of the command line to use the checkpoint's values"
    )
