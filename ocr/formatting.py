"""Format numbers for messages and tables."""


def format_score(value: float) -> str:
    """Format a score with four significant digits."""
    return f"{value:.4g}"


def format_duration(seconds: float) -> str:
    """Format a duration, such as "2 min 05 s"."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02} min"
    return f"{minutes} min {seconds:02} s" if minutes else f"{seconds} s"


def pluralize(number: int, singular: str, plural: str | None = None) -> str:
    """Format a count with its noun, such as "1 image" or "2,000 images".

    Args:
        number: The count.
        singular: The noun, with a verb if needed.
        plural: Its plural; None: `singular` with an s.
    """
    return f"{number:,} {singular if number == 1 else plural or f'{singular}s'}"
