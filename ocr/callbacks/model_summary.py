"""A table of the network's parts, printed at the start of a run."""

from collections.abc import Sequence
from typing import Any

from pytorch_lightning.callbacks import RichModelSummary
from rich import get_console
from rich.table import Table


class ModelSummary(RichModelSummary):
    """Print a row for each part that has weights.

    Lightning's table also lists parts without weights, and has columns with one value for all.
    """

    @staticmethod
    def summarize(
        summary_data: Sequence[tuple[str, Sequence[str]]], *_: Any, **others: Any
    ) -> None:
        """Print the table.

        Args:
            summary_data: Lightning's columns, by name.
            others: Lightning's totals.
        """
        columns = dict(summary_data)
        table = Table("part", "class", "parameters")
        table.columns[-1].justify = "right"
        for name, kind, count in zip(
            columns["Name"], columns["Type"], columns["Params"], strict=True
        ):
            if name.startswith("model.") and count.strip() != "0":
                table.add_row(name.removeprefix("model."), kind, count)
        get_console().print(table)
