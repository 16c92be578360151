"""Write the winner of a search as an experiment config of Hydra."""

from collections.abc import Callable, Sequence
from pathlib import Path

from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf
from optuna.trial import FrozenTrial

from ocr.formatting import format_score
from ocr.search.results import replace_file
from ocr.search.search import Search


def write_experiment(
    search: Search, winner: FrozenTrial, options_of: Callable[[str], Sequence[str]]
) -> None:
    """Write best.yaml, and a copy for `--config-dir FOLDER experiment=best`.

    Args:
        search: The search.
        winner: Its best trial.
        options_of: Lists the options of a config group; returns none for any other key.

    Raises:
        OSError: A file cannot be written.
    """
    overrides = search.space.command(winner.params)
    bases, choices, values = [], [], OmegaConf.create({})
    for override in OverridesParser.create().parse_overrides(overrides):
        key, value = override.key_or_group, override.value()
        if override.is_delete():
            continue
        if key == "experiment":
            bases.append(f"/experiment/{value}")
        elif options_of(key):
            choices.append({f"override /{key}": value})
        else:
            # Make paths absolute, for use from another working directory.
            is_path = key.startswith("data.") or key == "init_from"
            if is_path and isinstance(value, str) and Path(value).exists():
                value = str(Path(value).absolute())
            OmegaConf.update(values, key, value, force_add=True)
    scores = ", ".join(
        f"{n} {format_score(v)}" for n, v in zip(search.objectives, winner.values, strict=True)
    )
    head = f"# @package _global_\n# Trial {winner.number} of {search.study.study_name}: {scores}\n"
    text = head + OmegaConf.to_yaml({"defaults": bases + choices}) + OmegaConf.to_yaml(values)
    experiments = search.folder / "experiment"
    experiments.mkdir(exist_ok=True)
    for folder in (search.folder, experiments):
        replace_file(folder / "best.yaml", text.encode())
