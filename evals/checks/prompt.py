"""A prompt as the checks of the S group see it: its text, what it should show, and the model that it is for.

Example: of the case `foxlight-shot-1` rendered with `shot/keyframe`, `text` is the prompt, `people` are mei (look `maid`) and
zhao, `shot` says closeup at night. The same checks read the prompts of a storyboard: `over_shots` makes one of each.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

from evals.checks.hit import Hit
from evals.checks.ledger import Ledger
from evals.checks.sought import sought
from evals.checks.targets import Target, usual
from evals.checks.world import World
from prompts.story import Character, Location, Look, PlannedShot, Prop, Shot

PICTURES = ("shot", "character")
MOVING = ("clip",)
Find = Callable[["Prompt"], Iterator[Hit]]
# Spoken lines are sound, not picture; typographic and straight double quotes, and the Chinese ones.
_QUOTED = sought(r"“[^”\n]{0,400}”|\"[^\"\n]{0,400}\"|「[^」\n]{0,400}」|『[^』\n]{0,400}』", words=('"',), signs=True)


# How somebody sounds is not seen.
_VOICE = sought(r"(?:\bvoices?|声音|音色)\s*[:：][^\n]*", words=("voice",), signs=True, flags=re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in the picture, in the look that they wear there."""

    character: Character
    look: Look | None = None

    @property
    def descriptors(self) -> tuple[str, ...]:
        """Return the words that every picture of this person repeats."""
        return (*self.character.static_descriptors, *(self.look.descriptors if self.look else ()))


@dataclass(frozen=True, slots=True)
class Frame:
    """What a picture or clip is planned to be: the camera words of the story model, and its length in seconds."""

    size: str
    angle: str
    move: str
    duration: float
    action: str = ""


@dataclass(frozen=True)
class Prompt:
    """One prompt of a stage. `where` leads to it; `people` is None where it is not known who should be seen.

    Eight checks read it, so what they read of it is made once.
    """

    text: str
    stage: str
    language: str = "en"
    where: tuple[str, ...] = ("prompt",)
    people: Sequence[Person] | None = None
    location: Location | None = None
    props: Sequence[Prop] = ()
    frame: Frame | None = None
    aspect: str = "9:16"
    target: Target | None = None
    negative: str = ""

    @cached_property
    def silent(self) -> str:
        """Return the text without what is spoken in it."""
        return _QUOTED.sub('""', self.text)

    @cached_property
    def folded(self) -> str:
        """Return the same in lower case."""
        return self.silent.casefold()

    @cached_property
    def unlocked(self) -> str:
        """Return the same without what continuity has locked: only what the template or a writer has added."""
        rest = self.folded
        for descriptor in sorted(self.canon, key=len, reverse=True):
            rest = rest.replace(descriptor.casefold(), " ; ")
        return rest

    @cached_property
    def story(self) -> str:
        """Return the text, in its own capitals, without spoken words, voices, and the descriptors that the case itself gives."""
        text = _VOICE.pattern.sub(" ", self.silent) if _VOICE.likely(self.folded) else self.silent
        for descriptor in sorted(self.canon, key=len, reverse=True):
            # Nearly always they stand there as they are; a template may have made a capital of the first letter.
            text = text.replace(descriptor, " ; ")
            if descriptor.lower() in text.lower():
                text = re.sub(re.escape(descriptor), " ; ", text, flags=re.IGNORECASE)
        return text

    @cached_property
    def canon(self) -> tuple[str, ...]:
        """Return the descriptors of everything that should be seen."""
        found = [d for person in self.people or () for d in person.descriptors]
        found += self.location.descriptors if self.location else []
        return (*found, *(d for prop in self.props for d in prop.descriptors))

    @classmethod
    def of_case(cls, text: str, stage: str, inputs: Mapping[str, Any], target: Target | None = None) -> Prompt:
        """Build the prompt of a case from its resolved inputs and the text that a version makes of them."""
        shot = Shot.model_validate(inputs["shot"]) if inputs.get("shot") else None
        props = [Prop.model_validate(p) for p in inputs.get("props") or [] if shot and p["id"] in shot.props]
        return cls(
            text=text,
            stage=stage,
            language=inputs.get("language") or "en",
            people=_people(stage, inputs),
            location=Location.model_validate(inputs["location"]) if inputs.get("location") else None,
            props=props,
            frame=Frame(shot.size, shot.angle, shot.move, shot.duration, shot.action) if shot else None,
            aspect=inputs.get("aspect") or "9:16",
            target=target or usual(stage),
        )


def _people(stage: str, inputs: Mapping[str, Any]) -> list[Person] | None:
    if stage == "character" and inputs.get("character"):
        found = [{"character": inputs["character"], "look": inputs.get("look")}]
    elif "people" in inputs:
        found = inputs["people"]
    else:
        return None
    return [Person(Character.model_validate(p["character"]), Look.model_validate(p["look"]) if p.get("look") else None) for p in found]


def over_shots(find: Find) -> Callable[[Ledger, World], Iterator[Hit]]:
    """Turn a check of prompts into one of storyboards: each prompt of each shot is read."""

    def checked(ledger: Ledger, world: World) -> Iterator[Hit]:
        for prompt in shot_prompts(ledger, world):
            for hit in find(prompt):
                yield replace(hit, where=prompt.where, cause=f"{hit.cause}@{prompt.where[1]}")

    return checked


@lru_cache(maxsize=1)
def shot_prompts(ledger: Ledger, world: World) -> tuple[Prompt, ...]:
    """Return the prompts of a storyboard's shots, each with the looks that are worn by then; eight checks ask one after another."""
    return tuple(_shot_prompts(ledger, world))


def _shot_prompts(ledger: Ledger, world: World) -> Iterator[Prompt]:
    scenes = {scene.id: scene for scene in ledger.script.scenes}
    moments = {m.beat.id: m for m in ledger.moments}
    for shot in ledger.shots:
        worn = next((moments[b].before.looks for b in shot.beats if b in moments), {})
        people = [_wearing(world.characters[v.who], v.look or worn.get(v.who)) for v in shot.visible if v.who in world.characters]
        scene = scenes.get(shot.scene)
        for stage, name, text in _texts(shot):
            yield Prompt(
                text=text,
                stage=stage,
                language=world.language,
                where=(shot.scene, shot.id, name),
                people=people if len(people) == len(shot.visible) else None,
                location=world.locations.get(scene.location) if scene else None,
                props=[world.props[p] for p in shot.props if p in world.props],
                frame=Frame(shot.size, shot.angle, shot.move, shot.duration),
                target=usual(stage),
                negative=shot.negative_prompt,
            )


def _texts(shot: PlannedShot) -> Iterator[tuple[str, str, str]]:
    named = (("shot", "first_frame_prompt"), ("shot", "last_frame_prompt"), ("clip", "motion_prompt"))
    return ((stage, name, getattr(shot, name)) for stage, name in named if getattr(shot, name).strip())


def _wearing(character: Character, look: str | None) -> Person:
    name = look or character.default_look
    return Person(character, next((x for x in character.looks if x.id == name), next(iter(character.looks), None)))
