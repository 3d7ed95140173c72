"""S15 and T01-T06: text that is no story, and speech and shots that do not fit their seconds."""

from __future__ import annotations

import random

from mutators.common import Json, beats, lines, pick

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


def leaked(rng: random.Random, inputs: Json, board: Json) -> str | None:
    beat = pick(rng, list(beats(board).values()))
    beat["action"] = rng.choice(LEAKED[inputs["language"]])
    return str(beat["id"])


def foreign(rng: random.Random, inputs: Json, board: Json) -> str | None:
    line = pick(rng, lines(board))
    if line:
        line["text"] = (
            "Then tell me who was standing at the well." if inputs["language"] == "zh" else "那你告诉我，那天晚上站在井边的人是谁。"
        )
    return line and str(line["id"])


def stretched(rng: random.Random, inputs: Json, board: Json) -> str | None:
    factor = rng.choice((1.6, 0.5))
    for shot in board["shots"]:
        shot["duration"] = min(15.0, shot["duration"] * factor)
    return "script"


def rambling(rng: random.Random, inputs: Json, board: Json) -> str | None:
    line = pick(rng, lines(board))
    if line:
        more = {
            "en": " and I will say it again until every last one of you has heard what was done in this house that night.",
            "zh": "，我会一遍一遍地说下去，直到你们每一个人都听清楚那天夜里在这座宅子里究竟发生了什么。",
        }
        line["text"] = line["text"].rstrip(".。!！?？") + more[inputs["language"]]
    return line and str(line["id"])


def cramped(rng: random.Random, inputs: Json, board: Json) -> str | None:
    shot = pick(rng, [s for s in board["shots"] if s["lines"]])
    if shot:
        shot["duration"] = 1.5
    return shot and str(shot["id"])


def slow_start(rng: random.Random, inputs: Json, board: Json) -> str | None:
    if rng.random() < 0.5:
        board["scenes"][0]["beats"][0]["function"] = "setup"
        return str(board["scenes"][0]["beats"][0]["id"])
    board["shots"][0]["duration"] = 6.0
    return str(board["shots"][0]["id"])


def flat(rng: random.Random, inputs: Json, board: Json) -> str | None:
    if rng.random() < 0.5:
        board["scenes"][-1]["beats"][-1]["function"] = "payoff"
        return str(board["scenes"][-1]["beats"][-1]["id"])
    for beat in beats(board).values():
        beat["emotion"] = 5
    return "script"


def unreadable(rng: random.Random, inputs: Json, board: Json) -> str | None:
    words = {x["id"]: x["text"] for b in beats(board).values() for x in b["lines"]}
    shot = pick(rng, [s for s in board["shots"] if len(s["lines"]) == 1 and len(words.get(s["lines"][0], "")) > 6])
    if shot:
        limit = 9.0 if inputs["language"] == "zh" else 20.0
        shot["duration"] = max(0.1, 0.7 * len(words[shot["lines"][0]]) * (0.8 if inputs["language"] == "zh" else 1) / limit)
    return shot and str(shot["lines"][0])


def said_again(rng: random.Random, inputs: Json, board: Json) -> str | None:
    flash = {x["id"] for s in board["scenes"] if s["flashback"] for b in s["beats"] for x in b["lines"]}
    spoken = [x for x in lines(board) if x["id"] not in flash]
    text = {"en": "I told you never to open that door again.", "zh": "我告诉过你，永远不要再打开那扇门。"}[inputs["language"]]
    pairs = [(a, b) for i, a in enumerate(spoken) for b in spoken[i + 1 :] if a["speaker"] == b["speaker"]]
    found = pick(rng, pairs)
    if found:
        found[0]["text"] = found[1]["text"] = text
    return found and str(found[1]["id"])
