"""S15: text that is no story: unfilled templates, placeholders, leaked instructions, the wrong language."""

from __future__ import annotations

import re
from collections.abc import Iterator

from evals.checks.hit import Hit, at, lines, quote
from evals.checks.ledger import Ledger
from evals.checks.world import World
from prompts.text import count, is_chinese

# Only what no character says: "I cannot help him" and the 系统提示 of game dramas are story.
LEAKS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("an unfilled template", re.compile(r"\{\{|\}\}|\{%|%\}|\$\{\w|\{[A-Za-z_][\w .]{0,30}\}|<[A-Z][A-Z_ ]{2,}>")),
    (
        "a placeholder",
        re.compile(
            r"\b(?:TODO|TBD|FIXME|PLACEHOLDER)\b|\b[Ll]orem ipsum\b|\b[Xx]{3,}\b"
            r"|\[(?:insert|your|name|character|line|dialogue|action|place|scene)\b[^\]]*\]"
            r"|[\[【（(](?:此处|填写|插入|待定|待补|角色名?|姓名|地点|台词)[^\]】）)]{0,12}[\]】）)]|占位符",
        ),
    ),
    (
        "a leaked instruction",
        re.compile(
            r"\bas an? (?:AI|artificial intelligence|large language|language) (?:language )?model\b"
            r"|\bI (?:cannot|can't|am unable to) (?:help|assist|comply|fulfil\w*)\b[^.]{0,20}\brequests?\b"
            r"|\bhere(?:'s| is) (?:the|your) (?:script|json|screenplay)\b|\bvalid JSON\b"
            r"|\bignore (?:all )?(?:previous|prior) instructions\b"
            r"|作为(?:一个|一名)?(?:AI|人工智能|(?:大型)?语言模型)[，,助模]|以下是(?:剧本|脚本|为您)",
            re.IGNORECASE,
        ),
    ),
)


def leaks(ledger: Ledger, world: World) -> Iterator[Hit]:
    """S15: titles, actions and lines hold story and nothing else, and lines are in the series' language."""
    for where, text in _texts(ledger):
        for what, pattern in LEAKS:
            found = pattern.search(text)
            if found:
                message = f"{what.capitalize()} stands in the text: {found.group()!r}. Write the story there."
                yield Hit(where, quote(text), message, f"leak:{what}:{found.group().lower()}")
    names = [n for c in world.characters.values() for n in (c.name, *c.aliases)] + [p.name for p in world.props.values()]
    names += [x.name for x in world.locations.values()]
    for moment, line in lines(ledger):
        if foreign(line.text, world.language, names):
            text = f"{line.id} is not in the series' language ({world.language}). Write it in that language."
            yield Hit(at(moment, line), quote(line.text), text, "language:lines")


def _texts(ledger: Ledger) -> Iterator[tuple[tuple[str, ...], str]]:
    yield ("script",), ledger.script.title
    for moment in ledger.moments:
        yield at(moment), moment.beat.action
        for line in moment.beat.lines:
            yield at(moment, line), line.text
            if line.manner:
                yield at(moment, line), line.manner


def foreign(text: str, language: str, names: list[str]) -> bool:
    """Tell whether a line is in another language: English of two words or more in a Chinese series, Chinese in an English one.

    Names and a few foreign words within a sentence are no mix.
    """
    found = count(text)
    if not (found.signs if not is_chinese(language) else found.words > 1):
        return False  # the usual case, decided without looking for names
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, " ")
    found = count(text)
    if is_chinese(language):
        return found.words >= 2 and found.words > found.signs
    return found.signs >= 2
