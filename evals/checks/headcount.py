"""S12: a prompt speaks of as many people as the shot shows."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from evals.checks.hit import Hit
from evals.checks.prompt import MOVING, Prompt
from evals.checks.sought import sought

NUMBERS = {
    "one": 1, "a single": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "一": 1, "两": 2, "二": 2, "双": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10,
}  # fmt: skip
_WORD = "|".join(sorted((n for n in NUMBERS if n.isascii()), key=len, reverse=True))
_KIND = (
    r"(?:people|persons?|figures?|characters?|individuals?|actors?|strangers?|friends?|guests?|men|man|women|woman|girls?|boys?"
    r"|ladies|kids?|children|child"
    r"|adults?|guards?|servants?|soldiers?|maids?|brothers?|sisters?|lovers?|officers?|monks?|teenagers?)"
)
COUNTED = re.compile(rf"\b(?P<n>{_WORD}|\d{{1,2}})(?: (?!of\b|or\b|other\b|more\b)[a-z'-]+){{0,2}}? (?P<kind>{_KIND})\b(?!['’]s|-)")
CHINESE = sought(
    r"(?P<n>[一两二三四五六七八九十\d]{1,2})(?:个|名|位)?(?P<kind>人(?![类称间群民物家工])|女人|男人|女子|男子|女孩|男孩|少女|少年|老人|角色|孩子|美女|青年)",
    signs=True,
)
TWO_SHOT = sought(r"\btwo-?shot\b|\b双人(?:镜头|构图)|双人镜头", words=("two",), signs=True)
THREE_SHOT = sought(r"\bthree-?shot\b", words=("three",))
ALONE = sought(
    r"\b(?:alone in (?:the )?(?:frame|shot|picture|room)|solo (?:shot|portrait)|single person|only (?:one )?person|(?:one"
    r"|a single|a lone) (?:person|figure) (?:only|alone))\b"
    r"|独自一人|单人(?:镜头|构图|画面)|画面(?:中|里)?只有一(?:个)?人",
    words=("alone", "solo", "single", "only"),
    signs=True,
)
PAIR = sought(r"\b(?:a|the|young|old|elderly) couple\b(?! of\b)|一对(?:夫妻|情侣|恋人|男女)|二人|俩人", words=("couple",), signs=True)
LABELS = re.compile(r"\bperson (\d{1,2})\b")
BEHIND = re.compile(
    r"\b(?:background|behind|passers-?by|passing|distan(?:t|ce)|extras?|crowd|out of focus|blurred|portrait|photo|poster|painting"
    r"|screen|statue)s?\b|背景|远处|路人|身后|画像|照片|虚化"
)
IDIOM = re.compile(r"第$|[每另某哪任前这那唯]$|唯有$|(?:\bthe|\bno|\bany|\bevery|\bnumber|\bevery) $")
IDIOM_LENGTH = 12
"""So many signs before a count hold any idiom and what its first word begins after."""


def people(prompt: Prompt) -> Iterator[Hit]:
    """S12: no count of people in the text differs from those who should be visible; extras in the background are free.

    "two women" is wrong where one person is to be seen, and right where three are: women may be only some of them.
    """
    if prompt.stage not in ("shot", *MOVING) or prompt.people is None:
        return
    visible = len(prompt.people)
    text = prompt.unlocked
    for said, number, exact in _counts(text):
        if number > visible or (exact and number != visible):
            message = f"The prompt says {said!r}, and the shot shows {visible}. Let them agree, or put the others into the background."
            yield Hit(prompt.where, said, message, f"count:{number}")
            return
    labels = [int(n) for n in LABELS.findall(text)]
    if labels and max(labels) != visible:
        message = f"The prompt describes {max(labels)} people, and the shot shows {visible}."
        yield Hit(prompt.where, f"person {max(labels)}", message, f"count:{max(labels)}")


def _counts(text: str) -> Iterator[tuple[str, int, bool]]:
    """Yield (words, number, whether it counts everybody)."""
    for pattern, number in ((TWO_SHOT, 2), (THREE_SHOT, 3), (ALONE, 1)):
        found = pattern.search(text)
        if found:
            yield found.group(), number, True
    for found in itertools.chain(COUNTED.finditer(text), CHINESE.finditer(text)):
        number = NUMBERS.get(found["n"]) or (int(found["n"]) if found["n"].isdecimal() else 0)
        near = text[max(0, found.start() - 24) : found.end() + 32].split("\n")
        before = text[max(0, found.start() - IDIOM_LENGTH) : found.start()]
        if number and not BEHIND.search(" ".join(near)) and not IDIOM.search(before):
            everybody = found["kind"] in ("people", "persons", "figures", "characters", "individuals", "人", "角色") and number > 1
            yield found.group(), number, everybody
    pair = PAIR.search(text)
    if pair:
        yield pair.group(), 2, False
