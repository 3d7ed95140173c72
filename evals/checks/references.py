"""C08 and C09: every id is one thing and names something; every closed word is on its list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from evals.checks.hit import Hit, at, quote, suggestion
from evals.checks.ledger import Ledger, Moment
from evals.checks.world import World
from prompts.story import DAYPARTS, FUNCTIONS, Change

NEEDS: Mapping[str, tuple[str, ...]] = {
    "enter": ("who",), "exit": ("who",), "die": ("who",), "revive": ("who",), "injure": ("who",), "look": ("who", "look"),
    "hold": ("who", "prop"), "drop": ("prop",), "give": ("who", "to", "prop"), "move": ("place",), "learn": ("who", "fact"),
    "reveal": ("fact",), "time_jump": (),
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
        for fact in line.asserts:
            yield from _known("fact", fact, world.facts, at(moment, line), line.text)
    for change in moment.beat.changes:
        yield from _known("prop", change.prop, world.props, at(moment), action)
        yield from _known("fact", change.fact, world.facts, at(moment), action)
        yield from _known("location", change.place, world.locations, at(moment), action)
        person = world.characters.get(change.who or "")
        if person:
            yield from _known(f"look of {person.id}", change.look, [x.id for x in person.looks], at(moment), action)
        yield from _whole(moment, change)


def _known(kind: str, name: str | None, known: Iterable[str], where: tuple[str, ...], shown: str) -> Iterator[Hit]:
    """Yield a hit for a name that is given and not known; where nothing of its kind is declared, nothing can be wrong."""
    names = set(known)
    if name is not None and names and name not in names:
        yield Hit(where, quote(shown), f"There is no {kind} {name!r}. {suggestion(name, names)}", f"dangling:{kind}:{name}")


def _whole(moment: Moment, change: Change) -> Iterator[Hit]:
    missing = [name for name in NEEDS[change.kind] if getattr(change, name) is None]
    if change.kind == "move" and change.who is None and change.prop is None:
        missing.insert(0, "who")
    if missing:
        text = f"The change {change.kind!r} in {moment.beat.id} does not say {' and '.join(repr(m) for m in missing)}."
        yield Hit(at(moment), quote(moment.beat.action), text, f"half:{change.kind}@{moment.beat.id}")


def vocabulary(ledger: Ledger, _world: World) -> Iterator[Hit]:
    """C09: dayparts and beat functions are words of their closed lists."""
    for scene in ledger.script.scenes:
        if scene.daypart not in DAYPARTS:
            yield _word("daypart", scene.daypart, DAYPARTS, (scene.id,), scene.daypart)
    for moment in ledger.moments:
        if moment.beat.function not in FUNCTIONS:
            yield _word("function", moment.beat.function, FUNCTIONS, at(moment), moment.beat.action)


def _word(kind: str, word: str, words: tuple[str, ...], where: tuple[str, ...], shown: str) -> Hit:
    return Hit(where, quote(shown), f"{word!r} is no {kind}. Use one of: {', '.join(words)}.", f"word:{kind}:{word}")
