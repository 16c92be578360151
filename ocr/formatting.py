"""Numbers as text for people."""


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
