"""C06 and C07: names that are mistaken for each other, and what is declared and then forgotten."""

from __future__ import annotations

from collections.abc import Iterator

from evals.checks.hit import Hit, lines
from evals.checks.ledger import Ledger
from evals.checks.world import World
from prompts.story import Character
from prompts.text import count

SHORTEST = 3
"""Names with fewer letters or signs differ by one of them all the time: Mei and Wei, 陈素 and 陈默."""


def alike(ledger: Ledger, world: World) -> Iterator[Hit]:
    """C06: no two people of a script go by one name, or by names that differ in a single letter."""
    seen = _on_stage(ledger)
    people = [c for c in world.characters.values() if c.id in seen]
    for index, one in enumerate(people):
        for other in people[index + 1 :]:
            pair = _same(one, other)
            if pair:
                text = f"{one.id} is called {pair[0]!r} and {other.id} {pair[1]!r}. Rename one: viewers and models mix them up."
                yield Hit(("script",), f"{pair[0]} / {pair[1]}", text, f"alike:{one.id}:{other.id}")


def _on_stage(ledger: Ledger) -> set[str]:
    seen = {who for scene in ledger.script.scenes for who in scene.present}
    for moment in ledger.moments:
        seen.update(moment.beat.actors, (line.speaker for line in moment.beat.lines if line.speaker))
        seen.update(change.who for change in moment.beat.changes if change.who)
    return seen


def _same(one: Character, other: Character) -> tuple[str, str] | None:
    # Imported here: most casts are never compared letter by letter.
    from rapidfuzz.distance import Levenshtein

    for a in (one.name, *one.aliases):
        for b in (other.name, *other.aliases):
            x, y = a.casefold().strip(), b.casefold().strip()
            long_enough = min(len(x), len(y)) > SHORTEST or (min(len(x), len(y)) == SHORTEST and count(x + y).signs)
            if x and (x == y or (long_enough and Levenshtein.distance(x, y, score_cutoff=1) <= 1)):
                return a, b
    return None


def unused(ledger: Ledger, world: World) -> Iterator[Hit]:
    """C07: what the outline says must be in the episode is in it; who is listed as present does something somewhere."""
    used = _used(ledger)
    told = _told(ledger)
    for name in world.must_include:
        if name not in used and not any(word in told for word in world.names(name)):
            text = f"The outline wants {name!r} in this episode, and nothing in the script uses it."
            yield Hit(("script",), name, text, f"missing:{name}")
    busy = used - {who for scene in ledger.script.scenes for who in scene.present}
    busy |= _doing(ledger)
    for scene in ledger.script.scenes:
        for who in scene.present:
            if who in world.characters and who not in busy and not any(word in told for word in world.names(who)):
                text = f"{who} is present in {scene.id} and does nothing in the whole script. Give them something to do, or leave them out."
                yield Hit((scene.id,), who, text, f"idle:{who}", "info")


def _doing(ledger: Ledger) -> set[str]:
    out = {line.speaker for _, line in lines(ledger) if line.speaker}
    for moment in ledger.moments:
        out.update(moment.beat.actors)
        out.update(x for change in moment.beat.changes for x in (change.who, change.to) if x)
    return out


def _used(ledger: Ledger) -> set[str]:
    """Return every id that the script names anywhere."""
    out = {scene.location for scene in ledger.script.scenes} | {who for scene in ledger.script.scenes for who in scene.present}
    for moment in ledger.moments:
        out.update(moment.beat.actors, moment.beat.props)
        for change in moment.beat.changes:
            out.update(x for x in (change.who, change.to, change.prop, change.fact, change.look, change.place) if x)
    for _, line in lines(ledger):
        out.update(line.asserts, line.denies, [line.speaker] if line.speaker else [])
    return out


def _told(ledger: Ledger) -> str:
    return "\n".join([*(m.beat.action for m in ledger.moments), *(line.text for _, line in lines(ledger))]).casefold()
