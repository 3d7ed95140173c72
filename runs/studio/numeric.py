"""Small numeric tools of the studio: seeds, smooth steps, blurs, colour ramps, texture look-up. All in float32."""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

Array = NDArray[np.float32]
Rgb = tuple[float, float, float]


def seed_of(*parts: object) -> int:
    """Return a 63-bit seed that depends on nothing but the parts' text; the same in every process."""
    digest = hashlib.sha256("\x1f".join(str(p) for p in parts).encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def rng_of(*parts: object) -> np.random.Generator:
    """Return a generator seeded by `seed_of(*parts)`."""
    return np.random.default_rng(seed_of(*parts))


def step(low: float, high: float, x: Array) -> Array:
    """Return the cubic smooth step of `x` from 0 at `low` to 1 at `high` (`low` may be the greater)."""
    t = np.clip((x - np.float32(low)) * np.float32(1 / (high - low)), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), dtype=np.float32)


def bell(x: Array, sigma: float) -> Array:
    """Return exp(-x²/2σ²)."""
    scaled = x * np.float32(1 / sigma)
    return np.asarray(np.exp(np.float32(-0.5) * scaled * scaled), dtype=np.float32)


def blur(field: Array, sigma: float) -> Array:
    """Blur a plane by a Gaussian of `sigma` pixels; wide ones are computed on a coarser grid, where they look the same."""
    if sigma < 4:
        return np.asarray(gaussian_filter(field, sigma, truncate=2.5), dtype=np.float32)
    k = int(sigma // 2)
    h, w = field.shape
    padded = np.pad(field, ((0, -h % k), (0, -w % k)), mode="edge")
    small = padded.reshape(padded.shape[0] // k, k, padded.shape[1] // k, k).mean((1, 3))
    small = gaussian_filter(small, sigma / k, truncate=2.5)
    return enlarged(small, (k, k), (h, w))


def enlarged(field: Array, factor: tuple[int, int], shape: tuple[int, int]) -> Array:
    """Enlarge a smooth plane by whole factors (rows, columns) to a shape, by bilinear interpolation between pixel centres."""

    def along(count: int, by: int, limit: int) -> tuple[NDArray[np.int32], Array]:
        at = np.clip((np.arange(count, dtype=np.float32) - np.float32((by - 1) / 2)) / np.float32(by), 0, limit - 1)
        first = np.minimum(at.astype(np.int32), max(0, limit - 2))
        return first, np.asarray(at - first, dtype=np.float32)

    if min(field.shape) < 2:
        return np.full(shape, field.flat[0], dtype=np.float32)
    y0, fy = along(shape[0], factor[0], field.shape[0])
    x0, fx = along(shape[1], factor[1], field.shape[1])
    wide = field[:, x0]
    wide = wide + (field[:, x0 + 1] - wide) * fx
    tall = wide[y0]
    return np.asarray(tall + (wide[y0 + 1] - tall) * fy[:, None], dtype=np.float32)


def noise(rng: np.random.Generator, shape: tuple[int, int], sigma: float | tuple[float, float]) -> Array:
    """Return smoothed white noise of unit standard deviation; soft noise is made coarse and enlarged."""
    down, across = sigma if isinstance(sigma, tuple) else (sigma, sigma)
    ky, kx = max(1, int(down / 2)), max(1, int(across / 2))
    coarse = (-(-shape[0] // ky) + 1, -(-shape[1] // kx) + 1)
    field = gaussian_filter(rng.standard_normal(coarse, dtype=np.float32), (down / ky, across / kx), truncate=2.5, mode="wrap")
    field = field / max(float(field.std()), 1e-6)
    if ky > 1 or kx > 1:
        return enlarged(field, (ky, kx), shape)
    return np.asarray(field[: shape[0], : shape[1]], dtype=np.float32)


def tiled(tile: Array, shape: tuple[int, int]) -> Array:
    """Cover a shape with copies of a tile (noise wraps, so that no seam shows)."""
    times = (-(-shape[0] // tile.shape[0]), -(-shape[1] // tile.shape[1]))
    return np.ascontiguousarray(np.tile(tile, times)[: shape[0], : shape[1]])


def ramp_colour(table: tuple[Rgb, ...], t: float) -> Array:
    """Return the colour at `t` in [0, 1] along a table of colours."""
    colours = np.array(table, dtype=np.float32)
    at = float(np.clip(t, 0, 1)) * (len(table) - 1)
    i = min(int(at), len(table) - 2)
    return np.asarray(colours[i] + (colours[i + 1] - colours[i]) * np.float32(at - i), dtype=np.float32)


def paint(planes: Array, colour: Array | Rgb, alpha: Array, window: tuple[slice, slice] | None = None) -> None:
    """Lay a colour over three planes [3, H, W] in place, by an alpha plane that may cover only a window of them."""
    target = planes if window is None else planes[:, window[0], window[1]]
    for channel in range(3):
        target[channel] += (colour[channel] - target[channel]) * alpha


def lookup(planes: Array, x: Array, y: Array) -> Array:
    """Sample planes [C, H, W] bilinearly at pixel coordinates; outside, the edge repeats. Return [C, *x.shape]."""
    count, h, w = planes.shape
    x = np.clip(x, 0, np.float32(w - 1.001))
    y = np.clip(y, 0, np.float32(h - 1.001))
    x0 = x.astype(np.int32)
    y0 = y.astype(np.int32)
    fx = x - x0
    fy = y - y0
    at = y0 * w + x0
    corners = (at, at + 1, at + w, at + (w + 1))
    out = np.empty((count, *np.shape(x)), dtype=np.float32)
    for plane, target in zip(planes.reshape(count, h * w), out, strict=True):
        # `clip` spares numpy the check of each index; they are in range by the clipping above.
        a, b, c, d = (np.take(plane, corner, mode="clip") for corner in corners)
        b -= a
        b *= fx
        a += b
        d -= c
        d *= fx
        c += d
        c -= a
        c *= fy
        np.add(a, c, out=target)
    return out
