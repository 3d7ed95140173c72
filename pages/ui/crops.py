"""Small pictures inside the page, as HTML: crops of faces that scorers kept, and stored pictures by hash."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

# Only what a browser draws as pixels; anything else that a log may hold is left out.
_CROP = re.compile(r"data:image/(jpeg|webp|png);base64,[A-Za-z0-9+/=]{1,200000}")
_BLOB = re.compile(r"/blob/[0-9a-f]{64}")


def image(source: object, alt: str, *, size: int, frame: str = "1px solid transparent", whole: bool = False) -> str:
    """Return a picture cut to a square, or a box with words where there is none.

    Args:
        source: An inline picture or an address of our own media route.
        alt: What it shows, in plain words.
        size: Height, and of the square also the width, in CSS pixels.
        frame: A CSS border.
        whole: Show all of the picture, as wide as it is.
    """
    # The browser's sanitiser drops an attribute in which it sees a tag; a picture without its words would be left.
    alt = alt.translate({ord("<"): "‹", ord(">"): "›"})
    box = f"height:{size}px;border:{frame};border-radius:.4rem;box-sizing:border-box"
    if isinstance(source, str) and (_CROP.fullmatch(source) or _BLOB.fullmatch(source)):
        fit = "width:auto;max-width:100%" if whole else f"width:{size}px;object-fit:cover"
        return f'<img src="{source}" alt="{escape(alt)}" loading="lazy" style="{box};{fit};display:block">'
    centred = "display:flex;align-items:center;justify-content:center;font-size:.75rem"
    return f'<div style="{box};width:{size}px;{centred}">no picture</div>'


def card(picture: str, lines: Iterable[str], *, size: int) -> str:
    """Return a picture with lines of words under it, none of which breaks."""
    words = "".join(
        f'<div style="white-space:nowrap;overflow:hidden;text-overflow:ellipsis">{escape(line)}</div>' for line in lines if line
    )
    return f'<div style="width:{size}px;font-size:.8rem;line-height:1.35">{picture}{words}</div>'


def row(parts: Iterable[str], *, gap: str = ".75rem") -> str:
    """Return parts beside each other, wrapped as wholes."""
    return f'<div style="display:flex;flex-wrap:wrap;gap:{gap};align-items:flex-start">{"".join(parts)}</div>'
