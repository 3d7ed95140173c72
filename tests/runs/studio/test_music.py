"""The studio's music obeys what a prompt says of tempo, length and mood, and says what it did."""

from __future__ import annotations

import io
import wave

import numpy as np
import pytest

from runs.outputs import check
from runs.provider import Asset
from runs.studio.music import RATE, music

DIRECTED = "Style tags: low war drums, throat singing\nTempo: 80 bpm, steady\nLength: 12 seconds\nCourse: layers added one at a time"


def samples(data: bytes) -> np.ndarray:
    with wave.open(io.BytesIO(data)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(float)


def test_length_tempo_and_mood_are_those_of_the_prompt() -> None:
    data, truth = music(DIRECTED, seed=7)
    assert {k: truth[k] for k in ("seconds", "bpm", "mode", "builds")} == {"seconds": 12.0, "bpm": 80.0, "mode": "minor", "builds": True}
    assert len(samples(data)) == 12 * RATE
    assert music("Cheerful. Length: 3 s, 120 bpm", seed=7)[1]["mode"] == "major"


def test_the_tempo_can_be_heard() -> None:
    """The loudness repeats with the beat: its autocorrelation peaks there."""
    data, truth = music("Length: 20 seconds. 96 bpm.", seed=3)
    step = RATE // 200
    high = np.abs(np.diff(samples(data), 3))  # what is left of pads after this is nothing, of the pulse nearly all
    loudness = high[: len(high) // step * step].reshape(-1, step).mean(axis=1)
    onsets = loudness - loudness.mean()
    likeness = {bpm: float((onsets[: -(lag := round(200 * 60 / bpm))] * onsets[lag:]).mean()) for bpm in (70, 83, 96, 113, 131)}
    assert max(likeness, key=lambda bpm: likeness[bpm]) == truth["bpm"] == 96


def test_layers_come_one_after_another_only_where_that_is_asked_for() -> None:
    built, flat = (samples(music(text, seed=7)[0]) for text in (DIRECTED, DIRECTED.partition("\nCourse")[0]))

    def growth(sound: np.ndarray) -> float:
        first, later = sound[: 2 * RATE], sound[8 * RATE : 10 * RATE]
        return float(np.abs(later).mean() / np.abs(first).mean())

    assert growth(built) > 1.1 * growth(flat)


def test_the_same_prompt_and_seed_give_the_same_bytes() -> None:
    assert music(DIRECTED, seed=1) == music(DIRECTED, seed=1)
    assert music(DIRECTED, seed=1)[0] != music(DIRECTED, seed=2)[0]


@pytest.mark.parametrize("prompt", ["", "Length: 99999 seconds", "Length: 0.01 s 999 bpm"])
def test_whatever_is_asked_for_is_a_cue_of_bounded_length(prompt: str) -> None:
    data, truth = music(prompt, seed=0)
    assert 2 <= truth["seconds"] <= 180
    assert check([Asset("audio", "audio/wav", data)], "audio")
