"""Findings: the kinds of issues in a folder of images, and how to fix them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple


class Kind(StrEnum):
    """The kinds of findings; `--json` shows their values, and `--fix` accepts them."""

    TRAINING_REFUSED = "training_refused"
    # Captions, and the rows, names or files that hold them
    EMPTY_CAPTIONS = "empty_captions"
    MISSING_IMAGES = "missing_images"
    CONFLICTING_ROWS = "conflicting_rows"
    CONTROL_CHARACTERS = "control_characters"
    PATTERN_MISMATCH = "pattern_mismatch"
    UNUSABLE_ROWS = "unusable_rows"
    MISSING_CAPTIONS = "missing_captions"
    OUTSIDE_CHARSET = "outside_charset"
    CAPTION_TOO_LONG = "caption_too_long"
    MIXED_NORMAL_FORMS = "mixed_normal_forms"
    INVISIBLE_CHARACTERS = "invisible_characters"
    SPREADSHEET_FORMULAS = "spreadsheet_formulas"
    SPREADSHEET_DAMAGE = "spreadsheet_damage"
    TOKENIZED_CAPTIONS = "tokenized_captions"
    CONSTANT_CAPTIONS = "constant_captions"
    # Image files
    UNSUPPORTED_FORMAT = "unsupported_format"
    MULTIPLE_FRAMES = "multiple_frames"
    MISSING_FRAME = "missing_frame"
    WRONG_EXTENSION = "wrong_extension"
    TRUNCATED_IMAGES = "truncated_images"
    UNREADABLE_IMAGES = "unreadable_images"
    TRANSPARENT_BLANK = "transparent_blank"
    BLANK_IMAGES = "blank_images"
    ODD_SIZE = "odd_size"
    # Files that training doesn't use
    MISSING_EXTENSION = "missing_extension"
    UNUSED_SUBFOLDERS = "unused_subfolders"
    UNUSED_CAPTION_FILES = "unused_caption_files"
    UNUSED_TABLES = "unused_tables"
    UNUSED_SIDECARS = "unused_sidecars"
    DOUBTFUL_NAMES = "doubtful_names"
    # Equal and similar images
    EXACT_DUPLICATES = "exact_duplicates"
    NEAR_DUPLICATES = "near_duplicates"
    LABEL_CONFLICTS = "label_conflicts"
    PIXEL_LABEL_CONFLICTS = "pixel_label_conflicts"
    VAL_LEAKAGE = "val_leakage"
    TEST_LEAKAGE = "test_leakage"
    # Characters
    RARE_CHARACTERS = "rare_characters"
    HOMOGLYPHS = "homoglyphs"
    CONFUSABLE_CHARACTERS = "confusable_characters"
    MIXED_CASE = "mixed_case"
    UNTRAINED_CHARACTERS = "untrained_characters"
    UNEVALUATED_CHARACTERS = "unevaluated_characters"


class Severity(StrEnum):
    """How much a finding matters."""

    ERROR = "error"  # training refuses to start
    WARNING = "warning"  # training loses images or accuracy
    INFO = "info"  # worth a look; does not harm training


class Fix(NamedTuple):
    """What to do about a finding.

    Attributes:
        text: A command, or advice in words.
        commands: One shell command per file; none if commands can't fix it.
    """

    text: str
    commands: Sequence[str] = ()


@dataclass(frozen=True)
class Finding:
    """One kind of issue.

    Attributes:
        kind: Its kind.
        severity: How much it matters.
        message: The issue as a plural noun phrase: "images that can't be read".
        count: Number of images, captions or characters that have the issue.
        examples: A line for each of them.
        effect: What training does with them.
        fix: What to do.
    """

    kind: Kind
    severity: Severity
    message: str
    count: int
    examples: Sequence[str] = field(repr=False)
    effect: str
    fix: Fix

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; `fix` becomes the two keys `fix` and `commands`."""
        return {
            "kind": self.kind.value,
            "severity": self.severity.value,
            "message": self.message,
            "count": self.count,
            "examples": list(self.examples),
            "effect": self.effect,
            "fix": self.fix.text,
            "commands": list(self.fix.commands),
        }
