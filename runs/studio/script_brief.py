"""What a rendered prompt tells a writer: cast, places, props, facts, outline, lengths, rules and language.

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
from runs.studio.pinyin import slug

Language = Literal["zh", "en"]
SECTIONS: Mapping[str, str] = {
    "previous": r"previous(?:ly| cliffhanger| episode)|last episode|上一?集|前情",
    "cliffhanger": r"cliffhanger|结尾悬念|悬念|结尾",
    "hook": r"(?:opening )?hook|开场钩子|开场|钩子",
    "events": r"key events?|events|关键事件|关键情节|主要事件|情节",
    "cast": r"cast|characters?|people|人物表?|角色表?|演员表?|人物与声音",
    "places": r"locations?|places?|场景地点|可用地点|地点|场地",
    "props": r"props?|hero props?|objects?|道具",
    "facts": r"facts?|secrets?|facts and secrets|事实|秘密|真相|信息",
}
HEADING = re.compile(r"^[\s#*_>【\[]*(?P<head>[^\W\d][\w '’/&-]{0,40}?)\s*(?:[（(][^）)]*[）)])?[\s*_】\]]*(?:[:：][\s*_]*(?P<rest>.*))?$")
BULLET = re.compile(r"^\s*(?:[-*•·–]|\d{1,2}[.)、．])\s*(?P<body>.+)$")
ID_FIRST = re.compile(r"^[`'\"]?(?P<id>[a-z0-9][a-z0-9_.\-]{0,63})[`'\"]?\s*(?:[:：=]|[—–]|\s-\s|(?=[（(]))\s*(?P<rest>.+)$")
NAME_FIRST = re.compile(
    r"^(?P<name>[^:：,，;；(（]{1,60}?)\s*[（(\[]\s*(?:id\s*[:：=]?\s*)?[`'\"]?(?P<id>[a-z0-9][a-z0-9_.\-]{0,63})[`'\"]?\s*[）)\]](?P<rest>.*)$"
)
NAME_END = re.compile(r"[,，;；。(（|—–]|\s-\s|\. |:\s|：")
HOLDER = re.compile(
    r"(?:held by|holder(?: at the start)?|first holder|begins with|starts with|in the hands of|carried by|持有人?|持有者|由|在)\s*(?:is\s*)?[:：=]?\s*[`'\"]?(?P<who>[^\s`'\",，;；。.()（）]+(?: [A-Z][\w]*)*)"
)
KNOWN_BY = re.compile(
    r"(?:known (?:only )?(?:by|to)|who knows|knows?|知情者?|知情人|知道的人|只有)\s*[:：=]?\s*(?P<who>[^;；。.)）\n]+)", re.IGNORECASE
)
NOBODY = re.compile(r"^(?:nobody|no|none|no-?one|-|—|无|无人|没有)", re.IGNORECASE)
TARGET = (
    re.compile(
        r"(?:target|length|duration|runs?|total|budget|lasts?|时长|总长|目标|全长|片长)[^\n]{0,60}?(\d{1,3}(?:\.\d+)?)\s*-?\s*(?:s\b|sec|秒)",
        re.IGNORECASE,
    ),
    re.compile(r"\b(\d{2,3}(?:\.\d+)?)[- ]?(?:seconds?|secs?)\b", re.IGNORECASE),
    re.compile(r"(\d{2,3}(?:\.\d+)?)\s*秒"),
)
LINE_LIMIT = re.compile(
    r"(?:at most|no more than|max(?:imum)?(?: of)?|up to|not over|<=|≤|不超过|不得超过|最多|至多|不多于)\s*(?P<n>\d{1,3}(?:\.\d+)?)\s*(?:个)?\s*(?P<unit>words?|characters?|字|词|汉字)",
    re.IGNORECASE,
)
LANGUAGE = re.compile(
    r"(?:language|语言)\W{0,6}(?:is\s*)?(?P<a>zh|en|chinese|english|mandarin|中文|英文|汉语|英语|简体中文)|(?:\bin|用|使用|以)\s*(?P<b>chinese|mandarin|english|简体中文|中文|英文|汉语|英语)",
    re.IGNORECASE,
)
CJK = re.compile(r"[\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Named:
    """A person, place or prop: `stated` says whether the prompt gave the id or the writer made it up from the name."""

    id: str
    name: str
    stated: bool = True
    note: str = ""


@dataclass(frozen=True, slots=True)
class Brief:
    """All that a writer takes from a prompt. `holders` and `knowers` map stated ids to ids of the cast."""

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
    target_seconds: float = 60.0
    line_limit: int = 0
    assumed: tuple[str, ...] = ()


STAND_INS: Mapping[Language, Mapping[str, tuple[tuple[str, str], ...]]] = {
    "zh": {"cast": (("lin", "林月"), ("zhao", "赵庭"), ("gao", "高先生")), "places": (("courtyard", "院子"), ("hall", "厅堂"), ("street", "街上"))},
    "en": {"cast": (("lin", "Lin"), ("zhao", "Zhao"), ("gao", "Gao")), "places": (("courtyard", "the courtyard"), ("hall", "the hall"), ("street", "the street"))},
}  # fmt: skip


def read_brief(prompt: str, joint: str = "-") -> Brief:
    """Read a rendered prompt as a writer would. Never fails: what is not there is assumed and listed in `Brief.assumed`.

    Args:
        prompt: The whole rendered prompt.
        joint: What stands between the words of an id that the writer makes up from a name.
    """
    language = language_of(prompt)
    sections = split_sections(prompt)
    assumed: list[str] = []
    cast = _things(sections, "cast", language, assumed, joint)
    places = _things(sections, "places", language, assumed, joint)
    props, facts = (_entries(sections.get(kind, []), joint) for kind in ("props", "facts"))
    target = _first_number(TARGET, prompt)
    if target is None:
        assumed.append("target_seconds")
    limit = LINE_LIMIT.search(prompt)
    if limit is None:
        assumed.append("line_limit")
    hook, events, end = (_sentences(sections.get(key, [])) for key in ("hook", "events", "cliffhanger"))
    if not events:
        assumed.append("key_events")
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
        target_seconds=min(max(target or 60.0, 10.0), 300.0),
        line_limit=int(float(limit["n"])) if limit else 0,
        assumed=tuple(assumed),
    )


def language_of(prompt: str) -> Language:
    """Return the language that the prompt asks for, else the one that it is written in."""
    for match in LANGUAGE.finditer(prompt):
        word = (match["a"] or match["b"]).lower()
        return "en" if word in ("en", "english", "英文", "英语") else "zh"
    return "zh" if len(CJK.findall(prompt)) > 0.1 * max(1, len(prompt)) else "en"


def split_sections(prompt: str) -> dict[str, list[str]]:
    """Group a prompt's lines under the headings of `SECTIONS`; of two headings of one kind the longer section wins."""
    found: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in prompt.splitlines():
        kind, rest = _heading(line)
        if kind is not None:
            current = [rest] if rest else []
            if len(found.get(kind, [])) <= len(current):
                found[kind] = current
            else:
                found[kind].extend(current)
                current = found[kind]
        elif current is not None and _belongs(line):
            current.append(line)
        elif current is not None and (line.strip() or current):
            current = None if line.strip() else current
    return found


