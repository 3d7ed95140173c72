"""C14: a secret comes out once, and who has told it does not deny it."""

from __future__ import annotations

from collections.abc import Iterator

from evals.checks.hit import Hit, at, quote
from evals.checks.ledger import Ledger, Moment
from evals.checks.world import World
from prompts.story import Change

Told = dict[str, tuple[str, frozenset[str]]]


def reveals(ledger: Ledger, _world: World) -> Iterator[Hit]:
    """C14: no fact is revealed again to people who were there the first time, learned twice, or denied by who told it.

    What a flashback shows explains the present, so nothing in it is a repetition. Talking about a known fact is none either:
    only declared `learn` and `reveal` count.
    """
    told: Told = {}
    learned: dict[tuple[str, str], str] = {}
    said: dict[tuple[str, str], str] = {}
    for moment in ledger.moments:
        if not moment.scene.flashback:
            yield from _denials(moment, told, said)
            for change in moment.beat.changes:
                yield from _twice(moment, change, told, learned)


def _twice(moment: Moment, change: Change, told: Told, learned: dict[tuple[str, str], str]) -> Iterator[Hit]:
    fact = change.fact or ""
    if change.kind == "reveal" and fact:
        hears = frozenset(w for w in (*moment.before.present, *moment.after.present, change.who, change.to) if w)
        first, heard = told.get(fact, (moment.beat.id, hears))
        if fact in told and hears <= heard:
            text = f"{fact!r} is revealed in {moment.beat.id} to people who were there when it came out in {first}. Drop one."
            yield Hit(at(moment), quote(_shown(moment)), text, f"twice:{fact}")
        told[fact] = (first, heard | hears)
        learned.update({(who, fact): moment.beat.id for who in hears if (who, fact) not in learned})
    elif change.kind == "learn" and fact and change.who:
        first_learned = learned.setdefault((change.who, fact), moment.beat.id)
        if first_learned != moment.beat.id:
            text = f"{change.who} learns {fact!r} in {moment.beat.id}, but knows it since {first_learned}. Drop one."
            yield Hit(at(moment), quote(_shown(moment)), text, f"twice:{change.who}:{fact}")


def _denials(moment: Moment, told: Told, said: dict[tuple[str, str], str]) -> Iterator[Hit]:
    for line in moment.beat.lines:
        who = line.speaker or ""
        for fact in line.denies:
            since = said.get((who, fact)) if line.kind != "narration" else told.get(fact, (None,))[0]
            if since:
                one = who if line.kind != "narration" else "The narration"
                text = f"{one} denies {fact!r} in {line.id}, which came out in {since}. Keep to one truth, or give the line to another."
                yield Hit(at(moment, line), quote(line.text), text, f"denied:{who}:{fact}")
        said.update({(who, fact): line.id for fact in line.asserts if who})


def _shown(moment: Moment) -> str:
    return moment.beat.action or (moment.beat.lines[0].text if moment.beat.lines else moment.beat.id)
