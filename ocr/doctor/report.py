"""The doctor's report, as text and as JSON."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from ocr.doctor.characters import display_character
from ocr.doctor.finding import Finding, Severity
from ocr.doctor.scan import FolderScan
from ocr.doctor.summary import summarize

MAX_EXAMPLES = 3  # shown of a finding
MAX_CHARACTERS = 40  # shown of the charset


def as_json(scan: FolderScan, findings: Sequence[Finding]) -> str:
    """Format the report as one JSON object.

    Returns:
        What `summarize` returns, with the keys `findings` and `refusal` added.
    """
    report = summarize(scan) | {
        "findings": [finding.as_dict() for finding in findings],
        "refusal": scan.refusal,
    }
    # File names may hold surrogates, which UTF-8 can't encode.
    return json.dumps(report, ensure_ascii=False, indent=2).encode(errors="replace").decode()


def print_report(scan: FolderScan, findings: Sequence[Finding]) -> None:
    """Print a table of the folder's contents, then each finding."""
    console = Console(highlight=False)
    table = Table("", Column(Text(str(scan.folder)), overflow="fold"))
    for name, value in _rows(scan, summarize(scan)):
        table.add_row(name, Text(value))
    console.print(table)
    for title, group in (
        ("Problems", [f for f in findings if f.severity is not Severity.INFO]),
        ("Worth a look", [f for f in findings if f.severity is Severity.INFO]),
    ):
        if group:
            _print(console, f"\n{title}", "bold")
        for finding in group:
            _print_finding(console, finding)
    _print(console, "")
    if scan.refusal:
        _print(console, "Training would not start: see the first finding", "bold red")
    elif findings:
        _print(console, f"Training would start: {scan.train_command()}", "bold")
    else:
        _print(console, f"No problems found. Train with: {scan.train_command()}", "bold green")


def _print_finding(console: Console, finding: Finding) -> None:
    message = f"{finding.message[0].upper()}{finding.message[1:]}"
    _print(console, f"\n{message}: {finding.count:,}  ({finding.kind})", "yellow")
    for example in finding.examples[:MAX_EXAMPLES]:
        _print(console, "  " + "".join(c if c.isprintable() else ascii(c)[1:-1] for c in example))
    if len(finding.examples) > MAX_EXAMPLES:
        _print(console, f"  and {len(finding.examples) - MAX_EXAMPLES:,} more")
    _print(console, f"  effect  {finding.effect}")
    _print(console, f"  fix     {finding.fix.text}")


def _print(console: Console, text: str, style: str = "") -> None:
    # Without rich's line wrapping, so that commands can be copied.
    console.print(Text(text, style), soft_wrap=True)


def _rows(scan: FolderScan, summary: Mapping[str, Any]) -> list[tuple[str, str]]:
    rows = [
        ("images", f"{summary['images']:,}"),
        ("skipped", f"{summary['skipped']:,}" if summary["skipped"] else ""),
        ("parts", _counts(summary["parts"])),
        ("formats", _counts(summary["formats"])),
        ("modes", _counts(summary["modes"])),
        ("transparent", f"{summary['transparent']:,}" if summary["transparent"] else ""),
        ("widths", _range(scan, summary["widths"])),
        ("heights", _range(scan, summary["heights"])),
        ("caption lengths", _range(scan, summary["caption_lengths"])),
        ("characters", _characters(summary["characters"])),
        ("messages", "\n".join(summary["messages"])),
    ]
    return [row for row in rows if row[1]]


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


def _range(scan: FolderScan, values: Mapping[str, Any]) -> str:
    if not values:
        return ""
    first, last = map(scan.short_name, values["examples"])
    if values["min"] == values["max"]:
        return f"{values['min']:,}"
    return f"{values['min']:,} ({first}) to {values['max']:,} ({last}), median {values['median']:,}"


def _characters(counts: Mapping[str, int]) -> str:
    some = list(counts.items())[:MAX_CHARACTERS]
    shown = ", ".join(f"{display_character(c)} {count:,}" for c, count in some)
    more = f", and {len(counts) - len(some):,} more" if len(counts) > len(some) else ""
    return f"{len(counts):,}: {shown}{more}" if counts else ""
