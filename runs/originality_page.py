"""The findings of originality as one page that opens anywhere: the two passages or pictures of each, side by side.

What both passages share is marked. Names and texts are escaped, pictures are embedded, and no script is in it.
"""

from __future__ import annotations

import base64
import contextlib
import io
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from evals.errors import UnreadableMedia
from evals.media import read_picture
from evals.originality.catalogue import Catalogue, Entry
from evals.originality.units import Units
from runs.errors import MediaError
from runs.media import MediaStore
from runs.originality import Finding
from runs.workspace import Workspace

if TYPE_CHECKING:
    from PIL import Image

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;color:#1c1c1c;background:#fff}"
    "table{border-collapse:collapse;width:100%;table-layout:fixed;margin:0 0 2rem}th,td{border:1px solid #bbb;padding:.6rem;"
    "vertical-align:top;text-align:left;overflow-wrap:anywhere}mark{background:#ffe08a}img{max-width:100%;max-height:24rem}"
)


def page(ws: Workspace, found: Sequence[Finding]) -> str:
    """Return the page; a picture whose file is gone is shown by the small copy of the catalogue."""
    parts = [_table(ws, finding) for finding in found] or ["<p>Nothing was found.</p>"]
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Originality</title><style>{_STYLE}</style>'
        f"<h1>Originality: {len(found)} found</h1>{''.join(parts)}</html>\n"
    )


def _table(ws: Workspace, finding: Finding) -> str:
    reuse = finding.reuse
    caption = f"{reuse.relation}, {reuse.share:.0%} of the new text" if reuse.nearest is None else f"{reuse.relation}, the same picture"
    rows = "".join(_rows(ws, finding))
    heads = f"<tr><th>{escape(finding.work.name)}</th><th>{escape(reuse.entry.name)}</th></tr>"
    return f"<table><caption>{escape(caption)}</caption>{heads}{rows}</table>"


def _rows(ws: Workspace, finding: Finding) -> Iterator[str]:
    reuse = finding.reuse
    if reuse.nearest is not None:
        mine, theirs = _picture(_small(finding.work.path)), _picture(_other(ws, reuse.entry))
        yield f"<tr><td>{mine}<br>{escape(reuse.nearest.view)}</td><td>{theirs}<br>{escape(reuse.nearest.other_view)}</td></tr>"
    elif reuse.units is not None and reuse.other is not None:
        for p in sorted(reuse.passages, key=lambda p: -p.shared):
            left = _marked(reuse.units, p.start, p.end, reuse.other, p.other_start, p.other_end)
            right = _marked(reuse.other, p.other_start, p.other_end, reuse.units, p.start, p.end)
            yield f"<tr><td>{left}</td><td>{right}</td></tr>"


def _marked(mine: Units, start: int, end: int, other: Units, other_start: int, other_end: int) -> str:
    """Return a passage with the units that the other side has too, in the same order, marked."""
    from rapidfuzz.distance import LCSseq

    a, b = mine.words[start:end], other.words[other_start:other_end]
    same = {unit for block in LCSseq.opcodes(a, b) if block.tag == "equal" for unit in range(block.src_start, block.src_end)}
    out, at = "", mine.places[start][0]
    for unit in range(end - start):
        left, right = mine.places[start + unit]
        word = escape(mine.text[left:right])
        out += escape(mine.text[at:left]) + (f"<mark>{word}</mark>" if unit in same else word)
        at = right
    return out


def kept(ws: Workspace, wanted: Iterable[str]) -> dict[str, str]:
    """Return earlier pictures by the SHA-256 of their files as inline addresses, such as a page shows that has no file of them.

    What is no picture of the catalogue is left out.
    """
    asked = set(wanted)
    entries = [e for e in Catalogue.load(ws.evals).entries.values() if e.sha256 in asked and e.look is not None] if asked else []
    return {entry.sha256: _inline(_other(ws, entry)) for entry in entries}


def _other(ws: Workspace, entry: Entry) -> Image.Image:
    """Return an earlier picture: from its file, from the media store, or as the catalogue keeps it."""
    with contextlib.suppress(UnreadableMedia, OSError):
        return _small(ws.root / entry.name)
    with contextlib.suppress(MediaError, UnreadableMedia, OSError):
        return _small(MediaStore(ws).path(entry.sha256))
    if entry.look is None:
        raise ValueError("a picture without a look")
    return entry.look.small


def _small(path: Path) -> Image.Image:
    image = read_picture(path).image
    image.thumbnail((480, 480))
    return image


def _picture(image: Image.Image) -> str:
    return f'<img alt="" src="{_inline(image)}">'


def _inline(image: Image.Image) -> str:
    buffer = io.BytesIO()
    image.convert("RGB").save(buffer, "WEBP", quality=80)
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"
