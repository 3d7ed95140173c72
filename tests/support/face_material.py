"""Pictures and clips for the tests of faces: the shared ones, and small ones made on the spot."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from evals.score import Media, Sample

KINDS = {".mp4": ("video", "video/mp4"), ".webp": ("image", "image/webp"), ".jpg": ("image", "image/jpeg"), ".png": ("image", "image/png")}


def media(path: Path) -> Media:
    """Return a file as a stored artifact."""
    kind, media_type = KINDS.get(path.suffix, ("image", "image/gif"))
    return Media(kind, hashlib.sha256(path.read_bytes()).hexdigest(), media_type, path)  # type: ignore[arg-type]


def labels(folder: Path, name: str) -> list[dict[str, Any]]:
    """Return a label file of the shared material."""
    found: list[dict[str, Any]] = json.loads((folder / "faces" / name).read_text("utf-8"))
    return found


def person(who: str, x: float = 0.5, **acting: object) -> dict[str, Any]:
    """Return one of a case's people."""
    return {"character": {"id": who}, "x": x, "facing": "camera", "speaking": False, "emotion": "neutral", "intensity": 0.5} | acting


Files = Iterable[Path]


def sample(
    name: str, people: Sequence[Mapping[str, Any]], files: Files, sheets: Mapping[str, Files] | None = None, **changes: Any
) -> Sample:
    """Return a generation of a shot that asks for people and came back as files; `sheets` are their reference pictures."""
    given: dict[str, Any] = {
        "generation": name,
        "stage": "shot",
        "status": "ok",
        "case": {"people": list(people), "shot": {"size": "closeup"}},
        "case_id": name,
        "series": "s",
        "media": tuple(media(f) for f in files),
        "references": {who: tuple(media(f) for f in pictures) for who, pictures in (sheets or {}).items()},
    }
    return Sample(**(given | changes))


def clip(path: Path, frames: Sequence[Image.Image], fps: int = 25, codec: str = "libx264") -> Path:
    """Write frames as a clip, H.264 unless said otherwise."""
    import av

    with av.open(str(path), "w", options={"movflags": "+faststart"} if path.suffix in (".mp4", ".mov") else {}) as out:
        stream = out.add_stream(codec, rate=fps)
        stream.width, stream.height, stream.pix_fmt = *frames[0].size, "yuv420p"  # type: ignore[union-attr]
        for frame in frames:
            out.mux(stream.encode(av.VideoFrame.from_image(frame)))  # type: ignore[union-attr]
        out.mux(stream.encode())  # type: ignore[union-attr]
    return path


def head() -> np.ndarray:
    """Return 468 points spread like a head: 100 wide, eye corners 60 apart, forehead over chin."""
    points = np.random.default_rng(3).normal(0, 25, (468, 3))
    points[33], points[263] = (-30, -10, 0), (30, -10, 0)
    points[10], points[152] = (0, -70, 10), (0, 60, 0)
    return points


def noise(size: tuple[int, int] = (128, 128), seed: int = 0) -> Image.Image:
    """Return a picture without any face."""
    pixels = np.random.default_rng(seed).integers(0, 255, (size[1] // 16, size[0] // 16, 3), dtype=np.uint8)
    return Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC)


def written(path: Path, picture: Image.Image, **options: Any) -> Path:
    """Write a picture and return its path."""
    picture.save(path, **options)
    return path
