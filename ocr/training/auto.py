"""Values that the config leaves to the data (null), filled in once the images are known."""

from collections.abc import Mapping, Sized
from typing import Any

from omegaconf import DictConfig

from ocr.data.captioned_data import CaptionedData
from ocr.data.images.preprocessing import INFERRED
from ocr.data.text.charset import required_time_steps
from ocr.log import info

ROOM = 1.5  # time steps for each one that CTC needs
TIGHT = 0.02  # share of captions that may have less room
MAX_SAMPLED = 10_000  # images of a part whose captions are looked at, evenly spread
# Most characters that a run shows: a printed line teaches, and costs, as much as many captchas.
CHARACTERS = 520_000
EPOCHS = (8, 80)  # fewest and most
READINGS = 750  # validation images read without an improvement before the run is annealed
PATIENCE = 15  # least patience, in epochs
GRACE = 6  # most epochs without pruning; a seventh of the epochs of a large set
_GRACE_KEYS = ("min_resource", "n_warmup_steps")  # the names of GRACE in Optuna's pruners


def resolve(config: DictConfig, data: CaptionedData) -> None:
    """Fill in the keys of a config that are null and follow from the data, and report them.

    Args:
        config: Config of the run; changed in place.
        data: The data module, set up.
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
        info(f"an epoch shows every training image {data.repeats} times (data.min_images)")
    stopping = config.callbacks.get("early_stopping")
    if stopping and stopping.patience is None:
        stopping.patience = max(1, round(config.effort.patience * patience(data)))
        if stopping.patience < config.trainer.max_epochs:  # longer patience has no effect
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
    """Choose the pixels of width per time step: 4, or less if captions are long for their images.

    Captions for which no stride is small enough don't count: they will be left out.
    """
    room = sorted(
        samples[i].width / max(1, required_time_steps(samples[i].text))
        for samples in data.parts.values()
        for i in _sampled(samples)
    )
    room = [pixels for pixels in room if pixels >= 1] or room
    pixels = room[int(TIGHT * len(room))]
    return next((s for s in (4, 2) if pixels >= ROOM * s), 1)


def epochs(data: CaptionedData) -> int:
    """Choose the number of epochs: many for a small set, few for a large one or long captions."""
    least, most = EPOCHS
    return min(max(round(_unlimited_epochs(data)), least), most)


def grace_epochs(data: CaptionedData) -> int:
    """Choose the number of epochs before a pruner compares trials."""
    return min(max(round(_unlimited_epochs(data) / 7), 1), GRACE)


def fill_grace_epochs(pruner: Mapping[str, Any], epochs: int) -> dict[str, int]:
    """Return the keys for the first epoch of pruning that are null in a pruner's config.

    Args:
        pruner: Config of the pruner.
        epochs: Value of these keys.
    """
    return {key: epochs for key in _GRACE_KEYS if key in pruner and pruner[key] is None}


def patience(data: CaptionedData) -> int:
    """Choose the epochs without an improvement before a run is annealed.

    A small validation part needs more: its score is soon perfect and no longer shows progress.
    """
    return max(PATIENCE, READINGS // len(data.parts["val"]))


def _unlimited_epochs(data: CaptionedData) -> float:
    """Return the epochs that show enough images or characters, without the limits of `EPOCHS`."""
    samples = data.parts["train"]
    sampled = _sampled(samples)
    length = sum(len(samples[i].text) for i in sampled) / len(sampled)
    return min(data.loader.views, CHARACTERS / length) / (len(samples) * data.repeats)


def _sampled(samples: Sized) -> range:
    """Return the indices of at most `MAX_SAMPLED` samples, evenly spread."""
    return range(0, len(samples), 1 + len(samples) // MAX_SAMPLED)
