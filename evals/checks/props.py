"""C11: a prop is used by who holds it, and changes hands only by a change."""

from __future__ import annotations

from collections.abc import Iterator

from evals.checks.hit import Hit, at, quote
from evals.checks.ledger import START, Ledger, Moment, Step
from evals.checks.world import World


def holders(ledger: Ledger, _world: World) -> Iterator[Hit]:
    """C11: nobody uses, gives or drops what another holds, takes it from someone who is away, or uses what was put down.

    A prop that was never anyone's belongs to the place and is free for all until someone takes it.
    """
    for moment in ledger.moments:
        for prop in moment.beat.props:
            yield from _use(moment, prop)
        for step in moment.steps:
            yield from _transfer(moment, step)


def _use(moment: Moment, prop: str) -> Iterator[Hit]:
    if prop not in moment.before.holder or prop in {c.prop for c in moment.beat.changes}:
        return  # free, or in motion in this very beat: then the transfer is judged
    holder = moment.before.holder[prop]
    users = moment.beat.actors or [line.speaker for line in moment.beat.lines if line.speaker]
    if holder is None:
        where = moment.before.lies.get(prop, "somewhere")
        text = (
            f"{prop} is used in {moment.beat.id}, but was put down in {where} (beat {_since(moment, prop)}). Let someone 'hold' it first."
        )
        yield _hit(moment, prop, text)
    elif users and holder not in users:
        text = (
            f"{' and '.join(users)} use {prop} in {moment.beat.id}, but {holder} holds it since {_since(moment, prop)}. Hand it over first."
        )
        yield _hit(moment, prop, text)


def _transfer(moment: Moment, step: Step) -> Iterator[Hit]:
    change, state = step.change, step.before
    if change.prop is None or change.prop not in state.holder:
        return
    holder = state.holder[change.prop]
    if change.kind in ("give", "drop") and change.who is not None and holder != change.who:
        has = f"{holder} holds it" if holder else "it was put down"
        text = f"{change.who} cannot {change.kind} {change.prop} in {moment.beat.id}: {has} since {_since(moment, change.prop)}."
        yield _hit(moment, change.prop, text)
    elif change.kind == "hold" and holder not in (None, change.who) and not moment.there(holder or ""):
        text = f"{change.who} takes {change.prop} in {moment.beat.id} from {holder}, who is not there. Let it be left behind first."
        yield _hit(moment, change.prop, text)


def _since(moment: Moment, prop: str) -> str:
    return moment.before.handed.get(prop, f"the {START}")


def _hit(moment: Moment, prop: str, text: str) -> Hit:
    return Hit(at(moment), quote(moment.beat.action), text, f"prop:{prop}@{moment.before.handed.get(prop, START)}")
