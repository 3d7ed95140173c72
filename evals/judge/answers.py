"""A judge's answers, each with a quote that must stand in the script: what cannot be shown is not believed.

Example: the judge answers `{"criterion": "hook", "answer": "yes", "quote": "my own face on the poster", "where": "l1"}`

    Answer(criterion="hook", answer="yes", value=1.0, quote="my own face on the poster", where="l1", similarity=98.0, dropped="")

A yes without a quote that the script holds is dropped, and so is a no whose quote is made up; a no with an empty quote stands,
for what is missing cannot be quoted. Judges were measured to make up 17 to 25 of a hundred quotes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from evals.judge.rubric import Criterion, Rubric
from evals.judge.sheet import Sheet
from evals.parse import parse_json
from prompts.text import count

ANCHORED = 90.0
"""Similarity (0-100, rapidfuzz partial ratio) from which a quote is taken to be in a line: quotation marks and slips of a sign pass."""
LEAST_UNITS = 2
"""Words or signs of a quote; "the" stands in every line."""
MAX_QUOTE = 600


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of one repeat. `dropped` says why it does not count; `moved` that the quote stands in another line than was said."""

    criterion: str
    answer: str
    value: float | None
    quote: str = ""
    where: str = ""
    reason: str = ""
    similarity: float | None = None
    dropped: str = ""
    moved: bool = False


def read_answers(text: str, rubric: Rubric, sheet: Sheet) -> list[Answer]:
    """Return an answer for each criterion of the rubric, in its order; missing and malformed ones are dropped, and say so."""
    parsed = parse_json(text)
    rows = parsed.value.get("answers") if parsed.ok and isinstance(parsed.value, dict) else None
    if not isinstance(rows, list):
        return [Answer(c.id, "", None, dropped=f"no answers: {parsed.error or 'not the JSON that was asked for'}") for c in rubric.criteria]
    given: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        if isinstance(row, dict) and isinstance(row.get("criterion"), str):
            given.setdefault(row["criterion"], row)
    return [_answer(criterion, given.get(criterion.id), sheet) for criterion in rubric.criteria]


def anchor(quote: str, where: str, sheet: Sheet) -> tuple[str, float] | None:
    """Return the id of the line that holds a quote, and how well; None where no line does. The line that was named comes first."""
    from rapidfuzz import fuzz

    counted = count(quote)
    if counted.signs + counted.words < LEAST_UNITS and quote.strip() not in sheet.units.values():
        return None
    named = [where] if where in sheet.units else []
    best: tuple[str, float] | None = None
    quote = _plain(quote)
    for name in (*named, *(n for n in sheet.units if n != where)):
        line = _plain(sheet.units[name])
        # The quote is to be in the line, not the line in the quote.
        if len(quote) > len(line) * 1.25 + 4:
            continue
        similarity = float(fuzz.partial_ratio(quote, line)) if len(quote) <= len(line) else float(fuzz.ratio(quote, line))
        if similarity >= ANCHORED and (best is None or similarity > best[1]):
            best = (name, similarity)
        if best is not None and name == where:
            break
    return best


def _plain(text: str) -> str:
    """Return a text without what judges change when they quote: case, and the marks at both ends."""
    return text.casefold().strip(" \t\n\"'“”‘’「」『』《》.…")


def _answer(criterion: Criterion, row: Mapping[str, Any] | None, sheet: Sheet) -> Answer:
    if row is None:
        return Answer(criterion.id, "", None, dropped="not answered")
    said = str(row.get("answer", "")).strip().casefold()
    quote, where, reason = (str(row.get(key) or "").strip()[:MAX_QUOTE] for key in ("quote", "where", "reason"))
    where = where.strip("[]")
    if said not in criterion.answers:
        return Answer(criterion.id, said[:40], None, quote, where, reason, dropped="not one of the answers")
    if not quote:
        if said == "no":
            return Answer(criterion.id, said, criterion.answers[said], "", "", reason)
        return Answer(criterion.id, said, None, "", where, reason, dropped="no quote")
    if not where:
        return Answer(criterion.id, said, None, quote, "", reason, dropped="no line id")
    found = anchor(quote, where, sheet)
    if found is None:
        return Answer(criterion.id, said, None, quote, where, reason, dropped="the quote is not in the script")
    return Answer(criterion.id, said, criterion.answers[said], quote, found[0], reason, round(found[1], 1), moved=found[0] != where)


def kept(answers: Iterator[Answer] | list[Answer]) -> list[Answer]:
    """Return the answers that count."""
    return [a for a in answers if not a.dropped]
