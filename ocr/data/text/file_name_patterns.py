"""Find the caption and the group in file names by a template or a regular expression."""

import re
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from ocr.errors import SettingError

TIMEOUT = 5.0  # seconds to match names, plus one for every 10,000 names
WORDS = r"(?:label|id|group)"
_TEMPLATE = re.compile(rf"{WORDS}(?:[-_.@ /]+{WORDS})*")


class FileNamePattern:
    """A pattern for file names without their suffixes.

    If it contains "/", it is matched with names that include subfolders.

    Args:
        text: A template of the words label, id and group with the separators of the names: label_id
            for A12DF_3f9c.png, id-label for 0012-A12DF.png, group/label.id for car7/A12DF.2.png,
            label/id if the name of a folder is the caption of its images, or `name` for the whole
            name. Anything else is a regular expression with groups called `label` or `group`.

    Attributes:
        has_folders: Whether names include subfolders.
        has_label: Whether a part of the name is the caption.
        has_group: Whether a part of the name is the group.

    Raises:
        UserError: It is neither a template nor such a regular expression.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.has_folders = "/" in text
        try:
            self._regex = re.compile(_as_regex(text))
        except (re.error, RecursionError, OverflowError) as error:
            raise SettingError(
                f"data.pattern={text}: not a regular expression ({error})"
            ) from error
        self.has_label, self.has_group = (g in self._regex.groupindex for g in ("label", "group"))
        if not (self.has_label or self.has_group):
            raise SettingError(
                f"data.pattern={text}: say where in the file name the caption is, with the words "
                "label, id and group (label_id, id-label, label.id) or a group (?P<label>...)"
            )

    @property
    def mismatch(self) -> str:
        """The reason for leaving out a name that does not match."""
        return f"the name doesn't fit data.pattern={self.text}"

    def matches(self, names: Sequence[str]) -> list[tuple[str, str] | None]:
        """Match names with the pattern.

        Args:
            names: File names without suffixes, with folders if `has_folders`.

        Returns:
            The label and the group of each name, "" if the pattern has none; None for a name that
            does not match.

        Raises:
            UserError: Matching takes too long.
        """
        try:
            # Some regular expressions take exponential time, which Python doesn't limit.
            with _time_limit(TIMEOUT + len(names) / 10_000):
                found = [self._regex.fullmatch(name) for name in names]
        except TimeoutError:
            raise SettingError(
                f"data.pattern={self.text}: takes too long; avoid nested repetitions such as (a*)*"
            ) from None
        return [(_part(m, "label"), _part(m, "group")) if m else None for m in found]


def _part(match: re.Match, group: str) -> str:
    return match.groupdict().get(group) or ""


def _as_regex(text: str) -> str:
    text = "label" if text == "name" else text
    if not _TEMPLATE.fullmatch(text) or text.count("label") > 1 or text.count("group") > 1:
        return text
    # Only the caption may contain separators.
    separators = re.escape(re.sub(WORDS, "", text))
    other = f"[^{separators}]" if separators else "."
    label = "[^/]*" if "/" in separators else ".*"  # but no "/"
    parts = {"id": f"{other}*", "group": f"(?P<group>{other}+)", "label": f"(?P<label>{label})"}
    return re.sub(WORDS, lambda word: parts[word[0]], text.replace(".", r"\."))


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeoutError after a time, in the main thread on systems with SIGALRM."""
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
