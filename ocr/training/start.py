"""Where a run starts: afresh, where an earlier one stopped, or with another reader's weights."""

from collections.abc import Iterable
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig, open_dict

from ocr.config.instantiate import build
from ocr.config.resolvers import OBJECTIVES
from ocr.config.validation import require_types
from ocr.data.captioned_data import CaptionedData
from ocr.data.samples import SkipReason
from ocr.errors import UserError
from ocr.log import info, silence_libraries
from ocr.models.time_steps import PARTS
from ocr.threads import require_threads, use_threads
from ocr.training.auto import resolve_auto
from ocr.training.paths import naming_doctor, require_paths
from ocr.training.seed import require_seed, seed
from ocr.training.trainer import require_flags

# Torch and Lightning take seconds to load, and who only looks at the data needs neither.
if TYPE_CHECKING:
    from ocr.models.module import Recognizer


def set_process(config: DictConfig) -> None:
    """Seed all chance in this process, choose its threads, keep routine remarks off the screen."""
    silence_libraries()
    seed(config.seed)
    use_threads(config.threads)


def apply_checkpoint(config: DictConfig, overrides: Iterable[str]) -> None:
    """Take the network and the size of its images from the checkpoint in `config`, if any.

    Args:
        config: Of the run; changed in place.
        overrides: What they set themselves stays as it is.
    """
    if config.init_from and config.ckpt_path:
        raise UserError(
            "init_from starts a run and ckpt_path goes on with one: leave init_from out "
            "(init_from=null), ckpt_path has all that the run took from there"
        )
    path = config.init_from or config.ckpt_path
    if not path or not config.shape_from_checkpoint:
        return
    from ocr.models.checkpoint import load_network

    given = {override.lstrip("+~").partition("=")[0] for override in overrides}
    given |= {f"{part}._target_" for part in given.intersection(PARTS)}
    taken = []
    for section, there in load_network(path).config().items():
        here = config[section]
        other = section in PARTS and here["_target_"] != there["_target_"]
        if other and f"{section}._target_" in given:
            continue  # refused later, by a line that names all that differs
        new = {key: value for key, value in there.items() if f"{section}.{key}" not in given}
        taken += [f"{section}.{key}={new[key]}" for key in new if here.get(key) != new[key]]
        with open_dict(config):
            if section in PARTS:  # a key that is newer than the checkpoint, its part hasn't
                kept = [] if other else [*there, "search"]
                config[section] = {
                    key: here[key] for key in here if key in kept or f"{section}.{key}" in given
                }
            config[section].update(new)
    if taken:
        info(f"from {path}: {', '.join(taken)}")


def prepare(config: DictConfig, data: CaptionedData, folder: Path) -> "Recognizer":
    """Do as `begin`, leave out captions that have too few time steps, and report into `folder`."""
    recognizer = begin(config, data)
    with naming_doctor(config):
        data.drop_infeasible(recognizer.time_steps)
        data.report(folder)
    return recognizer


def begin(config: DictConfig, data: CaptionedData) -> "Recognizer":
    """Set `data` up, and make the network that will learn it."""
    require_values(config)
    if config.init_from:
        return _fine_tuned(config, data)
    ready(config, data)
    return build(config.model, **data.state())


def require_start(config: DictConfig) -> None:
    """Raise UserError for what can be told of a run before torch is loaded, which takes seconds."""
    trial = config.callbacks.get("trial")
    if trial and trial.number is None:
        raise UserError("hparams_search searches with -m: python train.py -m hparams_search=...")
    require_paths(config)
    _require_settings(config)


def _require_settings(config: DictConfig) -> None:
    """Raise UserError for what the config alone tells to be wrong."""
    require_seed(config.seed)
    require_threads(config.threads)
    for key, factor in config.effort.items():
        if not (isinstance(factor, int | float) and 0 < factor < inf):
            raise UserError(f"effort.{key}={factor}: give a factor, a number above 0")
    if str(config.objective) not in OBJECTIVES:
        raise UserError(f"objective={config.objective}: choose {', '.join(OBJECTIVES)}")
    require_flags(config)


def require_values(config: DictConfig) -> None:
    """Raise UserError for what would be refused once the images are looked at, which takes long."""
    _require_settings(config)
    require_types(config)
    from torch import zeros  # and nothing random, which would change what the seed gives

    model = config.model
    optimizer = build(model.optimizer, [zeros(1, requires_grad=True)], section="optimizer")
    build(model.scheduler, optimizer, 1, section="scheduler")


def ready(config: DictConfig, data: CaptionedData) -> None:
    """Set `data` up, for a network without weights of another's."""
    if config.ckpt_path:
        from ocr.models.checkpoint import resumable_hyperparameters

        data.adopt(resumable_hyperparameters(config.ckpt_path, config.model))
        try:
            with naming_doctor(config):
                data.setup()
        except UserError as error:
            if not config.fit or all(
                s.reason is not SkipReason.OUTSIDE_CHARSET for s in data.skipped
            ):
                raise
            raise UserError(
                f"{error}. ckpt_path goes on with a run; one on other images starts with "
                f"init_from={config.ckpt_path} in its place"
            ) from error
    else:
        with naming_doctor(config):
            data.setup()
    resolve_auto(config, data)


def _fine_tuned(config: DictConfig, data: CaptionedData) -> "Recognizer":
    from ocr.models.checkpoint import load_network
    from ocr.models.transfer import CHARSETS, merge_charsets, require_compatible, transfer_weights

    path = config.init_from
    if config.init_charset not in CHARSETS:
        raise UserError(f"init_charset={config.init_charset}: choose {', '.join(CHARSETS)}")
    network = load_network(path)
    require_compatible(
        network, config.model, data.preprocessor, path
    )  # before the images are looked at
    with naming_doctor(config):
        data.setup()
    resolve_auto(config, data)
    data.charset = merge_charsets(network.charset, data.charset, config.init_charset)
    data.preprocessor.use_statistics_of(network.preprocessor)
    recognizer = build(config.model, **data.state())
    transfer_weights(network, recognizer.model, data.charset)
    unknown = network.charset.unknown(data.charset.symbols)
    known = len(data.charset.symbols) - len(unknown)
    new = f", {len(unknown)} new: {unknown!r}" if unknown else ""
    info(f"starting with the weights of {path}: {known} characters it knew{new}")
    return recognizer
