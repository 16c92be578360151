"""One training run: data, model, trainer, fit, test, results."""

from dataclasses import dataclass
from pathlib import Path

from omegaconf import DictConfig

from ocr.config.instantiate import build
from ocr.config.resolvers import register_resolvers
from ocr.log import log_run, silence_lightning
from ocr.threads import use_threads
from ocr.training.checks import check_config
from ocr.training.model import apply_checkpoint, build_model
from ocr.training.paths import suggest_doctor
from ocr.training.run_folder import RESULTS, make_run_folder
from ocr.training.seed import seed


@dataclass(frozen=True)
class TrainingResult:
    """The result of a run.

    Attributes:
        folder: The run folder, with best.ckpt, metrics.json and all other files.
        scores: Scores by name, such as "val/cer" and "test/exact_match".
        objective: The validation score of best.ckpt that `config.objective` names.
    """

    folder: Path
    scores: dict[str, float]
    objective: float


def train(config: DictConfig) -> TrainingResult:
    """Train a reader, test it, and write the results into the run folder.

    Args:
        config: The composed configuration, see conf/train.yaml; `config.run` names the run folder.
            It stays as it is: what the data decides is in config.yaml.

    Raises:
        UserError: A value of the configuration, or the data, is unusable.
    """
    register_resolvers()
    check_config(config := config.copy())
    from ocr.callbacks.earlier_run import keep_earlier, resumes
    from ocr.callbacks.stop_reason import stop_reason
    from ocr.training.config_file import save_config  # torch and Lightning take seconds to load
    from ocr.training.results import conclude
    from ocr.training.trainer import lightning_refusals, make_trainer, require_validation

    silence_lightning()
    with make_run_folder(config) as folder, log_run(folder), lightning_refusals():
        apply_checkpoint(config, config.run.overrides)
        seed(config.seed)
        use_threads(config.threads)
        data = build(config.data, section="data")
        module = build_model(config, data)
        with suggest_doctor(config):
            data.drop_infeasible(module.time_steps)
            data.report(folder)
        trainer, callbacks = make_trainer(config)
        require_validation(trainer, config, data)
        if config.fit and not resumes(folder, config.ckpt_path):
            keep_earlier(folder, RESULTS)
        save_config(config, folder)
        best = callbacks["best"]
        stopped = None
        quiet = {"verbose": False, "weights_only": True}
        if config.fit:
            trainer.fit(module, data, ckpt_path=config.ckpt_path, weights_only=True)
            stopped = stop_reason(trainer)
        else:
            best.use(config.ckpt_path)
            best.scores |= trainer.validate(module, data, best.path, **quiet)[0]
        if config.test and "test" in data.parts:
            best.scores |= trainer.test(module, data, best.path, **quiet)[0]
        conclude(trainer, module, data, callbacks, config, folder, stopped)
    return TrainingResult(folder, dict(best.scores), best.scores[config.objective])
