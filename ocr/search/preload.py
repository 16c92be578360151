"""Imported by the server that runs are forked from, so that none of them has to wait for it."""

from importlib import import_module

from hydra.core.plugins import Plugins

for name in (
    "optuna",
    "pytorch_lightning.loggers",
    "torchmetrics.text",
    "ocr.data.augment",
    "ocr.data.kinds",
    "ocr.model.callbacks",
    "ocr.model.predictions",
    "ocr.model.recognizer",
    "ocr.search.trial",
    "ocr.summary",
):
    import_module(name)
Plugins.instance()  # the scan for Hydra's plugins
