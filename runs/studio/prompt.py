"""Read a rendered prompt: how many people, which words belong to whom, and what they say about looks, feeling and frame.

People are found as labelled paragraphs or bullets (`- Mei: …`, `Person 1: …`, `**Left** — …`, `## Mei`); a prompt
without any describes one person, or as many alike as it counts. Lines that forbid (`Avoid: …`, `Do not …`) are left out.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from runs.studio import direction as d
from runs.studio.expression import EMOTIONS, Units, blend
from runs.studio.lexicon import pattern, stated
from runs.studio.numeric import Rgb

MAX_PROMPT = 16_000
"""Characters of a prompt that are read; a longer one is cut, so that reading takes bounded time."""

_LABEL = re.compile(
    r"^[ \t]*(?:#{1,4}[ \t]*|[-*•][ \t]+|\d{1,2}[.)][ \t]+)?(?:\*\*|__)?(?P<label>[^\s:：*,;!?][^:：*,;!?\n]{0,80}?)(?:\*\*|__)?[ \t]*"
    r"(?:[:：]|[—–][ \t])(?:\*\*)?(?P<rest>.*)$"
)
_HEADING = re.compile(r"^[ \t]*(?:#{1,4}[ \t]+)(?P<label>[^\n]{1,40})$")
_FORBIDS = re.compile(
    r"^[ \t]*(?:[-*•][ \t]+)?(?:\*\*)?(?:avoid|negative(?: prompt)?|do not|don't|never|exclude|--no"
    r"|no\b(?= (?:text|other|extra|logo|watermark|subtitle)))",
    re.IGNORECASE,
)
_SCENE = frozenset(
    """
    style camera lighting light location place setting background framing shot size angle move movement aspect format
    scene time props prop mood color colour grade palette composition daypart duration quality lens action series title
    genre output task keyframe reference references continuity sound audio music rules requirements frame environment
    weather constraints technical clip video image still person people characters cast subjects character visible where
    what who sheet views view ground in-frame one shot-size camera-move staging blocking dialogue line lines format-ratio
    look-of-the-film film visual era story logline language notes
    """.split()  # noqa: SIM905 (a list of fifty quoted words is harder to read)
)
_ATTRIBUTE = frozenset(
    """
    subject onset release features face hair eyes brows eyebrows nose mouth lips skin age sex gender look looks wardrobe
    clothes clothing outfit costume wears wearing emotion expression acting performance intensity timing speaking speech
    facing position build body identity features distinguishing beard role voice feeling beat appearance static locked
    feature eyelids jaw chin cheeks onset peak release before after
    """.split()  # noqa: SIM905 (a list of fifty quoted words is harder to read)
)
_PERSON = re.compile(
    r"^(?:person|character|actor|figure|subject|人物|角色)\s*(?:\d|[a-c]|one|two|three|[一二三])"
    r"|^(?:left|right|centre|center|foreground|on the left|on the right|左|右)",
    re.IGNORECASE,
)
_PAIR = re.compile(r"(?:^|\bof\s+)((?:[^\s,.;:]+\s+){1,4}?and\s+[^\n,.;:]{1,60}?)\s+(?:in|at|on|inside)\s", re.IGNORECASE)
_QUOTED = re.compile(r"[\"“「][^\"”」\n]{2,300}[\"”」]")
_INTENSITY = re.compile(r"intensity\s*[:=]?\s*(?:of\s*)?(\d(?:\.\d+)?)(?:\s*/\s*(10|1|5))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Person:
    """What a prompt says of one person. `fixed` are appearance positions; `amplitude` and `motion` run from 0 to about 1."""

    name: str
    text: str
    fixed: dict[str, float]
    emotion: str
    directions: tuple[str, ...]
    amplitude: float
    motion: float
    speaking: bool
    yaw: float | None
    garment: str | None
    colour: Rgb | None

    def units(self) -> Units:
        """Return the action units at the height of the expression."""
        own = blend(*((d.ACTING[name].units, 0.75) for name in self.directions))
        return blend((EMOTIONS[self.emotion], self.amplitude), (own, 1.0))


@dataclass(frozen=True, slots=True)
class Reading:
    """What a prompt says altogether; `framing` is the share of the frame's width that a face takes, None where open."""

    people: tuple[Person, ...]
    place: str | None
    night: bool
    rain: bool
    framing: float | None
    size: str
    pitch: float
    move: str
    settings: dict[str, str] = field(default_factory=dict)


