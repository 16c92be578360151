"""A run in a process of its own: what it does to itself stays there.

The process is forked from a server that has torch loaded already, so it costs no start-up time.
To Lightning, which starts further ranks by repeating the command, it shows a plain command line,
so that they repeat this run and not the sweep around it.
"""

import contextlib
import copy
import json
import multiprocessing
import os
import runpy
import signal
import sys
import threading
import traceback
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path

from hydra.core.hydra_config import HydraConfig
from hydra.core.utils import configure_log, setup_globals
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from ocr.compose import quoted
from ocr.errors import UserError, explain, plain_errors

# What the server loads before it forks: all that train.py and conf/ will ask for.
_PRELOAD = ["ocr.search.preload"]


def sweeping() -> bool:
    """Whether this is one job of a sweep."""
    return HydraConfig.get().mode == RunMode.MULTIRUN


@dataclass
class Job:
    """What a sweep's job has been composed to. config: of train.py. hydra: Hydra's own."""

    config: DictConfig
    hydra: DictConfig

    @classmethod
    def of(cls, config: DictConfig) -> "Job":
        """This process' job, as a run by itself."""
        hydra = copy.deepcopy(HydraConfig.instance().cfg)
        # Or ${now:} in the sweep's folder would be another time, and that another folder.
        OmegaConf.copy_cache(from_config=config, to_config=hydra)
        with read_write(hydra.hydra), open_dict(hydra.hydra):
            hydra.hydra.mode = RunMode.RUN
            hydra.hydra.run.dir = hydra.hydra.runtime.output_dir
            hydra.hydra.sweep.dir = str(Path(hydra.hydra.sweep.dir).absolute())
        return cls(config, hydra)

    def run(self, script: str) -> None:
        """Do what `script` does to a config that is composed: its function `train`."""
        setup_globals()
        HydraConfig.instance().cfg = self.hydra
        settings = HydraConfig.get()
        os.environ.update(settings.job.env_set)
        configure_log(settings.job_logging, settings.verbose)
        with plain_errors():
            runpy.run_path(script)["train"](self.config)


def run_apart(script: str, config: DictConfig) -> float:
    """Do this job of a sweep, composed to `config`, in the folder that Hydra gave it.

    Returns best.ckpt's value of `objective`, from metrics.json. Raises UserError with the reason if
    the run fails or is killed.
    """
    hydra = HydraConfig.get()
    folder = Path(hydra.runtime.output_dir)
    searching = hydra.runtime.choices["hydra/sweeper"] == "surrogate"
    log = folder / "output.log" if searching else None
    reason = run_command(_command(script), hydra.runtime.cwd, log, Job.of(config))
    if reason:
        raise UserError(reason)
    metrics = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    return metrics[metrics["objective"]]


def _command(script: str) -> list[str]:
    """The words of a command line that does the same as the current job of the sweep."""
    hydra = HydraConfig.get()
    words = [script, "--config-name", hydra.job.config_name]
    flags = {"main": "--config-path", "command-line": "--config-dir"}
    for source in hydra.runtime.config_sources:
        if source.provider in flags:
            words += [flags[source.provider], source.path]
    return [
        *words,
        *hydra.overrides.hydra,
        *hydra.overrides.task,
        "hydra.mode=RUN",
        f"hydra.run.dir={quoted(hydra.runtime.output_dir)}",
        f"hydra.sweep.dir={quoted(str(Path(hydra.sweep.dir).absolute()))}",
    ]


def run_command(
    command: list[str], cwd: str, log: Path | None, job: Job | None = None
) -> str | None:
    """Run a script with its arguments; returns why it failed, or None.

    log: takes its output. job: what the command line comes to, if that is known.
    """
    methods = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")
    if "forkserver" in methods:
        context.set_forkserver_preload(_PRELOAD)
    if multiprocessing.get_start_method() not in methods:
        # A worker of joblib's is told of a method that only joblib knows, and would pass it on.
        multiprocessing.set_start_method(context.get_start_method(), force=True)
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(command, cwd, log, job, sender))
    process.start()
    sender.close()
    parent = os.getppid()
    try:
        # A worker of a launcher whose own parent was killed must not train on for nobody.
        while not wait([process.sentinel], timeout=1):
            if os.getppid() != parent:
                _signal(process.pid, signal.SIGKILL)
                os._exit(1)
    except BaseException:
        _signal(process.pid, signal.SIGINT)
        process.join(timeout=20)
        raise
    finally:
        _signal(process.pid, signal.SIGKILL)  # and what it may have left behind
        process.join()
    reason = None
    with contextlib.suppress(EOFError):
        reason = receiver.recv() if receiver.poll() else None
    if process.exitcode < 0:
        name = signal.Signals(-process.exitcode).name
        hint = ", as the system does when memory runs out" if name == "SIGKILL" else ""
        return f"its process was killed by {name}{hint}"
    return reason or (
        f"its process ended with code {process.exitcode}" if process.exitcode else None
    )


def _signal(group: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def _child(
    command: list[str], cwd: str, log: Path | None, job: Job | None, reasons: Connection
) -> None:
    os.setpgid(0, 0)  # with the further ranks and workers it starts, it ends as one
    # Those that look at images or load them begin as in a run by itself: as this process did,
    # by a server, each would wait seconds for a server of its own that loads all of torch.
    multiprocessing.set_start_method(None, force=True)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.chdir(cwd)
    if log:
        try:
            _redirect(log)
        except OSError as error:  # a traceback would go to the terminal
            reasons.send(f"{log} can't be written: {error.strerror}")
            raise SystemExit(1) from None
    sys.argv[:] = command
    sys.path[0] = str(Path(command[0]).parent)
    try:
        if job:
            job.run(command[0])
        else:
            runpy.run_path(command[0], run_name="__main__")
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
            reasons.send(end.code.removeprefix("error: "))
            raise SystemExit(1) from None
        raise
    except BaseException as error:
        traceback.print_exc()
        reasons.send(f"{type(error).__name__}: {explain(error)}")
        raise SystemExit(1) from None
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


def _redirect(log: Path) -> None:
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as file:
        os.dup2(file.fileno(), sys.stdout.fileno())
        os.dup2(file.fileno(), sys.stderr.fileno())


def _end_with_parent() -> None:
    wait([multiprocessing.parent_process().sentinel])
    os.killpg(0, signal.SIGKILL)
