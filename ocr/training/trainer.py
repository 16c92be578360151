"""Check Lightning's flags, and build the Trainer of a run with its callbacks."""

from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig

from ocr.config.instantiate import build
from ocr.config.resolvers import OBJECTIVES
from ocr.errors import UserError

if TYPE_CHECKING:  # torch and Lightning take seconds to load
    from pytorch_lightning import Callback, Trainer

    from ocr.data.datamodule import OCRDataModule

# Flags that a run can't have, with the reason and what to give instead.
_INSTEAD = {
    "fast_dev_run": "it keeps no best.ckpt. Give trainer.max_epochs=1 trainer.limit_train_batches=1"
    " +trainer.limit_val_batches=1 +trainer.limit_test_batches=1",
    "barebones": "it keeps no best.ckpt. Give trainer.max_epochs=1 trainer.limit_train_batches=1",
    "logger": "loggers are a group of their own. Give logger=tensorboard, or logger.csv=null for "
    "none",
    "callbacks": "callbacks are a group of their own. Give callbacks.NAME=null, or "
    "+callbacks.NAME._target_=...",
}
# The mixed ones keep weights and images in float32, which the network expects.
_PRECISIONS = ("32-true", "bf16-mixed", "16-mixed")


def require_flags(config: DictConfig) -> None:
    """Raise UserError for a flag of the Trainer, or a missing callback, that makes a run fail."""
    flags = config.trainer
    if not config.callbacks.get("best"):
        raise UserError(
            "callbacks.best=null: every run needs this callback, which saves best.ckpt. Leave the "
            "override out"
        )
    for name in ("best", "early_stopping"):
        callback = config.callbacks.get(name)
        mode = callback and OBJECTIVES.get(callback.monitor)
        if mode and callback.mode != mode:
            raise UserError(
                f"callbacks.{name}.mode={callback.mode}: {callback.monitor} is better the "
                f"{'higher' if mode == 'max' else 'lower'} it is. Give callbacks.{name}.mode={mode}"
            )
    if config.data.get("splicing") and not config.callbacks.get("character_alignment"):
        raise UserError(
            "callbacks.character_alignment=null: data.splicing needs it. Give data.splicing=0"
        )
    for flag, instead in _INSTEAD.items():
        value = flags.get(flag)
        if value or (value is False and flag == "logger"):
            raise UserError(f"trainer.{flag}={value}: {instead}")
    if flags.get("enable_checkpointing") is False:
        raise UserError(
            "trainer.enable_checkpointing=False: every run needs its best.ckpt. Leave the override "
            "out; callbacks.last=null leaves out last.ckpt"
        )
    if str(flags.get("precision")).endswith("-true") and flags.precision != "32-true":
        raise UserError(
            f"trainer.precision={flags.precision}: choose one of {', '.join(_PRECISIONS)}"
        )
    _require_numbers(flags)


def _require_numbers(flags: DictConfig) -> None:
    for flag in ("max_epochs", "max_steps"):
        value = flags.get(flag)
        if value is not None and (type(value) is not int or value < -1):
            raise UserError(f"trainer.{flag}={value}: give a whole number, 1 or more")
        if value == 0 and flag == "max_steps":  # max_epochs=0 is allowed: it only splits the data
            raise UserError("trainer.max_steps=0: nothing is trained. Give 1 or more")
    if isinstance(flags.get("max_time"), int | float):
        raise UserError(
            f"trainer.max_time={flags.max_time}: give days, hours, minutes and seconds, such as "
            "00:00:05:00"
        )
    for flag in ("accumulate_grad_batches", "check_val_every_n_epoch"):
        value = flags.get(flag)
        if value is None and flag == "check_val_every_n_epoch":  # count batches over epochs
            continue
        if flag in flags and (type(value) is not int or value < 1):
            raise UserError(f"trainer.{flag}={value}: give a whole number, 1 or more")
    interval = flags.get("val_check_interval")
    if interval is not None and (
        isinstance(interval, bool) or not isinstance(interval, int | float) or interval <= 0
    ):
        raise UserError(
            f"trainer.val_check_interval={interval}: give a number of training batches, 1 or more, "
            "or a share of an epoch, such as 0.5"
        )
    allowed = {"train": "1 or more", "val": "1 or more", "test": "1 or more, or test=false"}
    for part, least in allowed.items():
        value = flags.get(f"limit_{part}_batches")
        if value is not None and not isinstance(value, int | float):
            raise UserError(f"trainer.limit_{part}_batches={value}: give a number of batches")
        if value is not None and value <= 0:
            raise UserError(
                f"trainer.limit_{part}_batches={value}: no {part} image would be read. Give {least}"
            )


