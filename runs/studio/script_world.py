"""A consistent story world: who is where and who holds what, simulated beat by beat while the script is written.

Nothing here is wrong by intention: the faults are planted afterwards by `script_faults`, into places that the simulation
has marked as open to them (`Draft.exits`, `Draft.uses`).
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from prompts.story import DAYPARTS
from runs.studio.phrases import EMOTION, length, phrases, seconds
from runs.studio.script_brief import Brief

Json = dict[str, Any]
BEAT_SECONDS = 6.2  # one beat: a line or two, and what is done
SPEECH_SHARE = 0.56  # of an episode that is spoken
SCENE_SECONDS = 25
MIDDLE = ("setup", "escalation", "turn", "reveal", "payoff")
LONGEST_LINE_SECONDS = 4.8


@dataclass(slots=True)
class Plan:
    """One beat before it is written: its function, the outline's words for it, and who these words name."""

    function: str
    action: str = ""
    must: tuple[str, ...] = ()


@dataclass(slots=True)
class Draft:
    """A script as plain data, with the places where it could go wrong.

    `exits` are (scene index, beat index, who left after it); `uses` are (scene index, beat index, prop, holder).
    """

    script: Json
    exits: list[tuple[int, int, str]] = field(default_factory=list)
    uses: list[tuple[int, int, str, str]] = field(default_factory=list)
    present: dict[str, tuple[str, ...]] = field(default_factory=dict)  # beat id -> who is there in it


def plan_beats(brief: Brief) -> list[Plan]:
    """Lay the outline's hook, events and cliffhanger over as many beats as the episode's length holds."""
    count = max(3, round(brief.target_seconds / BEAT_SECONDS))
    events = _merged(brief.events, count - 2, "；" if brief.language == "zh" else " ")
    last = max(1, len(events) - 1)
    plans = [Plan("hook", brief.hook)]
    fillers = count - 2 - len(events)
    for i, text in enumerate(events):
        function = MIDDLE[round(i / last * 4)] if len(events) > 1 else "turn"
        plans.append(Plan(function, text))
        # Spread what is left of the length evenly behind the events.
        share = fillers * (i + 1) // len(events) - fillers * i // len(events)
        plans.extend(Plan("escalation" if function == "setup" else function) for _ in range(share))
    plans.append(Plan("cliffhanger", brief.cliffhanger))
    for plan in plans:
        plan.must = tuple(c.id for c in brief.cast if named_in(c.name, plan.action))
    return plans


def named_in(name: str, text: str) -> bool:
    """Tell whether a text names someone, by whole name or by the first or last word of it."""
    words = [w for w in name.split() if len(w) > 2 and w.lower() not in ("the", "old", "master", "lady", "mother", "father")]
    return bool(name and name in text) or any(f" {w}" in f" {text}" or f"“{w}" in text for w in words)


def _merged(events: Sequence[str], room: int, glue: str) -> list[str]:
    """Join neighbouring events where an episode has fewer beats than its outline has events."""
    room = max(1, room)
    if len(events) <= room:
        return list(events)
    cuts = [round(i * len(events) / room) for i in range(room + 1)]
    return [glue.join(events[a:b]) for a, b in itertools.pairwise(cuts)]


