"""S01, S02, S07 and S09-S11: shots that leave out, double, show the wrong people or cut badly."""

from __future__ import annotations

import itertools
import random

from mutators.common import Json, cast, lines, moments, pick


def uncovered(rng: random.Random, inputs: Json, board: Json) -> str | None:
    shot = pick(rng, [s for s in board["shots"] if s["lines"]])
    return shot and str(shot["lines"].pop())


def claimed_twice(rng: random.Random, inputs: Json, board: Json) -> str | None:
    shot = pick(rng, [s for s in board["shots"] if s["lines"]])
    if shot is None or len(board["shots"]) < 2:
        return None
    other = pick(rng, [s for s in board["shots"] if s is not shot])
    other["lines"].append(shot["lines"][0])
    return str(shot["lines"][0])


def out_of_order(rng: random.Random, inputs: Json, board: Json) -> str | None:
    shots = board["shots"]
    options = [i for i in range(len(shots) - 1) if shots[i]["beats"] != shots[i + 1]["beats"]]
    i = pick(rng, options)
    if i is None:
        return None
    shots[i], shots[i + 1] = shots[i + 1], shots[i]
    return str(shots[i + 1]["id"])


def shows_the_absent(rng: random.Random, inputs: Json, board: Json) -> str | None:
    played = {m.beat.id: m for m in moments(inputs, board)}
    options = [(s, w) for s in board["shots"] for w in cast(inputs) if not played[s["beats"][0]].there(w)]
    found = pick(rng, options)
    if not found:
        return None
    found[0]["visible"].append({"who": found[1], "x": 0.95})
    return str(found[0]["id"])


def hides_the_speaker(rng: random.Random, inputs: Json, board: Json) -> str | None:
    spoken = {x["id"]: x["speaker"] for x in lines(board)}
    options = [(s, spoken[x]) for s in board["shots"] for x in s["lines"] if x in spoken]
    found = pick(rng, options)
    if not found:
        return None
    found[0]["visible"] = [v for v in found[0]["visible"] if v["who"] != found[1]]
    return str(found[0]["id"])


def other_size(rng: random.Random, inputs: Json, board: Json) -> str | None:
    shot = pick(rng, board["shots"])
    shot["size"] = rng.choice([s for s in ("wide", "medium", "closeup", "extreme_closeup", "full") if s != shot["size"]])
    return str(shot["id"])


def swapped_sides(rng: random.Random, inputs: Json, board: Json) -> str | None:
    """Swap two people in a shot that follows one in which they stood the other way."""
    for one, other in itertools.pairwise(board["shots"]):
        if one["scene"] == other["scene"] and len(one["visible"]) == 2:
            a, b = one["visible"]
            other["visible"] = [{**a, "x": b["x"]}, {**b, "x": a["x"]}]
            return str(other["id"])
    return None


def same_eyes(rng: random.Random, inputs: Json, board: Json) -> str | None:
    for one, other in itertools.pairwise(board["shots"]):
        single = len(one["visible"]) == len(other["visible"]) == 1 and one["lines"] and other["lines"] and one["scene"] == other["scene"]
        if single and one["visible"][0]["who"] != other["visible"][0]["who"]:
            other["visible"][0]["facing"] = one["visible"][0]["facing"] = "left"
            return str(other["id"])
    return None


def jump_cut(rng: random.Random, inputs: Json, board: Json) -> str | None:
    options = [i for i in range(len(board["shots"]) - 1) if board["shots"][i]["scene"] == board["shots"][i + 1]["scene"]]
    i = pick(rng, options)
    if i is None:
        return None
    one, other = board["shots"][i], board["shots"][i + 1]
    other["size"], other["visible"] = one["size"], [dict(v) for v in one["visible"]]
    return str(other["id"])
