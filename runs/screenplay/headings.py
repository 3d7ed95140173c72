"""Scene headings, in the words of both languages: place, time of day, and whether the scene goes on from the one before.

read("INT. FISH MARKET - NIGHT")   ->  Heading(place="FISH MARKET", daypart="night", said="NIGHT", continuous=False)
read("3. 内景 码头 夜")              ->  Heading(place="码头", daypart="night", said="夜", continuous=False)
"""

from __future__ import annotations

import re
from dataclasses import dataclass

DAYPARTS = {
    "dawn": ("dawn", "sunrise", "黎明", "拂晓", "清晨"),
    "morning": ("morning", "早晨", "早上", "上午", "晨", "早"),
    "noon": ("noon", "midday", "day", "中午", "正午", "白天", "日"),
    "afternoon": ("afternoon", "下午", "午后"),
    "dusk": ("dusk", "evening", "sunset", "twilight", "黄昏", "傍晚"),
    "night": ("night", "midnight", "深夜", "夜晚", "晚上", "夜里", "夜", "晚"),
}
"""Words of headings by the story model's own; DAY is taken for noon, which is said to the user."""
GOES_ON = ("continuous", "same", "moments later", "later", "连续", "接上场", "同前")
_WORDS = {word: part for part, words in DAYPARTS.items() for word in words}
_PREFIX = re.compile(
    r"^\s*(?:\d+[A-Za-z]?[.、)\s]\s*)?(?:(?:INT|EXT|EST)\.?(?:\s*[./]\s*(?:INT|EXT)\.?)?|I/E\.?|内景|外景|内外景|内|外)(?:[\s.:：·]+|$)",
    re.IGNORECASE,
)
_PARTS = re.compile(r"\s+[-–—]\s*|\s*[-–—]\s+|\s*[,，]\s*|\s*[·]\s*")


@dataclass(frozen=True, slots=True)
class Heading:
    """What a heading says; `daypart` is empty where it says no time, `said` is the word that it used."""

    place: str
    daypart: str = ""
    said: str = ""
    continuous: bool = False
    flashback: bool = False


def read(text: str) -> Heading:
    """Read a heading; what it does not say stays empty."""
    flashback = bool(re.search(r"flash\s?back|闪回|回忆", text, re.IGNORECASE))
    rest = re.sub(r"[(\[（]?(?:flash\s?back|闪回|回忆)[)\]）]?", "", text, flags=re.IGNORECASE)
    parts = [p.strip() for p in _PARTS.split(_PREFIX.sub("", rest, count=1)) if p.strip()]
    if len(parts) == 1 and re.search(r"[\u4e00-\u9fff]", parts[0]):
        parts = parts[0].split()  # Chinese headings part by blanks
    daypart, said, continuous = "", "", False
    while len(parts) > 1:
        word = parts[-1].casefold().strip(". ")
        if word in GOES_ON:
            continuous = True
        elif word in _WORDS and not daypart:
            daypart, said = _WORDS[word], parts[-1]
        else:
            break
        parts.pop()
    return Heading(" ".join(parts), daypart, said, continuous, flashback)
