"""Findings about how images are stored: formats that aren't read, suffixes, frames."""

import shlex
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from PIL import Image

from ocr.data.images.formats import find_unsupported
from ocr.data.images.loading import BLANK_STD, UNREAD
from ocr.doctor.finding import FEW, Finding, mended_by
from ocr.doctor.image_stats import Look
from ocr.doctor.scan import Examination
from ocr.pluralize import pluralize


def findings(seen: Examination) -> Iterator[Finding]:
    """Of each kind that there is."""
    whole = {name: look for name, look in seen.looks.items() if not look.error}
    yield from _unread(seen)
    yield from _frames(seen, {name: look for name, look in whole.items() if look.frames > 1})
    yield from _no_such_frame(seen)
    yield from _suffixes(seen, whole)


def is_unread(look: Look) -> bool:
    """Whether it is an image in a format that isn't read."""
    return UNREAD in (look.error or "")


def lacks_frame(look: Look) -> bool:
    """Whether it is an image without the frame that data.frame names."""
    return "data.frame=" in (look.error or "")


def _unread(seen: Examination) -> Iterator[Finding]:
    forms = {n: look.error.partition(",")[0] for n, look in seen.looks.items() if is_unread(look)}
    for place in dict.fromkeys(seen.data.dirs.values()):
        if place.is_dir():
            files = seen.data.captions.folder(place).files
            forms |= {
                str(place / name): form for name, form in find_unsupported(place, files).items()
            }
    if not forms:
        return
    kinds = ", ".join(f"{form} {count:,}" for form, count in Counter(forms.values()).most_common())
    renamed = any(Path(name).suffix.lower() != ".png" for name in forms)
    tables = f", and name those in {' and '.join(seen.tables)}" if seen.tables and renamed else ""
    yield Finding(
        "unread_format",
        f"images of a format that isn't read ({kinds})",
        len(forms),
        [f"{seen.short(name)}: {form}" for name, form in forms.items()],
        "leaves them out",
        f"save them as PNG{tables}, such as with ImageMagick: {_conversion(forms)}",
    )


def _conversion(forms: Mapping[str, str]) -> str:
    """The command that saves images as PNG; where the suffixes tell, all of a suffix at once."""
    names = [shlex.quote(name) for name in forms if Path(name).suffix.lower() == ".png"]
    others = [Path(name) for name in forms if Path(name).suffix.lower() != ".png"]
    groups = dict.fromkeys((str(file.parent), file.suffix) for file in others)
    names += [f"{shlex.quote(folder)}/*{suffix}" for folder, suffix in groups]
    more = " ..." if len(names) > FEW else ""
    return f"magick mogrify -format png {' '.join(names[:FEW])}{more}"


def _frames(seen: Examination, looks: Mapping[str, Look]) -> Iterator[Finding]:
    frame = seen.data.preprocessor.frame
    empty = [name for name, look in looks.items() if look.spread < BLANK_STD]
    if not looks or (frame and not empty):  # it was chosen, and shows something
        return
    which = {0: "the first", -1: "the last"}.get(frame, f"number {frame}")
    blank = f", which is empty in {pluralize(len(empty), 'image')}" if empty else ""
    last = seen.train("data.frame=-1")
    yield Finding(
        "several_frames",
        "images with several frames or pages",
        len(looks),
        [f"{seen.short(name)}: {look.frames} frames or pages" for name, look in looks.items()],
        f"reads only {which}{blank}",
        f"choose another: {seen.train('data.frame=0')}"
        if frame
        else f"if the text is in the last one: {last} (another number reads another)",
    )


def _no_such_frame(seen: Examination) -> Iterator[Finding]:
    lacking = {name: look for name, look in seen.looks.items() if lacks_frame(look)}
    if lacking:
        yield Finding(
            "no_such_frame",
            "images without the frame or page that data.frame names",
            len(lacking),
            [f"{seen.short(name)}: {look.error}" for name, look in lacking.items()],
            "leaves them out",
            f"choose one that all have: {seen.train('data.frame=-1')}",
        )


def _suffixes(seen: Examination, looks: Mapping[str, Look]) -> Iterator[Finding]:
    wrong = [
        name
        for name, look in looks.items()
        if look.format and _format_of(name.rpartition(".")[2].lower()) not in (look.format, None)
    ]
    if not wrong:
        return
    commands = []
    for name in wrong:
        new = Path(name).with_suffix(suffix_of(looks[name].format))
        commands.append(f"mv -n -- {shlex.quote(name)} {shlex.quote(str(new))}")
    mend = mended_by(seen, "wrong_suffix", commands)
    if seen.tables:
        mend = f"rename them, and in {' and '.join(seen.tables)} as well"
    yield Finding(
        "wrong_suffix",
        "images with the suffix of another format",
        len(wrong),
        [f"{seen.short(name)}: {looks[name].format} inside" for name in wrong],
        "reads them as what they are; other programs may not",
        mend,
        [] if seen.tables else commands,
        harmless=True,
    )


def suffix_of(form: str) -> str:
    """The usual one of a format."""
    return {"JPEG": ".jpg", "TIFF": ".tif"}.get(form, f".{form.lower()}")


@lru_cache
def _format_of(suffix: str) -> str | None:
    return Image.registered_extensions().get(f".{suffix}")
