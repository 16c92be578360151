"""Characters that look alike."""

from collections import defaultdict
from unicodedata import decomposition, normalize

from ocr.data.text.invisible import character_name
from ocr.doctor.characters import describe_groups
from ocr.doctor.finding import Finding, Fix, Kind, Severity
from ocr.doctor.scan import FolderScan

# Characters that people easily confuse.
CONFUSABLE = (
    "0Oo", "1Il|", "2Zz", "5Ss", "8B", "9gq", "UV", "uv", "-‐‑‒–—−", "'’‘`´", '"“”„', "x×", "·•",
    "…⋯", "~∼", "ー一",
)  # fmt: skip
# Characters of different scripts that look the same in most typefaces.
HOMOGLYPHS = (
    "AАΑ", "BВΒ", "CСϹ", "EЕΕ", "HНΗ", "IІΙ", "JЈ", "KКΚ", "MМΜ", "NΝ", "OОΟ", "PРΡ", "SЅ", "TТΤ",
    "XХΧ", "YΥ", "ZΖ", "aа", "cс", "eе", "iі", "jј", "oоο", "pр", "sѕ", "vν", "xх", "yу", "µμ",
    "/⁄", " \u00a0\u2009\u202f\u3000",
)  # fmt: skip
# Unicode's tags of compatibility characters that are another shape of the same character.
_SHAPES = ("<wide>", "<narrow>", "<noBreak>", "<font>")


def homoglyphs(scan: FolderScan) -> Finding | None:
    """Find groups of characters that look the same in an image."""
    counts = scan.character_counts
    groups = [[c for c in group if c in counts] for group in HOMOGLYPHS]
    shapes = defaultdict(list)
    for c in sorted(counts):
        other_shape = decomposition(c).startswith(_SHAPES)
        shapes[normalize("NFKC", c) if other_shape else c].append(c)
    groups = [group for group in (*groups, *shapes.values()) if len(group) > 1]
    if not groups:
        return None
    rarest = [min(group, key=counts.__getitem__) for group in groups]
    nfkc_helps = all(normalize("NFKC", c) != c for c in rarest)
    normalized = f", or {scan.train_command('data.normal_form=NFKC')}" if nfkc_helps else ""
    return Finding(
        Kind.HOMOGLYPHS,
        Severity.WARNING,
        "groups of characters that look the same",
        len(groups),
        describe_groups(scan, groups, character_name),
        "training learns them as different characters, although they look the same",
        Fix(f"correct the captions{normalized}"),
    )


def confusable_characters(scan: FolderScan) -> Finding | None:
    """Find groups of characters that people easily confuse when they write captions."""
    groups = [[c for c in group if c in scan.character_counts] for group in CONFUSABLE]
    groups = [group for group in groups if len({c.lower() for c in group}) > 1]
    if not groups:
        return None
    return Finding(
        Kind.CONFUSABLE_CHARACTERS,
        Severity.INFO,
        "groups of characters that are easily confused",
        len(groups),
        describe_groups(scan, groups),
        "training learns them as different characters, wrong captions included",
        Fix("check the captions with these characters"),
    )


def mixed_case(scan: FolderScan) -> Finding | None:
    """Find letters that occur in both cases."""
    counts = scan.character_counts
    pairs = [[c, c.upper()] for c in sorted(counts) if c != c.upper() and c.upper() in counts]
    if not pairs:
        return None
    lower, upper = (sum(counts[c] for c in cases) for cases in zip(*pairs, strict=True))
    command = scan.train_command(f"data.case={'lower' if lower > upper else 'upper'}")
    return Finding(
        Kind.MIXED_CASE,
        Severity.INFO,
        "letters in both cases",
        len(pairs),
        describe_groups(scan, pairs),
        "training learns them as different characters",
        Fix(f"if case does not matter: {command}"),
    )
