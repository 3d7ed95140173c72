"""Posters: one small picture of a stored picture or clip, for tables. Made when first asked for, kept in memory."""

from __future__ import annotations

import io
import threading
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from evals.errors import UnreadableMedia
from prompts.errors import WorkbenchError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

SIDE = 256
"""Of the longer side, in pixels: sharp in a table row on a dense screen."""
KEPT = 1024
"""Posters in memory, some kilobytes each."""
_ONE_AT_A_TIME = threading.Lock()
"""A page asks for forty at once; decoding them one by one leaves the machine to the run that may be going on."""


@lru_cache(maxsize=KEPT)
def poster(path: Path) -> bytes:
    """Return a WebP of a picture, or of a clip's first frame.

    Raises:
        UnreadableMedia: It does not decode, or is larger than is decoded.
    """
    from evals.media import clip_frames, is_clip, read_picture

    with _ONE_AT_A_TIME:
        image = next(clip_frames(path, side=SIDE * 2)).image if is_clip(path) else read_picture(path).image
        image.thumbnail((SIDE, SIDE))
        out = io.BytesIO()
        image.save(out, "WEBP", quality=80)
        return out.getvalue()


async def answer(request: Request) -> Response:
    """Answer with the poster of one stored artifact, named by its hash."""
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import PlainTextResponse, Response

    from pages.guard import admits
    from pages.serve import SAFE, stored

    try:
        if not admits(request):
            return PlainTextResponse("Sign in first.", status_code=403)
        body = await run_in_threadpool(lambda: poster(stored(request.path_params["name"])))
    except (WorkbenchError, UnreadableMedia):
        return PlainTextResponse("There is no such picture.", status_code=404)
    return Response(body, media_type="image/webp", headers=SAFE)
