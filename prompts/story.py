"""The story model: what an episode is, in ids and declared changes, so that continuity can be computed.

Ids everywhere, names nowhere; `Change` is the only way in which state moves. The models are the output schemas of the
structured stages and the format of cases. Vocabularies (`DAYPARTS` …) stand in the JSON Schema as `enum`, so that a
model is told of them, but do not make parsing fail: a wrong word is a finding of check C09, which says where it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

ID_PATTERN = r"^[a-z0-9][a-z0-9_.\-]{0,63}$"
ID_RULE = "Write lower-case letters, digits, '.', '-' and '_', at most 64, a letter or digit first; titles and names may be anything."
Id = Annotated[str, Field(pattern=ID_PATTERN)]

DAYPARTS = ("dawn", "morning", "noon", "afternoon", "dusk", "night")
FUNCTIONS = ("hook", "setup", "escalation", "turn", "reveal", "payoff", "cliffhanger")
SIZES = ("extreme_closeup", "closeup", "medium_closeup", "medium", "full", "wide", "insert")
ANGLES = ("eye_level", "low", "high", "over_shoulder", "pov", "overhead")
MOVES = ("static", "push_in", "pull_out", "pan_left", "pan_right", "tilt_up", "tilt_down", "track", "handheld", "orbit")
FACINGS = ("camera", "left", "right", "away")
POSTURES = ("standing", "sitting", "kneeling", "lying")
EMOTIONS = ("neutral", "joy", "sadness", "anger", "fear", "surprise", "disgust")


def _closed(words: Sequence[str]) -> Any:
    return Field(json_schema_extra={"enum": list(words)})


Daypart = Annotated[str, _closed(DAYPARTS)]
Function = Annotated[str, _closed(FUNCTIONS)]
Size = Annotated[str, _closed(SIZES)]
Angle = Annotated[str, _closed(ANGLES)]
Move = Annotated[str, _closed(MOVES)]
Facing = Annotated[str, _closed(FACINGS)]
Emotion = Annotated[str, _closed(EMOTIONS)]
Posture = Annotated[str, _closed(POSTURES)]


class Model(BaseModel):
    """Base of all story models: unknown keys are errors, so that a typing mistake is never lost in silence; numbers are finite."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class Look(Model):
    """A named state of wardrobe, make-up or injury."""

    id: Id
    descriptors: list[str]


class Character(Model):
    """A member of the cast. `static_descriptors` hold in every shot; looks change.

    `speech_rate` is characters (zh) or words (en) a second.
    """

    id: Id
    name: str
    aliases: list[str] = []
    role: str = ""
    age: str = ""
    static_descriptors: list[str] = []
    looks: list[Look] = []
    default_look: Id | None = None
    voice: str = ""
    speech_rate: float | None = Field(default=None, gt=0)
    reference_images: list[str] = []
    immune_to_death: bool = False


class Location(Model):
    """A place, with the words that every picture of it repeats."""

    id: Id
    name: str
    descriptors: list[str] = []


class Prop(Model):
    """A thing that matters; `first_holder` has it when the episode begins."""

    id: Id
    name: str
    descriptors: list[str] = []
    hero: bool = False
    first_holder: Id | None = None


class Fact(Model):
    """Something that can be known; `known_by` know it when the episode begins."""

    id: Id
    text: str
    known_by: list[Id] = []
    secret: bool = False


class Outline(Model):
    """What the outline stage gives: one episode in a page."""

    title: str
    logline: str
    core_conflict: str
    opening_hook: str
    key_events: list[str] = Field(min_length=3, max_length=6)
    cliffhanger: str
    must_include: list[Id] = []


class Line(Model):
    """Something said. Narration has no speaker; `os` is off-screen, `vo` is voice-over.

    `asserts` are the facts that it states, `denies` those that it says are not so.
    """

    id: Id
    speaker: Id | None = None
    text: str
    manner: str = ""
    kind: Literal["dialogue", "vo", "os", "narration"] = "dialogue"
    asserts: list[Id] = []
    denies: list[Id] = []


