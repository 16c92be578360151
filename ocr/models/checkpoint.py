"""Load a checkpoint of a training run without executing any code in it."""

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
    """A trained network with everything that is needed to use it.

    Attributes:
        model: The network.
        parts: Configurations of its encoder, recurrent part and head.
        charset: Symbols of its classes.
        preprocessor: Preprocessing that it was trained with.
    """

    model: CRNN
    parts: dict[str, dict[str, Any]]
    charset: Charset
    preprocessor: Preprocessor

    def config(self) -> dict[str, dict[str, Any]]:
        """Return the sections of a run's config that decide the shapes of the weights."""
        data = {key: getattr(self.preprocessor, key) for key in SETTINGS}
        return {**self.parts, "data": data}


def load_checkpoint(path: str | Path) -> dict[str, Any]:
    """Load the dictionary that Lightning saved.

    Args:
        path: A checkpoint of a training run.

    Returns:
        "hyper_parameters", "state_dict" and Lightning's other keys.

    Raises:
        UserError: If there is no such file, or it is not a checkpoint of surrogate-ocr.
    """
    try:
        if _is_truncated(path):  # torch raises many different errors for such files
            raise UserError(
                f"{path}: damaged, the end of the file is missing. Copy it again, or use another "
                "checkpoint of the run (best.ckpt, last.ckpt)"
            )
        saved = torch.load(path, map_location="cpu", weights_only=True)
        if {"symbols", "order", "preprocessor", *PARTS} <= saved["hyper_parameters"].keys():
            return saved
    except IsADirectoryError as error:
        raise UserError(f"{path}: a folder; give the best.ckpt in it") from error
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from error
    except (
        AttributeError,
        EOFError,
        LookupError,
        RuntimeError,
        TypeError,
        ValueError,
        pickle.UnpicklingError,
    ) as error:
        raise UserError(f"{path}: not a checkpoint of surrogate-ocr") from error
    raise UserError(f"{path}: not a checkpoint of surrogate-ocr")


def load_network(path: str | Path) -> Network:
    """Load the network in a checkpoint of a training run.

    Args:
        path: The checkpoint.

    Returns:
        The network, on the CPU.

    Raises:
        UserError: If the file is not a checkpoint of surrogate-ocr.
    """
    saved = load_checkpoint(path)
    values = saved["hyper_parameters"]
    parts = {part: values[part] for part in PARTS}
    try:
        charset = Charset(values["symbols"], values["order"])
        preprocessor = Preprocessor(**values["preprocessor"])
        model = CRNN(**parts, preprocessor=preprocessor, num_classes=len(charset))
        prefix = "model."  # of the network in `Recognizer`
        weights = {
            name.removeprefix(prefix): value
            for name, value in saved["state_dict"].items()
            if name.startswith(prefix)
        }
        model.load_state_dict(weights)
    except (AttributeError, HydraException, KeyError, RuntimeError, TypeError, UserError) as error:
        raise UserError(f"{path}: its parts don't fit together ({error})") from error
    return Network(model, parts, charset, preprocessor)


def differences(
    saved: Mapping[str, Mapping[str, Any]], given: Mapping[str, Mapping[str, Any]]
) -> list[str]:
    """List the keys in which two configs differ, with both values.

    Args:
        saved: Sections of a checkpoint's config.
        given: A config with at least the same sections.
    """
    return [
        f"{section}.{key} ({values.get(key)} saved, {given[section].get(key)} given)"
        for section, values in saved.items()
        for key in sorted(values.keys() | given[section].keys())
        if values.get(key) != given[section].get(key)
    ]


def resumable_hyperparameters(path: str | Path, config: Mapping[str, Any]) -> dict[str, Any]:
    """Load the hyperparameters of a checkpoint that a run resumes.

    Args:
        path: The checkpoint.
        config: Model config of the run.

    Returns:
        The hyperparameters of `Recognizer`.

    Raises:
        UserError: If `config` has another network, optimizer or scheduler; it names the keys.
    """
    hyperparameters = load_checkpoint(path)["hyper_parameters"]
    sections = (*PARTS, "optimizer", "scheduler")
    if different := differences({name: hyperparameters[name] for name in sections}, config):
        raise UserError(
            f"ckpt_path={path} was made with other values: {', '.join(different)}. Give the same "
            "values as for the run that saved it"
        )
    return hyperparameters


def _is_truncated(path: str | Path) -> bool:
    """Return whether a file begins like a zip archive, as checkpoints do, but lacks its end."""
    with Path(path).open("rb") as file:
        return file.read(2) == b"PK" and not zipfile.is_zipfile(file)
