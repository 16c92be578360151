"""Train a reader: `python train.py data=folder data.dir=PATH`; see conf/ for every choice."""

from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

import ocr.command  # noqa: F401, before what there is to load
from ocr.config.command_line import run
from ocr.config.error_reporting import report_errors
from ocr.config.instantiate import build
from ocr.config.resolvers import register_resolvers
from ocr.search.trial_job import run_apart, sweeping
from ocr.training.start import apply_checkpoint, prepare, require_start, set_process
from ocr.training.trainer import lightning_refusals, make_trainer, require_validation

register_resolvers()


@hydra.main(
    config_path="conf", config_name="train", execution_whitelist="ocr.training.run_folder.RunFolder"
)
def main(config: DictConfig) -> float:
    """One run, or one of a sweep."""
    if sweeping():
        return run_apart(__file__, config)
    with report_errors(), lightning_refusals():
        return train(config)


def train(config: DictConfig) -> float:
    """Train, test, and return the validation value of `objective` that best.ckpt has."""
    require_start(config)
    from ocr.callbacks.stop_reason import stop_reason
    from ocr.training.results import conclude  # which loads for seconds

    folder = Path(HydraConfig.get().runtime.output_dir)
    set_process(config)
    apply_checkpoint(config, HydraConfig.get().overrides.task)
    data = build(config.data, section="data")
    recognizer = prepare(config, data, folder)
    trainer, callbacks = make_trainer(config)
    require_validation(trainer, config, data)
    best = callbacks["best"]
    stopped = None
    if config.fit:
        trainer.fit(recognizer, data, ckpt_path=config.ckpt_path, weights_only=True)
        stopped = stop_reason(trainer)
    else:
        best.take(config.ckpt_path)
        best.scores |= trainer.validate(recognizer, data, best.path, False, weights_only=True)[0]
    if config.test and "test" in data.parts:
        best.scores |= trainer.test(recognizer, data, best.path, False, weights_only=True)[0]
    conclude(trainer, recognizer, data, callbacks, config, folder, stopped)
    return best.scores[config.objective]


if __name__ == "__main__":
    run(main)
