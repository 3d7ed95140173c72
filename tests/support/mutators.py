"""Careless edits, at least one for each check: what a writer or a model gets wrong, put into a clean world.

Each mutator changes a copy in place and returns the id where the fault is now, or None where the world gives no opportunity.
Those of tier X draw from sentences written for this file, not from the checks' own word lists, so that recall means something.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from evals.checks.ledger import Moment, build
from evals.checks.world import World as Judged
from prompts.story import Storyboard

Json = dict[str, Any]
Mutator = Callable[[random.Random, Json, Json], str | None]


def _moments(inputs: Json, board: Json) -> tuple[Moment, ...]:
    return build(Storyboard.model_validate(board), Judged.of_case(inputs)).moments


def _beats(board: Json) -> dict[str, Json]:
    return {b["id"]: b for s in board["scenes"] for b in s["beats"]}


def _lines(board: Json, kind: str = "dialogue") -> list[Json]:
    return [x for b in _beats(board).values() for x in b["lines"] if x["kind"] == kind and x["speaker"]]


def _cast(inputs: Json) -> list[str]:
    return [c["id"] for c in inputs["characters"]]


def _pick(rng: random.Random, options: list[Any]) -> Any:
    return rng.choice(options) if options else None


def _speaker_misspelled(rng: random.Random, inputs: Json, board: Json) -> str | None:
    line = _pick(rng, _lines(board))
    if line:
        line["speaker"] = rng.choice((line["speaker"] + "x", line["speaker"][:-1] + "e", f"{line['speaker']}-2"))
    return line and line["id"]


def _stranger_acts(rng: random.Random, inputs: Json, board: Json) -> str | None:
    beat = _pick(rng, list(_beats(board).values()))
    beat["actors"] = [*beat["actors"], rng.choice(("waiter", "old-wang", "driver"))]
    return str(beat["id"])


def _absent_speaks(rng: random.Random, inputs: Json, board: Json) -> str | None:
    options = [
        (line.id, who) for m in _moments(inputs, board) for line in m.beat.lines if line.kind == "dialogue" and line.speaker
        for who in _cast(inputs) if not m.there(who) and not m.dead(who)
    ]  # fmt: skip
    found = _pick(rng, options)
    if found:
        next(x for x in _lines(board) if x["id"] == found[0])["speaker"] = found[1]
    return found and found[0]


def _absent_acts(rng: random.Random, inputs: Json, board: Json) -> str | None:
    options = [(m.beat.id, who) for m in _moments(inputs, board) for who in _cast(inputs) if not m.there(who) and not m.dead(who)]
    found = _pick(rng, options)
    if found:
        _beats(board)[found[0]]["actors"].append(found[1])
    return found and found[0]


def _dead_speaks(rng: random.Random, inputs: Json, board: Json) -> str | None:
    """Let somebody die some beats before a line of theirs."""
    moments = [m for m in _moments(inputs, board) if not m.scene.flashback]
    immortal = {c["id"] for c in inputs["characters"] if c["immune_to_death"]}
    options = []
    for i, early in enumerate(moments):
        for late in moments[i + 1 :]:
            for line in late.beat.lines:
                who = line.speaker or ""
                if line.kind in ("dialogue", "os") and who in _cast(inputs) and who not in immortal and who not in early.before.dead:
                    options.append((early.beat.id, who, line.id))
    found = _pick(rng, options)
    if found and not any(c["kind"] == "revive" for b in _beats(board).values() for c in b["changes"]):
        _beats(board)[found[0]]["changes"].insert(0, {"kind": "die", "who": found[1]})
        return str(found[2])
    return None


def _enters_twice(rng: random.Random, inputs: Json, board: Json) -> str | None:
    options = [
        (m.beat.id, w) for m in _moments(inputs, board) for w in sorted(m.before.present) if not any(c.who == w for c in m.beat.changes)
    ]
    found = _pick(rng, options)
    if found:
        _beats(board)[found[0]]["changes"].append({"kind": "enter", "who": found[1]})
    return found and found[0]


def _leaves_unseen(rng: random.Random, inputs: Json, board: Json) -> str | None:
    options = [(m.beat.id, w) for m in _moments(inputs, board) for w in _cast(inputs) if not m.there(w)]
    found = _pick(rng, options)
    if found:
        _beats(board)[found[0]]["changes"].append({"kind": "exit", "who": found[1]})
    return found and found[0]


def _two_places(rng: random.Random, inputs: Json, board: Json) -> str | None:
    """Send somebody off to a third place, and show them at once in another."""
    places = [x["id"] for x in inputs["locations"]]
    for before, scene in itertools.pairwise(board["scenes"]):
        third = [p for p in places if p not in (before["location"], scene["location"])]
        ends = [m for m in _moments(inputs, board) if m.scene.id == before["id"]][-1].after.present
        who = sorted(ends & set(scene["present"]))
        if third and who and not scene["flashback"] and not before["flashback"]:
            before["beats"][-1]["changes"].append({"kind": "move", "who": who[0], "place": third[0]})
            scene["continuous_with"] = before["id"]
            return str(scene["id"])
    return None


def _same_name(rng: random.Random, inputs: Json, board: Json) -> str | None:
    seen = sorted({w for s in board["scenes"] for w in s["present"]})
    if len(seen) < 2:
        return None
    one, other = ({c["id"]: c for c in inputs["characters"]}[w] for w in rng.sample(seen, 2))
    one["aliases"] = [*one["aliases"], other["name"]]
    return "script"


def _near_name(rng: random.Random, inputs: Json, board: Json) -> str | None:
    seen = sorted({w for s in board["scenes"] for w in s["present"]})
    if len(seen) < 2:
        return None
    one, other = ({c["id"]: c for c in inputs["characters"]}[w] for w in rng.sample(seen, 2))
    base = other["name"] if len(other["name"]) > 2 else other["name"] + "儿"
    other["name"], one["name"] = base, base[:-1] + ("y" if base.isascii() else "子")
    return "script"


def _forgotten(rng: random.Random, inputs: Json, board: Json) -> str | None:
    inputs["props"].append({"id": "amulet", "name": "the bronze amulet" if inputs["language"] == "en" else "青铜护身符", "descriptors": []})
    inputs["episode"]["outline"]["must_include"].append("amulet")
    return "script"


def _double_id(rng: random.Random, inputs: Json, board: Json) -> str | None:
    found = [x for b in _beats(board).values() for x in b["lines"]]
    if len(found) < 2:
        return None
    one, other = rng.sample(found, 2)
    other["id"] = one["id"]
    return str(one["id"])


def _dangling_prop(rng: random.Random, inputs: Json, board: Json) -> str | None:
    beat = _pick(rng, list(_beats(board).values()))
    beat["props"] = [*beat["props"], rng.choice(("hair-pin", "lantern", "phone"))]
    return str(beat["id"])


def _half_change(rng: random.Random, inputs: Json, board: Json) -> str | None:
    options = [
        (b, c)
        for b in _beats(board).values()
        for c in b["changes"]
        if c["kind"] in ("give", "hold", "learn", "enter", "exit", "look", "posture")
    ]
    found = _pick(rng, options)
    if not found:
        return None
    found[1].pop("who" if "who" in found[1] else "prop")
    return str(found[0]["id"])


def _dangling_place(rng: random.Random, inputs: Json, board: Json) -> str | None:
    scene = _pick(rng, board["scenes"])
    scene["location"] = rng.choice(("hal", "roof", "teahouse"))
    return str(scene["id"])


def _wrong_daypart(rng: random.Random, inputs: Json, board: Json) -> str | None:
    scene = _pick(rng, board["scenes"])
    scene["daypart"] = rng.choice(("evening", "深夜", "midnight", "Night"))
    return str(scene["id"])


def _wrong_size(rng: random.Random, inputs: Json, board: Json) -> str | None:
    shot = _pick(rng, board["shots"])
    shot["size"] = rng.choice(("close-up", "ECU", "特写", "long"))
    return str(shot["id"])


def _wrong_posture(rng: random.Random, inputs: Json, board: Json) -> str | None:
    moments = {m.beat.id: m for m in _moments(inputs, board)}
    options = [
        (shot, v["who"], moments[shot["beats"][0]].before.postures[v["who"]][0]) for shot in board["shots"] for v in shot["visible"]
        if v["who"] in moments[shot["beats"][0]].before.postures
        and not any(c["kind"] in ("posture", "time_jump") for c in _beats(board)[shot["beats"][0]]["changes"])
    ]  # fmt: skip
    found = _pick(rng, options)
    if not found:
        return None
    found[0]["postures"] = {found[1]: "lying" if found[2] != "lying" else "standing"}
    return str(found[0]["id"])


def _foreign_hand(rng: random.Random, inputs: Json, board: Json) -> str | None:
    options = []
    for m in _moments(inputs, board):
        for prop in m.beat.props:
            holder = m.before.holder.get(prop)
            others = sorted(m.before.present - {holder or ""} - set(m.before.dead))
            if holder and others and prop not in {c.prop for c in m.beat.changes}:
                options.append((m.beat.id, others[0]))
    found = _pick(rng, options)
    if found:
        _beats(board)[found[0]]["actors"] = [found[1]]
    return found and found[0]


def _used_from_afar(rng: random.Random, inputs: Json, board: Json) -> str | None:
    """Let a prop be used that somebody else holds, in a beat that had none."""
    options = []
    for m in _moments(inputs, board):
        for prop, holder in m.before.holder.items():
            if (
                holder
                and holder not in m.beat.actors
                and not m.beat.props
                and m.beat.actors
                and prop not in {c.prop for c in m.beat.changes}
            ):
                options.append((m.beat.id, prop))
    found = _pick(rng, options)
    if found:
        _beats(board)[found[0]]["props"] = [found[1]]
    return found and found[0]


def _healed(rng: random.Random, inputs: Json, board: Json) -> str | None:
    options = []
    for m in _moments(inputs, board):
        for who, (_, day, unhurt) in m.before.hurt.items():
            if day == m.scene.story_day and unhurt and not any(c.kind == "time_jump" for c in m.beat.changes):
                options.append((m.beat.id, who, unhurt))
    found = _pick(rng, options)
    if found:
        _beats(board)[found[0]]["changes"].insert(0, {"kind": "look", "who": found[1], "look": found[2]})
    return found and found[0]


def _wrong_look(rng: random.Random, inputs: Json, board: Json) -> str | None:
    flash = {s["id"] for s in board["scenes"] if s["flashback"]}
    options = [(shot, v) for shot in board["shots"] for v in shot["visible"] if v["look"] and shot["scene"] not in flash]
    options = [
        (s, v)
        for s, v in options
        if not any(c.get("who") == v["who"] and c["kind"] in ("look", "injure") for c in _beats(board)[s["beats"][0]]["changes"])
    ]
    found = _pick(rng, options)
    if not found:
        return None
    found[1]["look"] = next(x for x in ("day", "night", "hurt") if x != found[1]["look"])
    return str(found[0]["id"])


def _knows_too_early(rng: random.Random, inputs: Json, board: Json) -> str | None:
    options = []
    for m in _moments(inputs, board):
        for line in m.beat.lines:
            for fact in ("drowned", "heir"):
                told = {f for x in m.beat.lines for f in x.asserts} | {c.fact for c in m.beat.changes}
                if (
                    line.kind == "dialogue"
                    and line.speaker in _cast(inputs)
                    and fact not in m.before.knows.get(line.speaker or "", ())
                    and fact not in told
                ):
                    options.append((line.id, fact))
    found = _pick(rng, options)
    if found:
        next(x for x in _lines(board) if x["id"] == found[0])["asserts"] = [found[1]]
    return found and found[0]


def _revealed_twice(rng: random.Random, inputs: Json, board: Json) -> str | None:
    moments = [m for m in _moments(inputs, board) if not m.scene.flashback]
    options = []
    for i, m in enumerate(moments):
        for c in m.beat.changes:
            heard = m.before.present | m.after.present | {c.who}
            options += [(x.beat.id, c.fact) for x in moments[i + 1 :] if c.kind == "reveal" and x.before.present | x.after.present <= heard]
    found = _pick(rng, options)
    if found:
        _beats(board)[found[0]]["changes"].append({"kind": "reveal", "fact": found[1]})
    return found and found[0]


def _denied(rng: random.Random, inputs: Json, board: Json) -> str | None:
    flash = {b["id"] for s in board["scenes"] if s["flashback"] for b in s["beats"]}
    said: dict[tuple[str, str], bool] = {}
    options = []
    for name, beat in _beats(board).items():
        for line in beat["lines"] if name not in flash else ():
            options += [(line, f) for w, f in said if w == line["speaker"] and line["kind"] == "dialogue"]
            said |= {(line["speaker"], f): True for f in line["asserts"]}
    found = _pick(rng, options)
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


def _shifted(rng: random.Random, inputs: Json, board: Json) -> str | None:
    options = [b for s in board["scenes"] for b in s["beats"][1:] if not any(c["kind"] == "time_jump" for c in b["changes"])]
    beat = _pick(rng, options)
    if beat:
        text = rng.choice(SHIFTS[inputs["language"]])
        beat["action"] = text if rng.random() < 0.5 else f"{text} {beat['action']}"
    return beat and str(beat["id"])


def _backwards(rng: random.Random, inputs: Json, board: Json) -> str | None:
    from prompts.story import DAYPARTS

    scenes = [s for s in board["scenes"] if not s["flashback"]]
    for before, scene in itertools.pairwise(scenes):
        jumps = any(c["kind"] == "time_jump" for b in (*before["beats"], scene["beats"][0]) for c in b["changes"])
        if not jumps and DAYPARTS.index(before["daypart"]) > 0:
            scene["daypart"], scene["story_day"] = DAYPARTS[DAYPARTS.index(before["daypart"]) - 1], before["story_day"]
            return str(scene["id"])
    return None


def _uncovered(rng: random.Random, inputs: Json, board: Json) -> str | None:
    shot = _pick(rng, [s for s in board["shots"] if s["lines"]])
    return shot and str(shot["lines"].pop())


def _claimed_twice(rng: random.Random, inputs: Json, board: Json) -> str | None:
    shot = _pick(rng, [s for s in board["shots"] if s["lines"]])
    if shot is None or len(board["shots"]) < 2:
        return None
    other = _pick(rng, [s for s in board["shots"] if s is not shot])
    other["lines"].append(shot["lines"][0])
    return str(shot["lines"][0])


def _out_of_order(rng: random.Random, inputs: Json, board: Json) -> str | None:
    shots = board["shots"]
    options = [i for i in range(len(shots) - 1) if shots[i]["beats"] != shots[i + 1]["beats"]]
    i = _pick(rng, options)
    if i is None:
        return None
    shots[i], shots[i + 1] = shots[i + 1], shots[i]
    return str(shots[i + 1]["id"])


def _shows_the_absent(rng: random.Random, inputs: Json, board: Json) -> str | None:
    moments = {m.beat.id: m for m in _moments(inputs, board)}
    options = [(s, w) for s in board["shots"] for w in _cast(inputs) if not moments[s["beats"][0]].there(w)]
    found = _pick(rng, options)
    if not found:
        return None
    found[0]["visible"].append({"who": found[1], "x": 0.95})
    return str(found[0]["id"])


def _hides_the_speaker(rng: random.Random, inputs: Json, board: Json) -> str | None:
    spoken = {x["id"]: x["speaker"] for x in _lines(board)}
    options = [(s, spoken[x]) for s in board["shots"] for x in s["lines"] if x in spoken]
    found = _pick(rng, options)
    if not found:
        return None
    found[0]["visible"] = [v for v in found[0]["visible"] if v["who"] != found[1]]
    return str(found[0]["id"])


def _drops_a_descriptor(rng: random.Random, inputs: Json, board: Json) -> str | None:
    options = [(s, c) for s in board["shots"] for v in s["visible"] for c in inputs["characters"] if c["id"] == v["who"]]
    found = _pick(rng, options)
    if not found:
        return None
    shot, person = found
    shot["first_frame_prompt"] = shot["first_frame_prompt"].replace(rng.choice(person["static_descriptors"]), person["name"])
    return str(shot["id"])


def _into_frame(texts: Callable[[str], tuple[str, ...]], name: str = "first_frame_prompt", *, front: bool = False) -> Mutator:
    def mutate(rng: random.Random, inputs: Json, board: Json) -> str | None:
        shot = _pick(rng, [s for s in board["shots"] if s["visible"]])
        if shot:
            text = rng.choice(texts(inputs["language"]))
            shot[name] = f"{text} {shot[name]}" if front else f"{shot[name]} {text}"
        return shot and str(shot["id"])

    return mutate


CONFLICTS = {
    "mei": (
        "Her blonde hair shines.",
        "She wears a bright green dress.",
        "blue eyes full of tears",
        "She has short hair.",
        "a yellow silk evening dress",
        "她的金色头发",
    ),
    "zhao": (
        "His grey hair is wet.",
        "a white uniform with gold buttons",
        "red-haired",
        "his long hair blows back",
        "He wears a crimson uniform.",
        "blond hair",
    ),
    "gao": ("His black hair is combed.", "a black beard", "in a blue robe", "short hair", "dark brown hair", "a jet black beard"),
    "rosa": ("Her black hair is loose.", "brown eyes", "a black coat", "long wavy hair", "a navy coat", "blue eyes"),
    "ghost": ("Her white hair floats.", "in a white gown", "short hair", "a pale blue wedding gown", "silver hair", "tan skin"),
}


def _conflict(rng: random.Random, inputs: Json, board: Json) -> str | None:
    shot = _pick(rng, [s for s in board["shots"] if len(s["visible"]) == 1])
    if shot:
        shot["first_frame_prompt"] += " " + rng.choice(CONFLICTS[shot["visible"][0]["who"]])
    return shot and str(shot["id"])


def _both(en: tuple[str, ...], zh: tuple[str, ...]) -> Callable[[str], tuple[str, ...]]:
    # Picture prompts of Chinese series are English too, as often as not.
    return lambda language: en if language == "en" else (*zh, *en)


POINTERS = _both(
    (
        "Same room as before.",
        "She is in the same outfit as in the last shot.",
        "As in the previous frame, rain falls.",
        "The setting is unchanged from the earlier shot.",
        "Continue from the last scene.",
        "The same woman from shot 2.",
        "He is still wearing his uniform.",
        "In the same dusty parlor.",
        "as described above",
        "Now back in the same kitchen.",
        "The next shot of the fight.",
        "lighting like before",
    ),
    (
        "与上一镜头相同的房间。",
        "同一个女人。",
        "和之前一样的光线。",
        "她仍穿着那件衣服。",
        "承接上一个画面。",
        "相同的场景。",
        "如前所述。",
        "之前的那个房间。",
    ),
)
NEGATIONS = _both(
    (
        "No other people.",
        "without a hat",
        "There is nobody behind her.",
        "Do not show hands.",
        "not smiling",
        "never looking at the camera",
        "avoid bright colours",
        "a sign that reads “Harbour”",
        "with the words “the end” on the wall",
        "no watermark",
        "exclude modern objects",
        "The letter says “come home”.",
        "subtitles at the bottom",
    ),
    (
        "不要出现其他人。",
        "没有帽子。",
        "画面中禁止文字。",
        "避免现代物品。",
        "纸上写着“回家”。",
        "无水印",
        "别露出手",
        "墙上挂着写有店名的招牌，字样清晰",
    ),
)
FORMATS = _both(
    (
        "16:9",
        "widescreen framing",
        "landscape orientation",
        "cinemascope",
        "horizontal composition",
        "--ar 16:9",
        "2.39:1",
        "square format",
        "letterboxed",
    ),
    ("横屏", "宽银幕", "16：9 画幅", "方形构图", "横向构图", "宽屏画面"),
)
COUNTS = _both(
    (
        "Three people argue.",
        "four women by the door",
        "five men around the table",
        "two couples? No, a group of six people",
        "three figures in the rain",
        "She stands among three strangers.",
        "4 people in frame",
        "three girls laughing",
        "the three friends embrace",
        "a three-shot",
    ),
    ("三个人在争吵。", "四名女子站在门口。", "五个男人围着桌子。", "画面里有三个角色。", "三位老人。", "六个人"),
)
FAMOUS = _both(
    (
        "looks like Tom Cruise",
        "a Gucci handbag",
        "in the style of Wes Anderson",
        "a Batman poster",
        "an iPhone in her hand",
        "drinking Coca-Cola",
        "a face like Audrey Hepburn",
        "a Rolex on his wrist",
        "a Ferrari outside",
        "dressed as Darth Vader",
    ),
    ("长得像刘德华", "手里拿着星巴克", "背着爱马仕包", "蜘蛛侠海报", "戴着劳力士", "章子怡的气质", "开着兰博基尼", "皮卡丘玩偶"),
)
MOVED = _both(
    (
        "The camera pans left across the room, then tilts up.",
        "a slow orbit around her",
        "camera pulls back",
        "handheld camera",
        "The camera circles her.",
        "a tracking shot",
        "slow tilt up",
        "crash zoom in",
        "the camera dollies out",
        "whip pan right",
    ),
    ("镜头环绕人物。", "手持镜头跟拍。", "镜头向上摇。", "镜头缓缓拉远。", "环绕运镜", "快速变焦推近"),
)


def _other_size(rng: random.Random, inputs: Json, board: Json) -> str | None:
    shot = _pick(rng, board["shots"])
    shot["size"] = rng.choice([s for s in ("wide", "medium", "closeup", "extreme_closeup", "full") if s != shot["size"]])
    return str(shot["id"])


def _swapped_sides(rng: random.Random, inputs: Json, board: Json) -> str | None:
    """Swap two people in a shot that follows one in which they stood the other way."""
    for one, other in itertools.pairwise(board["shots"]):
        if one["scene"] == other["scene"] and len(one["visible"]) == 2:
            a, b = one["visible"]
            other["visible"] = [{**a, "x": b["x"]}, {**b, "x": a["x"]}]
            return str(other["id"])
    return None


def _same_eyes(rng: random.Random, inputs: Json, board: Json) -> str | None:
    for one, other in itertools.pairwise(board["shots"]):
        single = len(one["visible"]) == len(other["visible"]) == 1 and one["lines"] and other["lines"] and one["scene"] == other["scene"]
        if single and one["visible"][0]["who"] != other["visible"][0]["who"]:
            other["visible"][0]["facing"] = one["visible"][0]["facing"] = "left"
            return str(other["id"])
    return None


def _jump_cut(rng: random.Random, inputs: Json, board: Json) -> str | None:
    options = [i for i in range(len(board["shots"]) - 1) if board["shots"][i]["scene"] == board["shots"][i + 1]["scene"]]
    i = _pick(rng, options)
    if i is None:
        return None
    one, other = board["shots"][i], board["shots"][i + 1]
    other["size"], other["visible"] = one["size"], [dict(v) for v in one["visible"]]
    return str(other["id"])


def _too_wordy(rng: random.Random, inputs: Json, board: Json) -> str | None:
    shot = _pick(rng, board["shots"])
    shot["first_frame_prompt"] += " The light falls on the wall in a soft and even way." * 50
    return str(shot["id"])


def _too_much_to_do(rng: random.Random, inputs: Json, board: Json) -> str | None:
    shot = _pick(rng, board["shots"])
    steps = (
        "She stands up",
        "then runs to the door",
        "then opens it",
        "and then falls",
        "then gets up",
        "then screams",
        "then turns",
        "then laughs",
        "then sits",
        "then weeps",
    )
    shot["motion_prompt"] += " " + ", ".join(steps) + "."
    return str(shot["id"])


LEAKED = {
    "en": (
        "[insert dialogue here]",
        "TODO: a better line",
        "{{ hero.name }} turns.",
        "As an AI language model, I cannot continue this scene.",
        "Here is the revised script:",
        "{name} walks in.",
        "<CHARACTER NAME> enters.",
        "XXX walks in.",
        "Lorem ipsum dolor sit amet",
        "[Character name] sits down.",
    ),
    "zh": (
        "【此处插入台词】",
        "（待补）",
        "{{角色名}}走进来。",
        "作为一个人工智能语言模型，我无法继续。",
        "以下是根据要求修改的剧本：",
        "XXX推门进来。",
        "{主角}走了。",
        "[姓名]坐下。",
        "TODO",
        "（此处填写动作）",
    ),
}


def _leaked(rng: random.Random, inputs: Json, board: Json) -> str | None:
    beat = _pick(rng, list(_beats(board).values()))
    beat["action"] = rng.choice(LEAKED[inputs["language"]])
    return str(beat["id"])


def _foreign(rng: random.Random, inputs: Json, board: Json) -> str | None:
    line = _pick(rng, _lines(board))
    if line:
        line["text"] = (
            "Then tell me who was standing at the well." if inputs["language"] == "zh" else "那你告诉我，那天晚上站在井边的人是谁。"
        )
    return line and str(line["id"])


def _stretched(rng: random.Random, inputs: Json, board: Json) -> str | None:
    factor = rng.choice((1.6, 0.5))
    for shot in board["shots"]:
        shot["duration"] = min(15.0, shot["duration"] * factor)
    return "script"


def _rambling(rng: random.Random, inputs: Json, board: Json) -> str | None:
    line = _pick(rng, _lines(board))
    if line:
        more = {
            "en": " and I will say it again until every last one of you has heard what was done in this house that night.",
            "zh": "，我会一遍一遍地说下去，直到你们每一个人都听清楚那天夜里在这座宅子里究竟发生了什么。",
        }
        line["text"] = line["text"].rstrip(".。!！?？") + more[inputs["language"]]
    return line and str(line["id"])


def _cramped(rng: random.Random, inputs: Json, board: Json) -> str | None:
    shot = _pick(rng, [s for s in board["shots"] if s["lines"]])
    if shot:
        shot["duration"] = 1.5
    return shot and str(shot["id"])


def _slow_start(rng: random.Random, inputs: Json, board: Json) -> str | None:
    if rng.random() < 0.5:
        board["scenes"][0]["beats"][0]["function"] = "setup"
        return str(board["scenes"][0]["beats"][0]["id"])
    board["shots"][0]["duration"] = 6.0
    return str(board["shots"][0]["id"])


def _flat(rng: random.Random, inputs: Json, board: Json) -> str | None:
    if rng.random() < 0.5:
        board["scenes"][-1]["beats"][-1]["function"] = "payoff"
        return str(board["scenes"][-1]["beats"][-1]["id"])
    for beat in _beats(board).values():
        beat["emotion"] = 5
    return "script"


def _unreadable(rng: random.Random, inputs: Json, board: Json) -> str | None:
    words = {x["id"]: x["text"] for b in _beats(board).values() for x in b["lines"]}
    shot = _pick(rng, [s for s in board["shots"] if len(s["lines"]) == 1 and len(words[s["lines"][0]]) > 6])
    if shot:
        limit = 9.0 if inputs["language"] == "zh" else 20.0
        shot["duration"] = max(0.1, 0.7 * len(words[shot["lines"][0]]) * (0.8 if inputs["language"] == "zh" else 1) / limit)
    return shot and str(shot["lines"][0])


def _said_again(rng: random.Random, inputs: Json, board: Json) -> str | None:
    flash = {x["id"] for s in board["scenes"] if s["flashback"] for b in s["beats"] for x in b["lines"]}
    spoken = [x for x in _lines(board) if x["id"] not in flash]
    text = {"en": "I told you never to open that door again.", "zh": "我告诉过你，永远不要再打开那扇门。"}[inputs["language"]]
    pairs = [(a, b) for i, a in enumerate(spoken) for b in spoken[i + 1 :] if a["speaker"] == b["speaker"]]
    found = _pick(rng, pairs)
    if found:
        found[0]["text"] = found[1]["text"] = text
    return found and str(found[1]["id"])


MUTATORS: Mapping[str, tuple[Mutator, ...]] = {
    "C01": (_speaker_misspelled, _stranger_acts),
    "C02": (_absent_speaks, _absent_acts),
    "C03": (_dead_speaks,),
    "C04": (_enters_twice, _leaves_unseen),
    "C05": (_two_places,),
    "C06": (_same_name, _near_name),
    "C07": (_forgotten,),
    "C08": (_double_id, _dangling_prop, _half_change, _dangling_place),
    "C09": (_wrong_daypart, _wrong_size),
    "C10": (_wrong_posture,),
    "C11": (_foreign_hand, _used_from_afar),
    "C12": (_healed, _wrong_look),
    "C13": (_knows_too_early,),
    "C14": (_revealed_twice, _denied),
    "C15": (_shifted,),
    "C16": (_backwards,),
    "S01": (_uncovered, _claimed_twice, _out_of_order),
    "S02": (_shows_the_absent, _hides_the_speaker),
    "S03": (_drops_a_descriptor,),
    "S04": (_conflict,),
    "S05": (_into_frame(POINTERS),),
    "S06": (_into_frame(NEGATIONS),),
    "S07": (_other_size, _into_frame(MOVED, "motion_prompt")),
    "S08": (_into_frame(FORMATS),),
    "S09": (_swapped_sides,),
    "S10": (_same_eyes,),
    "S11": (_jump_cut,),
    "S12": (_into_frame(COUNTS),),
    "S13": (_too_wordy, _too_much_to_do),
    "S14": (_into_frame(FAMOUS),),
    "S15": (_leaked, _foreign),
    "T01": (_stretched,),
    "T02": (_rambling, _cramped),
    "T03": (_slow_start,),
    "T04": (_flat,),
    "T05": (_unreadable,),
    "T06": (_said_again,),
}


def mutants(rng: random.Random, inputs: Json, board: Json) -> Iterator[tuple[str, str, Json, Json, str]]:
    """Yield (check, mutator, inputs, board, place) of one mutant for each mutator that finds an opportunity in a world."""
    from copy import deepcopy

    for check, found in MUTATORS.items():
        for mutate in found:
            new_inputs, new_board = deepcopy(inputs), deepcopy(board)
            place = mutate(rng, new_inputs, new_board)
            if place is not None:
                yield check, mutate.__name__, new_inputs, new_board, place
