"""Findings about single characters: rare ones, look-alikes, case twins, those in one part only."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from unicodedata import category, decomposition, normalize

from ocr.config.compose import quoted
from ocr.data.text.invisible import character_name
from ocr.doctor.finding import Finding
from ocr.doctor.scan import Examination
from ocr.pluralize import pluralize

RARE = 5  # times in all
# What people take for one another.
CONFUSED = (
    "0Oo", "1Il|", "2Zz", "5Ss", "8B", "9gq", "UV", "uv", "-‐‑‒–—−", "'’‘`´", '"“”„', "x×", "·•",
    "…⋯", "~∼", "ー一",
)  # fmt: skip
# The same in most typefaces, of different scripts.
IDENTICAL = (
    "AАΑ", "BВΒ", "CСϹ", "EЕΕ", "HНΗ", "IІΙ", "JЈ", "KКΚ", "MМΜ", "NΝ", "OОΟ", "PРΡ", "SЅ", "TТΤ",
    "XХΧ", "YΥ", "ZΖ", "aа", "cс", "eе", "iі", "jј", "oоο", "pр", "sѕ", "vν", "xх", "yу", "µμ",
    "/⁄", " \u00a0\u2009\u202f\u3000",
)  # fmt: skip
_SHAPES = ("<wide>", "<narrow>", "<noBreak>", "<font>")  # Unicode's word on other shapes of one


def frequencies(seen: Examination) -> Counter:
    """How often each character stands in the captions of usable images."""
    counts = Counter()
    for sample in seen.samples:
        counts.update(sample.text)
    return counts


def shown(character: str) -> str:
    """The character, or its name if it would not be seen."""
    if character == " ":
        return "' '"
    plain = character.isprintable() and category(character)[0] != "M"
    return character if plain else character_name(character)


def findings(seen: Examination) -> Iterator[Finding]:
    """Of each kind that there is."""
    counts = frequencies(seen)
    yield from _rare(seen, counts)
    yield from _alike(seen, counts)
    yield from _twins(seen, counts)
    yield from _in_one_part(seen)


def _rare(seen: Examination, counts: Counter) -> Iterator[Finding]:
    rare = sorted((c for c in counts if counts[c] < RARE), key=lambda c: (counts[c], c))
    if rare:
        frequent = "".join(sorted(set(counts).difference(rare)))
        yield Finding(
            "rare_characters",
            f"characters that occur fewer than {RARE} times",
            len(rare),
            _with_counts(seen, rare, counts),
            "learns them badly, if at all",
            f"add images with them{_doing_without(seen, rare, frequent)}",
            harmless=True,
        )


def _doing_without(seen: Examination, rare: list[str], frequent: str) -> str:
    """The command that leaves them out of the charset, if that costs few images."""
    if not frequent or seen.config.data.charset:  # the person's own: not ours to cut
        return ""
    count = sum(not set(rare).isdisjoint(sample.text) for sample in seen.samples)
    if len(seen.data.lost) + count > seen.data.max_skipped * seen.data.total:
        return ""
    images = pluralize(count, "image")
    return f", or do without {images}: {seen.train(f'data.charset={quoted(frequent)}')}"


def _alike(seen: Examination, counts: Counter) -> Iterator[Finding]:
    identical = [[c for c in group if c in counts] for group in IDENTICAL]
    shapes = defaultdict(list)
    for c in sorted(counts):
        other_shape = decomposition(c).startswith(_SHAPES)
        shapes[normalize("NFKC", c) if other_shape else c].append(c)
    identical = [group for group in (*identical, *shapes.values()) if len(group) > 1]
    if identical:
        rarer = [min(group, key=counts.get) for group in identical]
        yield Finding(
            "identical_characters",
            "groups of characters that look the same",
            len(identical),
            _groups(seen, identical, counts, character_name),
            "learns them as different ones, which no image can tell apart",
            "correct the captions"
            + (
                f", or {seen.train('data.normal_form=NFKC')}"
                if all(normalize("NFKC", c) != c for c in rarer)
                else ""
            ),
        )
    confused = [[c for c in group if c in counts] for group in CONFUSED]
    confused = [group for group in confused if len({c.lower() for c in group}) > 1]
    if confused:
        yield Finding(
            "look_alikes",
            "groups of characters that are easily taken for one another",
            len(confused),
            _groups(seen, confused, counts),
            "learns them as different ones, mistaken captions included",
            "look whether those captions are right",
            harmless=True,
        )


def _twins(seen: Examination, counts: Counter) -> Iterator[Finding]:
    twins = [[c, c.upper()] for c in sorted(counts) if c != c.upper() and c.upper() in counts]
    if twins:
        lower, upper = (sum(counts[c] for c in cases) for cases in zip(*twins, strict=True))
        case = "lower" if lower > upper else "upper"
        yield Finding(
            "case_twins",
            "letters in both cases",
            len(twins),
            _groups(seen, twins, counts),
            "learns them as different characters",
            f"if case doesn't matter: {seen.train(f'data.case={case}')}",
            harmless=True,
        )


def _in_one_part(seen: Examination) -> Iterator[Finding]:
    parts = {p: set().union(*(s.text for s in some)) for p, some in seen.data.parts.items()}
    if not parts:
        return
    judged = set().union(*(there for part, there in parts.items() if part != "train"))
    counts = frequencies(seen)
    if unseen := sorted(judged - parts["train"]):
        yield Finding(
            "never_trained",
            "characters that would occur in no training image",
            len(unseen),
            _with_counts(seen, unseen, counts),
            "can't learn them, and counts each as an error",
            _trained_on(seen, [p for p in parts if parts[p].intersection(unseen)]),
        )
    if unjudged := sorted(parts["train"] - judged):
        images = Counter(c for sample in seen.samples for c in set(sample.text))
        mend = "add images with them"
        cut = {"val", "test"} - seen.data.dirs.keys()  # the others stay as they are
        if cut and any(images[c] > RARE for c in unjudged):  # of fewer, training needs all
            mend += f", or try another split: {seen.train('data.split_seed=1')}"
        yield Finding(
            "never_judged",
            "characters that would occur in training images only",
            len(unjudged),
            _with_counts(seen, unjudged, counts),
            "learns them; no score tells how well",
            mend,
            harmless=True,
        )


def _trained_on(seen: Examination, where: Sequence[str]) -> str:
    """How training gets to see characters that are in the parts `where` only."""
    own = [part for part in where if part in seen.data.dirs]
    if own:
        rows = ", and their rows," if seen.tables else ""
        folders = " or ".join(str(seen.data.dirs[part]) for part in own)
        return f"move such images{rows} from {folders} to {seen.data.dirs['train']}"
    if seen.data.stratify or seen.data.folds:  # a part that was cut keeps its last image
        return "add images with them"
    return seen.train("data.stratify=true")


def _with_counts(seen: Examination, characters: Iterable[str], counts: Counter) -> list[str]:
    """Each with its count and an image."""
    where = _images(seen, characters)
    return [f"{shown(c)} {counts[c]:,}, in {where[c]}" for c in characters]


def _groups(
    seen: Examination,
    groups: Iterable[list[str]],
    counts: Counter,
    called: Callable[[str], str] = shown,
) -> list[str]:
    """Each with its counts, and an image with the rarest."""
    rarest = [min(group, key=counts.get) for group in groups]
    where = _images(seen, rarest)
    return [
        f"{', '.join(f'{called(c)} {counts[c]:,}' for c in group)}; {called(rare)} in {where[rare]}"
        for group, rare in zip(groups, rarest, strict=True)
    ]


def _images(seen: Examination, characters: Iterable[str]) -> dict[str, str]:
    """For each character an image with it."""
    left, where = set(characters), {}
    for sample in seen.samples:
        for character in left.intersection(sample.text):
            where[character] = seen.short(sample.name)
            left.discard(character)
        if not left:
            break
    return where
