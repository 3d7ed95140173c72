"""One person through a clip: which of its tracks are theirs, and how much of the clip each stands for.

    parts(tracks, [(0.0, 10.0), (40.0, 50.0), (80.0, 90.0)], people)
        ->  [(mei, [Part(<track at 0 s>, 25.0), Part(<track at 40 s>, 40.0), Part(<track at 80 s>, 25.0)])]

Of a long clip three stretches are read (`evals.media.sampling`), and nothing is followed from one to the next. In each, a person has one
track: the one whose face is largest for longest. Where several people are asked for, they are placed from left to right in the
stretch that shows most of them, and in the others known again by their faces. A track stands for its stretch's share of the clip,
less what of the stretch it does not cover.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from evals.faces import identity, stiffness
from evals.faces.arrays import Floats
from evals.faces.track import Track
from evals.faces.verdict import place
from evals.faces.wanted import Wanted
from evals.media.sampling import stands_for

Spans = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Part:
    """A track of a person, and for how many seconds of the clip it stands."""

    track: Track
    seconds: float


Measured: TypeAlias = tuple[stiffness.Stiffness | None, list[Part], str]


def weight(track: Track) -> float:
    """Return how much of a track there is to see: its frames times its size."""
    return len(track.times) * track.iod


def main_parts(tracks: Sequence[Track], spans: Spans) -> list[Part]:
    """Return the heaviest track of each stretch, in order.

    Args:
        tracks: Of a clip.
        spans: When each stretch that was read begins and ends.
    """
    return [_part(max(found, key=weight), index, spans) for index, found in _by_stretch(tracks, spans).items()]


def parts(tracks: Sequence[Track], spans: Spans, people: Sequence[Wanted]) -> list[tuple[Wanted, list[Part]]]:
    """Return the tracks of each person who is there; arguments as for `main_parts`.

    Raises:
        ModelUnavailable: Several people of a long clip are to be told apart, and the embedding model is not installed.
    """
    found = _by_stretch(tracks, spans)
    if not found or not people:
        return []
    if len(people) == 1:
        return [(people[0], main_parts(tracks, spans))]
    first = max(found, key=lambda index: sum(sorted((weight(t) for t in found[index]), reverse=True)[: len(people)]))
    placed = place(people, [(weight(t), t.centre[0], t) for t in found[first]])
    theirs = {who.who: {first: track} for who, track in placed}
    for index in found.keys() - {first}:
        for who, track in _known_again(placed, found[index]):
            theirs[who.who][index] = track
    return [(who, [_part(t, index, spans) for index, t in sorted(theirs[who.who].items())]) for who, _ in placed]


def measured(found: Sequence[Part], speaking: bool, min_iod: float = stiffness.MIN_IOD) -> Measured:
    """Return the stiffness of a person over the parts that can be measured, those parts, and else (None) why none can."""
    problems = [stiffness.why_not(p.track.times, p.track.iod, min_iod) for p in found]
    told = [part for part, problem in zip(found, problems, strict=True) if not problem]
    if not told:
        return None, [], problems[max(range(len(found)), key=lambda i: weight(found[i].track))]
    seen = [(stiffness.stretch(p.track.times, p.track.points), p.seconds) for p in told]
    return stiffness.joined(seen, speaking), told, ""


def _by_stretch(tracks: Sequence[Track], spans: Spans) -> dict[int, list[Track]]:
    found: dict[int, list[Track]] = {}
    for track in tracks:
        index = next(i for i, (begin, end) in enumerate(spans) if begin <= track.times[0] <= end)
        found.setdefault(index, []).append(track)
    return dict(sorted(found.items()))


def _part(track: Track, index: int, spans: Spans) -> Part:
    begin, end = spans[index]
    share = (track.times[-1] - track.times[0]) / (end - begin) if end > begin else 1.0
    return Part(track, stands_for(spans)[index] * share)


def _known_again(placed: Sequence[tuple[Wanted, Track]], tracks: Sequence[Track]) -> list[tuple[Wanted, Track]]:
    """Return which of a stretch's tracks show the people that were placed in another one; who resembles nobody is nobody's."""
    from scipy.optimize import linear_sum_assignment

    largest = sorted(tracks, key=weight, reverse=True)[: 2 * len(placed)]
    likely = np.array([[_likely(one, other) for other in largest] for _, one in placed])
    rows, columns = linear_sum_assignment(-likely)
    return [(placed[r][0], largest[c]) for r, c in zip(rows, columns, strict=True) if likely[r, c] >= 0.5]


def _likely(one: Track, other: Track) -> float:
    match, calibration = identity.pair(_middle(one), _middle(other))
    return float(calibration.probability(match))


def _middle(track: Track) -> Floats:
    return track.views[len(track.views) // 2][1].embedding
