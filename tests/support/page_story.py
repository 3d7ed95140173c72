"""A small workspace for the tests of the pages: real script runs, and runs of shots and clips told in events.

The scripts are written and judged by the real harness (milliseconds). Pictures and clips are tiny files made here, with
evidence in the shape that the scorers give it, so that no test of a page waits for a renderer. Names, reasons, messages and
captions hold what must never be read as markup.
"""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import log_story as story

from runs import events as ev
from runs.log import catch_up
from runs.media import MediaStore
from runs.starting import initialise
from runs.workspace import Workspace

SHOTS, CLIPS = "20260301-120000-shots1", "20260301-130000-clips1"
FOREIGN = "http://198.51.100.7"
"""An address that belongs to nobody; a browser that asks it was tricked."""
HOSTILE = (
    f"![p]({FOREIGN}/md.png) <img src={FOREIGN}/img.png onerror=alert(1)> <script>fetch('{FOREIGN}/js')</script> [go]({FOREIGN}/a) **bold**"
)
SERIES = 6
METRICS: list[ev.MetricPlan] = [
    {
        "name": name,
        "direction": direction,
        "unit": unit,
        "worst": worst,
        "lo": 0.0,
        "hi": hi,
        "description": name,
        "primary": name in ("face_consistency", "expression", "latency"),
    }
    for name, direction, unit, worst, hi in (
        ("face_consistency", "up", "probability", 0.0, 1.0),
        ("expression", "up", "share", 0.0, 1.0),
        ("stiffness", "down", "share", 1.0, 1.0),
        ("latency", "down", "s", None, None),
    )
]


def build(root: Path) -> Workspace:
    """Make the workspace, with all runs in its log."""
    ws = initialise(root)
    _run_scripts(ws)
    for run_id, stage, second in ((SHOTS, "shot", 0.0), (CLIPS, "clip", 3600.0)):
        story.write(ws, f"{run_id}.jsonl", _events(ws, run_id, stage, second))
    catch_up(ws)
    return ws


def _run_scripts(ws: Workspace) -> None:
    from runs import harness
    from runs.prepare import Order, prepare
    from runs.providers import get, reference
    from runs.settings import load

    settings = load(ws.root, {})
    provider = get("offline-studio", settings)
    order = Order(suite="script", versions=("script/episode@plain", "script/episode"), limit=8, seed=3)
    harness.run(ws, prepare(ws, order, reference(provider), settings), provider)


def picture(hue: int, size: tuple[int, int] = (72, 128)) -> bytes:
    """Return a small WebP of one colour with a lighter disc, a face for those who are not picky."""
    from PIL import Image, ImageDraw

    image = Image.new("HSV", size, (hue % 256, 120, 90)).convert("RGB")
    ImageDraw.Draw(image).ellipse((18, 30, 54, 76), fill=(225, 190, 160))
    out = io.BytesIO()
    image.save(out, "WEBP", lossless=True)
    return out.getvalue()


def clip(hue: int, frames: int = 24, fps: int = 12) -> bytes:
    """Return two seconds of WebM in which the colour moves."""
    import av
    import numpy as np

    out = io.BytesIO()
    with av.open(out, "w", format="webm") as container:
        stream = container.add_stream("libvpx", rate=fps)
        stream.width, stream.height, stream.pix_fmt = 72, 128, "yuv420p"
        for n in range(frames):
            pixels = np.full((128, 72, 3), (hue + 6 * n) % 256, dtype=np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return out.getvalue()


def crop(hue: int) -> str:
    """Return an inline picture as scorers keep them."""
    return "data:image/webp;base64," + base64.b64encode(picture(hue, (32, 32))).decode()


def _events(ws: Workspace, run_id: str, stage: str, second: float) -> list[ev.Event]:
    store = MediaStore(ws)
    sheet = store.put(picture(20, (192, 64)), "image/webp")
    reference = [{"sha256": sheet.sha256, "media_type": "image/webp"}]
    cases = [_case(stage, series, number, reference) for series in range(SERIES) for number in range(2)]
    jobs = [(letter, case) for case in cases for letter in "ab"]
    plan = story.plan(run_id, second=second)
    plan = ev.Run(
        **{
            **plan.to_dict_fields(),
        }
    )
    return [plan, *jobs]  # type: ignore[list-item]