def _heading(line: str) -> tuple[str | None, str]:
    """Return (section, text after the colon); a bullet is a heading only where its head is a whole section word."""
    match = HEADING.match(BULLET.sub(lambda m: m["body"], line))
    if match is None or (match["rest"] is None and not line.lstrip().startswith(("#", "*", "【", "["))):
        return None, ""
    head = match["head"].strip().lower()
    for kind, words in SECTIONS.items():
        if re.fullmatch(
            rf"(?:the |episode |main |opening )*(?:{words})(?: (?:list|of the episode|in this episode|with ids|in order))?", head
        ):
            return kind, (match["rest"] or "").strip()
    return None, ""


def _belongs(line: str) -> bool:
    return bool(BULLET.match(line) or ID_FIRST.match(line.strip()))


def _entries(lines: Sequence[str], joint: str) -> tuple[Named, ...]:
    """Read one entry a line, or several separated by commas on a line without ids."""
    out: list[Named] = []
    for line in lines:
        bullet = BULLET.match(line)
        body = bullet["body"].strip() if bullet else line.strip()
        parts = [body] if bullet or ID_FIRST.match(body) else re.split(r"[、;；]|[,，](?![^（(]*[）)])|\band\b|\.\s|\.$", body)
        out.extend(_entry(part.strip(), joint) for part in parts if part.strip())
    unique = {n.id: n for n in reversed(out)}
    return tuple(n for n in dict.fromkeys(out) if unique[n.id] is n or unique[n.id] == n)


def _entry(body: str, joint: str) -> Named:
    clean = re.sub(r"[*`]", "", body)
    match = NAME_FIRST.match(clean)
    if match and re.search(r"[\s\u3400-\u9fffA-Z]", match["name"]):
        return Named(match["id"], match["name"].strip(), True, match["rest"])
    match = ID_FIRST.match(clean)
    if match:
        name = NAME_END.split(match["rest"], maxsplit=1)[0].strip(" \"'“”")
        return Named(match["id"], name or match["id"], True, match["rest"])
    name = NAME_END.split(clean, maxsplit=1)[0].strip(" \"'“”.。")
    return Named(slug(name, joint), name, False, clean)


def _things(sections: Mapping[str, list[str]], kind: str, language: Language, assumed: list[str], joint: str) -> tuple[Named, ...]:
    found = _entries(sections.get(kind, []), joint)
    if not all(n.stated for n in found) or not found:
        assumed.append(f"{kind} ids" if found else kind)
    if len(found) >= (2 if kind == "cast" else 1):
        return found
    more = tuple(Named(i, name, False) for i, name in STAND_INS[language][kind] if i not in {n.id for n in found})
    return (found + more)[:3]


def _first_number(patterns: Sequence[re.Pattern[str]], prompt: str) -> float | None:
    return next((float(m[1]) for p in patterns if (m := p.search(prompt))), None)


def _holder(note: str, cast: Sequence[Named]) -> str | None:
    match = HOLDER.search(note)
    return _person(match["who"], cast) if match and not NOBODY.match(match["who"]) else None


def _person(word: str, cast: Sequence[Named]) -> str | None:
    word = word.strip(" .。,，手中里")
    return next((c.id for c in cast if word == c.id or word.casefold() == c.name.casefold() or word.split(" ")[0] == c.id), None)


def _knowers(note: str, cast: Sequence[Named]) -> tuple[str, ...]:
    match = KNOWN_BY.search(note)
    words = set(re.findall(r"[a-z0-9][a-z0-9_.\-]*", match["who"])) if match else set()
    text = match["who"] if match else ""
    return tuple(c.id for c in cast if c.id in words or (c.name and c.name in text))


def _sentences(lines: Sequence[str]) -> list[str]:
    out = []
    for line in lines:
        bullet = BULLET.match(line)
        body = bullet["body"] if bullet else line
        out.extend(
            part.strip(' ;；"“”') for part in re.split(r"[;；]\s*|(?<=[.!?])\s+(?=[A-Z])" if not bullet else r"\n", body) if part.strip()
        )
    return out
