"""What a face does: action units, the emotions as bundles of them, and the curves of blinking and speaking."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

import numpy as np

from runs.studio.numeric import Array


@dataclass(frozen=True, slots=True)
class Units:
    """Action units; 0 is rest and 1 a full movement. Gaze is from -1 to 1, right and up."""

    smile: float = 0.0
    frown: float = 0.0
    jaw: float = 0.0
    brow_up: float = 0.0
    brow_inner: float = 0.0
    brow_in: float = 0.0
    wide: float = 0.0
    blink: float = 0.0
    squint: float = 0.0
    press: float = 0.0
    pucker: float = 0.0
    sneer: float = 0.0
    gaze_x: float = 0.0
    gaze_y: float = 0.0


UNITS: tuple[str, ...] = tuple(f.name for f in fields(Units))

EMOTIONS: Mapping[str, Units] = {
    "neutral": Units(),
    "joy": Units(smile=1.0, squint=0.40, jaw=0.22),
    "sadness": Units(frown=0.85, brow_inner=0.95, brow_in=0.20, blink=0.22, gaze_y=-0.35),
    "anger": Units(frown=0.40, brow_in=1.0, press=0.75, squint=0.35, wide=0.15, sneer=0.35),
    "fear": Units(brow_up=0.75, brow_inner=0.7, brow_in=0.30, wide=0.95, jaw=0.40, frown=0.30),
    "surprise": Units(brow_up=1.0, wide=0.85, jaw=0.85, pucker=0.15),
    "disgust": Units(frown=0.65, squint=0.60, brow_in=0.60, press=0.25, sneer=1.0),
}
"""What a full display of each of the story model's emotions is made of."""

BLINK_SECONDS = 0.30
"""One blink from open to open; within the 0.1-0.4 s of people, and three frames at 12 frames a second."""


def blend(*parts: tuple[Units, float]) -> Units:
    """Add units by weight and clip them to their ranges."""
    total = dict.fromkeys(UNITS, 0.0)
    for units, weight in parts:
        for name, amount in asdict(units).items():
            total[name] += weight * amount
    return Units(**{n: float(np.clip(v, -1 if n.startswith("gaze") else 0, 1.15)) for n, v in total.items()})


def to_json(units: Units) -> dict[str, float]:
    """Return the units that are not at rest."""
    return {name: round(float(v), 4) for name, v in asdict(units).items() if abs(v) > 1e-4}


def blink_times(rng: np.random.Generator, seconds: float, per_minute: float) -> list[float]:
    """Draw the starts of blinks: a Poisson process with the second after each blink left free."""
    if per_minute <= 0:
        return []
    free = max(0.2, 60 / per_minute - 1.0)
    times = []
    at = float(rng.exponential(free)) * 0.8
    while at < seconds - BLINK_SECONDS * 0.8:
        times.append(round(at, 3))
        at += 1.0 + float(rng.exponential(free))
    return times


def blink_curve(times: list[float], t: Array) -> Array:
    """Return how far the lids are closed (0-1) at times `t`: quick to close, slower to open."""
    closed = np.zeros_like(t)
    for start in times:
        phase = (t - np.float32(start)) / np.float32(BLINK_SECONDS)
        closing = np.clip(phase / 0.35, 0, 1)
        opening = np.clip((1 - phase) / 0.5, 0, 1)
        closed = np.maximum(closed, np.minimum(1.0, 1.15 * np.minimum(closing, opening)))
    return np.asarray(closed, dtype=np.float32)


def speech_curves(rng: np.random.Generator, t: Array, strength: float) -> tuple[Array, Array, Array]:
    """Return jaw, pucker and spread of a speaking mouth at times `t`.

    Syllables come at 3.2-4.4 a second with varying stress; every phrase of about 1.2 s ends in a short rest, and vowels
    wander between rounded and spread, as visemes do.
    """
    seconds = float(t[-1]) + 1.0 if len(t) else 1.0
    starts = np.cumsum(rng.uniform(1 / 4.4, 1 / 3.2, size=int(seconds * 5) + 2)) - 0.3
    stress = rng.uniform(0.35, 1.0, size=len(starts))
    stress[rng.random(len(starts)) < 0.14] = 0.05
    jaw = np.zeros_like(t)
    shape = np.zeros_like(t)
    for start, weight, vowel in zip(starts, stress, rng.uniform(-1, 1, size=len(starts)), strict=True):
        pulse = np.exp(-0.5 * ((t - start) / 0.075) ** 2)
        jaw += weight * pulse
        shape += vowel * pulse
    return (
        np.asarray(strength * 0.55 * np.clip(jaw, 0, 1.1), dtype=np.float32),
        np.asarray(strength * 0.60 * np.clip(shape, 0, 1), dtype=np.float32),
        np.asarray(strength * 0.30 * np.clip(-shape, 0, 1), dtype=np.float32),
    )


def drift_curve(rng: np.random.Generator, t: Array, slowest: float, fastest: float) -> Array:
    """Return a smooth wandering curve of about unit amplitude: three sines between two frequencies (Hz)."""
    frequency = rng.uniform(slowest, fastest, size=3)
    phase = rng.uniform(0, 2 * np.pi, size=3)
    weight = np.array([0.6, 0.4, 0.25])
    return np.asarray((weight[:, None] * np.sin(2 * np.pi * frequency[:, None] * t[None] + phase[:, None])).sum(0), dtype=np.float32)
