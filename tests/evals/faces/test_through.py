"""A person of a long clip is judged over all stretches that were read of it, each for what it stands for."""

from __future__ import annotations

import math
from itertools import permutations
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from face_material import clip, head
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from evals.faces import moving, stiffness, through
from evals.faces.arrays import Floats
from evals.faces.track import Track, follow
from evals.faces.wanted import Wanted
from evals.media import clip_frames, sampling

SPANS = [(0.0, 2.0), (9.0, 11.0), (18.0, 20.0)]


def talking(size: float, seconds: float = 2.0) -> Floats:
    """Return landmarks of a face whose every region moves `size` times as much as ordinary speakers'."""
    count = round(seconds * 25)
    points = np.stack([head()] * count)
    for name, region in stiffness.REGIONS.items():
        points[:, list(region), 1] += (size * 60 * math.sqrt(2) * stiffness.REAL[name] * np.sin(np.arange(count) / 2))[:, None]
    return points


def track(start: float, points: Floats, x: float = 0.0, looks: Floats | None = None) -> Track:
    """Return a track that begins at `start` seconds around x, of a face whose embedding is `looks`."""
    nothing: Any = None
    found = Track(last=nothing, anchor=nothing)
    found.times, found.shapes = [start + i / 25 for i in range(len(points))], list(points + np.array([x, 0.0, 0.0]))
    face: Any = SimpleNamespace(embedding=looks)
    found.views = [(start, face)]
    return found


def stretch(size: float) -> stiffness.Stretch:
    points = talking(size)
    return stiffness.stretch([i / 25 for i in range(len(points))], points)


@given(st.lists(st.tuples(st.floats(0.5, 40), st.floats(0, 60)), min_size=1, max_size=5))
def test_stretches_stand_for_the_whole_clip(lengths: list[tuple[float, float]]) -> None:
    """However long they are and however far apart."""
    read, at = [], 0.0
    for length, gap in lengths:
        read.append((at, at + length))
        at += length + gap
    assert sum(sampling.stands_for(read)) == pytest.approx(read[-1][1])


def test_stretches_that_are_alike_say_what_one_of_them_says() -> None:
    one = stretch(0.6)
    alone, thrice = stiffness.joined([(one, 1.0)], speaking=True), stiffness.joined([(one, 2.0), (one, 5.0), (one, 2.0)], speaking=True)
    assert thrice.value == pytest.approx(alone.value) and 0.2 < alone.value < 0.6
    assert thrice.upper == pytest.approx(alone.upper) and thrice.pose_sd == pytest.approx(alone.pose_sd)


def test_the_order_of_stretches_does_not_matter_and_what_stands_for_more_counts_more() -> None:
    parts = [(stretch(0.0), 1.0), (stretch(0.4), 2.0), (stretch(0.9), 1.0)]
    values = [stiffness.joined(order, speaking=True).value for order in permutations(parts)]
    assert max(values) - min(values) < 1e-9
    still, moved = parts[0][0], parts[2][0]
    mostly_still, mostly_moved = (stiffness.joined([(still, a), (moved, 10 - a)], speaking=True).value for a in (8.0, 2.0))
    assert stiffness.joined([(still, 1)], True).value > mostly_still > mostly_moved + 0.1 > stiffness.joined([(moved, 1)], True).value


def test_a_face_that_is_missing_in_a_stretch_is_judged_by_the_others() -> None:
    found = through.main_parts([track(0, talking(0.5)), track(18, talking(0.5))], SPANS)
    assert [p.track.times[0] for p in found] == [0, 18]
    stiff, told, problem = through.measured([*found, *through.main_parts([track(9, talking(0.5, 0.3))], SPANS)], speaking=True)
    assert stiff is not None and len(told) == 2 and problem == ""
    assert through.measured(told[:1], speaking=True)[0].value == pytest.approx(stiff.value)  # type: ignore[union-attr]


def test_people_who_change_places_are_known_again() -> None:
    """Lan sits left of Mei in the first stretch, right of her in the last; the middle one shows somebody else in Mei's place."""
    rng = np.random.default_rng(2)
    lan, mei, other = (3 * v / np.linalg.norm(v) for v in rng.normal(size=(3, 128)))
    tracks = [track(0, talking(1.0), 100, lan), track(0, talking(0.2), 300, mei)]
    tracks += [track(9, talking(0.5), 300, other), track(18, talking(0.2, 1.9), 100, mei), track(18, talking(1.0, 1.9), 300, lan)]
    people = [Wanted("mei", 0.7, True, "neutral", 0.5), Wanted("lan", 0.3, True, "neutral", 0.5)]
    found = {who.who: [(p.track.times[0], p.track.centre[0] > 200) for p in parts] for who, parts in through.parts(tracks, SPANS, people)}
    assert found == {"lan": [(0, False), (18, True)], "mei": [(0, True), (18, False)]}


@pytest.mark.slow
def test_a_long_clip_is_judged_by_its_beginning_middle_and_end(shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A face that speaks in the first half and is a still in the second is neither lively nor a still; read in three short stretches."""
    monkeypatch.setattr(sampling, "STRETCH_SECONDS", 1.2)
    monkeypatch.setattr(sampling, "WHOLE_FRAMES", 10)
    frames = [Image.fromarray(f.pixels) for f in clip_frames(shared_data / "faces" / "clips" / "ai_10__lively.mp4")]
    path = clip(tmp_path / "c.mp4", [*frames, *frames[::-1], *[frames[0]] * 150])
    read = list(clip_frames(path, whole=2.0))
    stiff, said, evidence = moving.of_frames(read, speaking=True)
    assert stiff is not None and len(stiff.steady) == 3
    assert [part[2] for part in evidence["parts"]] == pytest.approx([3.3, 5.4, 3.3], abs=0.1)
    assert len(read) < 100 and len(evidence["trace"]["t"]) == evidence["frames"] >= 88
    first, last = (stiffness.measure(t.times, t.points, True).value for t in (follow(read).tracks[i] for i in (0, -1)))
    assert first + 0.05 < stiff.value < 0.7 < last, said
