"""S09-S11: screen direction from shot to shot: the line between two people, their eyes, and cuts that jump."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from evals.checks.hit import Hit
from evals.checks.ledger import Ledger
from evals.checks.world import World
from prompts.story import PlannedShot

EQUAL_SIZES = 4
"""So many shots of one size in a row are monotonous."""
WIDE = ("wide", "full")
NEUTRAL = ("wide", "insert")
CLEAR = 0.08
"""People closer than this, in widths of the picture, have no left and right."""


def axis(ledger: Ledger, _world: World) -> Iterator[Hit]:
    """S09: two people keep their sides from shot to shot, unless the camera means to cross or a neutral shot lies between."""
    for shots in _scenes(ledger):
        sides: dict[tuple[str, str], tuple[bool, str]] = {}
        for shot in shots:
            if shot.crosses_axis or _neutral(shot):
                sides.clear()
            for pair, left in _sides(shot):
                before = sides.get(pair)
                if before and before[0] != left and not shot.crosses_axis:
                    text = (
                        f"{pair[0]} and {pair[1]} change sides between {before[1]} and {shot.id}. "
                        "Keep the camera on its side, put a neutral shot between, or set 'crosses_axis'."
                    )
                    yield Hit((shot.scene, shot.id), f"{pair[0]} / {pair[1]}", text, f"axis:{':'.join(pair)}@{shot.id}")
                sides[pair] = (left, shot.id)


def _neutral(shot: PlannedShot) -> bool:
    """Tell whether a shot shows people who have no sides: nobody, or one person who faces the camera or away."""
    return not shot.visible or (len(shot.visible) == 1 and shot.visible[0].facing in ("camera", "away") and shot.size in NEUTRAL)


def _sides(shot: PlannedShot) -> Iterator[tuple[tuple[str, str], bool]]:
    people = sorted({v.who: v.x for v in shot.visible}.items())
    for (a, x), (b, y) in itertools.combinations(people, 2):
        if abs(x - y) >= CLEAR:
            yield (a, b), x < y


def eyelines(ledger: Ledger, _world: World) -> Iterator[Hit]:
    """S10: of two people who talk to each other in single shots, one looks left and the other right."""
    for shots in _scenes(ledger):
        for one, other in itertools.pairwise(shots):
            if len(one.visible) == len(other.visible) == 1 and one.lines and other.lines:
                a, b = one.visible[0], other.visible[0]
                if a.who != b.who and a.facing == b.facing and a.facing in ("left", "right"):
                    text = (
                        f"{a.who} in {one.id} and {b.who} in {other.id} both look {a.facing}, as if at a third. Let one look the other way."
                    )
                    yield Hit((other.scene, other.id), f"{a.facing} / {b.facing}", text, f"eyes:{one.id}:{other.id}")


def rhythm(ledger: Ledger, _world: World) -> Iterator[Hit]:
    """S11: cuts change size, angle or people; sizes vary; a scene that has three shots or more says once where it is."""
    for shots in _scenes(ledger):
        for one, other in itertools.pairwise(shots):
            if one.visible and _framing(one) == _framing(other):
                text = f"{one.id} and {other.id} have the same size, angle and people: the cut jumps. Change one of them."
                yield Hit((other.scene, other.id), other.size, text, f"jump:{other.id}")
        run = [*shots[:1]]
        for one, other in itertools.pairwise(shots):
            run = [*(run if one.size == other.size else []), other]
            if len(run) == EQUAL_SIZES:
                text = f"{run[0].id} to {other.id}, {EQUAL_SIZES} shots in a row, are all {other.size}. Change the size of one."
                yield Hit((other.scene, other.id), other.size, text, f"sizes:{other.id}")
        if len(shots) > 2 and not any(shot.size in WIDE for shot in shots):
            text = f"No shot of {shots[0].scene} shows where it plays. Begin with a wide or full shot."
            yield Hit((shots[0].scene, shots[0].id), shots[0].size, text, f"where:{shots[0].scene}")


def _framing(shot: PlannedShot) -> tuple[str, str, frozenset[str]]:
    return shot.size, shot.angle, frozenset(v.who for v in shot.visible)


def _scenes(ledger: Ledger) -> Iterator[Sequence[PlannedShot]]:
    for _, shots in itertools.groupby(ledger.shots, key=lambda shot: shot.scene):
        yield list(shots)
