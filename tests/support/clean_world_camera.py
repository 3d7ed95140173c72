"""How a clean world's beats are cut into shots whose looks, sides, eyes and prompts follow from the state of the story."""

from __future__ import annotations

import random
from typing import Any

from clean_world_words import GROUND, MOVES, PAD, SIZES, WORDS, descriptors, thing

from runs.studio.phrases import seconds

Json = dict[str, Any]


class Camera:
    """What cutting needs to know of the story, and the shots so far."""

    def __init__(self, rng: random.Random, language: str, names: dict[str, str]) -> None:
        self.rng, self.language, self.names = rng, language, names
        self.dead: set[str] = set()
        self.postures: dict[str, str] = {}
        self.place, self.here = "", set[str]()
        self.spent = 0.0
        self.n = {"s": 0, "b": 0, "l": 0, "x": 0}
        self.shots: list[Json] = []
        self.facing = ""
        self.last: tuple[str, str] = ("", "")

    def _id(self, kind: str) -> str:
        self.n[kind] += 1
        return f"{kind}{self.n[kind]}"

    def _cut(self, scene: Json, beat: Json, before: tuple[set[str], dict[str, str]], *, opening: bool, first: bool) -> None:
        """Cut a beat into shots: an opening of three seconds, a shot that shows the place, or one shot a line."""
        lines = beat["lines"]
        groups: list[list[Json]] = [[line] for line in lines] or [[]]
        for number, group in enumerate(groups):
            spoken = [line["speaker"] for line in group if line["kind"] == "dialogue" and line["speaker"] in self.names]
            seen = spoken or [beat["actors"][0]]
            partner = [w for w in sorted(before[0] | self.here) if w not in self.dead and w not in seen]
            if (first and number == 0) or (partner and self.rng.random() < 0.35):
                seen = [*seen, *partner[:1]]
            talk = sum(seconds(line["text"], self.language) for line in group)
            least = max(3.0, talk + PAD)
            duration = 3.0 if opening else -(-least * 2 // 1) / 2
            self._shot(scene, beat, group, seen, duration, before, opening=opening, first=first and number == 0)
            self.spent += duration

    def _shot(
        self,
        scene: Json,
        beat: Json,
        group: list[Json],
        seen: list[str],
        duration: float,
        before: tuple[set[str], dict[str, str]],
        *,
        opening: bool,
        first: bool,
    ) -> None:
        rng = self.rng
        size = "wide" if first else rng.choice([s for s in SIZES if s not in self.last])
        self.last = (self.last[1], size)
        move = "push_in" if opening else rng.choice(tuple(MOVES))
        order = list(self.names)
        seen = sorted(set(seen), key=order.index)
        xs = {who: 0.2 + 0.15 * order.index(who) for who in seen}
        if len(seen) == 1:
            self.facing = "left" if self.facing == "right" else "right"
            faces = {seen[0]: self.facing if group else "camera"}
        else:
            faces = {seen[0]: "right", seen[-1]: "left"}
            self.facing = ""
        worn = {who: before[1][who] for who in seen}
        visible = [
            {"who": who, "x": round(xs[who], 2), "facing": faces.get(who, "camera"), "look": worn[who] if not scene["flashback"] else None,
             "speaking": any(line["speaker"] == who and line["kind"] == "dialogue" for line in group), "emotion": "neutral"}
            for who in seen
        ]  # fmt: skip
        look = {who: (worn[who] if not scene["flashback"] else "day") for who in seen}
        changed = {c.get("who") for c in beat["changes"] if c["kind"] in ("posture", "time_jump")} | {
            None for c in beat["changes"] if c["kind"] == "time_jump"
        }
        postures = {
            who: self.postures[who]
            for who in seen
            if who in self.postures and who not in changed and None not in changed and rng.random() < 0.4
        }
        props = [p for p in beat["props"] if rng.random() < 0.5]
        self.shots.append({
            "id": self._id("x"), "scene": scene["id"], "beats": [beat["id"]], "lines": [line["id"] for line in group], "duration": duration,
            "size": size, "move": move, "visible": visible, "postures": postures, "props": props,
            "first_frame_prompt": self._frame_prompt(size, look, props), "motion_prompt": self._motion_prompt(size, move, look),
        })  # fmt: skip

    def _frame_prompt(self, size: str, look: dict[str, str], props: list[str]) -> str:
        people = [f"Person {n}: {'; '.join(descriptors(who, worn))}." for n, (who, worn) in enumerate(look.items(), 1)]
        things = [f"Prop: {thing(p)}." for p in props]
        return f"Vertical 9:16 film still, {WORDS[size]}. Setting: {GROUND[self.place]}. " + " ".join([*people, *things])

    def _motion_prompt(self, size: str, move: str, look: dict[str, str]) -> str:
        people = [f"The one with {descriptors(who, worn)[1]} breathes in and turns a little." for who, worn in look.items()]
        return f"Vertical 9:16 clip, {WORDS[size]}. Camera: {MOVES[move]}. " + " ".join(people)
