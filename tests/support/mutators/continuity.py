"""C07-C16: ids, closed words, postures, props, looks, knowledge, places and times that do not go on."""

from __future__ import annotations

import itertools
import random

from mutators.common import Json, beats, cast, lines, moments, pick
from prompts.story import DAYPARTS


def forgotten(rng: random.Random, inputs: Json, board: Json) -> str | None:
    inputs["props"].append({"id": "amulet", "name": "the bronze amulet" if inputs["language"] == "en" else "青铜护身符", "descriptors": []})
    inputs["episode"]["outline"]["must_include"].append("amulet")
    return "script"


def double_id(rng: random.Random, inputs: Json, board: Json) -> str | None:
    found = [x for b in beats(board).values() for x in b["lines"]]
    if len(found) < 2:
        return None
    one, other = rng.sample(found, 2)
    other["id"] = one["id"]
    return str(one["id"])


def dangling_prop(rng: random.Random, inputs: Json, board: Json) -> str | None:
    beat = pick(rng, list(beats(board).values()))
    beat["props"] = [*beat["props"], rng.choice(("hair-pin", "lantern", "phone"))]
    return str(beat["id"])


def half_change(rng: random.Random, inputs: Json, board: Json) -> str | None:
    options = [
        (b, c)
        for b in beats(board).values()
        for c in b["changes"]
        if c["kind"] in ("give", "hold", "learn", "enter", "exit", "look", "posture") and ("who" in c or "prop" in c)
    ]
    found = pick(rng, options)
    if not found:
        return None
    found[1].pop("who" if "who" in found[1] else "prop")
    return str(found[0]["id"])


def dangling_place(rng: random.Random, inputs: Json, board: Json) -> str | None:
    scene = pick(rng, board["scenes"])
    scene["location"] = rng.choice(("hal", "roof", "teahouse"))
    return str(scene["id"])


def wrong_daypart(rng: random.Random, inputs: Json, board: Json) -> str | None:
    scene = pick(rng, board["scenes"])
    scene["daypart"] = rng.choice(("evening", "深夜", "midnight", "Night"))
    return str(scene["id"])


def wrong_size(rng: random.Random, inputs: Json, board: Json) -> str | None:
    shot = pick(rng, board["shots"])
    shot["size"] = rng.choice(("close-up", "ECU", "特写", "long"))
    return str(shot["id"])


def wrong_posture(rng: random.Random, inputs: Json, board: Json) -> str | None:
    played = {m.beat.id: m for m in moments(inputs, board)}
    options = [
        (shot, v["who"], played[shot["beats"][0]].before.postures[v["who"]][0]) for shot in board["shots"] for v in shot["visible"]
        if v["who"] in played[shot["beats"][0]].before.postures
        and not any(c["kind"] in ("posture", "time_jump") for c in beats(board)[shot["beats"][0]]["changes"])
    ]  # fmt: skip
    found = pick(rng, options)
    if not found:
        return None
    found[0]["postures"] = {found[1]: "lying" if found[2] != "lying" else "standing"}
    return str(found[0]["id"])


def foreign_hand(rng: random.Random, inputs: Json, board: Json) -> str | None:
    options = []
    for m in moments(inputs, board):
        for prop in m.beat.props:
            holder = m.before.holder.get(prop)
            others = sorted(m.before.present - {holder or ""} - set(m.before.dead))
            if holder and others and prop not in {c.prop for c in m.beat.changes}:
                options.append((m.beat.id, others[0]))
    found = pick(rng, options)
    if found:
        beats(board)[found[0]]["actors"] = [found[1]]
    return found and found[0]


def used_from_afar(rng: random.Random, inputs: Json, board: Json) -> str | None:
    """Let a prop be used that somebody else holds, in a beat that had none."""
    options = []
    for m in moments(inputs, board):
        for prop, holder in m.before.holder.items():
            if (
                holder
                and holder not in m.beat.actors
                and not m.beat.props
                and m.beat.actors
                and prop not in {c.prop for c in m.beat.changes}
            ):
                options.append((m.beat.id, prop))
    found = pick(rng, options)
    if found:
        beats(board)[found[0]]["props"] = [found[1]]
    return found and found[0]


def healed(rng: random.Random, inputs: Json, board: Json) -> str | None:
    options = []
    for m in moments(inputs, board):
        for who, (_, day, unhurt) in m.before.hurt.items():
            if day == m.scene.story_day and unhurt and not any(c.kind == "time_jump" for c in m.beat.changes):
                options.append((m.beat.id, who, unhurt))
    found = pick(rng, options)
    if found:
        beats(board)[found[0]]["changes"].insert(0, {"kind": "look", "who": found[1], "look": found[2]})
    return found and found[0]


