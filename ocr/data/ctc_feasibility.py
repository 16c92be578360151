"""Leave out samples that cannot be learned: unknown characters, or captions that are too long."""

from collections.abc import Callable

import numpy as np

from ocr.data.samples import Samples, Skipped, SkipReason
from ocr.data.text.charset import Charset, required_time_steps


def drop_outside_charset(samples: Samples, charset: Charset) -> tuple[Samples, list[Skipped]]:
    """Leave out samples whose captions have characters outside the charset."""
    skipped = {}
    if charset.unknown("".join(set().union(*samples.texts))):
        for i, text in enumerate(samples.texts.tolist()):
            if unknown := charset.unknown(text):
                detail = f"caption {text!r} has characters outside the charset: {unknown}"
                name = str(samples.names[i])
                skipped[i] = Skipped(name, SkipReason.OUTSIDE_CHARSET, detail)
    return samples.without(skipped), [*skipped.values()]


def drop_infeasible(
    samples: Samples, charset: Charset, time_steps: Callable[[int], int]
) -> tuple[Samples, list[Skipped]]:
    """Leave out samples whose captions need more time steps than their images give.

    CTC needs one step for each character, and one for a blank between equal neighbours.

    Args:
        samples: The samples.
        charset: Encodes the captions.
        time_steps: Returns the encoder's time steps for a width in pixels.
    """
    widths, which = np.unique(samples.widths, return_inverse=True)
    available = np.array([time_steps(width) for width in widths.tolist()])[which]
    skipped = {}
    # A caption of n characters needs at most 2 n - 1 steps, so most captions need no check.
    for i in np.flatnonzero(2 * samples.lengths - 1 > available).tolist():
        sample = samples[i]
        needed = required_time_steps(charset.encode(sample.text))
        if needed > available[i]:
            repair = "raise data.height (data.width, if that is set)"
            repair = (
                f"correct it, or {repair}"
                if needed > sample.width
                else f"lower encoder.stride, or {repair}"
            )
            detail = (
                f"caption {sample.text!r} needs {needed} time steps, its image gives "
                f"{available[i]}: {repair}"
            )
            skipped[i] = Skipped(sample.name, SkipReason.TOO_FEW_TIME_STEPS, detail)
    return samples.without(skipped), [*skipped.values()]
