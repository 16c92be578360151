"""Whether a network can learn an image's caption; the sample, or why it is skipped."""

from collections.abc import Callable

from ocr.data.samples import Sample, Skipped, SkipReason
from ocr.data.text.charset import Charset, required_time_steps


def spelt(sample: Sample, charset: Charset) -> Sample | Skipped:
    """The sample, if its caption has no characters but those of `charset`."""
    if unknown := charset.unknown(sample.text):
        reason = f"caption {sample.text!r} has characters outside the charset: {unknown}"
        return Skipped(sample.name, SkipReason.OUTSIDE_CHARSET, reason)
    return sample


def placed(sample: Sample, charset: Charset, time_steps: Callable[[int], int]) -> Sample | Skipped:
    """The sample, if its caption needs no more than the `time_steps` that its width gives."""
    needed = required_time_steps(charset.encode(sample.text))
    available = time_steps(sample.width)
    if needed <= available:
        return sample
    mend = "raise data.height (data.width, if that is set)"
    mend = f"correct it, or {mend}" if needed > sample.width else f"lower encoder.stride, or {mend}"
    return Skipped(
        sample.name,
        SkipReason.TOO_FEW_TIME_STEPS,
        f"caption {sample.text!r} needs {needed} time steps, its image gives {available}: {mend}",
    )