def wrong_look(rng: random.Random, inputs: Json, board: Json) -> str | None:
    flash = {s["id"] for s in board["scenes"] if s["flashback"]}
    options = [(shot, v) for shot in board["shots"] for v in shot["visible"] if v.get("look") and shot["scene"] not in flash]
    options = [
        (s, v)
        for s, v in options
        if not any(c.get("who") == v["who"] and c["kind"] in ("look", "injure") for c in beats(board)[s["beats"][0]]["changes"])
    ]
    found = pick(rng, options)
    if not found:
        return None
    found[1]["look"] = next(x for x in ("day", "night", "hurt") if x != found[1]["look"])
    return str(found[0]["id"])


def knows_too_early(rng: random.Random, inputs: Json, board: Json) -> str | None:
    options = []
    for m in moments(inputs, board):
        for line in m.beat.lines:
            for fact in ("drowned", "heir"):
                told = {f for x in m.beat.lines for f in x.asserts} | {c.fact for c in m.beat.changes}
                if (
                    line.kind == "dialogue"
                    and line.speaker in cast(inputs)
                    and fact not in m.before.knows.get(line.speaker or "", ())
                    and fact not in told
                ):
                    options.append((line.id, fact))
    found = pick(rng, options)
    if found:
        next(x for x in lines(board) if x["id"] == found[0])["asserts"] = [found[1]]
    return found and found[0]


def revealed_twice(rng: random.Random, inputs: Json, board: Json) -> str | None:
    played = [m for m in moments(inputs, board) if not m.scene.flashback]
    options = []
    for i, m in enumerate(played):
        for c in m.beat.changes:
            heard = m.before.present | m.after.present | {c.who}
            options += [(x.beat.id, c.fact) for x in played[i + 1 :] if c.kind == "reveal" and x.before.present | x.after.present <= heard]
    found = pick(rng, options)
    if found:
        beats(board)[found[0]]["changes"].append({"kind": "reveal", "fact": found[1]})
    return found and found[0]


def denied(rng: random.Random, inputs: Json, board: Json) -> str | None:
    flash = {b["id"] for s in board["scenes"] if s["flashback"] for b in s["beats"]}
    said: dict[tuple[str, str], bool] = {}
    options = []
    for name, beat in beats(board).items():
        for line in beat["lines"] if name not in flash else ():
            options += [(line, f) for w, f in said if w == line["speaker"] and line["kind"] == "dialogue"]
            said |= {(line["speaker"], f): True for f in line["asserts"]}
    found = pick(rng, options)
    if found:
        found[0]["denies"] = [found[1]]
    return found and str(found[0]["id"])


SHIFTS = {
    "en": (
        "The next day she is gone.",
        "Three hours later the room is empty.",
        "Meanwhile, in the kitchen, a kettle boils over.",
        "CUT TO: the harbour.",
        "The following morning a crowd has gathered.",
        "Later that night a light burns in the window.",
        "EXT. HARBOUR - NIGHT",
        "We cut to the old bridge.",
        "A week later he returns.",
        "Elsewhere, a phone rings.",
        "Across town, a door opens.",
    ),
    "zh": (
        "第二天，人已经不在了。",
        "三个小时后，屋里空无一人。",
        "与此同时，厨房里水开了。",
        "镜头切到码头。",
        "次日清晨，门口围满了人。",
        "当晚，窗里亮着灯。",
        "转场：老桥。",
        "一周后，他回来了。",
        "另一边，电话响了。",
        "画面切换到医院走廊。",
        "几天后，雨停了。",
    ),
}


def shifted(rng: random.Random, inputs: Json, board: Json) -> str | None:
    options = [b for s in board["scenes"] for b in s["beats"][1:] if not any(c["kind"] == "time_jump" for c in b["changes"])]
    beat = pick(rng, options)
    if beat:
        text = rng.choice(SHIFTS[inputs["language"]])
        beat["action"] = text if rng.random() < 0.5 else f"{text} {beat['action']}"
    return beat and str(beat["id"])


def backwards(rng: random.Random, inputs: Json, board: Json) -> str | None:
    scenes = [s for s in board["scenes"] if not s["flashback"]]
    for before, scene in itertools.pairwise(scenes):
        jumps = any(c["kind"] == "time_jump" for b in (*before["beats"], scene["beats"][0]) for c in b["changes"])
        if not jumps and before["daypart"] in DAYPARTS[1:]:
            scene["daypart"], scene["story_day"] = DAYPARTS[DAYPARTS.index(before["daypart"]) - 1], before["story_day"]
            return str(scene["id"])
    return None
