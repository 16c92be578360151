"""Imported by the server that runs are forked from, so that none of them has to wait for it."""

import gc
from importlib import import_module

from hydra.core.plugins import Plugins
from omegaconf import OmegaConf
from PIL import Image
from torchmetrics.text import CharErrorRate

from ocr.search.storage import open_storage

for name in (
    "optuna",
    "pytorch_lightning.loggers",
    "rich.emoji",
    "torch.utils.serialization.config",
    "ocr.data.augmentation.light",
    "ocr.data.sources.kinds",
    "ocr.callbacks.character_alignment",
    "ocr.callbacks.health_monitor",
    "ocr.callbacks.csv_logger",
    "ocr.models.encoders",
    "ocr.models.heads",
    "ocr.callbacks.checkpointing",
    "ocr.callbacks.early_stopping",
    "ocr.callbacks.predictions",
    "ocr.models.module",
    "ocr.models.recurrent",
    "ocr.search.trial_callback",
    "ocr.training.results",
):
    import_module(name)
Image.preinit()  # Pillow's readers of the usual formats
CharErrorRate()  # the look at which packages there are
OmegaConf.to_container(OmegaConf.create({"a": "${oc.select:b,1}/"}), resolve=True)  # the grammar
Plugins.instance()  # the scan for Hydra's plugins
open_storage("sqlite://")  # the making of SQLAlchemy's tables, this one's in memory
gc.freeze()  # a run's garbage collection would copy all this
