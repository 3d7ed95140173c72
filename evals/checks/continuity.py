"""C12, C13 and C16: wounds, knowledge and time go on from scene to scene."""

from __future__ import annotations

from collections.abc import Iterator

from evals.checks.hit import Hit, at, quote
from evals.checks.ledger import Ledger
from evals.checks.world import World
from prompts.story import DAYPARTS, Scene


def wounds(ledger: Ledger, _world: World) -> Iterator[Hit]:
    """C12: who is hurt does not go back to an unhurt look on the same day, unless time jumps."""
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
        if last is not None and _clock(scene) < _clock(last) and ledger.begins[scene.id].jumps == ledger.begins[last.id].jumps:
            before, now = (f"{s.daypart} of day {s.story_day}" for s in (last, scene))
            text = f"{scene.id} plays at {now}, after {last.id} at {before}. Go on in time, or declare a flashback or a 'time_jump'."
            yield Hit((scene.id,), f"{last.daypart} → {scene.daypart}", text, f"time:{scene.id}")
        last = scene


def _clock(scene: Scene) -> tuple[int, int]:
    return scene.story_day, DAYPARTS.index(scene.daypart)
