"""Faults planted in real clips at known places and strengths, and what looks like a fault and is none."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter, map_coordinates

Video: TypeAlias = NDArray[np.uint8]
Rng: TypeAlias = np.random.Generator


def write(path: Path, frames: Video, fps: float = 25, crf: int = 20) -> Path:
    """Write frames as H.264."""
    import av

    with av.open(str(path), "w", options={"movflags": "+faststart"}) as out:
        stream = out.add_stream("libx264", rate=round(fps), options={"crf": str(crf), "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = frames.shape[2] // 2 * 2, frames.shape[1] // 2 * 2, "yuv420p"
        for frame in frames:
            pixels = np.ascontiguousarray(frame[: stream.height, : stream.width])
            out.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        out.mux(stream.encode())
    return path


def lit(frames: Video, gains: Sequence[float] | NDArray[np.float64]) -> Video:
    """Multiply each frame's light."""
    return np.clip(frames * np.asarray(gains)[:, None, None, None], 0, 255).astype(np.uint8)


def flickering(frames: Video, strength: float, rng: Rng) -> Video:
    """Let the light tremble by `strength` (standard deviation, share)."""
    return lit(frames, 1 + strength * rng.normal(size=len(frames)))


def swimming(frames: Video, pixels: float, rng: Rng) -> Video:
    """Move every frame's surface by a smooth field of its own, `pixels` (standard deviation)."""
    height, width = frames.shape[1:3]
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)

    def field() -> NDArray[np.float32]:
        small = gaussian_filter(rng.normal(size=(height // 4, width // 4)), 6)
        return np.asarray(Image.fromarray((small * pixels / small.std()).astype(np.float32)).resize((width, height)))

    out = np.empty_like(frames)
    for index, frame in enumerate(frames):
        places = [rows + field(), columns + field()]
        for channel in range(3):
            out[index, ..., channel] = map_coordinates(frame[..., channel], places, order=1, mode="nearest")
    return out


def _boxed(frames: Video, boxes: Sequence[tuple[float, float, float, float]]) -> Video:
    size = (frames.shape[2], frames.shape[1])
    cut = [Image.fromarray(f).resize(size, Image.Resampling.BICUBIC, box=b) for f, b in zip(frames, boxes, strict=True)]
    return np.stack([np.asarray(image) for image in cut])


def panned(frames: Video, share: float = 0.25) -> Video:
    """Move the camera over a quarter of the width."""
    count, height, width = frames.shape[:3]
    seen, tall = width * (1 - share), height * (1 - share)
    lefts = [width * share * i / max(1, count - 1) for i in range(count)]
    return _boxed(frames, [(x, (height - tall) / 2, x + seen, (height + tall) / 2) for x in lefts])


def hand_held(frames: Video, pixels: float, rng: Rng) -> Video:
    """Shake the camera as a hand does: `pixels` (standard deviation), slower than the frame rate."""
    count, height, width = frames.shape[:3]
    path = gaussian_filter(rng.normal(size=(count + 40, 2)), (4, 0))[20:-20]
    path *= pixels / path.std()
    edge = float(np.abs(path).max()) + 1
    return _boxed(frames, [(edge + dx, edge + dy, width - edge + dx, height - edge + dy) for dx, dy in path])


def zoomed(frames: Video, share: float) -> Video:
    """Come nearer at once: the picture without `share` at each edge."""
    height, width = frames.shape[1:3]
    box = (width * share, height * share, width * (1 - share), height * (1 - share))
    return _boxed(frames, [box] * len(frames))


def held(frames: Video, start: int, count: int) -> Video:
    """Let the picture hang."""
    out = frames.copy()
    out[start : start + count] = frames[start]
    return out


def blanked(frames: Video, start: int, count: int, level: int = 0, noise: float = 0.0, rng: Rng | None = None) -> Video:
    """Show nothing for some frames."""
    out = frames.copy()
    shape = out[start : start + count].shape
    grain = rng.normal(size=shape) * noise if rng is not None else 0.0
    out[start : start + count] = np.clip(level + grain, 0, 255).astype(np.uint8) if noise else level
    return out


def grainy(frames: Video, levels: float, rng: Rng) -> Video:
    """Add film grain of `levels` grey levels (standard deviation)."""
    return np.clip(frames + rng.normal(size=frames.shape) * levels, 0, 255).astype(np.uint8)


def joined(first: Video, second: Video, at: int) -> Video:
    """Cut from one clip to another one, which is fitted to the first one's size."""
    size = (first.shape[2], first.shape[1])
    rest = [np.asarray(Image.fromarray(f).resize(size)) for f in second[at : len(first)]]
    return np.concatenate([first[:at], np.stack(rest)])


def blurred(frames: Video, sigma: float) -> Video:
    """Put everything out of focus."""
    return np.stack([gaussian_filter(f, (sigma, sigma, 0)) for f in frames])
