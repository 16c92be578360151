"""Guess which key is meant by a name that is not one."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

# Keys, and the names that other programs use for them.
_SYNONYMS = {
    "trainer.max_epochs": "epochs epoch n_epochs num_epochs num_train_epochs",
    "optimizer.lr": "learning_rate lrate",
    "optimizer.weight_decay": "wd decay",
    "data.batch_size": "batch bs batchsize batches train_batch_size",
    "data.dir": "path folder directory input images image_dir images_dir dataset data_dir "
    "data_path root train_data",
    "data.train_dir": "train",
    "data.val_dir": "val valid validation",
    "data.test_dir": "test_data",
    "data.labels": "label captions caption annotations labels_file csv gt",
    "data.charset": "alphabet characters chars vocab vocabulary symbols charset_file",
    "data.height": "img_height image_height imgh h",
    "data.width": "img_width image_width imgw w",
    "data.num_workers": "workers nworkers",
    "data.val_size": "val_split val_fraction validation_split",
    "data.test_size": "test_split test_fraction",
    "hydra.run.dir": "out output output_dir outdir out_dir save_dir run_dir logdir log_dir",
    "ckpt_path": "resume checkpoint ckpt resume_from resume_from_checkpoint",
    "init_from": "pretrained weights finetune fine_tune load",
    "encoder": "model arch architecture backbone",
    "trainer.devices": "gpus gpu ngpus num_gpus n_gpu device",
    "trainer.precision": "amp fp16 bf16 half",
    "trainer.max_time": "time minutes hours timeout",
    "trainer.max_steps": "steps iterations iters max_iter num_iter",
    "callbacks.early_stopping.patience": "patience",
    "hydra.sweeper.n_trials": "trials n_trials num_trials",
    "hparams_search": "search tune optuna",
}
_KEY_OF_SYNONYM = {name: key for key, names in _SYNONYMS.items() for name in names.split()}

_FOLDER_KEYS = ("data.dir", "data.labels", "data.train_dir", "data.val_dir", "data.test_dir")


def format_override(key: str, value: str) -> str:
    """Return the override that sets `key`, with data=folder if the key needs that."""
    if key == "data" and ("/" in value or Path(value).is_dir()):
        key = "data.dir"
    folder = "data=folder " if key in _FOLDER_KEYS else ""
    return f"{folder}{key}={value or '...'}"


def guess_key(word: str) -> str | None:
    """Return the key that is probably meant by `word`, or None."""
    if key := find_key(word):
        return key
    leaf = word.strip("-+~ ").replace("-", "_").lower().rpartition(".")[2]
    leaves = {key.rpartition(".")[2]: key for key in reversed(keys())}
    [near] = get_close_matches(leaf, [*_KEY_OF_SYNONYM, *leaves], n=1, cutoff=0.8) or [""]
    return _KEY_OF_SYNONYM.get(near) or leaves.get(near)


def find_key(word: str) -> str | None:
    """Return the key with the name `word`: in full, without its section, or in other programs."""
    key = word.strip("-+~ ").replace("-", "_").lower()
    known = keys()
    if key in known:
        return key
    leaf = key.rpartition(".")[2]
    if key in _KEY_OF_SYNONYM:
        return _KEY_OF_SYNONYM[key]
    same_leaf = [other for other in known if other.rpartition(".")[2] == leaf]
    if len(same_leaf) > 1:  # prefer keys of the first sections, which are changed most often
        same_leaf = [other for other in same_leaf if other.count(".") == 1][:1]
    if same_leaf:
        return same_leaf[0]
    return _KEY_OF_SYNONYM.get(leaf)


@cache
def keys() -> tuple[str, ...]:
    """Return all keys of the config of data=folder; data, optimizer and trainer come first."""
    # Imported here, because it imports this module.
    from ocr.config.compose import compose_without_run

    config = compose_without_run(["data=folder"])
    first = ("data", "optimizer", "trainer", "encoder", "recurrent", "head", "scheduler")
    sections = [*first, *(key for key in config if key not in first)]
    copies = ("model", "augment", "run")  # sections that repeat others or that no user sets
    return tuple(
        key
        for section in sections
        if section not in copies
        for key in _below(section, OmegaConf.to_container(config)[section])
    )


def _below(key: str, value: object) -> Iterator[str]:
    yield key
    if isinstance(value, Mapping | DictConfig):
        for name, inner in value.items():
            if not str(name).startswith("_") and name != "search":
                yield from _below(f"{key}.{name}", inner)
