"""The network of a run: a new one, a resumed one or a fine-tuned one."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from omegaconf import DictConfig, open_dict

from ocr.config.instantiate import build
from ocr.data.captioned_data import CaptionedData
from ocr.data.samples import SkipReason
from ocr.errors import UserError
from ocr.formatting import pluralize
from ocr.log import info
from ocr.models.time_steps import PARTS
from ocr.training import auto
from ocr.training.checks import check_values
from ocr.training.paths import suggest_doctor

if TYPE_CHECKING:  # torch and Lightning take seconds to load
    from ocr.models.module import Recognizer


def apply_checkpoint(config: DictConfig, overrides: Iterable[str]) -> None:
    """Copy the values of the network and the image size from the checkpoint in `config`, if any.

    Args:
        config: Config of the run; changed in place.
        overrides: Overrides of the run. The keys that they set keep their values.

    Raises:
        UserError: There is no such checkpoint, or init_from and ckpt_path are both given.
    """
    if config.init_from and config.ckpt_path:
        raise UserError(
            "init_from starts a new run and ckpt_path resumes one: give only one of them. The "
            "checkpoint of a fine-tuned run needs no init_from (init_from=null)"
        )
    path = config.init_from or config.ckpt_path
    if not path or not config.shape_from_checkpoint:
        return
    from ocr.models.checkpoint import load_network

    given = {override.lstrip("+~").partition("=")[0] for override in overrides}
    given |= {f"{part}._target_" for part in given.intersection(PARTS)}
    taken = []
    for section, saved in load_network(path).config().items():
        current = config[section]
        other_class = section in PARTS and current["_target_"] != saved["_target_"]
        if other_class and f"{section}._target_" in given:
            continue  # `require_compatible` refuses it later and names all differences
        new = {key: value for key, value in saved.items() if f"{section}.{key}" not in given}
        taken += [f"{section}.{key}={new[key]}" for key in new if current.get(key) != new[key]]
        with open_dict(config):
            if section in PARTS:
                kept = [] if other_class else [*saved, "search"]
                config[section] = {
                    key: current[key]
                    for key in current
                    if key in kept or f"{section}.{key}" in given
                }
            config[section].update(new)
    if taken:
        info(f"taken from {path}: {', '.join(taken)}")


def build_model(config: DictConfig, data: CaptionedData) -> "Recognizer":
    """Set up the data, fill in the values that it decides, and build the module to train.

    Args:
        config: Config of the run; changed in place.
        data: The data module of `config.data`, not set up yet.

    Returns:
        The module, with the weights of `config.init_from` if that is given.

    Raises:
        UserError: A value, the checkpoint or the data is unusable.
    """
    check_values(config)
    if config.init_from:
        return _build_fine_tuned(config, data)
    set_up_data(config, data)
    return build(config.model, **data.state())


def set_up_data(config: DictConfig, data: CaptionedData) -> None:
    """Set up the data of a new or resumed run, and fill in the values that it decides.

    Args:
        config: Config of the run; changed in place.
        data: The data module of `config.data`, not set up yet.

    Raises:
        UserError: The data is unusable, or doesn't fit the checkpoint to resume.
    """
    if config.ckpt_path:
        from ocr.models.checkpoint import resumable_hyperparameters

        data.adopt(resumable_hyperparameters(config.ckpt_path, config.model))
        try:
            with suggest_doctor(config):
                data.setup()
        except UserError as error:
            if not config.fit or all(
                s.reason is not SkipReason.OUTSIDE_CHARSET for s in data.skipped
            ):
                raise
            raise UserError(
                f"{error}. ckpt_path resumes a run on the same images; to train on others, give "
                f"init_from={config.ckpt_path} instead"
            ) from error
    else:
        with suggest_doctor(config):
            data.setup()
    auto.resolve(config, data)


def _build_fine_tuned(config: DictConfig, data: CaptionedData) -> "Recognizer":
    from ocr.models.checkpoint import load_network
    from ocr.models.transfer import CHARSETS, merge_charsets, require_compatible, transfer_weights

    path = config.init_from
    if config.init_charset not in CHARSETS:
        raise UserError(f"init_charset={config.init_charset}: choose one of {', '.join(CHARSETS)}")
    network = load_network(path)
    # First, because the scan of the images takes long.
    require_compatible(network, config.model, data.preprocessor, path)
    with suggest_doctor(config):
        data.setup()
    auto.resolve(config, data)
    data.charset = merge_charsets(network.charset, data.charset, config.init_charset)
    data.preprocessor.use_statistics_of(network.preprocessor)
    recognizer = build(config.model, **data.state())
    transfer_weights(network, recognizer.model, data.charset)
    unknown = network.charset.unknown(data.charset.symbols)
    known = len(data.charset.symbols) - len(unknown)
    new = f", {len(unknown)} new: {unknown!r}" if unknown else ""
    info(f"starting with the weights of {path}: {pluralize(known, 'known character')}{new}")
    return recognizer
