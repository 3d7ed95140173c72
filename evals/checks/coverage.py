"""S01 and S02: every beat and line is shot once, in order, and shots show people who are there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from evals.checks.hit import Hit, at, lines, quote
from evals.checks.ledger import Ledger, Moment
from evals.checks.world import World
from prompts.story import Line, PlannedShot

UNSEEN = ("vo", "os", "narration")


def covered(ledger: Ledger, _world: World) -> Iterator[Hit]:
    """S01: every beat has a shot, every line exactly one, and both in the order of the script, scene by scene."""
    if not ledger.shots:
        return
    shown = {name for shot in ledger.shots for name in shot.beats}
    claims = Counter(name for shot in ledger.shots for name in dict.fromkeys(shot.lines))
    for moment in ledger.moments:
        if moment.beat.id not in shown and not any(claims[line.id] for line in moment.beat.lines):
            text = f"No shot shows beat {moment.beat.id}. Add it to a shot's 'beats', or cut the beat."
            yield Hit(at(moment), quote(moment.beat.action), text, f"unshot:{moment.beat.id}")
    for moment, line in lines(ledger):
        if claims[line.id] != 1:
            many = "no shot carries" if not claims[line.id] else f"{claims[line.id]} shots carry"
            text = f"{many.capitalize()} line {line.id}. Every line belongs to exactly one shot."
            yield Hit(at(moment, line), quote(line.text), text, f"{'unshot' if not claims[line.id] else 'double'}:{line.id}")
    yield from _order(ledger)


def _order(ledger: Ledger) -> Iterator[Hit]:
    """Yield shots that show an earlier beat or line than the shot before them."""
    place = {m.beat.id: i for i, m in enumerate(ledger.moments)}
    spoken = {line.id: i for i, (_, line) in enumerate(lines(ledger))}
    for what, order in (("beat", place), ("line", spoken)):
        last, by = -1, ""
        for shot in ledger.shots:
            at_ids = [n for n in (shot.beats if what == "beat" else shot.lines) if n in order]
            if at_ids and order[at_ids[0]] < last:
                text = f"{shot.id} shows {what} {at_ids[0]} after {by}, which shows a later one. Keep to the order of the script."
                yield Hit((shot.scene, shot.id), at_ids[0], text, f"order:{shot.id}")
            if at_ids and order[at_ids[-1]] >= last:
                last, by = order[at_ids[-1]], shot.id


def framed(ledger: Ledger, world: World) -> Iterator[Hit]:
    """S02: who is visible is there in a beat of the shot, and who speaks in it is visible, off-screen or a voice-over."""
    moments = {m.beat.id: m for m in ledger.moments}
    spoken = {line.id: (moment, line) for moment, line in lines(ledger)}
    for shot in ledger.shots:
        shown = [moments[b] for b in shot.beats if b in moments]
        shown += [spoken[x][0] for x in shot.lines if x in spoken and spoken[x][0] not in shown]
        yield from _strangers(shot, shown, world)
        seen = {v.who for v in shot.visible}
        for _, line in (spoken[x] for x in shot.lines if x in spoken):
            yield from _unseen(shot, line, seen, world)


def _strangers(shot: PlannedShot, shown: list[Moment], world: World) -> Iterator[Hit]:
    for who in [v.who for v in shot.visible]:
        if shown and who in world.characters and not any(m.there(who) for m in shown):
            text = f"{shot.id} shows {who}, who is not there in {', '.join(m.beat.id for m in shown)}. Take them out, or let them enter."
            yield Hit((shot.scene, shot.id), who, text, f"stranger:{who}@{shot.id}")


def _unseen(shot: PlannedShot, line: Line, seen: set[str], world: World) -> Iterator[Hit]:
    # An insert or a reaction shot may well carry a voice: then the shot says whom it shows, and not that they speak.
    who = line.speaker
    if who in world.characters and who not in seen and line.kind not in UNSEEN and shot.size != "insert":
        text = f"{who} speaks {line.id} in {shot.id} and is not visible. Show {who}, or make the line 'os' or 'vo'."
        yield Hit((shot.scene, shot.id, line.id), quote(line.text), text, f"unseen:{who}@{shot.id}")
