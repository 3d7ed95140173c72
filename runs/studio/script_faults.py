"""Faults planted into a consistent script, each written down in the truth.

One line or scene takes at most one fault, so that none hides another. Line and scene ids are the places (`where`) by which
a finding and a planted fault are matched.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

from prompts.story import DAYPARTS
from runs.studio.phrases import phrases, seconds
from runs.studio.script_brief import Brief
from runs.studio.script_rules import BY_NAME
from runs.studio.script_world import Draft, Json

WRONG_DAYPARTS = {
    "dawn": ("daybreak", "黎明"), "morning": ("early_morning", "清晨"), "noon": ("midday", "正午"),
    "afternoon": ("late_afternoon", "午后"), "dusk": ("evening", "傍晚"), "night": ("midnight", "深夜"),
}  # fmt: skip
TOLERANCE = 0.15  # an episode may run over by as much
# What a beat takes beyond its speech at the least, with lines and without: what is longer still is over its budget for certain.
TIGHT_BEAT_SECONDS, SILENT_BEAT_SECONDS = 1.0, 1.5


class Planter:
    """Plants faults into one draft at given rates."""

    def __init__(self, draft: Draft, brief: Brief, rates: Mapping[str, float], rng: random.Random) -> None:
        self.draft, self.brief, self.rates, self.rng = draft, brief, rates, rng
        self.scenes: list[Json] = draft.script["scenes"]
        self.taken: set[str] = set()  # lines and scenes that hold a fault
        self.gone: set[str] = set()  # lines that were cut
        self.faults: list[Json] = []

    def plant(self) -> list[Json]:
        """Plant every kind of fault that is a change of the script; returns what was planted."""
        for kind in (self._exits, self._props, self._time, self._names, self._long_lines, self._words, self._budget):
            kind()
        return self.faults

    def _note(self, fault: str, where: str, **detail: Any) -> None:
        self.faults.append({"fault": fault, "check": BY_NAME[fault].check, "where": where, **detail})

    def _strikes(self, fault: str) -> bool:
        return self.rng.random() < self.rates[fault]

    def _exits(self) -> None:
        """Give a line to someone who has left."""
        for scene, beat, who in self.draft.exits:
            later = [line for b in self.scenes[scene]["beats"][beat + 1 :] for line in b["lines"] if not line["asserts"]]
            open_lines = [line for line in later if line["id"] not in self.taken]
            if open_lines and self._strikes("exit_speaks"):
                line = self.rng.choice(open_lines)
                line["speaker"] = who
                self.taken.add(line["id"])
                self._note("exit_speaks", line["id"], who=who)

    def _props(self) -> None:
        """Put a prop into the hands of someone who does not hold it."""
        for scene, index, prop, holder in self.draft.uses:
            beat = self.scenes[scene]["beats"][index]
            others = [w for w in self.draft.present[beat["id"]] if w != holder]
            if others and self._strikes("prop_reuse"):
                who = self.rng.choice(others)
                names = {c.id: c.name for c in self.brief.cast}
                beat["actors"] = [who]
                beat["action"] = beat["action"].replace(names[holder], names[who])
                self._note("prop_reuse", beat["id"], prop=prop, holder=holder, who=who)

    def _time(self) -> None:
        """Let a scene play before the one that it follows."""
        for before, scene in zip(self.scenes, self.scenes[1:], strict=False):
            at = DAYPARTS.index(before["daypart"])
            if at > 0 and before["id"] not in self.taken and self._strikes("time_reversal"):
                scene["daypart"] = DAYPARTS[self.rng.randrange(at)]
                self.taken |= {before["id"], scene["id"]}  # the earlier scene's daypart is what makes this one wrong
                self._note("time_reversal", scene["id"], daypart=scene["daypart"], after=before["daypart"])

    def _names(self) -> None:
        """Misspell a speaker."""
        cast = {c.id for c in self.brief.cast}
        for line in self._lines():
            if line["id"] not in self.taken and self._strikes("name_swap"):
                real = line["speaker"]
                line["speaker"] = _near(real, cast, self.rng)
                self.taken.add(line["id"])
                self._note("name_swap", line["id"], said=line["speaker"], real=real)

    def _long_lines(self) -> None:
        """Let a speaker ramble, and leave out lines elsewhere, so that the episode does not grow."""
        for line in self._lines():
            if line["id"] not in self.taken | self.gone and self._strikes("overlong"):
                line["text"] += phrases(self.brief.language).ramble
                self.taken.add(line["id"])
                self._shorten(seconds(phrases(self.brief.language).ramble, self.brief.language))
                self._note("overlong", line["id"])

    def _shorten(self, excess: float) -> None:
        beats = [b for s in self.scenes for b in s["beats"]]
        for beat in reversed(beats):
            for line in list(beat["lines"]):
                if excess > 0 and line["id"] not in self.taken and not line["asserts"] and len(beat["lines"]) > 1:
                    beat["lines"].remove(line)
                    self.gone.add(line["id"])
                    excess -= seconds(line["text"], self.brief.language)

    def _words(self) -> None:
        """Name a daypart by a word outside the list."""
        for scene in self.scenes:
            if scene["id"] not in self.taken and self._strikes("vocabulary"):
                said = WRONG_DAYPARTS[scene["daypart"]][self.brief.language == "zh"]
                scene["daypart"] = said
                self.taken.add(scene["id"])
                self._note("vocabulary", scene["id"], said=said)

    def _budget(self) -> None:
        """Write on and on; also say so where rambling alone has made the script too long."""
        if self._strikes("over_budget"):
            bank = [t for k in ("setup", "escalation", "turn", "payoff") for t in phrases(self.brief.language).lines[k] if "{" not in t]
            beats = [b for s in self.scenes for b in s["beats"] if b["lines"]]
            number, said = 1000, {line["text"] for line in self._lines()}
            while self._least_seconds() < 1.5 * self.brief.target_seconds:
                beat = self.rng.choice(beats)
                number += 1
                line = {
                    **beat["lines"][-1],
                    "id": f"l{number}",
                    "text": self.rng.choice([t for t in bank if t not in said] or bank),
                    "asserts": [],
                }
                said.add(line["text"])
                line["speaker"] = self.rng.choice(self.draft.present[beat["id"]])
                beat["lines"].append(line)
            self._note("over_budget", "script", seconds=round(self._least_seconds(), 1))
        elif self._least_seconds() > (1 + TOLERANCE) * self.brief.target_seconds:
            self._note("over_budget", "script", seconds=round(self._least_seconds(), 1), because="overlong")

    def _least_seconds(self) -> float:
        beats = [b for s in self.scenes for b in s["beats"]]
        spoken = sum(seconds(line["text"], self.brief.language) for line in self._lines())
        return spoken + sum(TIGHT_BEAT_SECONDS if b["lines"] else SILENT_BEAT_SECONDS for b in beats)

    def _lines(self) -> list[Json]:
        return [line for scene in self.scenes for beat in scene["beats"] for line in beat["lines"]]


def _near(real: str, cast: set[str], rng: random.Random) -> str:
    """Return an id that a careless writer confuses with `real`, and that no one in the cast has."""
    ways: tuple[Callable[[str], str], ...] = (
        lambda s: s.replace("_", "").replace("-", "") if set(s) & {"_", "-"} else f"{s}{s[-1]}",
        lambda s: f"{s}_wei",
        lambda s: s[:-1] if len(s) > 3 else f"{s}i",
        lambda s: s.translate(str.maketrans("eanl", "aenr")) if set(s) & set("eal") else f"{s}o",
    )
    options = [w for way in rng.sample(ways, len(ways)) if (w := way(real)) not in cast and w != real]
    return options[0] if options else f"{real}_2"


def spoil_schema(script: Json, rng: random.Random) -> str:
    """Break one rule of the schema in a script that is still JSON; returns the path."""
    scene = rng.randrange(len(script["scenes"]))
    beat = rng.randrange(len(script["scenes"][scene]["beats"]))
    place = script["scenes"][scene]["beats"][beat]
    if rng.random() < 0.5:
        place["emotion"] = rng.choice(("tense", "high", "angry"))
        return f"scenes.{scene}.beats.{beat}.emotion"
    place["camera"] = "close-up"
    return f"scenes.{scene}.beats.{beat}.camera"


def broken(text: str, rng: random.Random) -> tuple[str, str]:
    """Return a text that no longer is JSON, and how it was broken."""
    if rng.random() < 0.5:
        return text[: int(len(text) * rng.uniform(0.6, 0.95))], "cut off"
    return text[:-1] + ",}", "trailing comma"
