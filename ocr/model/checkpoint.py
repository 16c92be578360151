"""Open a checkpoint of train.py without running anything that is in it."""

import pickle
from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig

from ocr.errors import UserError

PARTS = ("encoder", "recurrent", "head")


def load_checkpoint(path: str | Path) -> dict[str, Any]:
    """What Lightning saved: "hyper_parameters", "state_dict", ...

    Raises UserError if there is no such file, or it isn't a checkpoint of train.py.
    """
    try:
        saved = torch.load(path, map_location="cpu", weights_only=True)
        if {"symbols", "normalizer", *PARTS} <= saved["hyper_parameters"].keys():
            return saved
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from error
    except (AttributeError, EOFError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise UserError(f"{path}: not a checkpoint of train.py") from error
    except pickle.UnpicklingError as error:
        raise UserError(f"{path}: not a checkpoint of train.py") from error
    raise UserError(f"{path}: not a checkpoint of train.py")


def resumable(path: str | Path, config: DictConfig) -> dict[str, Any]:
    """The hyperparameters of a checkpoint that a run with this `config` can go on from.

    Where `config` leaves the stride to the data (null), it takes that of the checkpoint.
    Raises UserError, naming the keys, if `config` has another network, optimizer or schedule.
    """
    saved = load_checkpoint(path)["hyper_parameters"]
    if "stride" in config.encoder and config.encoder.stride is None:
        config.encoder.stride = saved["encoder"].get("stride")
    config = config.model
    differences = [
        f"{part}.{key} ({saved[part].get(key)} there, {config[part].get(key)} here)"
        for part in (*PARTS, "optimizer", "scheduler")
        for key in sorted(saved[part].keys() | config[part].keys())
        if saved[part].get(key) != config[part].get(key)
    ]
    if differences:
        raise UserError(
            f"ckpt_path={path} was made with other values: {', '.join(differences)}. Give the same "
            "values as for the run that saved it"
        )
    return saved
