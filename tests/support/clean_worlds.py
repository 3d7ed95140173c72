"""Consistent story worlds of varied shape, and the storyboards that are true in them: what no check may find fault with.

A world is simulated beat by beat: people come, go, sit, are hurt, die and come back, things change hands, secrets come out, time
jumps, flashbacks are remembered, ghosts speak. Whatever happens is declared as it happens. Each scene is then cut into shots
whose looks, sides, eyes and prompts follow from the state. In English and Chinese, of 30, 60 and 90 seconds.

    world = make(seed=7)
    world.inputs       # a case's resolved inputs
    world.board        # a storyboard as plain data
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from clean_world_camera import Camera
from clean_world_words import CAST, CROWD, FACTS, FUNCTIONS, GROUND, LOOKS, PLACES, THINGS, garment, thing

from evals.profile import beat_profile
from prompts.story import DAYPARTS, Episode
from runs.studio.phrases import phrases, seconds

Json = dict[str, Any]
LENGTHS = (30.0, 60.0, 90.0)


@dataclass
class World:
    """One world: what a case declares, and what is true in it. `shape` names what happens, for statistics."""

    inputs: Json
    board: Json
    shape: set[str] = field(default_factory=set)


def make(seed: int, language: str | None = None, length: float | None = None) -> World:
    """Make the world of a seed; language and length are drawn where they are not given."""
    rng = random.Random(f"world {seed}")
    return Author(rng, language or rng.choice(("en", "zh")), length or rng.choice(LENGTHS)).write()


class Author(Camera):
    """Writes one world."""

    def __init__(self, rng: random.Random, language: str, length: float) -> None:
        super().__init__(rng, language, {i: n for i, n, _ in CAST[language]})
        self.length = length
        self.things = dict(THINGS[language])
        self.profile = beat_profile(Episode(id="e1", number=1, target_seconds=length), language)
        bank = phrases(language).lines
        self.lines = sorted({t for kind in bank.values() for t in kind if "{" not in t and seconds(t, language) <= 4})
        rng.shuffle(self.lines)
        self.holder: dict[str, str | None] = {"hairpin": "mei", "letter": None, "knife": rng.choice(("zhao", "gao"))}
        self.first = dict(self.holder)
        self.knows = {"drowned": {"ghost", "gao"}, "heir": {"rosa"}}
        self.known_by = {k: sorted(v) for k, v in self.knows.items()}
        self.looks = dict.fromkeys(self.names, "day")
        self.hurt: set[str] = set()
        self.told: set[str] = set()
        self.scenes: list[Json] = []
        self.shape: set[str] = {language, f"{length:g}s"}

    def write(self) -> World:
        """Write scene after scene until the episode's seconds are used up."""
        count = max(1, min(self.profile["max_scenes"], round(self.length / self.rng.choice((20, 25, 30)))))
        clock, day, jump = self.rng.randrange(2), 1, False
        for index in range(count):
            end = self.length * (index + 1) / count
            flashback = 0 < index < count - 1 and self.rng.random() < 0.3
            self._scene(index, count, end, DAYPARTS[min(clock, 5)], day, flashback=flashback, jumped=jump)
            if not flashback:
                clock, day, jump = self._later(clock, day)
        # What is missing at the end is given to shots that can bear to stand a little longer.
        for shot in self.shots[1:] * 4:
            if self.spent < 0.95 * self.length and shot["duration"] < 9:
                shot["duration"] += 0.5
                self.spent += 0.5
        whole = {"title": "夜" if self.language == "zh" else "Night", "scenes": self.scenes, "shots": self.shots}
        return World(self._inputs(), whole, self.shape)

    def _later(self, clock: int, day: int) -> tuple[int, int, bool]:
        roll = self.rng.random()
        if roll < 0.2:
            self.shape.add("next day")
            return self.rng.randrange(5), day + 1, False
        if roll < 0.35:
            self.shape.add("time jump")
            return self.rng.randrange(6), day, True
        return min(5, clock + self.rng.choice((0, 0, 1))), day, False

    def _scene(self, index: int, count: int, end: float, daypart: str, day: int, *, flashback: bool, jumped: bool) -> None:
        rng = self.rng
        kept = (set(self.holder), dict(self.holder), set(self.dead), dict(self.looks), set(self.hurt))
        alive = [w for w in self.names if w not in self.dead or flashback]
        people = rng.sample(alive, min(len(alive), rng.choice((2, 3, 3, 4))))
        goes_on = bool(self.scenes) and not flashback and not jumped and not self.scenes[-1]["flashback"] and rng.random() < 0.3
        if goes_on:
            goes_on = self.scenes[-1]["daypart"] == daypart and self.scenes[-1]["story_day"] == day and bool(self.here - self.dead)
        if goes_on:
            people = sorted(self.here - self.dead)
            self.shape.add("continuous")
        else:
            self.place = rng.choice([p for p, _ in PLACES[self.language]])
            self.postures = {w: rng.choice(("standing", "sitting")) for w in people if rng.random() < 0.3}
        if flashback:
            self.shape.add("flashback")
            self.holder, self.dead, self.hurt = dict.fromkeys(self.holder), set(), set()
        self.here = set(people)
        scene: Json = {
            "id": self._id("s"), "location": self.place, "daypart": daypart, "story_day": day, "present": list(people),
            "flashback": flashback, "postures": {w: p for w, p in self.postures.items() if w in people} if not goes_on else {}, "beats": [],
        }  # fmt: skip
        if goes_on:
            scene["continuous_with"] = self.scenes[-1]["id"]
        self.scenes.append(scene)
        self.last, self.facing = ("", ""), ""
        first = True
        while first or (
            self.spent < end - (5 if self.length < 60 else 3) and self.n["b"] < self.profile["max_beats"] - (count - 1 - index)
        ):
            self._beat(scene, first=first, jumped=jumped and first, last=index == count - 1 and self.spent > end - 9)
            first = False
        if index == count - 1:
            scene["beats"][-1]["function"] = "cliffhanger"
            scene["beats"][-1]["emotion"] = 9
        if flashback:
            _, self.holder, self.dead, self.looks, self.hurt = kept

    def _beat(self, scene: Json, *, first: bool, jumped: bool, last: bool) -> None:
        rng = self.rng
        beat: Json = {
            "id": self._id("b"),
            "function": rng.choice(FUNCTIONS),
            "emotion": rng.randint(3, 8),
            "actors": [],
            "props": [],
            "lines": [],
            "changes": [],
        }
        opening = self.n["b"] == 1
        if opening:
            beat |= {"function": "hook", "emotion": 4}
        if jumped:
            beat["changes"].append({"kind": "time_jump"})
            self.hurt, self.postures = set(), {}
        here = sorted(self.here - self.dead)
        me = rng.choice(here)
        others = [w for w in here if w != me]
        beat["actors"] = [me]
        beat["action"] = self._action("hook" if opening else "escalation", me, others)
        scene["beats"].append(beat)
        before = (set(self.here), dict(self.looks))
        if not opening:
            self._happen(scene, beat, me, others)
        self._talk(scene, beat, me, others, opening=opening)
        self._cut(scene, beat, before, opening=opening, first=first)

    def _action(self, kind: str, me: str, others: list[str]) -> str:
        pool = [a for a in phrases(self.language).actions[kind] if "{prop" not in a and "{place" not in a and (others or "{you}" not in a)]
        text = self.rng.choice(pool or ["{me} waits." if self.language == "en" else "{me}等着。"])
        return text.format(me=self.names[me], you=self.names[others[0]] if others else "")

    def _happen(self, scene: Json, beat: Json, me: str, others: list[str]) -> None:
        """Let one thing happen, as the state allows."""
        event = self.rng.choice(("prop", "give", "enter", "exit", "die", "revive", "injure", "posture", "learn", "none", "look", "none"))
        getattr(self, f"_do_{event}")(scene, beat, me, others)

    def _do_none(self, *_: Any) -> None:
        return

    def _do_prop(self, _scene: Json, beat: Json, me: str, _others: list[str]) -> None:
        held = [p for p, w in self.holder.items() if w == me]
        free = [p for p, w in self.holder.items() if w is None]
        if held:
            beat["props"] = [self.rng.choice(held)]
            self.shape.add("prop")
        elif free:
            thing = self.rng.choice(free)
            beat["props"] = [thing]
            beat["changes"].append({"kind": "hold", "who": me, "prop": thing})
            self.holder[thing] = me

    def _do_give(self, _scene: Json, beat: Json, me: str, others: list[str]) -> None:
        held = [p for p, w in self.holder.items() if w == me]
        if held and others:
            thing, to = self.rng.choice(held), others[0]
            beat["props"], beat["actors"] = [thing], [me, to]
            beat["changes"].append({"kind": "give", "who": me, "to": to, "prop": thing})
            self.holder[thing] = to
            self.shape.add("give")

    def _do_enter(self, _scene: Json, beat: Json, *_: Any) -> None:
        away = [w for w in self.names if w not in self.here and w not in self.dead]
        if away:
            who = self.rng.choice(away)
            beat["changes"].append({"kind": "enter", "who": who})
            self.here.add(who)
            self.postures.pop(who, None)
            self.shape.add("enter")

    def _do_exit(self, _scene: Json, beat: Json, me: str, others: list[str]) -> None:
        if len(others) > 1:
            who = others[-1]
            beat["changes"].append({"kind": "exit", "who": who})
            self.here.discard(who)
            self.shape.add("exit")

    def _do_die(self, scene: Json, beat: Json, me: str, others: list[str]) -> None:
        mortal = [w for w in others if w != "ghost"]
        if mortal and len(others) > 1 and not scene["flashback"] and len(self.dead) < 1:
            who = mortal[0]
            beat["changes"].append({"kind": "die", "who": who})
            self.dead.add(who)
            for thing, holder in self.holder.items():
                if holder == who:
                    beat["changes"].append({"kind": "drop", "prop": thing})
                    self.holder[thing] = None
            self.shape.add("death")

    def _do_revive(self, _scene: Json, beat: Json, *_: Any) -> None:
        lying = sorted(self.dead & self.here)
        if lying and self.rng.random() < 0.5:
            beat["changes"].append({"kind": "revive", "who": lying[0]})
            self.dead.discard(lying[0])
            self.shape.add("revival")

    def _do_injure(self, scene: Json, beat: Json, me: str, others: list[str]) -> None:
        if others and not scene["flashback"] and self.looks[others[0]] == "day":
            beat["changes"].append({"kind": "injure", "who": others[0], "look": "hurt"})
            self.looks[others[0]] = "hurt"
            self.hurt.add(others[0])
            self.shape.add("injury")

    def _do_look(self, scene: Json, beat: Json, me: str, _others: list[str]) -> None:
        if not scene["flashback"] and me not in self.hurt:
            new = "night" if self.looks[me] == "day" else "day"
            beat["changes"].append({"kind": "look", "who": me, "look": new})
            self.looks[me] = new
            self.shape.add("look")

    def _do_posture(self, _scene: Json, beat: Json, me: str, _others: list[str]) -> None:
        new = self.rng.choice([p for p in ("standing", "sitting", "kneeling") if p != self.postures.get(me)])
        beat["changes"].append({"kind": "posture", "who": me, "posture": new})
        self.postures[me] = new
        self.shape.add("posture")

    def _do_learn(self, _scene: Json, beat: Json, me: str, _others: list[str]) -> None:
        for fact in ("drowned", "heir"):
            if me not in self.knows[fact] and fact not in self.told:
                beat["changes"].append({"kind": "learn", "who": me, "fact": fact})
                self.knows[fact].add(me)
                self.shape.add("learn")
                return

    def _talk(self, scene: Json, beat: Json, me: str, others: list[str], *, opening: bool) -> None:
        if opening:
            return
        alive = [w for w in (me, *others) if w not in self.dead]
        for turn in range(self.rng.choice((1, 1, 1, 2)) if self.length > 30 else 1):
            who = alive[turn % len(alive)] if turn == 0 or len(alive) > 1 else ""
            roll = self.rng.random()
            line: Json = {
                "id": self._id("l"),
                "speaker": who or me,
                "kind": "dialogue",
                "asserts": [],
                "text": self.lines.pop() if self.lines else "…",
            }
            knower = next(((f, w) for f in ("drowned", "heir") for w in alive if f not in self.told and w in self.knows[f]), None)
            if turn == 1 and not who:
                line |= {"kind": "narration", "speaker": None}
            elif roll < 0.12:
                line |= {"kind": "vo", "speaker": self.rng.choice(sorted(self.names))}
                self.shape.add("voice-over")
            elif roll < 0.2:
                away = [w for w in self.names if w not in self.here and w not in self.dead]
                if away:
                    line |= {"kind": "os", "speaker": away[0]}
                    self.shape.add("off-screen")
            elif roll < 0.26:
                line |= {"kind": "os", "speaker": "all", "text": CROWD[self.language]}
                self.shape.add("crowd")
            elif knower and roll < 0.5:
                fact, teller = knower
                line |= {"speaker": teller, "asserts": [fact], "text": next(t for i, _, t in FACTS[self.language] if i == fact)}
                beat["changes"].append({"kind": "reveal", "who": teller, "fact": fact})
                self.told.add(fact)
                self.knows[fact] |= self.here | {teller}
                self.shape.add("reveal")
            beat["lines"].append(line)

    def _inputs(self) -> Json:
        characters = [
            {
                "id": i, "name": n, "aliases": a, "static_descriptors": list(LOOKS[k][:3]), "default_look": "day",
                "immune_to_death": i == "ghost",
                "looks": [{"id": name, "descriptors": [garment(i, name)]} for name in ("day", "night", "hurt")],
            }
            for k, (i, n, a) in enumerate(CAST[self.language])
        ]  # fmt: skip
        return {
            "language": self.language,
            "series": {"language": self.language},
            "characters": characters,
            "locations": [{"id": i, "name": n, "descriptors": [GROUND[i]]} for i, n in PLACES[self.language]],
            "props": [{"id": i, "name": n, "descriptors": [thing(i)], "first_holder": self.first[i]} for i, n in THINGS[self.language]],
            "facts": [{"id": i, "text": t, "known_by": self.known_by[i], "secret": True} for i, t, _ in FACTS[self.language]],
            "episode": {"id": "e1", "number": 1, "target_seconds": self.length, "outline": {"must_include": [self.scenes[0]["location"]]}},
            "profile": self.profile,
        }
