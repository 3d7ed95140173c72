"""C08 and C09: every id is one thing and names something; every closed word is on its list."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from evals.checks.hit import Hit, at, quote, suggestion
from evals.checks.ledger import Ledger, Moment
from evals.checks.world import World
from prompts.story import ANGLES, DAYPARTS, FACINGS, FUNCTIONS, MOVES, POSTURES, SIZES, Change, PlannedShot

NEEDS: Mapping[str, tuple[str, ...]] = {
    "enter": ("who",), "exit": ("who",), "die": ("who",), "revive": ("who",), "injure": ("who",), "look": ("who", "look"),
    "hold": ("who", "prop"), "drop": ("prop",), "give": ("who", "to", "prop"), "move": ("place",), "learn": ("who", "fact"),
    "reveal": ("fact",), "posture": ("who", "posture"), "time_jump": (),
}  # fmt: skip
"""The fields without which a change of a kind changes nothing."""


def ids(ledger: Ledger, world: World) -> Iterator[Hit]:
    """C08: no id twice, no reference to a place, prop, fact, look or scene that is not there, no half-told change."""
    yield from _doubles("scene", ((s.id,) for s in ledger.script.scenes))
    yield from _doubles("beat", (at(m) for m in ledger.moments))
    yield from _doubles("line", ((*at(m), line.id) for m in ledger.moments for line in m.beat.lines))
    yield from _scenes(ledger, world)
    for moment in ledger.moments:
        yield from _beat(moment, world)
    yield from _doubles("shot", ((shot.id,) for shot in ledger.shots))
    scenes = frozenset(scene.id for scene in ledger.script.scenes)
    beats = frozenset(m.beat.id for m in ledger.moments)
    told = frozenset(line.id for m in ledger.moments for line in m.beat.lines)
    for shot in ledger.shots:
        yield from _shot(shot, scenes, beats, told, world)


def _doubles(kind: str, items: Iterable[tuple[str, ...]]) -> Iterator[Hit]:
    seen: set[str] = set()
    for where in items:
        if where[-1] in seen:
            text = f"The {kind} id {where[-1]!r} stands here a second time. Give each {kind} its own."
            yield Hit(where, where[-1], text, f"double:{kind}:{where[-1]}")
        seen.add(where[-1])


def _scenes(ledger: Ledger, world: World) -> Iterator[Hit]:
    before: set[str] = set()
    for scene in ledger.script.scenes:
        yield from _known("location", scene.location, world.locations, (scene.id,), scene.location)
        if scene.continuous_with and scene.continuous_with not in before:
            text = (
                f"{scene.id} goes on from {scene.continuous_with!r}, which is no earlier scene. {suggestion(scene.continuous_with, before)}"
            )
            yield Hit((scene.id,), scene.continuous_with, text, f"dangling:scene:{scene.continuous_with}")
        before.add(scene.id)


def _beat(moment: Moment, world: World) -> Iterator[Hit]:
    action = moment.beat.action
    for prop in moment.beat.props:
        yield from _known("prop", prop, world.props, at(moment), action)
    for line in moment.beat.lines:
        for fact in (*line.asserts, *line.denies):
            yield from _known("fact", fact, world.facts, at(moment, line), line.text)
    for change in moment.beat.changes:
        yield from _known("prop", change.prop, world.props, at(moment), action)
        yield from _known("fact", change.fact, world.facts, at(moment), action)
        yield from _known("location", change.place, world.locations, at(moment), action)
        person = world.characters.get(change.who or "")
        if person:
            yield from _known(f"look of {person.id}", change.look, [x.id for x in person.looks], at(moment), action)
        yield from _whole(moment, change)


def _shot(shot: PlannedShot, scenes: frozenset[str], beats: frozenset[str], told: frozenset[str], world: World) -> Iterator[Hit]:
    where = (shot.id,)
    yield from _known("scene", shot.scene, scenes, where, shot.scene)
    for beat in shot.beats:
        yield from _known("beat", beat, beats, where, beat)
    for line in shot.lines:
        yield from _known("line", line, told, where, line)
    for prop in shot.props:
        yield from _known("prop", prop, world.props, where, prop)
    for seen in shot.visible:
        yield from _known("character", seen.who, world.characters, where, seen.who)
        person = world.characters.get(seen.who)
        if person:
            yield from _known(f"look of {person.id}", seen.look, [x.id for x in person.looks], where, seen.look or "")


def _known(kind: str, name: str | None, known: Collection[str], where: tuple[str, ...], shown: str) -> Iterator[Hit]:
    """Yield a hit for a name that is given and not known; where nothing of its kind is declared, nothing can be wrong."""
    if name is not None and known and name not in known:
        yield Hit(where, quote(shown), f"There is no {kind} {name!r}. {suggestion(name, known)}", f"dangling:{kind}:{name}")


def _whole(moment: Moment, change: Change) -> Iterator[Hit]:
    missing = [name for name in NEEDS[change.kind] if getattr(change, name) is None]
    if change.kind == "move" and change.who is None and change.prop is None:
        missing.insert(0, "who")
    if missing:
        text = f"The change {change.kind!r} in {moment.beat.id} does not say {' and '.join(repr(m) for m in missing)}."
        yield Hit(at(moment), quote(moment.beat.action), text, f"half:{change.kind}@{moment.beat.id}")


def vocabulary(ledger: Ledger, _world: World) -> Iterator[Hit]:
    """C09: dayparts, beat functions, postures and camera words are words of their closed lists."""
    for where, shown, kind, word, words in _words(ledger):
        if word not in words:
            text = f"{word!r} is no {kind}. Use one of: {', '.join(words)}."
            yield Hit(where, quote(shown), text, f"word:{kind}:{word}")


Word = tuple[tuple[str, ...], str, str, str, tuple[str, ...]]


def _words(ledger: Ledger) -> Iterator[Word]:
    for scene in ledger.script.scenes:
        yield (scene.id,), scene.daypart, "daypart", scene.daypart, DAYPARTS
        for posture in scene.postures.values():
            yield (scene.id,), posture, "posture", posture, POSTURES
    for moment in ledger.moments:
        yield at(moment), moment.beat.action, "function", moment.beat.function, FUNCTIONS
        for change in moment.beat.changes:
            if change.posture is not None:
                yield at(moment), moment.beat.action, "posture", change.posture, POSTURES
    for shot in ledger.shots:
        for kind, word, words in (("size", shot.size, SIZES), ("angle", shot.angle, ANGLES), ("move", shot.move, MOVES)):
            yield (shot.id,), word, kind, word, words
        for seen in shot.visible:
            yield (shot.id,), seen.who, "facing", seen.facing, FACINGS
        for posture in shot.postures.values():
            yield (shot.id,), posture, "posture", posture, POSTURES
