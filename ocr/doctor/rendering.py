"""The doctor's report, for people and for machines."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from ocr.doctor.checks.characters import shown
from ocr.doctor.finding import Finding
from ocr.doctor.overview import overview
from ocr.doctor.scan import Examination

EXAMPLES = 3  # of a finding
MOST = 40  # characters


def as_json(seen: Examination, findings: Sequence[Finding]) -> str:
    """One object: what `overview` gives, `findings` and `refusal`."""
    whole = overview(seen) | {"findings": [*map(asdict, findings)], "refusal": seen.refusal}
    # A name from another system may hold what is no Unicode.
    return json.dumps(whole, ensure_ascii=False, indent=2).encode(errors="replace").decode()


def show(seen: Examination, findings: Sequence[Finding]) -> None:
    """Print a table of what there is, then each finding."""
    console = Console(highlight=False)
    facts = overview(seen)
    table = Table("", Column(Text(str(seen.folder)), overflow="fold"))
    for name, fact in _rows(seen, facts):
        table.add_row(name, Text(fact))
    console.print(table)
    for title, some in (
        ("to mend", [f for f in findings if not f.harmless]),
        ("worth a look", [f for f in findings if f.harmless]),
    ):
        if some:
            _line(console, f"\n{title}", "bold")
        for finding in some:
            _print(console, finding)
    _line(console, "")
    if seen.refusal:
        _line(console, "training would refuse; the first finding says why", "bold red")
    elif findings:
        _line(console, f"training would start: {seen.train()}", "bold")
    else:
        _line(console, f"nothing is wrong; train with  {seen.train()}", "bold green")


def _print(console: Console, finding: Finding) -> None:
    _line(console, f"\n{finding.what}: {finding.count:,}  ({finding.kind})", "yellow")
    for example in finding.examples[:EXAMPLES]:
        _line(console, "  " + "".join(c if c.isprintable() else ascii(c)[1:-1] for c in example))
    if len(finding.examples) > EXAMPLES:
        _line(console, f"  and {len(finding.examples) - EXAMPLES:,} more")
    _line(console, f"  training  {finding.training}")
    _line(console, f"  mend      {finding.mend}")


def _line(console: Console, text: str, style: str = "") -> None:
    # Commands are to be copied: no line breaks of ours in them.
    console.print(Text(text, style), soft_wrap=True)


def _rows(seen: Examination, facts: Mapping[str, Any]) -> list[tuple[str, str]]:
    parts = ", ".join(f"{part} {count:,}" for part, count in facts["parts"].items())
    rows = [
        ("images", f"{facts['images']:,}"),
        ("left out", f"{facts['left_out']:,}" if facts["left_out"] else ""),
        ("parts", parts),
        ("formats", _tally(facts["formats"])),
        ("modes", _tally(facts["modes"])),
        ("transparent", f"{facts['transparent']:,}" if facts["transparent"] else ""),
        ("widths", _range(seen, facts["widths"])),
        ("heights", _range(seen, facts["heights"])),
        ("caption lengths", _range(seen, facts["caption_lengths"])),
        ("characters", _characters(facts["characters"])),
        ("training says", "\n".join(facts["says"])),
    ]
    return [row for row in rows if row[1]]


def _tally(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


def _range(seen: Examination, facts: Mapping[str, Any]) -> str:
    if not facts:
        return ""
    first, last = map(seen.short, facts["examples"])
    if facts["least"] == facts["most"]:
        return f"{facts['least']:,}"
    return f"{facts['least']:,} ({first}) to {facts['most']:,} ({last}), median {facts['median']:,}"


def _characters(counts: Mapping[str, int]) -> str:
    some = ", ".join(f"{shown(c)} {count:,}" for c, count in list(counts.items())[:MOST])
    more = f", and {len(counts) - MOST:,} more" if len(counts) > MOST else ""
    return f"{len(counts):,}: {some}{more}" if counts else ""
