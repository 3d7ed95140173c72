"""C01-C05: who may speak and act, and where."""

from __future__ import annotations

from collections.abc import Iterator

from evals.checks.hit import Hit, at, nearest, quote
from evals.checks.ledger import Ledger, Moment
from evals.checks.world import World
from prompts.story import Line, Scene

SPOKEN_HERE = ("dialogue",)
SPOKEN_ALIVE = ("dialogue", "os")  # a voice-over may be a dead person's; a narrator is nobody
HANDS = ("hold", "drop", "give")
DEEDS = (*HANDS, "learn", "reveal")  # a body can be carried in and out, so entering and leaving are no deeds of the dead


GROUPS = frozenset({
    "all", "both", "everyone", "everybody", "crowd", "chorus", "others", "together", "many", "people", "omnes", "voices", "guests",
    "servants", "guards", "villagers", "soldiers", "citizens", "lords", "ladies", "gentlemen", "attendants", "sailors", "children", "women",
    "men", "courtiers", "company", "mob", "audience", "neighbours", "neighbors", "students", "passers-by", "bystanders", "the-crowd",
    "dajia", "zhongren", "zhong-ren", "qunzhong", "suoyouren", "liangren", "tamen", "guanzhong", "cunmin", "shibing", "jiading",
})  # fmt: skip
"""Speakers who are several: lines that a crowd shouts, or that everybody says. They are in no cast and need not enter."""
JOINTS = ("-and-", "_and_")


def _persons(who: str, world: World) -> list[str]:
    """Return whom an id stands for: itself, or the people of `mei-and-zhao`; nobody for a group."""
    if who in world.characters:
        return [who]
    if who in GROUPS:
        return []
    for joint in JOINTS:
        if joint in who:
            return who.split(joint)
    return [who]


def unknown_people(ledger: Ledger, world: World) -> Iterator[Hit]:
    """C01: each speaker, actor and other person is in the cast, and each line that is not narration has a speaker."""
    if not world.characters:
        return
    for moment, line, who in _people(ledger):
        if who is None and line is not None:
            text = f"Line {line.id} has no speaker. Name who says it, or make its kind 'narration'."
            yield Hit(at(moment, line), quote(line.text), text, "unknown:nobody")
        for one in _persons(who, world) if who is not None else ():
            if one not in world.characters:
                shown = line.text if line else moment.beat.action
                yield Hit(at(moment, line), quote(shown), f"{one!r} is not in the cast. {_who(one, world)}", f"unknown:{one}")
    for scene in ledger.script.scenes:
        for who in scene.present:
            if who not in world.characters and who not in GROUPS:
                text = f"{who!r} is listed as present in {scene.id}, but is not in the cast. {_who(who, world)}"
                yield Hit((scene.id,), who, text, f"unknown:{who}")


def _people(ledger: Ledger) -> Iterator[tuple[Moment, Line | None, str | None]]:
    for moment in ledger.moments:
        for line in moment.beat.lines:
            if line.speaker is not None or line.kind != "narration":
                yield moment, line, line.speaker
        for who in moment.beat.actors:
            yield moment, None, who
        for change in moment.beat.changes:
            yield from ((moment, None, who) for who in (change.who, change.to) if who is not None)


def _who(word: str, world: World) -> str:
    """Suggest the person who is meant: by id, name or alias."""
    names = {name: c.id for c in world.characters.values() for name in (c.id, c.name, *c.aliases)}
    near = nearest(word, names)
    return f"Did you mean {names[near]!r}?" if near else f"The cast: {', '.join(world.characters)}."


def absent_people(ledger: Ledger, world: World) -> Iterator[Hit]:
    """C02: who speaks on screen, acts or hands something over is there in that beat.

    Of people whom nothing puts on stage, neither cast nor script, only C01 speaks. A script that has its own id for somebody
    is held to what it says of that id. Of the dead C03 speaks, so that a second word on them counts for nothing, but is said:
    whoever revives them still has to let them in.
    """
    known = _staged(ledger) | world.characters.keys()
    for moment in ledger.moments:
        acting = [(one, line) for who, line in _acts(moment) for one in _persons(who, world)]
        for who, line in acting:
            if who in known and not moment.there(who):
                yield _absent(moment, line, who)


