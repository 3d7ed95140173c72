"""Read the YAML pairs of `tests/evals/logic`: short scenes in, whole scripts and worlds out."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import plain

from evals.checks.world import World
from prompts.story import Script, Storyboard

FOLDER = Path(__file__).parent.parent / "evals" / "logic"
LINE_KEYS = {"id", "speaker", "text", "manner", "kind", "asserts", "denies"}
Json = dict[str, Any]


@dataclass(frozen=True)
class Pair:
    check: str
    rule: str
    good: Script
    bad: Script
    world: World
    at: str
    causes: int
    hint: str
    bad_world: World


def pairs() -> Iterator[Pair]:
    """Yield every pair of every file, in order."""
    for path in sorted(FOLDER.glob("[A-Z]*.yaml")):
        for entry in plain.load(path):
            unknown = entry.keys() - {"rule", "good", "bad", "world", "swap", "at", "causes", "hint"}
            assert not unknown, f"{path.name}: {entry['rule']}: unknown keys {sorted(unknown)}"
            yield Pair(
                check=path.stem,
                rule=entry["rule"],
                good=script(entry["good"]),
                bad=script(entry["bad"]),
                world=world(entry.get("world", {})),
                at=str(entry["at"]),
                causes=entry.get("causes", 1),
                hint=entry.get("hint", ""),
                bad_world=world(entry.get("swap", entry.get("world", {}))),
            )


def world(changes: Json | None = None) -> World:
    """Return the common world with some of its parts replaced."""
    return World.of_case({**plain.load(FOLDER / "_world.yaml"), **(changes or {})})


def script(short: list[Json] | Json) -> Script:
    """Fill short scenes up to a valid script; a mapping of `scenes` and `shots` becomes a storyboard."""
    scenes = short if isinstance(short, list) else short["scenes"]
    beat_ids, line_ids = (itertools.count(1) for _ in range(2))
    total = sum(len(s["beats"]) for s in scenes)
    out = []
    for number, scene in enumerate(scenes, 1):
        beats = [_beat(beat, next(beat_ids), total, line_ids) for beat in scene["beats"]]
        base: Json = {"id": f"s{number}", "location": "hall", "daypart": "morning", "present": ["mei", "zhao"]}
        out.append({**base, **scene, "beats": beats})
    whole: Json = {"title": "A pair", "scenes": out}
    if isinstance(short, list):
        return Script.model_validate(whole)
    shots = [_shot(shot, number) for number, shot in enumerate(short["shots"], 1)]
    return Storyboard.model_validate({**whole, "shots": shots})


def _shot(shot: Json, number: int) -> Json:
    base: Json = {"id": f"x{number}", "scene": "s1", "size": "medium", "beats": ["b1"]}
    seen = [{"who": v} if isinstance(v, str) else v for v in shot.get("visible", [])]
    return {**base, **shot, "visible": seen}


def _beat(beat: Json, number: int, total: int, line_ids: Iterator[int]) -> Json:
    function = "hook" if number == 1 else "cliffhanger" if number == total else "setup"
    base: Json = {"id": f"b{number}", "function": function, "emotion": 2 if number == 1 else 8, "action": "They look at each other."}
    lines = [_line(line, next(line_ids)) for line in beat.get("lines", [])]
    return {**base, **beat, "lines": lines, "changes": [_change(c) for c in beat.get("changes", [])]}


def _line(line: Json, number: int) -> Json:
    if line.keys() <= LINE_KEYS:
        return {"id": f"l{number}", **line}
    [(speaker, text)] = line.items()
    return {"id": f"l{number}", "speaker": speaker, "text": text}


def _change(change: str | Json) -> Json:
    if isinstance(change, str):
        kind, who = change.split()
        return {"kind": kind, "who": who}
    return change
