"""Write an HTML page for comparing captions with their images."""

import base64
import io
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from html import escape
from pathlib import Path

from PIL import Image

from ocr.data.images.loading import open_image
from ocr.errors import UserError

MAX_SIZE = (480, 96)  # of an image on the page, width and height in pixels

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #222; background: #fff;
       max-width: 75rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; }
th, td { padding: 0.4rem 0.8rem; border-bottom: 1px solid #ddd; text-align: left;
         overflow-wrap: anywhere; }
td:nth-child(1), td:nth-child(5) { text-align: right; }
td:nth-child(3), td:nth-child(4) { font: 1.2rem monospace; white-space: pre-wrap; }
td:nth-child(6) { color: #555; font-size: 0.8rem; }
img { display: block; max-width: 30rem; }
mark { background: #ffd7a8; }
"""


def write_page(
    rows: Sequence[tuple[str, str, str, str, float, float]],
    heading: str,
    path: Path,
    frame: int = 0,
) -> None:
    """Write the page as a single file with all images in it.

    Args:
        rows: Image path, displayed name, caption, reading, the reading's confidence and log odds.
        heading: Title of the page.
        path: The HTML file.
        frame: The frame or page of an image that was read.
    """
    lines = [_format_row(frame, number, *row) for number, row in enumerate(rows, start=1)]
    columns = ("", "image", "caption", "reading", "confidence", "file")
    head = "".join(f"<th>{name}</th>" for name in columns)
    heading = escape(heading)
    text = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{heading}</title><style>{_STYLE}</style></head><body><h1>{heading}</h1>"
        "<p>Each image was read by models that were not trained on it. Rows are sorted by how much "
        "more probable the reading is than the caption, given the image and how often the same "
        "confusion occurs. Confidence is the probability of the reading given the image alone. "
        f"The table has the first {len(rows):,}.</p>"
        f"<table><tr>{head}</tr>{''.join(lines)}</table></body></html>\n"
    )
    path.write_text(text, encoding="utf-8")


def _format_row(
    frame: int,
    number: int,
    file: str,
    name: str,
    label: str,
    reading: str,
    confidence: float,
    log_odds: float,
) -> str:
    old, new = _mark_differences(label, reading)
    cells = [
        f"<td>{number}</td>",
        f"<td>{_embed_image(file, frame)}</td>",
        f'<td dir="auto">{old}</td>',
        f'<td dir="auto">{new}</td>',
        f'<td title="log odds {log_odds:.1f}">{confidence:.0%}</td>',
        f"<td>{escape(name)}</td>",
    ]
    return f"<tr>{''.join(cells)}</tr>"


def _mark_differences(label: str, reading: str) -> tuple[str, str]:
    """Return both texts as HTML, with the differences marked."""
    steps = SequenceMatcher(None, label, reading, autojunk=False).get_opcodes()
    return (
        _mark_spans((label[a:b], kind) for kind, a, b, _, _ in steps),
        _mark_spans((reading[c:d], kind) for kind, _, _, c, d in steps),
    )


def _mark_spans(pieces: Iterable[tuple[str, str]]) -> str:
    return "".join(
        escape(text) if kind == "equal" else f"<mark>{escape(text)}</mark>"
        for text, kind in pieces
        if text
    )


def _embed_image(file: str, frame: int) -> str:
    try:
        image = open_image(file, frame=frame, stretch=True)
    except UserError as error:  # it has changed since it was read
        return escape(str(error))
    image.thumbnail(MAX_SIZE, Image.Resampling.LANCZOS)
    png = io.BytesIO()
    image.save(png, "PNG", optimize=True)
    data = base64.b64encode(png.getvalue()).decode()
    return f'<img alt="" width="{image.width}" src="data:image/png;base64,{data}">'
