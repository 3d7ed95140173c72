"""The HTML with which every page begins.

It is Streamlit's own, with one line more. Streamlit looks for its server first below the page's own address (`/compare/_stcore/...`),
is told that nothing is there, waits a tenth of a second and looks again at the root: on each page but the first, for each visitor.
The line says where the server is.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

PATHS = ("", "prompts", "launch", "compare", "review", "promote", "scorers", "search", "case", "run")
"""Addresses of the pages, as `pages/router.py` names them."""
SCRIPT = '<script>window.__streamlit = { BACKEND_BASE_URL: new URL("./", location.href).href }</script>'
"""All pages lie beside each other, also where a proxy puts them below an address of its own."""
_HEAD = "<head>"


@cache
def html() -> str:
    """Return the HTML; Streamlit's own as it is, should it not begin as expected."""
    from streamlit import file_util

    found = Path(file_util.get_static_dir(), "index.html").read_text("utf-8")
    return found.replace(_HEAD, _HEAD + SCRIPT, 1)


async def answer(_request: Request) -> Response:
    """Answer with the HTML; browsers ask each time whether it has changed."""
    from starlette.responses import HTMLResponse

    return HTMLResponse(html(), headers={"Cache-Control": "no-cache"})
