"""Build the data of a composed config, for commands that don't train."""

from collections.abc import Sequence
from typing import Any, cast

from omegaconf import DictConfig, OmegaConf

from ocr.config.compose import changes_only_data
from ocr.config.instantiate import build
from ocr.data.captioned_data import CaptionedData
from ocr.data.scan import Observer
from ocr.data.validation import require_share


def build_data_without_batches(
    config: DictConfig, overrides: Sequence[str], observer: Observer | None = None
) -> CaptionedData:
    """Build the data of a folder without importing torch, which takes seconds.

    Args:
        config: The composed config.
        overrides: The command-line overrides that it was composed from.
        observer: Called with every image that is scanned, see `Scanner`.

    Raises:
        UserError: A value is wrong, even if only training uses it.
    """
    values = cast(dict[str, Any], OmegaConf.to_container(config.data, resolve=True))
    augment = values.pop("augment", None)
    if augment and not changes_only_data(overrides):
        build(augment)
    require_share(splicing=values.pop("splicing", None))
    target = {"_target_": "ocr.data.factory.image_folder_without_batches"}
    return build(values | target, observer=observer)