def clean(prompt: str) -> str:
    """Return the part of a prompt that is read: bounded, composed, without control characters and forbidding lines."""
    text = unicodedata.normalize("NFC", prompt[:MAX_PROMPT])
    text = "".join(c if c in "\n\t" or unicodedata.category(c)[0] != "C" else " " for c in text)
    return "\n".join(line[:2000] for line in text.split("\n") if not _FORBIDS.match(line))


def _is_explicit(label: str, names: Sequence[str]) -> bool:
    plain = label.strip().lower()
    return _PERSON.match(plain) is not None or any(name and name.lower() in plain for name in names)


def _is_name(label: str) -> bool:
    """Return whether a label could be somebody's name: up to four words, none of them a heading's."""
    words = re.split(r"[\s\-_/&()]+", label.strip().lower())
    return not any(w in _SCENE or w in _ATTRIBUTE for w in words) and len(words) <= 4 and label[:1].upper() == label[:1]


def segments(text: str, names: Sequence[str] = ()) -> tuple[list[tuple[str, str]], str]:
    """Split a text into (label, text) of each person, and the rest, which speaks of the scene."""
    people: list[tuple[str, list[str]]] = []
    rest: list[str] = []
    current = rest
    labels = [match["label"].strip() if (match := _LABEL.match(line) or _HEADING.match(line)) else "" for line in text.split("\n")]
    explicit = any(_is_explicit(label, names) for label in labels if label)
    for line, label in zip(text.split("\n"), labels, strict=True):
        first = re.split(r"[\s\-_/]+", label.lower())[0] if label else ""
        if label and (_is_explicit(label, names) if explicit else _is_name(label)):
            known = next((lines for name, lines in people if name.lower() == label.lower()), None)
            current = known if known is not None else []
            if known is None:
                people.append((label, current))
        elif first in _SCENE:
            current = rest
        elif not line.strip() and current is not rest and not any(part.strip() for part in current[1:]):
            current = current if len(current) <= 1 else rest
        current.append(line)
    # A label alone does not make a person: something must be said of looks, feeling or acting.
    told = [(label, "\n".join(lines)) for label, lines in people]
    real = [(label, body) for label, body in told if _speaks_of_person(body, label, names)]
    rest += [body for label, body in told if (label, body) not in real]
    return real[: d.MAX_PEOPLE], "\n".join(rest)


def _speaks_of_person(body: str, label: str, names: Sequence[str]) -> bool:
    if _PERSON.match(label.lower()) or any(name and name.lower() in label.lower() for name in names):
        return True
    return bool(stated(body)) or _emotion(body) is not None or bool(_directions(body))


def _matches(words: d.Words, text: str) -> bool:
    return pattern(words.english, words.chinese).search(text) is not None


def _ordered(table: Mapping[str, d.Words], text: str) -> list[str]:
    """Return the keys of a table whose words stand in a text, in the order of their first appearance."""
    places = {name: hit.start() for name, words in table.items() if (hit := pattern(words.english, words.chinese).search(text))}
    return sorted(places, key=lambda name: places[name])


def _first(table: Mapping[str, d.Words], text: str) -> str | None:
    return next(iter(_ordered(table, text)), None)


def _emotion(text: str, index: int = 0) -> str | None:
    """Return the feeling that a text names first; with `index`, the one named at that place where so many are named."""
    felt = {name: words for name, words in d.EMOTION_WORDS.items() if name != "neutral"}
    ordered = _ordered(felt, text)
    if not ordered:
        return "neutral" if _matches(d.EMOTION_WORDS["neutral"], text) else None
    return ordered[min(index, len(ordered) - 1)]


def _directions(text: str) -> tuple[str, ...]:
    return tuple(name for name, acting in d.ACTING.items() if _matches(acting.words, text))


