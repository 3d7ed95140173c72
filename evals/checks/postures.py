"""C10: nobody changes posture between two beats without a `posture` change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from evals.checks.hit import Hit, at, quote
from evals.checks.ledger import Ledger, Moment
from evals.checks.world import World


def postures(ledger: Ledger, _world: World) -> Iterator[Hit]:
    """C10: a `posture` change changes something, and shots and scenes that go on at once show who sits as sitting."""
    for moment in ledger.moments:
        yield from _needless(moment)
    for scene in ledger.script.scenes:
        before = ledger.ends.get(scene.continuous_with or "")
        if before and not scene.flashback:
            yield from _against(scene.postures, before.postures, (scene.id,))
    moments = {m.beat.id: m for m in ledger.moments}
    for shot in ledger.shots:
        shown = [moments[b] for b in shot.beats if b in moments]
        if shown:
            # Changes happen within a beat: a shot of it may show the posture before or after.
            free = {step.change.who for m in shown for step in m.steps if step.change.kind in ("posture", "time_jump")}
            asked = {who: p for who, p in shot.postures.items() if who not in free and None not in free}
            yield from _against(asked, shown[0].before.postures, (shot.scene, shot.id))


def _needless(moment: Moment) -> Iterator[Hit]:
    for step in moment.steps:
        change, known = step.change, step.before.postures.get(step.change.who or "")
        if change.kind == "posture" and known and change.posture == known[0]:
            text = f"{change.who} changes to {change.posture!r} in {moment.beat.id}, but is that already since {known[1]}. Drop one."
            yield Hit(at(moment), quote(moment.beat.action), text, f"posture:{change.who}@{known[1]}")


def _against(shown: Mapping[str, str], known: Mapping[str, tuple[str, str]], where: tuple[str, ...]) -> Iterator[Hit]:
    for who, posture in shown.items():
        if who in known and known[who][0] != posture:
            was, since = known[who]
            text = f"{who} is {was} since {since} and {posture} in {where[-1]}. Add a 'posture' change between, or keep {who} {was}."
            yield Hit(where, f"{was} → {posture}", text, f"posture:{who}@{where[-1]}")
