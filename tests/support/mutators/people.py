"""C01-C06: people who are not in the cast, not there, dead, in two places, or easily mixed up."""

from __future__ import annotations

import itertools
import random

from mutators.common import Json, beats, cast, lines, moments, pick


def speaker_misspelled(rng: random.Random, inputs: Json, board: Json) -> str | None:
    line = pick(rng, lines(board))
    if line:
        line["speaker"] = rng.choice((line["speaker"] + "x", line["speaker"][:-1] + "e", f"{line['speaker']}-2"))
    return line and line["id"]


def stranger_acts(rng: random.Random, inputs: Json, board: Json) -> str | None:
    beat = pick(rng, list(beats(board).values()))
    beat["actors"] = [*beat["actors"], rng.choice(("waiter", "old-wang", "driver"))]
    return str(beat["id"])


def absent_speaks(rng: random.Random, inputs: Json, board: Json) -> str | None:
    options = [
        (line.id, who) for m in moments(inputs, board) for line in m.beat.lines if line.kind == "dialogue" and line.speaker
        for who in cast(inputs) if not m.there(who) and not m.dead(who)
    ]  # fmt: skip
    found = pick(rng, options)
    if found:
        next(x for x in lines(board) if x["id"] == found[0])["speaker"] = found[1]
    return found and found[0]


def absent_acts(rng: random.Random, inputs: Json, board: Json) -> str | None:
    options = [(m.beat.id, who) for m in moments(inputs, board) for who in cast(inputs) if not m.there(who) and not m.dead(who)]
    found = pick(rng, options)
    if found:
        beats(board)[found[0]]["actors"].append(found[1])
    return found and found[0]


def dead_speaks(rng: random.Random, inputs: Json, board: Json) -> str | None:
    """Let somebody die some beats before a line of theirs."""
    played = [m for m in moments(inputs, board) if not m.scene.flashback]
    immortal = {c["id"] for c in inputs["characters"] if c["immune_to_death"]}
    options = []
    for i, early in enumerate(played):
        for late in played[i + 1 :]:
            for line in late.beat.lines:
                who = line.speaker or ""
                if line.kind in ("dialogue", "os") and who in cast(inputs) and who not in immortal and who not in early.before.dead:
                    options.append((early.beat.id, who, line.id))
    found = pick(rng, options)
    if found and not any(c["kind"] == "revive" for b in beats(board).values() for c in b["changes"]):
        beats(board)[found[0]]["changes"].insert(0, {"kind": "die", "who": found[1]})
        return str(found[2])
    return None


def enters_twice(rng: random.Random, inputs: Json, board: Json) -> str | None:
    options = [
        (m.beat.id, w) for m in moments(inputs, board) for w in sorted(m.before.present) if not any(c.who == w for c in m.beat.changes)
    ]
    found = pick(rng, options)
    if found:
        beats(board)[found[0]]["changes"].append({"kind": "enter", "who": found[1]})
    return found and found[0]


def leaves_unseen(rng: random.Random, inputs: Json, board: Json) -> str | None:
    options = [(m.beat.id, w) for m in moments(inputs, board) for w in cast(inputs) if not m.there(w)]
    found = pick(rng, options)
    if found:
        beats(board)[found[0]]["changes"].append({"kind": "exit", "who": found[1]})
    return found and found[0]


def two_places(rng: random.Random, inputs: Json, board: Json) -> str | None:
    """Send somebody off to a third place, and show them at once in another."""
    places = [x["id"] for x in inputs["locations"]]
    for before, scene in itertools.pairwise(board["scenes"]):
        third = [p for p in places if p not in (before["location"], scene["location"])]
        ends = [m for m in moments(inputs, board) if m.scene.id == before["id"]][-1].after.present
        who = sorted(ends & set(scene["present"]))
        if third and who and not scene["flashback"] and not before["flashback"]:
            before["beats"][-1]["changes"].append({"kind": "move", "who": who[0], "place": third[0]})
            scene["continuous_with"] = before["id"]
            return str(scene["id"])
    return None


def same_name(rng: random.Random, inputs: Json, board: Json) -> str | None:
    seen = sorted({w for s in board["scenes"] for w in s["present"]})
    if len(seen) < 2:
        return None
    one, other = ({c["id"]: c for c in inputs["characters"]}[w] for w in rng.sample(seen, 2))
    one["aliases"] = [*one["aliases"], other["name"]]
    return "script"


def near_name(rng: random.Random, inputs: Json, board: Json) -> str | None:
    seen = sorted({w for s in board["scenes"] for w in s["present"]})
    if len(seen) < 2:
        return None
    one, other = ({c["id"]: c for c in inputs["characters"]}[w] for w in rng.sample(seen, 2))
    base = other["name"] if len(other["name"]) > 2 else other["name"] + "儿"
    other["name"], one["name"] = base, base[:-1] + ("y" if base.isascii() else "子")
    return "script"
