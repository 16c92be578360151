"""The network of a run: new, of a checkpoint to resume, or fine-tuned from another one."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from omegaconf import DictConfig, open_dict

from ocr.config.instantiate import build
from ocr.data.captioned_data import CaptionedData
from ocr.data.samples import SkipReason
from ocr.errors import UserError
from ocr.log import info
from ocr.models.time_steps import PARTS
from ocr.training import auto
from ocr.training.checks import check_values
from ocr.training.paths import suggest_doctor

if TYPE_CHECKING:  # torch and Lightning take seconds to load
    from ocr.models.module import Recognizer


def apply_checkpoint(config: DictConfig, overrides: Iterable[str]) -> None:
    """Take the network and the size of its images from the checkpoint in `config`, if any.

    Args:
        config: Of the run; changed in place.
        overrides: The keys that they set keep their values.

    Raises:
        UserError: There is no such checkpoint, or init_from and ckpt_path are both given.
    """
    if config.init_from and config.ckpt_path:
        raise UserError(
            "init_from starts a run and ckpt_path resumes one: leave init_from out "
            "(init_from=null), the checkpoint to resume has all that came from there"
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
            continue  # `require_compatible` refuses it later and names all differences
        new = {key: value for key, value in there.items() if f"{section}.{key}" not in given}
        taken += [f"{section}.{key}={new[key]}" for key in new if here.get(key) != new[key]]
        with open_dict(config):
            if section in PARTS:
                kept = [] if other else [*there, "search"]
                config[section] = {
                    key: here[key] for key in here if key in kept or f"{section}.{key}" in given
                }
            config[section].update(new)
    if taken:
        info(f"from {path}: {', '.join(taken)}")


def build_model(config: DictConfig, data: CaptionedData) -> "Recognizer":
    """Set up the data, settle what it decides, and build the module to train.

    Args:
        config: Of the run; its nulls are filled in.
        data: The data module of `config.data`, not set up yet.

    Raises:
        UserError: A value, the checkpoint or the data is unusable.
    """
    check_values(config)
    if config.init_from:
        return _build_fine_tuned(config, data)
    set_up_data(config, data)
    return build(config.model, **data.state())


def set_up_data(config: DictConfig, data: CaptionedData) -> None:
    """Set up the data of a run that isn't fine-tuned, and settle what it decides.

    Args:
        config: Of the run; its nulls are filled in.
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
                f"{error}. ckpt_path resumes a run; a run on other images starts with "
                f"init_from={config.ckpt_path} in its place"
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
        raise UserError(f"init_charset={config.init_charset}: choose {', '.join(CHARSETS)}")
    network = load_network(path)
    # Before the scan of the images, which takes long.
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
    info(f"starting with the weights of {path}: {known} characters it knew{new}")
    return recognizer
