"""R01 and R02: rules of the models that are no rule of the story: clips say motion, sheets show a face and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator

from evals.checks.hit import Hit, quote
from evals.checks.prompt import MOVING, Prompt

TOO_MUCH = 0.6
"""From this share of a person's descriptors on a clip's prompt describes the picture, which the first frame shows already."""
SHEET = (
    ("several views", re.compile(r"\bturn-?around\b|\b(?:front|frontal|profile|side|back|three[- ]quarter)\b.*\b(?:front|frontal"
        r"|profile|side|back"
        r"|three[- ]quarter)\b"
                                 r"|三视图|多角度|正面.*(?:侧面|背面)|侧面.*正面", re.DOTALL | re.IGNORECASE)),
    ("a neutral face", re.compile(r"\bneutral\b|\bexpressionless\b|\brelaxed face\b|中性表情|无表情|表情平静|面无表情", re.IGNORECASE)),
    ("a plain background", re.compile(
        r"\b(?:plain|white|neutral|grey|gray|seamless|empty|solid|clean)(?:[ ,-]+\w+){0,2}[ ,-]+(?:background|backdrop|ground)\b"
        r"|\bbackground: ?(?:plain|white|empty|neutral|seamless)"
        r"|\bisolated on white\b|白底|纯色背景|白色背景|干净背景", re.IGNORECASE)),
)  # fmt: skip
MOODS = re.compile(
    r"\b(?:smiling|laughing|crying|screaming|angry|furious|sad|joyful|expressive|dramatic lighting|moody)\b"
    r"|微笑|大笑|哭泣|愤怒|戏剧性(?:光|灯)",
    re.IGNORECASE,
)


def motion(prompt: Prompt) -> Iterator[Hit]:
    """R01: a clip's prompt tells what moves; the picture is in its first frame."""
    for person in prompt.people or () if prompt.stage in MOVING else ():
        text = prompt.text.casefold()
        there = [d for d in person.character.static_descriptors if d.casefold() in text]
        if len(there) > 2 and len(there) >= TOO_MUCH * len(person.character.static_descriptors):
            name = person.character.id
            message = f"The prompt describes {name} as the first frame shows them. Keep one feature to know them by, and say what moves."
            yield Hit(prompt.where, quote("; ".join(there)), message, f"picture:{name}")


def sheet(prompt: Prompt) -> Iterator[Hit]:
    """R02: a character sheet asks for several views, a neutral face and a plain background, so that later shots can be compared."""
    if prompt.stage != "character":
        return
    lacking = [name for name, pattern in SHEET if not pattern.search(prompt.text)]
    if lacking:
        message = f"The sheet does not ask for {' and '.join(lacking)}. Later pictures are compared with it: ask for them."
        yield Hit(prompt.where, ", ".join(lacking), message, "sheet")
    mood = MOODS.search(prompt.text)
    if mood:
        message = f"{mood.group()!r} on a sheet: a strong expression makes one face look like another. Ask for a neutral one in even light."
        yield Hit(prompt.where, mood.group(), message, "mood")
