"""The checks: one file per kind of finding, or per family of kinds.

A check takes a `FolderScan` and returns a `Finding`, or None if there is nothing to report.
"""

from collections.abc import Callable

from ocr.doctor.checks.blank_images import blank_images, transparent_blank
from ocr.doctor.checks.caption_too_long import caption_too_long
from ocr.doctor.checks.confusable_characters import confusable_characters, homoglyphs, mixed_case
from ocr.doctor.checks.constant_captions import constant_captions
from ocr.doctor.checks.doubtful_names import doubtful_names, unused_sidecars
from ocr.doctor.checks.duplicates import exact_duplicates, near_duplicates
from ocr.doctor.checks.frames import missing_frame, multiple_frames
from ocr.doctor.checks.invisible_characters import invisible_characters
from ocr.doctor.checks.label_conflicts import label_conflicts, pixel_label_conflicts
from ocr.doctor.checks.leakage import test_leakage, val_leakage
from ocr.doctor.checks.missing_captions import missing_captions
from ocr.doctor.checks.missing_extension import missing_extension
from ocr.doctor.checks.mixed_normal_forms import mixed_normal_forms
from ocr.doctor.checks.odd_size import odd_size
from ocr.doctor.checks.outside_charset import outside_charset
from ocr.doctor.checks.rare_characters import rare_characters
from ocr.doctor.checks.split_characters import unevaluated_characters, untrained_characters
from ocr.doctor.checks.spreadsheet import spreadsheet_damage, spreadsheet_formulas
from ocr.doctor.checks.tokenized_captions import tokenized_captions
from ocr.doctor.checks.training_refused import training_refused
from ocr.doctor.checks.unreadable_images import truncated_images, unreadable_images
from ocr.doctor.checks.unsupported_format import unsupported_format
from ocr.doctor.checks.unusable_rows import (
    conflicting_rows,
    control_characters,
    empty_captions,
    missing_images,
    pattern_mismatch,
    unusable_rows,
)
from ocr.doctor.checks.unused_caption_files import unused_caption_files, unused_tables
from ocr.doctor.checks.unused_subfolders import unused_subfolders
from ocr.doctor.checks.wrong_extension import wrong_extension
from ocr.doctor.finding import Finding
from ocr.doctor.scan import FolderScan

Check = Callable[[FolderScan], Finding | None]

# In the order of the report.
CHECKS: tuple[Check, ...] = (
    training_refused,
    empty_captions,
    missing_images,
    conflicting_rows,
    control_characters,
    pattern_mismatch,
    unusable_rows,
    missing_captions,
    outside_charset,
    caption_too_long,
    mixed_normal_forms,
    invisible_characters,
    spreadsheet_formulas,
    spreadsheet_damage,
    tokenized_captions,
    constant_captions,
    unsupported_format,
    multiple_frames,
    missing_frame,
    wrong_extension,
    truncated_images,
    unreadable_images,
    transparent_blank,
    blank_images,
    odd_size,
    missing_extension,
    unused_subfolders,
    unused_caption_files,
    unused_tables,
    unused_sidecars,
    doubtful_names,
    exact_duplicates,
    near_duplicates,
    label_conflicts,
    pixel_label_conflicts,
    val_leakage,
    test_leakage,
    rare_characters,
    homoglyphs,
    confusable_characters,
    mixed_case,
    untrained_characters,
    unevaluated_characters,
)


def find_issues(scan: FolderScan) -> list[Finding]:
    """Run all checks on a scanned folder."""
    return [finding for check in CHECKS if (finding := check(scan))]
