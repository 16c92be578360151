"""Imported by the server that runs are forked from, so that none of them has to wait for it."""

import gc
from importlib import import_module

from hydra.core.plugins import Plugins

from ocr.search.storage import open_storage

for name in (
    "optuna",
    "pytorch_lightning.loggers",
    "torchmetrics.text",
    "ocr.data.augment",
    "ocr.data.kinds",
    "ocr.model.callbacks",
    "ocr.model.keeping",
    "ocr.model.stopping",
    "ocr.model.predictions",
    "ocr.model.recognizer",
    "ocr.search.trial",
    "ocr.summary",
):
    import_module(name)
Plugins.instance()  # the scan for Hydra's plugins
open_storage("sqlite://")  # the making of SQLAlchemy's tables, this one's in memory
gc.freeze()  # a run's garbage collection would copy all this
