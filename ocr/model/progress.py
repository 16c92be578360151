"""The progress of a run: a bar, or in a pipe or a log file lines."""

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import RichProgressBar
from pytorch_lightning.trainer.states import TrainerFn
from rich.progress import ProgressColumn


class ProgressBar(RichProgressBar):
    """Lightning's, short and without batches per second: so that 80 columns hold its line.

    Where nothing can be drawn it prints a line after each validation: Lightning's bar shows
    nothing there until the run is over.
    """

    def configure_columns(self, trainer: Trainer) -> list[ProgressColumn]:
        """Description, bar, batches, time; scores follow."""
        description, bar, *others = super().configure_columns(trainer)[:4]
        bar.bar_width = 10
        return [description, bar, *others]

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Print the scores, unless the bar shows them."""
        super().on_validation_end(trainer, pl_module)
        console = self._console
        fitting = trainer.state.fn == TrainerFn.FITTING and not trainer.sanity_checking
        if fitting and console and not (console.is_terminal or console.is_jupyter):
            scores = self.get_metrics(trainer, pl_module)
            scores.pop("v_num", None)  # TensorBoard's name for the run
            told = "  ".join(f"{name}: {score:.3f}" for name, score in scores.items())
            words = f"{self._get_train_description(trainer.current_epoch).strip()}  {told}"
            console.print(words, markup=False, highlight=False, soft_wrap=True)
