"""What a rendered prompt tells a writer: cast, places, props, facts, outline, lengths and language.

Example: of the prompt

    Cast (use these ids):
    - mei: Mei Lin, a maid
    Props:
    - hairpin: jade hairpin, held by mei
    At most 12 words a line.

the brief holds the person `mei` named "Mei Lin" with a stated id, the prop `hairpin` in her hands, and a line limit of
12 words. What a prompt leaves open is listed in `assumed` and filled as a writer who guesses would fill it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from runs.studio.phrases import phrases
from runs.studio.script_sections import Named, entries, sentences, split_sections

Language = Literal["zh", "en"]
USUAL_SECONDS = 60.0
SHORTEST, LONGEST = 10.0, 300.0
HOLDER = re.compile(
    r"(?:held by|holder(?: at the start)?|first[ _]holder|begins with|starts with|in the hands of|carried by|持有人?|持有者|由|在)"
    r"\s*(?:is\s*)?[:：=]?\s*[`'\"]?(?P<who>[^\s`'\",，;；。.()（）]+(?: [A-Z]\w*)*)"
)
KNOWN_BY = re.compile(
    r"(?:\bknown (?:only )?(?:by|to)\b|\bknown_by\b|\bwho knows\b|\bknows?\b|知情者?|知情人|知道的人|只有)"
    r"\s*[:：=]?\s*(?P<who>[^;；。.)）\n]+)",
    re.IGNORECASE,
)
NOBODY = re.compile(r"^(?:(?:nobody|none|no|no-?one)\b|-|—|无|没有)", re.IGNORECASE)
TARGET = (
    re.compile(
        r"(?:target|length|duration|runs?|total|budget|lasts?|时长|总长|目标|全长|片长)[^\n]{0,60}?"
        r"(\d{1,3}(?:\.\d+)?)\s*-?\s*(?:s\b|sec|秒)",
        re.IGNORECASE,
    ),
    re.compile(r"\b(\d{2,3}(?:\.\d+)?)[- ]?(?:seconds?|secs?)\b", re.IGNORECASE),
    re.compile(r"(\d{2,3}(?:\.\d+)?)\s*秒"),
)
LINE_LIMIT = re.compile(
    r"(?:at most|no more than|max(?:imum)?(?: of)?|up to|not over|<=|≤|不超过|不得超过|最多|至多|不多于)"
    r"\s*(?P<n>\d{1,2})\s*个?\s*(?:words?|characters?|字|词|汉字)",
    re.IGNORECASE,
)
_TONGUE = r"(?P<said>zh|en|chinese|mandarin|english|简体中文|中文|英文|汉语|英语)"
MUST = re.compile(r"(?:must include|必须出现(?:的)?(?: ?id)?)\s*[:：]\s*(?P<ids>[^\n]+)", re.IGNORECASE)
LANGUAGE = (
    re.compile(rf"(?:language|语言)\W{{0,6}}(?:is\s*)?{_TONGUE}", re.IGNORECASE),
    re.compile(
        rf"(?:\b(?:lines?|dialogue|script|write|written)\b[^.\n]{{0,40}}\bin|(?:台词|对白|剧本)[^。\n]{{0,12}}[用为])\s*{_TONGUE}",
        re.IGNORECASE,
    ),
    re.compile(rf"(?:\bin|用|使用|以)\s*{_TONGUE}", re.IGNORECASE),
)
CJK = re.compile(r"[\u3400-\u9fff]")
STAND_INS: Mapping[Language, Mapping[str, tuple[tuple[str, str], ...]]] = {
    "zh": {
        "cast": (("lin", "林月"), ("zhao", "赵庭"), ("gao", "高先生")),
        "places": (("courtyard", "院子"), ("hall", "厅堂"), ("street", "街上")),
    },
    "en": {
        "cast": (("lin", "Lin"), ("zhao", "Zhao"), ("gao", "Gao")),
        "places": (("courtyard", "the courtyard"), ("hall", "the hall"), ("street", "the street")),
    },
}


@dataclass(frozen=True, slots=True)
class Brief:
    """All that a writer takes from a prompt. `holders` and `knowers` map ids of props and facts to ids of the cast."""

    language: Language
    cast: tuple[Named, ...]
    places: tuple[Named, ...]
    props: tuple[Named, ...] = ()
    facts: tuple[Named, ...] = ()
    holders: Mapping[str, str | None] = field(default_factory=dict)
    knowers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    hook: str = ""
    events: tuple[str, ...] = ()
    cliffhanger: str = ""
    target_seconds: float = USUAL_SECONDS
    line_limit: int = 0  # words (en) or characters (zh); 0: none was set
    must: tuple[str, ...] = ()  # ids that the prompt wants to see in the episode
    assumed: tuple[str, ...] = ()


def read_brief(prompt: str, joint: str = "-") -> Brief:
    """Read a rendered prompt as a writer would. Never fails: what is not there is assumed and listed in `Brief.assumed`.

    Args:
        prompt: The whole rendered prompt.
        joint: What stands between the words of an id that the writer makes up from a name.
    """
    language = language_of(prompt)
    sections = split_sections(prompt)
    assumed: list[str] = []
    cast = _things(sections, "cast", language, joint, assumed)
    places = _things(sections, "places", language, joint, assumed)
    props, facts = (entries(sections.get(kind, []), joint) for kind in ("props", "facts"))
    target, limit = _first_number(TARGET, prompt), LINE_LIMIT.search(prompt)
    hook, events, end = (sentences(sections.get(key, [])) for key in ("hook", "events", "cliffhanger"))
    for name, there in (("target_seconds", target), ("line_limit", limit), ("key_events", events)):
        if not there:
            assumed.append(name)
    return Brief(
        language=language,
        cast=cast,
        places=places,
        props=props,
        facts=tuple(f for f in facts if f.stated),
        holders={p.id: _holder(p.note, cast) for p in props},
        knowers={f.id: _knowers(f.note, cast) for f in facts},
        hook=" ".join(hook),
        events=tuple(events[:8]) or phrases(language).events,
        cliffhanger=" ".join(end),
        target_seconds=min(max(target or USUAL_SECONDS, SHORTEST), LONGEST),
        line_limit=int(limit["n"]) if limit else 0,
        must=_must(prompt, {n.id for n in (*cast, *places, *props, *facts)}),
        assumed=tuple(assumed),
    )


def language_of(prompt: str) -> Language:
    """Return the language that the prompt asks for, else the one that it is written in."""
    for pattern in LANGUAGE:
        match = pattern.search(prompt)
        if match:
            return "en" if match["said"].lower() in ("en", "english", "英文", "英语") else "zh"
    return "zh" if len(CJK.findall(prompt)) > 0.1 * max(1, len(prompt)) else "en"


def _things(sections: Mapping[str, list[str]], kind: str, language: Language, joint: str, assumed: list[str]) -> tuple[Named, ...]:
    """Return the cast or the places, filled up with stand-ins where the prompt names too few to write with."""
    found = entries(sections.get(kind, []), joint)
    if not found:
        assumed.append(kind)
    elif not all(n.stated for n in found):
        assumed.append(f"{kind} ids")
    if len(found) >= (2 if kind == "cast" else 1):
        return found
    taken = {n.id for n in found}
    return (found + tuple(Named(i, name, False) for i, name in STAND_INS[language][kind] if i not in taken))[:3]


def _first_number(patterns: Sequence[re.Pattern[str]], prompt: str) -> float | None:
    return next((float(m[1]) for p in patterns if (m := p.search(prompt))), None)


def _must(prompt: str, known: set[str]) -> tuple[str, ...]:
    match = MUST.search(prompt)
    return tuple(word for word in re.split(r"[,，、\s]+", match["ids"]) if word in known) if match else ()


def _holder(note: str, cast: Sequence[Named]) -> str | None:
    match = HOLDER.search(note)
    if match is None or NOBODY.match(match["who"]):
        return None
    word = match["who"].strip("手中里")
    return next((c.id for c in cast if c.id in (word, word.split(" ")[0]) or word.casefold() == c.name.casefold()), None)


def _knowers(note: str, cast: Sequence[Named]) -> tuple[str, ...]:
    # The last of several: the fact itself may say "knows", the note on who knows it comes behind.
    said = next((m["who"] for m in reversed(list(KNOWN_BY.finditer(note)))), "")
    words = set(re.findall(r"[a-z0-9][a-z0-9_.\-]*", said))
    return tuple(c.id for c in cast if c.id in words or (c.name and c.name in said))
