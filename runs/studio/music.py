r"""Music: a rendered cue prompt to a plain synthetic cue, and the truth about it. A stand-in that obeys tempo, length and mood.

    data, truth = music("Style tags: low war drums\nTempo: 80 bpm\nLength: 30 seconds", seed=7)
    truth["bpm"], truth["seconds"], truth["mode"]        # 80.0, 30.0, "minor"

What the prompt does not say is drawn from the seed: length, tempo, and whether the layers come one after another. Pads,
a bass on the beat and a pulse of noise; nobody will mistake it for a score.
"""

from __future__ import annotations

import io
import re
import wave
from typing import Any

import numpy as np
from numpy.typing import NDArray

from runs.studio.numeric import rng_of

RATE = 16_000
SHORTEST_S, LONGEST_S = 2.0, 180.0
DARK = re.compile(r"war|dark|drone|tense|sad|fear|grief|minor|horror|low |悲|紧张|阴", re.IGNORECASE)
_LENGTH = re.compile(r"(?:length|duration)\D{0,8}(\d+(?:\.\d+)?)\s*s", re.IGNORECASE)
_TEMPO = re.compile(r"(\d{2,3})\s*bpm", re.IGNORECASE)
_COURSE = re.compile(r"\blayers?\b|\bcourse\b|\brising\b", re.IGNORECASE)
MINOR, MAJOR = ((0, 3, 7), (-4, 0, 3), (-2, 2, 5), (-5, -2, 2)), ((0, 4, 7), (-3, 0, 4), (5, 9, 12), (7, 11, 14))
Samples = NDArray[np.float32]


def music(prompt: str, *, seed: int) -> tuple[bytes, dict[str, Any]]:
    """Return a cue as WAV (mono, 16 bit), and what it is; the same prompt and seed give the same bytes."""
    rng = rng_of("music", prompt, seed)
    length, tempo = _LENGTH.search(prompt), _TEMPO.search(prompt)
    seconds = float(np.clip(float(length[1]) if length else rng.uniform(12, 40), SHORTEST_S, LONGEST_S))
    bpm = float(np.clip(float(tempo[1]) if tempo else rng.uniform(70, 140), 30, 240))
    dark, builds = bool(DARK.search(prompt)), bool(_COURSE.search(prompt))
    root = 110.0 * 2 ** (int(rng.integers(0, 12)) / 12)
    t: Samples = np.arange(int(seconds * RATE), dtype=np.float32) / np.float32(RATE)
    beat = 60.0 / bpm
    sound = _pad(t, root, MINOR if dark else MAJOR, 4 * beat)
    sound += _enter(t, seconds, 0.25, builds) * 0.5 * np.sin(2 * np.pi * root / 2 * t) * np.exp(-6 * (t % beat))
    noise = rng.standard_normal(len(t)).astype(np.float32)
    sound += _enter(t, seconds, 0.5, builds) * 0.15 * noise * np.exp(-40 * (t % (beat / 2)))
    sound *= np.minimum(1, (seconds - t) / 0.5)  # an ending that can be cut on
    sound *= 0.8 / max(1e-6, float(np.abs(sound).max()))
    truth = {
        "seconds": round(len(t) / RATE, 3),
        "bpm": bpm,
        "mode": "minor" if dark else "major",
        "root_hz": round(root, 2),
        "builds": builds,
    }
    return _wav(sound), truth


def _pad(t: Samples, root: float, chords: tuple[tuple[int, ...], ...], bar: float) -> Samples:
    """Return four chords over and over, a bar each, fading in and out so that their joints do not click."""
    place = (t // bar).astype(int) % len(chords)
    swell = np.sin(np.pi * (t % bar) / bar).astype(np.float32)
    sound = np.zeros_like(t)
    for number, chord in enumerate(chords):
        here = place == number
        for semitones in chord:
            sound[here] += np.sin(2 * np.pi * root * 2 ** (semitones / 12) * t[here])
    return np.asarray(sound * swell / 3, dtype=np.float32)


def _enter(t: Samples, seconds: float, share: float, builds: bool) -> Samples:
    """Return a layer's loudness: from the start, or from a share of the length on where layers are asked to build."""
    return np.asarray(np.clip((t - share * seconds) / 1.0, 0, 1) if builds else np.ones_like(t), dtype=np.float32)


def _wav(sound: Samples) -> bytes:
    data = io.BytesIO()
    with wave.open(data, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((sound * 32767).astype("<i2").tobytes())
    return data.getvalue()
