"""The grid on which a head is modelled and the planes that describe its surface.

Heads are symmetric but for gaze, hair and marks, so shape is computed on the right half (x >= 0) and mirrored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from runs.studio.numeric import Array

X_EDGE = 1.22
Y_TOP = 1.52
Y_BOTTOM = -1.42


@dataclass(frozen=True, slots=True)
class Grid:
    """A sampling of head space: `x` [1, W] rising to the right, `y` [H, 1] falling; `ppu` pixels per head unit."""

    x: Array
    y: Array
    ppu: float

    @classmethod
    def make(cls, ppu: float) -> Self:
        """Return the grid that covers a head with its hair at `ppu` pixels per unit."""
        half = round(X_EDGE * ppu)
        x = (np.arange(-half, half, dtype=np.float32) + np.float32(0.5)) / np.float32(ppu)
        rows = round((Y_TOP - Y_BOTTOM) * ppu)
        y = np.float32(Y_TOP) - (np.arange(rows, dtype=np.float32) + np.float32(0.5)) / np.float32(ppu)
        return cls(x[None, :], y[:, None], ppu)

    @property
    def shape(self) -> tuple[int, int]:
        """Return (rows, columns)."""
        return self.y.shape[0], self.x.shape[1]

    def right(self) -> Grid:
        """Return the half with x > 0."""
        return Grid(self.x[:, self.shape[1] // 2 :], self.y, self.ppu)

    def rows(self, low: float, high: float) -> slice:
        """Return the rows whose y lies between `low` and `high`."""
        top = int((Y_TOP - high) * self.ppu)
        bottom = int(np.ceil((Y_TOP - low) * self.ppu))
        return slice(max(0, top), max(1, min(self.shape[0], bottom)))

    def columns(self, low: float, high: float) -> slice:
        """Return the columns whose x lies between `low` and `high`."""
        first = float(self.x[0, 0]) - 0.5 / self.ppu
        left, right = int((low - first) * self.ppu), int(np.ceil((high - first) * self.ppu))
        return slice(max(0, left), max(1, min(self.shape[1], right)))

    def window(self, rows: slice, columns: slice) -> Grid:
        """Return the part of the grid inside a window."""
        return Grid(self.x[:, columns], self.y[rows], self.ppu)


@dataclass(slots=True)
class Surface:
    """Planes over a grid: height [H, W], albedo [3, H, W], gloss, coverage and light of its own (catch lights)."""

    height: Array
    albedo: Array
    gloss: Array
    cover: Array
    glow: Array

    def mirrored(self) -> Surface:
        """Return the whole head from its right half."""

        def whole(half: Array) -> Array:
            return np.concatenate([half[..., ::-1], half], axis=-1)

        return Surface(whole(self.height), whole(self.albedo), whole(self.gloss), whole(self.cover), whole(self.glow))
