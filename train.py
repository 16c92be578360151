"""Train a reader: `python train.py data=folder data.dir=PATH`; see conf/ for every choice."""

from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from ocr.errors import plain_errors, plain_job_errors
from ocr.log import hush
from ocr.model.build import build
from ocr.model.checkpoint import resumable
from ocr.resolvers import register_resolvers
from ocr.seed import seed
from ocr.summary import conclude

register_resolvers()


@hydra.main(config_path="conf", config_name="train")
def main(config: DictConfig) -> float:
    """One run, or one of a sweep; returns what the sweep looks at."""
    with plain_job_errors():
        return train(config)


def train(config: DictConfig) -> float:
    """Train, test, and return the best validation value of `objective`."""
    folder = Path(HydraConfig.get().runtime.output_dir)
    hush()
    seed(config.seed)

    data = build(config.data)
    if config.ckpt_path:
        data.adopt(resumable(config.ckpt_path, config.model))
    data.setup()
    recognizer = build(config.model, **data.state())
    data.drop_unplaceable(recognizer.time_steps)
    data.report(folder)

    callbacks = {name: build(callback) for name, callback in config.callbacks.items() if callback}
    logger = [build(logger) for logger in config.logger.values()]
    trainer = build(config.trainer, callbacks=[*callbacks.values()], logger=logger)

    trainer.fit(recognizer, data, ckpt_path=config.ckpt_path, weights_only=True)
    best = callbacks["best"]
    path = best.path
    if config.test and "test" in data.parts:
        best.scores |= trainer.test(recognizer, data, path, verbose=False, weights_only=True)[0]

    seconds = callbacks["stopwatch"].fit_seconds
    conclude(trainer, recognizer, data, best.scores, seconds, config.seed, folder)
    return best.best_model_score.item()


if __name__ == "__main__":
    with plain_errors():
        main()
