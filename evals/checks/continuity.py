"""C12, C13 and C16: looks, wounds, knowledge and time go on from scene to scene."""

from __future__ import annotations

from collections.abc import Iterator

from evals.checks.hit import Hit, at, quote
from evals.checks.ledger import START, Ledger
from evals.checks.world import World
from prompts.story import DAYPARTS, Scene


def looks(ledger: Ledger, _world: World) -> Iterator[Hit]:
    """C12: who is hurt does not go back to an unhurt look on the same day, and shots show the look that is worn."""
    for moment in ledger.moments:
        for step in moment.steps:
            who = step.change.who or ""
            if step.change.kind != "look" or who not in step.before.hurt:
                continue
            since, day, unhurt = step.before.hurt[who]
            if day == moment.scene.story_day and step.change.look == unhurt:
                text = (
                    f"{who} was hurt in beat {since} and looks unhurt again ({unhurt}) on the same day. Keep the wound, or let time pass."
                )
                yield Hit(at(moment), quote(moment.beat.action), text, f"wound:{who}@{since}")

    yield from _worn(ledger)


def _worn(ledger: Ledger) -> Iterator[Hit]:
    """Yield shots that show another look than the one that the script has put on; within the beat of a change both are right."""
    moments = {m.beat.id: m for m in ledger.moments}
    for shot in ledger.shots:
        shown = [moments[b] for b in shot.beats if b in moments]
        for seen in shot.visible if shown and not shown[0].scene.flashback else ():
            right = {state.looks.get(seen.who) for m in shown for state in (m.before, m.after)}
            if seen.look and None not in right and seen.look not in right:
                worn = " or ".join(sorted(x for x in right if x))
                since = shown[-1].after.dressed.get(seen.who, f"the {START}")
                text = (
                    f"{seen.who} wears {worn} since {since}, and {shot.id} shows {seen.look}. Show {worn}, or add a 'look' change before."
                )
                yield Hit((shot.scene, shot.id), seen.look, text, f"look:{seen.who}:{seen.look}@{shot.scene}")


def knowledge(ledger: Ledger, world: World) -> Iterator[Hit]:
    """C13: who asserts a fact knows it by then; voice-over and narration look back and are free."""
    for moment in ledger.moments:
        heard: set[str] = set()  # in this beat, so far: who is told something may answer at once
        for line in moment.beat.lines:
            if line.speaker is None or line.kind not in ("dialogue", "os"):
                continue
            # What is learned by a change of this beat may be said in it.
            own = {c.fact for c in moment.beat.changes if c.kind == "reveal" or c.who == line.speaker}
            known = moment.before.knows.get(line.speaker, frozenset()) | own | heard
            for fact in line.asserts:
                if fact in world.facts and line.speaker in world.characters and fact not in known:
                    text = f"{line.speaker} says {fact!r} in {line.id} without having learned it. Add a 'learn' or 'reveal' before."
                    yield Hit(at(moment, line), quote(line.text), text, f"unlearned:{line.speaker}:{fact}")
            heard.update(line.asserts)


def time(ledger: Ledger, _world: World) -> Iterator[Hit]:
    """C16: from scene to scene time stands still or goes on, unless a scene is a flashback or a `time_jump` was declared."""
    last: Scene | None = None
    for scene in ledger.script.scenes:
        if scene.flashback or scene.daypart not in DAYPARTS:
            continue
        jumped = ledger.begins[scene.id].jumps > (ledger.begins[last.id].jumps if last else 0)
        # A jump may be declared where it is left or where it arrives.
        jumped = jumped or any(change.kind == "time_jump" for change in scene.beats[0].changes)
        if last is not None and _clock(scene) < _clock(last) and not jumped:
            before, now = (f"{s.daypart} of day {s.story_day}" for s in (last, scene))
            text = f"{scene.id} plays at {now}, after {last.id} at {before}. Go on in time, or declare a flashback or a 'time_jump'."
            yield Hit((scene.id,), f"{last.daypart} → {scene.daypart}", text, f"time:{scene.id}")
        last = scene


def _clock(scene: Scene) -> tuple[int, int]:
    return scene.story_day, DAYPARTS.index(scene.daypart)
