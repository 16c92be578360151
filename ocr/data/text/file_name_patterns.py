"""Which part of a file's name is its caption: a template, or a regular expression."""

import re
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ocr.errors import UserError

TIMEOUT = 5.0  # seconds for the names of a folder, and one more for each 10,000
WORDS = r"(?:label|id|group)"
_TEMPLATE = re.compile(rf"{WORDS}(?:[-_.@ /]+{WORDS})*")


class FileNamePattern:
    """What is looked for in file names without their suffixes.

    `text` is a template, words with separators between them as in the names: label_id for
    A12DF_3f9c.png, id-label for 0012-A12DF.png, group/label.id for car7/A12DF.2.png, label/id where
    a folder's name is the caption of its images; `name` is the whole name. Anything else is a
    regular expression with a group `label` or `group`, or both. With a "/" in it, subfolders belong
    to the name.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.has_folders = "/" in text
        try:
            self._regex = re.compile(_as_regex(text))
        except (re.error, RecursionError, OverflowError) as error:
            raise UserError(f"data.pattern={text}: not a regular expression ({error})") from error
        self.has_label, self.has_group = (g in self._regex.groupindex for g in ("label", "group"))
        if not (self.has_label or self.has_group):
            raise UserError(
                f"data.pattern={text}: say where in the file name the caption stands, with the "
                "words label, id and group (label_id, id-label, label.id) or a group (?P<label>...)"
            )

    def matches(self, names: Sequence[str]) -> list[tuple[str, str] | None]:
        """Label and group of each name; None where the pattern doesn't fit."""
        try:
            # Python's expressions have no limit of their own, and some would take years.
            with _at_most(TIMEOUT + len(names) / 10_000):
                found = [self._regex.fullmatch(name) for name in names]
        except TimeoutError:
            raise UserError(
                f"data.pattern={self.text}: takes for ever; avoid a repeat within a repeat"
            ) from None
        return [match and (_part(match, "label"), _part(match, "group")) for match in found]


def _part(match: re.Match, group: str) -> str:
    return match.groupdict().get(group) or ""


def _as_regex(text: str) -> str:
    text = "label" if text == "name" else text
    if not _TEMPLATE.fullmatch(text) or text.count("label") > 1 or text.count("group") > 1:
        return text
    # Only the caption may hold what separates the words.
    separators = re.escape(re.sub(WORDS, "", text))
    other = f"[^{separators}]" if separators else "."
    label = "[^/]*" if "/" in separators else ".*"  # a caption is never of two folders
    parts = {"id": f"{other}*", "group": f"(?P<group>{other}+)", "label": f"(?P<label>{label})"}
    return re.sub(WORDS, lambda word: parts[word[0]], text.replace(".", r"\."))


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """Raise TimeoutError after that long, where the system has an alarm clock for it."""
    if (
        not hasattr(signal, "setitimer")
        or threading.current_thread() is not threading.main_thread()
    ):
        yield
        return

    def stop(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
