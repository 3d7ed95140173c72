"""Outlines: one episode in a page, made of the cast, places, props and secrets that a prompt names."""

from __future__ import annotations

import random
import re
from typing import Any

from runs.studio.phrases import phrases
from runs.studio.script_brief import Brief

Json = dict[str, Any]
MUST_INCLUDE = re.compile(r"(?:must[ _]include|must appear|必须出现|必须包含)[^:：\n]{0,30}[:：]\s*(?P<ids>[^\n]+)", re.IGNORECASE)


def compose(prompt: str, brief: Brief, rng: random.Random) -> Json:
    """Make a valid outline of what the prompt names; the ids it must include are taken over word for word."""
    bank = phrases(brief.language)
    a, b = rng.sample([c.name for c in brief.cast], 2)
    thing = rng.choice([p.name for p in brief.props]) if brief.props else bank.thing
    words = {"a": a, "b": b, "thing": re.sub(r"^(?:the|an?) ", "", thing), "place": rng.choice(brief.places).name}

    def say(kind: str, count: int = 1) -> list[str]:
        return [pattern.format(**words) for pattern in rng.sample(bank.outline[kind], count)]

    title = say("title")[0]
    found = MUST_INCLUDE.search(prompt)
    ids = re.findall(r"[a-z0-9][a-z0-9_.\-]*", found["ids"]) if found else [p.id for p in brief.props if p.stated][:2]
    return {
        "title": title[:8] if brief.language == "zh" else title,
        "logline": say("logline")[0],
        "core_conflict": say("conflict")[0],
        "opening_hook": say("hook")[0],
        "key_events": say("events", 4),
        "cliffhanger": say("cliffhanger")[0],
        "must_include": ids[:8],
    }


def spoil_outline(page: Json, rng: random.Random) -> str:
    """Break one rule of the outline's schema; returns the path."""
    way = rng.choice(("few", "missing", "extra"))
    if way == "few":
        page["key_events"] = page["key_events"][:2]
        return "key_events"
    if way == "missing":
        del page["cliffhanger"]
        return "cliffhanger"
    page["tone"] = "tense"
    return "tone"