class World:
    """The state while writing, and the hand that writes. One instance writes one script."""

    def __init__(self, brief: Brief, rng: random.Random) -> None:
        self.brief, self.rng = brief, rng
        self.bank = phrases(brief.language)
        self.names = {c.id: c.name for c in brief.cast}
        self.prop_names = {p.id: p.name for p in brief.props}
        # Of a prop whose holder the prompt does not tell, a writer makes one up.
        self.holder: dict[str, str | None] = {p.id: brief.holders.get(p.id) for p in brief.props}
        self.place_names = {p.id: p.name for p in brief.places}
        self.said: set[str] = set()
        self.told: set[str] = set()
        self.debt = 0.0  # seconds of speech still owed to the plan
        self.lines = self.beats = 0
        self.draft = Draft({})

    def write(self, title: str) -> Draft:
        """Write the whole script."""
        plans = plan_beats(self.brief)
        share = self.brief.target_seconds * SPEECH_SHARE / len(plans)
        count = max(1, min(4, round(self.brief.target_seconds / SCENE_SECONDS), len(plans) // 2))
        cuts = [round(i * len(plans) / count) for i in range(count + 1)]
        places = self._places(count)
        parts = self._dayparts(count)
        scenes = []
        for i, (a, b) in enumerate(itertools.pairwise(cuts)):
            scene = {"id": f"s{i + 1}", "location": places[i], "daypart": parts[i], "story_day": 1, "weather": "", "flashback": False}
            scenes.append({**scene, **self._scene(i, plans[a:b], places[i], share)})
        self.draft.script = {"title": title, "scenes": scenes}
        self._include(scenes)
        return self.draft

    def _include(self, scenes: Sequence[Json]) -> None:
        """Bring in what the prompt wants to see and the story has not used: a fact comes out, a thing or a name is mentioned."""
        beats = [beat for scene in scenes for beat in scene["beats"]]
        told = " ".join([*(b["action"] for b in beats), *(line["text"] for b in beats for line in b["lines"])])
        names = {n.id: n.name for n in (*self.brief.cast, *self.brief.places, *self.brief.props)}
        facts = {f.id for f in self.brief.facts}
        later = beats[len(beats) // 2]
        for name in self.brief.must:
            if name in facts and name not in self.told:
                later["changes"].append({"kind": "reveal", "fact": name})
            elif name in names and names[name] not in told:
                later["action"] += f"旁边就是{names[name]}。" if self.brief.language == "zh" else f" And there is {names[name]}."

    def _places(self, count: int) -> list[str]:
        pool = [p.id for p in self.brief.places]
        self.rng.shuffle(pool)
        return [pool[i % len(pool)] for i in range(count)]

    def _dayparts(self, count: int) -> list[str]:
        at, out = self.rng.randrange(1, 4), []
        for _ in range(count):
            out.append(DAYPARTS[min(at, len(DAYPARTS) - 1)])
            at += self.rng.choice((0, 1, 1, 2))
        return out

    def _scene(self, index: int, plans: Sequence[Plan], place: str, share: float) -> Json:
        """Write one scene: cast it, then its beats, moving people and props on the way."""
        cast = self._people(plans)
        arrives = self._arrivals(cast, plans)
        leaves = self._departures(cast, plans, arrives)
        here = [c for c in cast if c not in arrives]
        first, beats = list(here), []
        for i, plan in enumerate(plans):
            self.beats += 1
            beat = self._beat(index, i, plan, here, place, share)
            self.draft.present[beat["id"]] = tuple(here)
            for who in [w for w, at in arrives.items() if at == i + 1]:
                beat["changes"].append({"kind": "enter", "who": who})
                here = [*here, who]
            for who in [w for w, at in leaves.items() if at == i]:
                beat["changes"].append({"kind": "exit", "who": who})
                here = [h for h in here if h != who]
                self.draft.exits.append((index, i, who))
            beats.append(beat)
        return {"present": first, "beats": beats}

    def _people(self, plans: Sequence[Plan]) -> list[str]:
        """Choose who is in a scene: whoever its outline names, filled up to at least three where the cast allows."""
        named = [c.id for c in self.brief.cast if any(c.id in p.must for p in plans)]
        others = [c.id for c in self.brief.cast if c.id not in named]
        self.rng.shuffle(others)
        lead = self.brief.cast[0].id
        if lead in others:
            others.insert(0, others.pop(others.index(lead)))
        return named + others[: max(0, 3 - len(named))]

    def _arrivals(self, cast: Sequence[str], plans: Sequence[Plan]) -> dict[str, int]:
        """Choose who comes late, and the beat in which they are first there."""
        if len(cast) < 3 or len(plans) < 3 or self.rng.random() < 0.6:
            return {}
        able = [(c, _first(c, plans)) for c in cast if _first(c, plans) > 0]
        who, until = self.rng.choice(able) if able else ("", 0)
        return {who: self.rng.randint(1, min(until, len(plans) - 1))} if who else {}

    def _departures(self, cast: Sequence[str], plans: Sequence[Plan], arrives: dict[str, int]) -> dict[str, int]:
        """Choose who leaves early, and the beat after which they are gone; someone stays."""
        if len(cast) - len(arrives) < 3 or len(plans) < 2 or self.rng.random() < 0.25:
            return {}
        able = [(c, _last(c, plans)) for c in cast if c not in arrives and _last(c, plans) < len(plans) - 1]
        who, after = self.rng.choice(able) if able else ("", 0)
        return {who: self.rng.randint(max(0, after), len(plans) - 2)} if who else {}

    def _beat(self, scene: int, index: int, plan: Plan, here: Sequence[str], place: str, share: float) -> Json:
        rng, function = self.rng, plan.function
        actors = [w for w in plan.must if w in here]
        me = rng.choice(actors or list(here))
        you = rng.choice([h for h in here if h != me] or [me])
        beat: Json = {"id": f"b{self.beats}", "function": function, "emotion": max(0, min(10, EMOTION[function] + rng.randint(-1, 1)))}
        beat.update({"action": plan.action, "actors": actors or [me], "props": [], "lines": [], "changes": []})
        kind = function
        if not plan.action:
            kind = self._business(scene, index, beat, here) or function
            me = beat["actors"][0]
            you = beat["changes"][0]["to"] if kind == "give" else rng.choice([h for h in here if h != me] or [me])
            beat["action"] = self._fill(rng.choice(self.bank.actions[kind]), me, you, beat["props"], place)
        self._talk(beat, kind, me, you, here, share)
        return beat

    def _business(self, scene: int, index: int, beat: Json, here: Sequence[str]) -> str:
        """Perhaps let someone use a prop or hand it over; returns the kind of action, or nothing."""
        held = [(p, w) for p, w in self.holder.items() if w is not None and w in here]
        free = [p for p, w in self.holder.items() if w is None]
        if held and self.rng.random() < 0.8:
            prop, who = self.rng.choice(held)
            beat["props"], beat["actors"] = [prop], [who]
            others = [h for h in here if h != who]
            if others and self.rng.random() < 0.35:
                to = self.rng.choice(others)
                beat["changes"].append({"kind": "give", "who": who, "to": to, "prop": prop})
                beat["actors"] = [who, to]
                self.holder[prop] = to
                return "give"
            self.draft.uses.append((scene, index, prop, who))
            return "prop"
        if free:
            prop, who = self.rng.choice(free), self.rng.choice(list(here))
            beat["props"], beat["actors"] = [prop], [who]
            beat["changes"].append({"kind": "hold", "who": who, "prop": prop})
            self.holder[prop] = who
            return "prop"
        return ""

    def _talk(self, beat: Json, kind: str, me: str, you: str, here: Sequence[str], share: float) -> None:
        """Let people speak, in turns, until the beat's share of the episode's speech is used up."""
        self.debt += share
        if beat["function"] == "reveal":
            self._tell(beat, here)
        turn = 0
        while self.debt > 1.0 and turn < 4:
            speaker, other = (me, you) if turn % 2 == 0 else (you, me)
            bank = kind if turn == 0 else beat["function"]
            self._say(beat, speaker, self._line(bank, speaker, other, beat["props"]))
            turn += 1

    def _tell(self, beat: Json, here: Sequence[str]) -> None:
        """Let someone who knows a fact tell it to all who are there."""
        for fact in self.brief.facts:
            knowers = [w for w in self.brief.knowers.get(fact.id, ()) if w in here]
            text = fact.name.rstrip("。.") + ("。" if self.brief.language == "zh" else ".")
            if knowers and fact.id not in self.told and self._fits(text):
                self.told.add(fact.id)
                self._say(beat, knowers[0], text)
                beat["lines"][-1]["asserts"] = [fact.id]
                beat["changes"].append({"kind": "reveal", "who": knowers[0], "fact": fact.id})
                return

    def _say(self, beat: Json, speaker: str, text: str) -> None:
        self.lines += 1
        self.debt -= seconds(text, self.brief.language)
        manner = self.rng.choice(self.bank.manners)
        beat["lines"].append(
            {"id": f"l{self.lines}", "speaker": speaker, "text": text, "manner": manner, "kind": "dialogue", "asserts": []}
        )

    def _line(self, kind: str, me: str, you: str, props: Sequence[str]) -> str:
        """Choose a line that was not said yet, fits its shot, and does not speak to someone who is alone."""
        bank = self.bank.lines
        pool = [*bank[kind]] if self.rng.random() < 0.9 else []
        pool = pool or [*bank["setup"], *bank["escalation"], *bank["turn"]]
        self.rng.shuffle(pool)
        filled = [self._fill(t, me, you, props, "") for t in pool if me != you or "{you}" not in t]
        spare = (t for k in MIDDLE for t in bank[k] if "{" not in t)
        fresh = (t for t in (*filled, *spare) if t not in self.said and self._fits(t))
        # Only a long episode runs out of words; then the shortest is said again.
        text = next(fresh, None) or min(filled or [bank["setup"][0]], key=len)
        self.said.add(text)
        return text

    def _fits(self, text: str) -> bool:
        limit = self.brief.line_limit
        if limit and length(text, self.brief.language) > limit:
            return False
        return seconds(text, self.brief.language) <= LONGEST_LINE_SECONDS

    def _fill(self, pattern: str, me: str, you: str, props: Sequence[str], place: str) -> str:
        thing = self.prop_names[props[0]] if props else ""
        return pattern.format(
            me=self.names[me],
            you=self.names[you],
            prop=thing.removeprefix("the ").removeprefix("a "),
            place=self.place_names.get(place, ""),
        )


def _first(who: str, plans: Sequence[Plan]) -> int:
    return next((i for i, p in enumerate(plans) if who in p.must), len(plans) - 1)


def _last(who: str, plans: Sequence[Plan]) -> int:
    return next((i for i in range(len(plans) - 1, -1, -1) if who in plans[i].must), 0)