def amplitude_of(text: str, emotion: str, directions: int) -> float:
    """Return how strongly an emotion shows: more with concrete direction, words of degree and a stated intensity."""
    if emotion == "neutral" and not directions:
        return 0.0
    amount = d.BASE_AMPLITUDE + d.ACTING_GAIN * min(directions, 3)
    amount += sum(gain for words, gain in d.INTENSITY.values() if _matches(words, text))
    number = _INTENSITY.search(text)
    if number:
        scale = float(number[2] or (10 if float(number[1]) > 1 else 1))
        amount += 0.30 * (min(1.0, float(number[1]) / scale) - 0.5)
    return float(np.clip(amount, 0.05, 1.0))


def motion_of(text: str, directions: int) -> float:
    """Return how far an expression has a course in time (0 a frozen face, 1 from rest to its height)."""
    hits = {hit.group(0).lower() for hit in pattern(d.TIMING.english, d.TIMING.chinese).finditer(text)}
    return float(np.clip(d.BASE_MOTION + d.TIMING_GAIN * min(len(hits), 2) + d.ACTING_MOTION * min(directions, 3), 0, 1))


def _speaking(text: str) -> bool:
    if _matches(d.SILENT, text):
        return False
    return _matches(d.SPEAKING, text) or _QUOTED.search(text) is not None


def _clothes(text: str) -> tuple[str | None, Rgb | None]:
    garment = _first(d.GARMENT_WORDS, text)
    if garment is None:
        return None, None
    wear = d.GARMENT_WORDS[garment]
    for words, rgb in d.COLOURS.values():
        near = tuple(f"{c} .. {g}" for c in words.english for g in wear.english) + tuple(
            f"{c} {g}" for c in words.english for g in wear.english
        )
        chinese = tuple(c + "色" * k + g for c in words.chinese for g in wear.chinese for k in (0, 1))
        if pattern(near, chinese).search(text):
            return garment, rgb
    return garment, None


def _yaw(text: str) -> float | None:
    for words, yaw in d.FACING.values():
        if _matches(words, text):
            return yaw
    return None


def _person(name: str, text: str, scene: str, index: int = 0) -> Person:
    emotion = _emotion(text, index) or _emotion(scene, index) or "neutral"
    directions = _directions(text)
    both = f"{text}\n{scene}"
    garment, colour = _clothes(text)
    return Person(
        name=name.strip(),
        text=text,
        fixed=stated(text),
        emotion=emotion,
        directions=directions,
        amplitude=amplitude_of(text, emotion, len(directions)),
        motion=motion_of(text, len(directions)),
        speaking=_speaking(text) if text.strip() else _speaking(both),
        yaw=_yaw(text),
        garment=garment,
        colour=colour,
    )


def _count(text: str) -> int:
    return next((n for n, words in d.COUNTS if _matches(words, text)), 1)


def _named(text: str) -> list[str]:
    """Return the names at the head of a prompt in prose: `… of Mei and Lin in the hall`."""
    match = _PAIR.search(text[:400])
    return [part.strip() for part in re.split(r"\s+and\s+", match[1])] if match else []


def read(prompt: str, names: Sequence[str] = ()) -> Reading:
    """Read a rendered prompt; `names` are those of the reference pictures that come with it."""
    text = clean(prompt)
    found, scene = segments(text, names)
    named = [] if found else _named(text)
    whole = max(_count(scene), len(set(filter(None, names))), len(named), 1)
    if len(found) > 1 or (found and whole == 1):
        people = [_person(label, body, scene) for label, body in found]
    elif found:
        people = [_person(found[0][0], found[0][1], scene)]
    else:
        people = [_person((list(names) + named + [""])[0], text, "")]
    while len(people) < min(whole, d.MAX_PEOPLE):
        taken = {p.name.lower() for p in people}
        name = next((n for n in (*names, *named) if n and n.lower() not in taken), f"person {len(people) + 1}")
        people.append(_person(name, text if not found else "", scene, len(people)))
    shown = scene if found else text
    size = next(((key, share) for key, words, share in d.FRAMING if _matches(words, shown)), ("", None))
    return Reading(
        people=tuple(people),
        place=_first(d.PLACES, scene if scene.strip() else text),
        night=_matches(d.NIGHT, shown),
        rain=_matches(d.RAIN, shown),
        framing=size[1],
        size=size[0],
        pitch=next((pitch for words, pitch in d.ANGLES.values() if _matches(words, shown)), 0.0),
        move=next((move for move, (words, _) in d.MOVES.items() if _matches(words, shown)), "static"),
    )
