"""Unused files beside the images that may hold captions."""

from pathlib import Path

from ocr.data.sources.file_name_check import SOME
from ocr.data.sources.sidecar import find_sidecar_suffixes, find_sidecars
from ocr.data.sources.unused_caption_files import UnusedCaptionFile
from ocr.doctor.finding import Finding, Fix, Kind, Severity
from ocr.doctor.scan import FolderScan

TABLES = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".xml", ".xls", ".xlsx", ".ods", ".parquet")
EFFECT = "training does not read them, and takes the images' names as captions"


def unused_caption_files(scan: FolderScan) -> Finding | None:
    """Find files that name the images."""
    files = _caption_files(scan)
    if not files:
        return None
    return Finding(
        Kind.UNUSED_CAPTION_FILES,
        Severity.WARNING,
        "files that may hold the captions of these images",
        len(files),
        [scan.short_name(file.text) for file in files],
        EFFECT,
        Fix(files[0].override),
    )


def unused_tables(scan: FolderScan) -> Finding | None:
    """Find other tables beside the images."""
    if not scan.captions_detected:
        return None
    known = {file.path for file in _caption_files(scan)} | _sidecars(scan)
    tables = [
        file
        for file in scan.other_files
        if file.parent in scan.named_folders
        and file not in known
        and file.suffix.lower() in TABLES
        and not file.name.startswith(".")
        and file.is_file()
    ]
    if not tables:
        return None
    return Finding(
        Kind.UNUSED_TABLES,
        Severity.INFO,
        "tables beside the images that may hold captions",
        len(tables),
        [scan.short_name(str(file)) for file in tables],
        EFFECT,
        Fix("if they hold captions: save them as labels.csv, with the columns file and label"),
    )


def _caption_files(scan: FolderScan) -> list[UnusedCaptionFile]:
    if not scan.captions_detected:
        return []
    files = [file for files in scan.source.captions.unused_files.values() for file in files]
    return [file for file in files if not file.harmless]


def _sidecars(scan: FolderScan) -> set[Path]:
    """Return the files that belong to one image each, which `unused_sidecars` reports."""
    return {
        folder.path / name
        for folder in map(scan.source.captions.folder, scan.named_folders)
        for scheme in find_sidecar_suffixes(folder)
        if scheme.share >= SOME
        for name in find_sidecars(folder, scheme.suffix).values()
    }
