"""What a network is made of, as a run begins."""

from collections.abc import Sequence
from typing import Any

from pytorch_lightning.callbacks import RichModelSummary
from rich import get_console
from rich.table import Table


class ModelSummary(RichModelSummary):
    """A line for each part with weights.

    Lightning's own table has columns that are the same for all of them, and lines without weights.
    """

    @staticmethod
    def summarize(
        summary_data: Sequence[tuple[str, Sequence[str]]], *_: Any, **others: Any
    ) -> None:
        """Print it."""
        columns = dict(summary_data)
        table = Table("part", "class", "parameters")
        table.columns[-1].justify = "right"
        for name, kind, count in zip(
            columns["Name"], columns["Type"], columns["Params"], strict=True
        ):
            if name.startswith("model.") and count.strip() != "0":
                table.add_row(name.removeprefix("model."), kind, count)
        get_console().print(table)