def make_trainer(config: DictConfig) -> tuple["Trainer", dict[str, "Callback"]]:
    """Build the Trainer of a run and its callbacks.

    A false enable_progress_bar or enable_model_summary leaves out our callback as well. Without our
    callback the flag is set to false, so that Lightning adds none of its own.

    Args:
        config: Config of the run.

    Returns:
        The Trainer, and its callbacks by name.

    Raises:
        UserError: A value is refused.
    """
    from pytorch_lightning.callbacks import ModelSummary, ProgressBar

    callbacks = {
        name: build(callback, section=f"callbacks.{name}")
        for name, callback in config.callbacks.items()
        if callback
    }
    loggers = [
        build(logger, section=f"logger.{name}") for name, logger in config.logger.items() if logger
    ]
    flags: dict[str, Any] = {}
    for flag, kind in {
        "enable_progress_bar": ProgressBar,
        "enable_model_summary": ModelSummary,
    }.items():
        flags[flag] = config.trainer.get(flag)
        if flags[flag] is False:
            callbacks = {k: c for k, c in callbacks.items() if not isinstance(c, kind)}
        elif flags[flag] is None:
            flags[flag] = any(isinstance(callback, kind) for callback in callbacks.values())
    trainer = build(
        config.trainer,
        callbacks=[*callbacks.values()],
        logger=loggers,
        section="trainer",
        **flags,
    )
    return trainer, callbacks


def require_validation(trainer: "Trainer", config: DictConfig, data: "OCRDataModule") -> None:
    """Raise UserError if a part has no batch, or the run would end before its first validation."""
    flags = config.trainer
    batches = {}
    for part, samples in data.parts.items():
        images = len(samples) * (data.repeats if part == "train" else 1)
        count = ceil(images / data.loader.batch_size / trainer.world_size)
        overfits = part != "test" and flags.get("overfit_batches")
        flag = "overfit_batches" if overfits else f"limit_{part}_batches"
        limit = flags.get(flag)
        if isinstance(limit, float):
            batches[part] = int(limit * count)
        else:
            batches[part] = count if limit is None else min(limit, count)
        used = config.test if part == "test" else config.fit
        if used and not batches[part]:
            raise UserError(
                f"trainer.{flag}={limit}: less than one batch, as the {part} part has {count}. "
                "Give a whole number of batches, such as 1"
            )
    if config.fit and trainer.max_epochs == 0:
        split = Path(trainer.default_root_dir) / "split.csv"
        raise UserError(
            f"trainer.max_epochs=0: nothing is trained; the split of the images is in {split}. "
            "Give 1 or more to train",
            file=split,
        )
    if config.fit:
        _require_first_validation(trainer, flags, batches["train"])


def _require_first_validation(trainer: "Trainer", flags: DictConfig, batches: int) -> None:
    every, interval = flags.check_val_every_n_epoch, flags.get("val_check_interval")
    epochs = trainer.max_epochs
    limited = epochs is not None and epochs > 0
    if every is not None and limited and epochs < every:
        raise UserError(
            f"trainer.check_val_every_n_epoch={every}: the run ends after epoch {epochs} "
            f"(trainer.max_epochs), before its first validation. Give {epochs} or less"
        )
    if isinstance(interval, int) and interval > batches and every is not None:
        raise UserError(
            f"trainer.val_check_interval={interval}: more than the {batches} batches of an epoch. "
            "Give fewer, or trainer.check_val_every_n_epoch=null to count over epochs"
        )
    within = max(1, int(interval * batches)) if isinstance(interval, float) else interval or batches
    first = within if every is None else batches * (every - 1) + within
    if every is None and limited and first > epochs * batches:
        raise UserError(
            f"trainer.val_check_interval={interval}: more than the {epochs * batches} batches of "
            "the run (trainer.max_epochs), which would end before its first validation"
        )
    steps = ceil(first / flags.accumulate_grad_batches)
    if 0 < trainer.max_steps < steps:
        raise UserError(
            f"trainer.max_steps={trainer.max_steps}: the run would end before its first "
            f"validation. Give {steps} or more, or +trainer.val_check_interval="
            f"{trainer.max_steps * flags.accumulate_grad_batches}"
        )


@contextmanager
def lightning_refusals() -> Iterator[None]:
    """Turn Lightning's errors about its flags into UserError."""
    try:
        yield
    except Exception as error:
        # Compared by name, because importing Lightning takes seconds.
        if type(error).__name__ != "MisconfigurationException":
            raise
        raise UserError(f"trainer: {' '.join(str(error).split())}") from error