def _staged(ledger: Ledger) -> set[str]:
    """Return whom the script itself brings on or sends off."""
    changes = (change for moment in ledger.moments for change in moment.beat.changes)
    moved = {change.who for change in changes if change.who and change.kind in ("enter", "exit")}
    return moved.union(*(scene.present for scene in ledger.script.scenes))


def _acts(moment: Moment) -> Iterator[tuple[str, Line | None]]:
    for line in moment.beat.lines:
        if line.speaker and line.kind in SPOKEN_HERE:
            yield line.speaker, line
    for who in moment.beat.actors:
        yield who, None
    for change in moment.beat.changes:
        if change.kind in HANDS:
            yield from ((who, None) for who in (change.who, change.to) if who)


def _absent(moment: Moment, line: Line | None, who: str) -> Hit:
    left = moment.before.since.get(who)
    does = "speaks" if line else "acts"
    why = f"left in beat {left}" if left else f"is not among those present in scene {moment.scene.id}"
    fix = "Give the line to someone who is there, let them enter first, or make it 'os' or 'vo'." if line else "Let them enter first."
    text = f"{who} {does} in beat {moment.beat.id}, but {why}. {fix}"
    shown = line.text if line else moment.beat.action
    return Hit(at(moment, line), quote(shown), text, f"absent:{who}@{left or moment.scene.id}", "info" if moment.dead(who) else None)


def dead_people(ledger: Ledger, _world: World) -> Iterator[Hit]:
    """C03: the dead neither speak nor act, unless they are revived; flashbacks, voice-over and narration are free."""
    for moment in ledger.moments:
        if not moment.before.dead:
            continue
        acts = [(line.speaker, line) for line in moment.beat.lines if line.kind in SPOKEN_ALIVE]
        deeds = [*moment.beat.actors, *(c.who for c in moment.beat.changes if c.kind in DEEDS)]
        for who, line in [*acts, *((who, None) for who in deeds)]:
            if who and moment.dead(who):
                since = moment.before.dead[who]
                text = (
                    f"{who} died in beat {since} and {'speaks' if line else 'acts'} in {moment.beat.id}. Revive them, or mark a flashback."
                )
                yield Hit(at(moment, line), quote(line.text if line else moment.beat.action), text, f"dead:{who}@{since}")


def needless_moves(ledger: Ledger, world: World) -> Iterator[Hit]:
    """C04: nobody enters who is there already, and nobody leaves who is not there."""
    for moment in ledger.moments:
        for step in moment.steps:
            who, kind = step.change.who, step.change.kind
            if who not in world.characters or kind not in ("enter", "exit"):
                continue
            here = who in step.before.present
            if here == (kind == "enter"):
                what = "enters, but is there already" if here else "leaves, but is not there"
                fix = (
                    f"Take {who} out of 'present' of {moment.scene.id}, or drop the change."
                    if here
                    else "Drop the change, or bring them in."
                )
                yield Hit(at(moment), quote(moment.beat.action), f"{who} {what}. {fix}", f"{kind}:{who}@{moment.scene.id}")


def two_places(ledger: Ledger, _world: World) -> Iterator[Hit]:
    """C05: nobody is in two places at one time: in two scenes that go on from the same one, or away from where they went."""
    played: dict[str, Scene] = {}
    follows: dict[str, list[Scene]] = {}
    for scene in ledger.script.scenes:
        before = played.get(scene.continuous_with or "")
        if before is not None and not scene.flashback:
            for who in sorted(ledger.begins[scene.id].present):
                yield from _apart(scene, who, ledger.ends[before.id].place.get(who), before)
                for other in follows.get(before.id, ()):
                    if other.location != scene.location and who in other.present:
                        text = f"{who} is in {other.location} ({other.id}) and in {scene.location} ({scene.id}) at the same time."
                        yield Hit((scene.id,), who, text + " Leave them out of one.", f"places:{who}@{scene.id}")
            follows.setdefault(before.id, []).append(scene)
        played[scene.id] = scene


def _apart(scene: Scene, who: str, went: str | None, before: Scene) -> Iterator[Hit]:
    """Yield a hit where someone was sent off to one place and goes on, at once, in another."""
    if went not in (None, before.location, scene.location):
        text = f"{who} went to {went} in {before.id}, but {scene.id}, which goes on at once, shows them in {scene.location}."
        yield Hit((scene.id,), who, text + " Move them there, or let time pass.", f"places:{who}@{scene.id}")
