"""The results of a run: metrics.json and the closing table."""

import json
import math
import platform
from collections.abc import Mapping
from importlib.metadata import version
from io import StringIO
from pathlib import Path
from typing import Any

from pytorch_lightning import Callback, Trainer
from pytorch_lightning.utilities import rank_zero_only
from rich.console import Console
from rich.table import Table

from ocr import __version__
from ocr.callbacks.stop_reason import StopReason
from ocr.config.program import ocr_command
from ocr.data.collate import pad_images
from ocr.data.datamodule import OCRDataModule
from ocr.formatting import pluralize
from ocr.log import short_path, write_to_log
from ocr.models.latency import cpu_latency_ms
from ocr.models.metrics import has_not_learned, wilson_interval
from ocr.models.module import Recognizer

PACKAGES = ("torch", "pytorch-lightning", "torchmetrics", "hydra-core", "pillow")
VERSIONS = {"surrogate-ocr": __version__, "python": platform.python_version()} | {
    package: version(package) for package in PACKAGES
}


@rank_zero_only
def conclude(
    trainer: Trainer,
    recognizer: Recognizer,
    data: OCRDataModule,
    callbacks: Mapping[str, Callback],
    config: Mapping[str, Any],
    folder: Path,
    stopped: StopReason | None,
) -> None:
    """Write metrics.json into `folder` and print the closing table.

    Args:
        trainer: The trainer of the run.
        recognizer: The trained module.
        data: The data module.
        callbacks: Callbacks by name; "best" has the scores, "training_timer", if any, the seconds.
        config: Config of the run.
        folder: The run folder.
        stopped: Why the training ended; None if there was no training.
    """
    counts = {part: len(data.parts.get(part, ())) for part in ("train", "val", "test")}
    scores = dict(callbacks["best"].scores)
    for part in ("val", "test"):  # trainer.limit_*_batches may have left out images
        counts[part] = int(scores.pop(f"{part}/images", counts[part]))
    metrics: dict[str, Any] = {"objective": config["objective"]}
    for name, value in scores.items():
        part, _, kind = name.partition("/")
        metrics[name] = None if math.isnan(value) else value  # JSON has no NaN
        if kind == "exact_match":
            metrics[f"{name}_ci95"] = list(wilson_interval(value, counts[part]))
    metrics |= {f"images_{part}": count for part, count in counts.items()}
    metrics |= {
        "images_skipped": len(data.unusable),
        "images_uncaptioned": len(data.skipped) - len(data.unusable),
        "images_per_epoch": len(data.train_dataloader().dataset),
        "epochs": trainer.current_epoch,
        "best_epoch": callbacks["best"].epoch,
        "ended": stopped and stopped.code,
        "parameters": sum(p.numel() for p in recognizer.parameters()),
        "cpu_ms": _cpu_ms(recognizer, data),
        "seed": config["seed"],
        "versions": VERSIONS,
    }
    if "training_timer" in callbacks:
        metrics["fit_seconds"] = callbacks["training_timer"].fit_seconds
    _write(metrics, folder / "metrics.json")
    checkpoint = folder / "best.ckpt" if config["fit"] else Path(config["ckpt_path"])
    _print(metrics, checkpoint, folder, stopped and stopped.text)


def _cpu_ms(recognizer: Recognizer, data: OCRDataModule) -> float:
    """Measure the latency of the network for an image of the validation part."""
    pixels, widths = pad_images([data.dataset("val").image(0)])
    return cpu_latency_ms(recognizer.model, data.preprocessor.normalize(pixels, widths), widths)


def _write(metrics: Mapping[str, Any], path: Path) -> None:
    """Replace the file as a whole, so that nobody reads a half-written one."""
    scratch = path.with_suffix(".tmp")
    scratch.write_text(json.dumps(metrics, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    scratch.replace(path)


def _print(
    metrics: Mapping[str, Any], checkpoint: Path, folder: Path, ending: str | None = None
) -> None:
    """Print the closing table and the next commands, and write them to the run's log."""
    table = Table("part", "images", "exact match", "95 % interval", "character errors")
    for column in table.columns[1:]:
        column.justify = "right"
    for part in ("val", "test"):
        if f"{part}/exact_match" in metrics:
            low, high = metrics[f"{part}/exact_match_ci95"]
            table.add_row(
                part,
                f"{metrics[f'images_{part}']:,}",
                f"{metrics[f'{part}/exact_match']:.1%}",
                f"{low:.1%} to {high:.1%}",
                f"{metrics[f'{part}/cer']:.2%}",
            )
    took = f" in {metrics['fit_seconds']:.0f} s" if "fit_seconds" in metrics else ""
    lines = [
        f"{pluralize(metrics['images_train'], 'training image')}, "
        f"{pluralize(metrics['epochs'], 'epoch')}{took}, "
        f"{metrics['parameters']:,} parameters",
        f"checkpoint  {short_path(checkpoint)}",
        f"read with   {ocr_command()} read {short_path(checkpoint)} IMAGE_OR_FOLDER",
    ]
    if metrics.get("best_epoch"):
        ended = f"; the run ended {ending}" if ending else ""
        epoch = f"epoch {metrics['best_epoch']} of {metrics['epochs']}"
        lines.insert(1, f"best.ckpt is from {epoch}{ended}")
    if (folder / "curves.png").exists() and ending:
        lines.insert(-1, f"curves      {short_path(folder)}/curves.png")
    left_out = [pluralize(metrics["images_skipped"], "image")] if metrics["images_skipped"] else []
    if uncaptioned := metrics["images_uncaptioned"]:
        left_out.append(f"{pluralize(uncaptioned, 'image')} without a caption")
    if left_out:
        listed = f"listed in {short_path(folder)}/skipped.csv"
        lines.insert(1, f"left out    {' and '.join(left_out)}, {listed}")
    if has_not_learned(metrics):
        lines.append(
            "The model reads no image correctly, and hardly any character. Look for problems of "
            f"the images with {ocr_command()} doctor PATH, or train longer (trainer.max_epochs)"
        )
    console = Console()
    console.print(table)
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    text = StringIO()
    plain = Console(file=text, width=100, force_terminal=False)
    plain.print(table)
    write_to_log("\n".join([text.getvalue().rstrip(), *lines]))