class Change(Model):
    """One declared move of the world's state; which fields are needed depends on `kind`."""

    kind: Literal[
        "enter", "exit", "die", "revive", "look", "hold", "drop", "give", "move", "learn", "reveal", "injure", "posture", "time_jump"
    ]
    who: Id | None = None
    to: Id | None = None
    prop: Id | None = None
    fact: Id | None = None
    look: Id | None = None
    place: Id | None = None
    posture: Posture | None = None


class Beat(Model):
    """The smallest unit of story. `actors` do what `action` tells; `props` are used in it. Changes take effect after the beat."""

    id: Id
    function: Function
    emotion: int = Field(ge=0, le=10)
    action: str
    actors: list[Id] = []
    props: list[Id] = []
    lines: list[Line] = []
    changes: list[Change] = []


class Scene(Model):
    """One place at one time. `present` are there when it begins, in the `postures` that are known."""

    id: Id
    location: Id
    daypart: Daypart
    story_day: int = 1
    weather: str = ""
    present: list[Id]
    flashback: bool = False
    continuous_with: Id | None = None
    postures: dict[Id, Posture] = {}
    beats: list[Beat] = Field(min_length=1)


class Script(Model):
    """What the script stage gives."""

    title: str
    scenes: list[Scene] = Field(min_length=1)


class Visible(Model):
    """Who is seen in a shot, where (`x` from 0 left to 1 right), and how they feel (`intensity` 0-1)."""

    who: Id
    x: float = Field(default=0.5, ge=0, le=1)
    facing: Facing = "camera"
    speaking: bool = False
    look: Id | None = None
    emotion: Emotion = "neutral"
    intensity: float = Field(default=0.5, ge=0, le=1)
    acting: str = ""


class Shot(Model):
    """One shot as it is planned: what a key frame and a clip are made from. `duration` in seconds."""

    id: Id
    location: Id
    daypart: Daypart
    size: Size
    angle: Angle = "eye_level"
    move: Move = "static"
    duration: float = Field(default=4.0, gt=0, le=15)
    action: str
    visible: list[Visible] = []
    props: list[Id] = []
    lines: list[Line] = []


class PlannedShot(Model):
    """One shot of a storyboard: which `beats` and `lines` (ids) of its `scene` it shows, how, and the prompts it is made from.

    `crosses_axis` says that the camera means to cross the line between the people.
    """

    id: Id
    scene: Id
    beats: list[Id] = []
    lines: list[Id] = []
    duration: float = Field(default=4.0, gt=0, le=15)
    size: Size
    angle: Angle = "eye_level"
    move: Move = "static"
    visible: list[Visible] = []
    postures: dict[Id, Posture] = {}
    props: list[Id] = []
    crosses_axis: bool = False
    first_frame_prompt: str = ""
    last_frame_prompt: str = ""
    motion_prompt: str = ""
    negative_prompt: str = ""
    sfx: str = ""


class Storyboard(Script):
    """A script together with its shots, in the order in which they are cut."""

    shots: list[PlannedShot] = Field(min_length=1)


class Cue(Model):
    """A piece of music or sound; times in seconds from the episode's start."""

    id: Id
    kind: Literal["music", "sfx"] = "music"
    start: float = Field(ge=0)
    end: float = Field(gt=0)
    mood: str
    bpm: int | None = Field(default=None, ge=30, le=240)
    instrumental: bool = True
    lyrics: str = ""


class Episode(Model):
    """One episode as it is planned, before its script. Times in seconds."""

    id: Id
    number: int = Field(ge=1)
    target_seconds: float = Field(default=60, gt=0)
    tolerance: float = Field(default=0.15, ge=0, le=1)
    previous_cliffhanger: str = ""
    outline: Outline | None = None


class Series(Model):
    """One drama: the bible that all its stages share. `source` names the tale it is adapted from and its status."""

    id: Id
    title: str
    language: Literal["zh", "en"]
    genre: list[str]
    logline: str
    source: str = ""
    style: str = ""
    aspect: Literal["9:16"] = "9:16"


SCHEMAS: dict[str, type[Model]] = {"outline": Outline, "script": Script, "storyboard": Storyboard}
"""The names that a template's front matter may give as `output`."""
