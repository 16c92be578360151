"""Numbers of things, in words."""


def pluralize(number: int, one: str, more: str | None = None) -> str:
    """'1 image', '2,000 images'; `more` where an s alone doesn't make the plural of `one`."""
    return f"{number:,} {one if number == 1 else more or f'{one}s'}"
