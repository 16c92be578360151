"""Findings about images that show the same: twice, under two captions, on both sides of a split."""

import os
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator

from ocr.data.duplicates import near_pairs
from ocr.data.samples import Sample
from ocr.doctor.finding import Finding, without
from ocr.doctor.scan import Examination


def findings(seen: Examination) -> Iterator[Finding]:
    """Of each kind that there is."""
    exact, near = [], []
    for some in seen.found.values():  # what is in two of them is a leak
        samples = [s for s in some if isinstance(s, Sample)]
        for same in _grouped(samples, lambda s: s.digest):
            exact += [(same[0], other) for other in same[1:]]
        earlier: dict[int, int] = {}
        for i, k in near_pairs(samples):
            earlier.setdefault(k, i)  # each is told of once
        pairs = [(samples[i], samples[k]) for k, i in earlier.items()]
        near += [(one, other) for one, other in pairs if one.digest != other.digest]
    for kind, what, like, pairs in (
        ("duplicates", "images that are copies of others", "is", exact),
        (
            "near_duplicates",
            "images that look almost like another of their caption",
            "is like",
            near,
        ),
    ):
        if pairs:
            yield Finding(
                kind,
                what,
                len(pairs),
                [f"{seen.short(other.name)} {like} {seen.short(one.name)}" for one, other in pairs],
                "keeps them in one part of the split, and counts each",
                **without(seen, kind, [other.name for _, other in pairs]),
                harmless=True,
            )
    yield from _contradictions(seen)
    yield from _leaks(seen)


def _contradictions(seen: Examination) -> Iterator[Finding]:
    out = [s for s in seen.skipped if s.name in seen.looks and not seen.looks[s.name].error]
    if out:
        yield Finding(
            "same_image_other_caption",
            "images equal to one with another caption",
            len(out),
            [f"{seen.short(s.name)}: {s.text}" for s in out],
            "leaves them all out, as it can't tell which caption is right",
            f"of each pair, {_wrong_one(seen)}",
        )
    # Saved anew, the same picture is another file: training's check by content can't see that.
    # Of several frames, the one that is read is told of, and another may tell them apart.
    looks = seen.looks
    shown = [s for s in seen.samples if s.look and looks[s.name].pixels]
    shown = [s for s in shown if looks[s.name].frames == 1]
    mixed = [
        same
        for same in _grouped(shown, lambda s: seen.looks[s.name].pixels)
        if len({s.text for s in same}) > 1
    ]
    if mixed:
        yield Finding(
            "same_picture_other_caption",
            "images with the very pixels of one with another caption",
            sum(map(len, mixed)),
            [
                " and ".join(f"{seen.short(s.name)} ({s.text!r})" for s in same[:3])
                for same in mixed
            ],
            "learns from both; one of them is wrong",
            f"of each pair, {_wrong_one(seen)}",
        )


def _wrong_one(seen: Examination) -> str:
    if seen.tables:
        return f"mend the wrong caption in {' and '.join(seen.tables)}"
    if beside := [name for name in seen.data.captions.origins.values() if name.startswith(".")]:
        return f"mend the wrong caption in its {beside[0]} file"
    return "move the file with the wrong caption out of the folder"


def _leaks(seen: Examination) -> Iterator[Finding]:
    """From training into what is to judge it."""
    parts = seen.data.parts
    everything = [(part, s) for part in parts for s in parts[part]]
    samples = [s for _, s in everything]
    first = {s.digest: s for s in parts.get("train", ())}
    alike = {s.name: first[s.digest] for p, s in everything if p != "train" and s.digest in first}
    for i, k in near_pairs(samples):
        (one, a), (other, b) = everything[i], everything[k]
        if one == "train" != other:  # "train" comes first
            alike.setdefault(b.name, a)
    for part in ("val", "test"):
        if part == "val" and seen.data.train_on_val:  # it puts the same files into both
            continue
        leaked = [s for s in parts.get(part, ()) if s.name in alike]
        if leaked:
            kind = f"leaks_into_{part}"
            trained = list(dict.fromkeys(alike[s.name].name for s in leaked))
            same = any(
                os.path.realpath(s.name) == os.path.realpath(alike[s.name].name) for s in leaked
            )
            yield Finding(
                kind,
                f"{part} images that are also training images, or look almost like one",
                len(leaked),
                [f"{seen.short(s.name)} is {seen.short(alike[s.name].name)}" for s in leaked],
                f"trains on them; the {part} scores then flatter",
                **(_other_folder(seen, part) if same else without(seen, kind, trained)),
            )


def _other_folder(seen: Examination, part: str) -> dict[str, object]:
    """Where the very files are in both, to take them out would leave nothing."""
    key = f"data.{part}_dir"
    cut = seen.train(f"{key}=null")
    return {"mend": f"name a folder of other images as {key}, or have it cut from these: {cut}"}


def _grouped(
    samples: Iterable[Sample], key: Callable[[Sample], Hashable]
) -> Iterator[list[Sample]]:
    """Those that share it with another."""
    groups = defaultdict(list)
    for sample in samples:
        groups[key(sample)].append(sample)
    return (same for same in groups.values() if len(same) > 1)
