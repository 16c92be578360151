"""Open a checkpoint of train.py without running anything that is in it."""

import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from hydra.errors import HydraException

from ocr.data.images.preprocessing import SETTINGS, Preprocessor
from ocr.data.text.charset import Charset
from ocr.errors import UserError
from ocr.models.crnn import CRNN
from ocr.models.time_steps import PARTS


class Network(NamedTuple):
    """A trained network, and all that one needs to use it. parts: the configs it is made from."""

    model: CRNN
    parts: dict[str, dict[str, Any]]
    charset: Charset
    preprocessor: Preprocessor

    def shape(self) -> dict[str, dict[str, Any]]:
        """What the weights are for, as the sections of train.py's config say it."""
        size = {key: getattr(self.preprocessor, key) for key in SETTINGS}
        return {**self.parts, "data": size}


def load_checkpoint(path: str | Path) -> dict[str, Any]:
    """What Lightning saved: "hyper_parameters", "state_dict", ...

    Raises UserError if there is no such file, or it isn't a checkpoint of train.py.
    """
    try:
        if _is_cut_off(path):  # torch would call it many things
            raise UserError(
                f"{path}: damaged, the end of the file is missing. Copy it here again, or take "
                "another one of its run (best.ckpt, last.ckpt)"
            )
        saved = torch.load(path, map_location="cpu", weights_only=True)
        if {"symbols", "order", "preprocessor", *PARTS} <= saved["hyper_parameters"].keys():
            return saved
    except IsADirectoryError as error:
        raise UserError(f"{path}: a folder; give the best.ckpt in it") from error
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from error
    except (AttributeError, EOFError, LookupError, RuntimeError, TypeError, ValueError) as error:
        raise UserError(f"{path}: not a checkpoint of train.py") from error
    except pickle.UnpicklingError as error:
        raise UserError(f"{path}: not a checkpoint of train.py") from error
    raise UserError(f"{path}: not a checkpoint of train.py")


def _is_cut_off(path: str | Path) -> bool:
    """Whether it begins as a zip file, which a checkpoint is, and has no zip file's end."""
    with Path(path).open("rb") as file:
        return file.read(2) == b"PK" and not zipfile.is_zipfile(file)


def load_network(path: str | Path) -> Network:
    """The network in a checkpoint of train.py.

    Raises UserError if the file is not one. Nothing in the file is executed.
    """
    saved = load_checkpoint(path)
    values = saved["hyper_parameters"]
    parts = {part: values[part] for part in PARTS}
    try:
        charset = Charset(values["symbols"], values["order"])
        preprocessor = Preprocessor(**values["preprocessor"])
        model = CRNN(**parts, preprocessor=preprocessor, num_classes=len(charset))
        weights = {
            name.removeprefix("model."): value
            for name, value in saved["state_dict"].items()
            if name.startswith("model.")
        }
        model.load_state_dict(weights)
    except (AttributeError, HydraException, KeyError, RuntimeError, TypeError, UserError) as error:
        raise UserError(f"{path}: its parts don't fit together ({error})") from error
    return Network(model, parts, charset, preprocessor)


def differences(
    there: Mapping[str, Mapping[str, Any]], here: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """The keys that two configs don't agree on, with both values, in the sections of `there`."""
    return [
        f"{section}.{key} ({values.get(key)} there, {here[section].get(key)} here)"
        for section, values in there.items()
        for key in sorted(values.keys() | here[section].keys())
        if values.get(key) != here[section].get(key)
    ]


def resumable(path: str | Path, config: Mapping[str, Any]) -> dict[str, Any]:
    """The hyperparameters of a checkpoint that a run with this model `config` can go on from.

    Raises UserError, naming the keys, if `config` has another network, optimizer or schedule.
    """
    saved = load_checkpoint(path)["hyper_parameters"]
    there = {section: saved[section] for section in (*PARTS, "optimizer", "scheduler")}
    if different := differences(there, config):
        raise UserError(
            f"ckpt_path={path} was made with other values: {', '.join(different)}. Give the same "
            "values as for the run that saved it"
        )
    return saved
