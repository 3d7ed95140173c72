"""The lists that a rendered prompt holds, found under their headings: who, where, what things, which facts, what happens.

Example: under `Cast:` the line `- mei: Mei Lin, a maid` is the entry `mei`, named "Mei Lin", with a stated id; the line
`Characters: Mei Lin and Zhao Ting` is two entries whose ids a writer has to make up.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from runs.studio.pinyin import slug

SECTIONS: Mapping[str, str] = {
    "previous": r"previous(?:ly| cliffhanger| episode)|last episode|上一?集(?:结尾|悬念)?|前情",
    "cliffhanger": r"cliffhanger|结尾悬念|悬念|结尾",
    "hook": r"(?:opening )?hook|开场钩子|开场|钩子",
    "events": r"key events?|events|关键事件|关键情节|主要事件|情节",
    "cast": r"cast|characters?|people|人物表?|角色表?|演员表?|人物与声音",
    "places": r"locations?|places?|场景地点|可用地点|地点|场地",
    "props": r"props?|hero props?|objects?|道具",
    "facts": r"facts?|secrets?|facts and secrets|事实|秘密|真相|信息",
}
"""Section -> the words of its heading."""
_BEFORE = r"(?:the |episode |main |opening |本集|主要)*"
_AFTER = r"(?:表|清单)?(?: (?:list|of the episode|in this episode|with ids|in order))?"
HEADING = re.compile(
    r"^[\s#*_>【\[]*(?P<head>[^\W\d][\w '’/&-]{0,40}?)\s*(?:[（(][^）)]*[）)])?[\s*_】\]]*"
    r"(?P<mark>[:：][\s*_]*(?P<rest>.*))?$"
)
INLINE = re.compile(
    r"\b(?:characters?|cast|starring)\s*(?:are|is|include)?\s*:\s*(?P<a>[^\n.]+)|(?:人物|角色|主演)(?:有|为|是|包括)?[:：](?P<b>[^\n。]+)",
    re.IGNORECASE,
)
BULLET = re.compile(r"^\s*(?:[-*•·–]|\d{1,2}[.)、．])\s*(?P<body>.+)$")
_ID = r"[`'\"]?(?P<id>[a-z0-9][a-z0-9_.\-]{0,63})[`'\"]?"
ID_FIRST = re.compile(rf"^{_ID}\s*(?:[:：=]|[—–]|\s-\s|(?=[（(]))\s*(?P<rest>.+)$")
NAME_FIRST = re.compile(rf"^(?P<name>[^:：,，;；(（]{{1,60}}?)\s*[（(\[]\s*(?:id\s*[:：=]?\s*)?{_ID}\s*[）)\]](?P<rest>.*)$")
NAME_END = re.compile(r"[,，;；。(（|—–]|\s-\s|\. |:\s|：")
SEPARATORS = re.compile(r"[、;；]|[,，](?![^（(]*[）)])|\band\b|\.\s|\.$")


@dataclass(frozen=True, slots=True)
class Named:
    """A person, place, prop or fact: `stated` tells whether the prompt gave the id or the writer made it up from the name."""

    id: str
    name: str
    stated: bool = True
    note: str = ""


def split_sections(prompt: str) -> dict[str, list[str]]:
    """Group a prompt's lines under the headings of `SECTIONS`; of two headings of one kind the longer section is kept."""
    found: dict[str, list[list[str]]] = {}
    current: list[str] | None = None
    for line in prompt.splitlines():
        kind, rest = _heading(line)
        if kind is not None:
            current = [rest] if rest else []
            found.setdefault(kind, []).append(current)
        elif current is not None and belongs(line):
            current.append(line)
        elif line.strip() or current:
            current = None  # a blank line may follow a heading, and nothing else
    if "cast" not in found and (match := INLINE.search(prompt)):
        found["cast"] = [[match["a"] or match["b"]]]
    return {kind: max(parts, key=len) for kind, parts in found.items()}


def _heading(line: str) -> tuple[str | None, str]:
    """Return (section, text after the colon), or (None, "") for a line that opens no section."""
    match = HEADING.match(BULLET.sub(lambda m: m["body"], line))
    if match is None or (match["mark"] is None and not line.lstrip().startswith(("#", "*", "【", "["))):
        return None, ""
    head = match["head"].strip().lower()
    for kind, words in SECTIONS.items():
        if re.fullmatch(f"{_BEFORE}(?:{words}){_AFTER}", head):
            return kind, (match["rest"] or "").strip()
    return None, ""


def belongs(line: str) -> bool:
    """Tell whether a line goes on with the list above it: a bullet, or an id with something behind it."""
    return bool(BULLET.match(line) or ID_FIRST.match(line.strip()))


def entries(lines: Sequence[str], joint: str) -> tuple[Named, ...]:
    """Read one entry a line, or several on a line that has neither bullet nor id. The first of two with one id wins."""
    out: dict[str, Named] = {}
    for line in lines:
        bullet = BULLET.match(line)
        body = (bullet["body"] if bullet else line).strip()
        parts = [body] if bullet or ID_FIRST.match(body) else SEPARATORS.split(body)
        for part in parts:
            if part.strip():
                entry = _entry(part.strip(), joint)
                out.setdefault(entry.id, entry)
    return tuple(out.values())


def _entry(body: str, joint: str) -> Named:
    clean = re.sub(r"[*`]", "", body)
    match = NAME_FIRST.match(clean)
    if match and re.search(r"[\s\u3400-\u9fffA-Z]", match["name"]):
        return Named(match["id"], match["name"].strip(), True, match["rest"])
    match = ID_FIRST.match(clean)
    if match:
        return Named(match["id"], _name(match["rest"]) or match["id"], True, match["rest"])
    name = _name(clean)
    return Named(slug(name, joint), name, False, clean)


def _name(text: str) -> str:
    return NAME_END.split(text, maxsplit=1)[0].strip(" \"'“”.。")


def sentences(lines: Sequence[str]) -> list[str]:
    """Return a section as sentences: one a bullet, and of running text one a full stop or semicolon."""
    out: list[str] = []
    for line in lines:
        bullet = BULLET.match(line)
        parts = [bullet["body"]] if bullet else re.split(r"[;；]\s*|(?<=[.!?])\s+(?=[A-Z])", line)
        out.extend(part.strip(' ;；"“”') for part in parts if part.strip())
    return out
