"""Values that the config leaves to the data (null), filled in once the images are known."""

from collections.abc import Mapping
from typing import Any

from omegaconf import DictConfig

from ocr.data.captioned_data import CaptionedData
from ocr.data.images.preprocessing import INFERRED
from ocr.data.text.charset import required_time_steps
from ocr.log import info

ROOM = 1.5  # time steps that CTC should have for each that it needs
TIGHT = 0.02  # the share of captions that may have less
LOOKED_AT = 10_000  # images of a part, evenly spread
# Characters that a reader is shown at most: a printed line teaches, and costs, as much as many
# captchas.
CHARACTERS = 520_000
EPOCHS = (8, 80)
READINGS = 750  # of validation images without a better value, until lr falls to the run's end
PATIENCE = 15  # epochs, at least
GRACE = 6  # epochs without pruning, at most; of a large set, one in seven
_GRACES = ("min_resource", "n_warmup_steps")  # as Optuna's pruners call it


def resolve(config: DictConfig, data: CaptionedData) -> None:
    """Fill the keys of the configuration that are null and follow from the data.

    Args:
        config: Of the run; changed in place.
        data: Set up.
    """
    _record_images_and_captions(config, data)
    data.loader.limit_batch_size(len(data.parts["train"]))
    config.data.batch_size = data.loader.batch_size
    chosen = {}
    if "stride" in config.encoder and config.encoder.stride is None:
        chosen["encoder.stride"] = config.encoder.stride = stride(data)
    if config.trainer.max_epochs is None:
        chosen["trainer.max_epochs"] = config.trainer.max_epochs = max(
            1, round(config.effort.epochs * epochs(data))
        )
    if data.repeats > 1 and config.fit:
        info(f"an epoch goes through the training images {data.repeats} times (data.min_images)")
    stopping = config.callbacks.get("early_stopping")
    if stopping and stopping.patience is None:
        stopping.patience = max(1, round(config.effort.patience * patience(data)))
        if stopping.patience < config.trainer.max_epochs:  # else it ends no run
            chosen["callbacks.early_stopping.patience"] = stopping.patience
    trial = config.callbacks.get("trial")
    if trial and trial.pruner:
        graces = fill_grace_epochs(trial.pruner, grace_epochs(data))
        trial.pruner = dict(trial.pruner) | graces
        chosen |= {f"hydra.sweeper.pruner.{key}": value for key, value in graces.items()}
    if not config.fit:
        chosen = {key: value for key, value in chosen.items() if key.startswith("encoder")}
    if chosen:
        info("chosen by the data: " + " ".join(f"{key}={value}" for key, value in chosen.items()))


def _record_images_and_captions(config: DictConfig, data: CaptionedData) -> None:
    """Fill what the data module has inferred, so that config.yaml trains the same again."""
    for key in INFERRED:
        config.data[key] = getattr(data.preprocessor, key)
    config.data.order = data.charset.order
    symbols = data.charset.symbols
    # As a given charset, a combining mark would merge with the symbol before it.
    if data.source.normalizer.normalize_charset(symbols) == symbols:
        config.data.charset = symbols.replace("${", r"\${")  # no interpolation


def stride(data: CaptionedData) -> int:
    """Pixels of width for a time step: 4, or less where captions are long for their images.

    Captions for which no stride is small enough don't count: they will be left out.
    """
    room = sorted(
        samples[i].width / max(1, required_time_steps(samples[i].text))
        for samples in data.parts.values()
        for i in range(0, len(samples), 1 + len(samples) // LOOKED_AT)
    )
    room = [pixels for pixels in room if pixels >= 1] or room
    pixels = room[int(TIGHT * len(room))]
    return next((s for s in (4, 2) if pixels >= ROOM * s), 1)


def epochs(data: CaptionedData) -> int:
    """Many for a small set, few for a large one or for long captions; `effort` multiplies them."""
    least, most = EPOCHS
    return min(max(round(_epochs(data)), least), most)


def grace_epochs(data: CaptionedData) -> int:
    """Epochs until trials are compared."""
    return min(max(round(_epochs(data) / 7), 1), GRACE)


def fill_grace_epochs(pruner: Mapping[str, Any], epochs: int) -> dict[str, int]:
    """The keys of a pruner's config that leave it to the data when it begins, filled."""
    return {key: epochs for key in _GRACES if key in pruner and pruner[key] is None}


def _epochs(data: CaptionedData) -> float:
    """Until a reader has been shown enough, whatever makes a sensible number."""
    samples = data.parts["train"]
    looked_at = range(0, len(samples), 1 + len(samples) // LOOKED_AT)
    length = sum(len(samples[i].text) for i in looked_at) / len(looked_at)
    return min(data.loader.views, CHARACTERS / length) / (len(samples) * data.repeats)


def patience(data: CaptionedData) -> int:
    """Epochs without a better value before a run comes to its end; `effort` multiplies them.

    More for a small validation part, which soon reads without a mistake and can't tell progress.
    """
    return max(PATIENCE, READINGS // len(data.parts["val"]))
