"""Structured JSON of other pipelines, through a small mapping file that says where things stand.

A mapping (YAML) for `{"name": "Night", "acts": [{"shots": [{"where": "码头", "when": "夜", "talk": [{"role": "梅", "words": "走"}]}]}]}`:

    title: name
    scenes: acts[].shots[]
    scene: {place: where, daypart: when}
    beats: "."                       # the scene is its own only beat
    lines: talk[]
    line: {speaker: role, text: words}
    words: {daypart: {夜: night}}     # their words for ours

A path is keys with full stops; `[]` goes through a list, `.` is the thing itself. What is not mapped is inferred, as for a screenplay.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import Field

from prompts.errors import InputError
from prompts.story import DAYPARTS, Model
from runs.screenplay import headings
from runs.screenplay.loose import LooseBeat, LooseLine, LooseScene

SCENE = frozenset({"id", "place", "heading", "daypart", "present", "flashback", "story_day", "weather"})
BEAT = frozenset({"id", "action", "function", "emotion", "actors", "props"})
LINE = frozenset({"id", "speaker", "text", "manner", "kind"})


class Mapping(Model):
    """Where things stand in another pipeline's JSON."""

    title: str = ""
    scenes: str
    scene: dict[str, str] = Field(default_factory=dict)
    beats: str = "."
    beat: dict[str, str] = Field(default_factory=dict)
    lines: str = ""
    line: dict[str, str] = Field(default_factory=dict)
    words: dict[str, dict[str, str]] = Field(default_factory=dict)

    def check(self) -> None:
        """Refuse keys that nothing reads.

        Raises:
            InputError: there is one.
        """
        for name, known in (("scene", SCENE), ("beat", BEAT), ("line", LINE), ("words", SCENE | BEAT | LINE)):
            unknown = sorted(set(getattr(self, name)) - known)
            if unknown:
                raise InputError(
                    f"The mapping's {name} has {', '.join(unknown)}, which is no part of it.", hint=f"Known: {', '.join(sorted(known))}."
                )


def read(value: Any, mapping: Mapping) -> tuple[str, list[LooseScene]]:
    """Return title and scenes.

    Raises:
        InputError: the mapping has unknown keys, or no scene is where it says.
    """
    mapping.check()
    title = next(iter(find(value, mapping.title)), "") if mapping.title else ""
    scenes = [_scene(item, mapping) for item in find(value, mapping.scenes) if isinstance(item, dict)]
    if not scenes:
        raise InputError(f"Nothing is at {mapping.scenes!r}, where the mapping says that scenes are.")
    return str(title), scenes


def find(value: Any, path: str) -> Iterator[Any]:
    """Yield what stands at a path; nothing where there is none."""
    here: list[Any] = [value]
    for step in (s for s in path.split(".") if s):
        name, _, through = step.partition("[]")
        here = [v[name] if name else v for v in here if not name or (isinstance(v, dict) and name in v)]
        if "[]" in step:
            here = [item for v in here if isinstance(v, list) for item in v]
        if through:
            raise InputError(f"The path {path!r} cannot be read: nothing follows [] but a full stop.")
    yield from (v for v in here if v is not None)


def _scene(item: dict[str, Any], mapping: Mapping) -> LooseScene:
    given = _values(item, mapping.scene, mapping)
    heading = headings.read(str(given["heading"])) if "heading" in given else headings.Heading("")
    daypart = str(given.get("daypart", heading.daypart))
    if daypart and daypart not in DAYPARTS:
        daypart = headings.read(f"x - {daypart}").daypart
    made = LooseScene(str(given.get("place", heading.place)), daypart, flashback=bool(given.get("flashback", heading.flashback)))
    made.id = str(given.get("id", ""))
    made.continuous = heading.continuous
    made.present = _list(given["present"]) if "present" in given else None
    made.facts = {k: given[k] for k in ("story_day", "weather") if k in given}
    made.beats = [_beat(b, mapping) for b in find(item, mapping.beats) if isinstance(b, dict)]
    return made


def _beat(item: dict[str, Any], mapping: Mapping) -> LooseBeat:
    given = _values(item, mapping.beat, mapping)
    lines = [_line(x, mapping) for x in find(item, mapping.lines) if isinstance(x, dict)] if mapping.lines else []
    emotion = given.get("emotion")
    return LooseBeat(
        str(given.get("action", "")),
        [x for x in lines if x.text],
        str(given.get("id", "")),
        str(given.get("function", "")),
        emotion if isinstance(emotion, int) and 0 <= emotion <= 10 else None,
        _list(given["actors"]) if "actors" in given else None,
        _list(given.get("props", [])),
    )


def _line(item: dict[str, Any], mapping: Mapping) -> LooseLine:
    given = _values(item, mapping.line, mapping)
    kind: Any = given.get("kind", "dialogue")
    made = LooseLine(str(given.get("speaker", "")), " ".join(str(given.get("text", "")).split()), str(given.get("manner", "")))
    made.kind = kind if kind in ("dialogue", "vo", "os", "narration") else "dialogue"
    made.id = str(given.get("id", ""))
    return made


def _values(item: dict[str, Any], paths: dict[str, str], mapping: Mapping) -> dict[str, Any]:
    """Return what is mapped and there, in our words."""
    out: dict[str, Any] = {}
    for name, path in paths.items():
        found = list(find(item, path))
        if found:
            value = found if path.endswith("[]") else found[0]
            out[name] = mapping.words.get(name, {}).get(str(value), value) if not isinstance(value, list) else value
    return out


def _list(value: Any) -> list[str]:
    return (
        [str(v) for v in value]
        if isinstance(value, list)
        else [s for s in str(value).replace("，", ",").replace("、", ",").split(",") if s]
    )
