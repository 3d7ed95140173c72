"""Two scripts against each other by one criterion, asked in both orders: a judge that changes its mind with the order says tie.

Example: of A and B the judge prefers whichever comes first

    Preference(criterion="cliffhanger", value=0.5, orders=("a", "b"), reason="a in one order, b in the other: a tie")

`value` is 1 where B is better, 0 where A is, 0.5 for a tie. A choice without an anchored quote of what it chose is dropped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from evals.judge.answers import anchor
from evals.judge.rubric import Criterion
from evals.judge.sheet import Sheet
from evals.judge.verdict import MIN_REPEATS, Ask
from evals.parse import parse_json

Side = Literal["a", "b", "tie"]
VALUES: Mapping[str, float] = {"a": 0.0, "tie": 0.5, "b": 1.0}


@dataclass(frozen=True, slots=True)
class Choice:
    """What one call chose; `first` is the script that it was shown first. `dropped` says why it does not count."""

    first: Literal["a", "b"]
    repeat: int
    better: Side | None
    quotes: Mapping[str, str]
    reason: str = ""
    dropped: str = ""


@dataclass(frozen=True, slots=True)
class Preference:
    """What a criterion says of a pair; `value` is None where no repeat has a choice in both orders."""

    criterion: str
    value: float | None
    reason: str
    choices: tuple[Choice, ...]


def prefer(criterion: Criterion, a: Sheet, b: Sheet, shared: Mapping[str, Any], ask: Ask, repeats: int = MIN_REPEATS) -> Preference:
    """Ask which of two scripts is better, in both orders and more than once.

    Args:
        criterion: by what.
        a: the baseline as the judge reads it.
        b: the challenger.
        shared: inputs of the template beside both scripts and the criterion.
        ask: asks the model.
        repeats: how often in each order.
    """
    sheets = {"a": a, "b": b}
    choices: list[Choice] = []
    for repeat in range(repeats):
        for first, second in (("a", "b"), ("b", "a")):
            inputs = question(criterion, sheets[first], sheets[second], shared)
            reply = ask(inputs, repeat)
            choices.append(_choice(reply.text, reply.failure, first, sheets, repeat))
    return _settled(criterion.id, choices)


def question(criterion: Criterion, first: Sheet, second: Sheet, shared: Mapping[str, Any]) -> dict[str, Any]:
    """Return the inputs of the template for one order."""
    return {**shared, "first": first.text, "second": second.text, "criterion": criterion.model_dump(mode="json")}


def _choice(text: str, failure: str, first: Any, sheets: Mapping[str, Sheet], repeat: int) -> Choice:
    if failure:
        return Choice(first, repeat, None, {}, dropped=f"no reply: {failure}")
    parsed = parse_json(text)
    said: Mapping[str, Any] = parsed.value if parsed.ok and isinstance(parsed.value, dict) else {}
    better = str(said.get("better", "")).strip().casefold()
    if better not in ("first", "second", "tie"):
        return Choice(first, repeat, None, {}, dropped=f"no answer: {parsed.error or 'better is not first, second or tie'}")
    sides = {"first": first, "second": "b" if first == "a" else "a"}
    found: dict[str, str] = {}
    for place, side in sides.items():
        row = said.get(place)
        given: Mapping[str, Any] = row if isinstance(row, dict) else {}
        quote, where = str(given.get("quote") or "").strip()[:600], str(given.get("where") or "").strip("[] ")
        if quote and where and anchor(quote, where, sheets[side]) is not None:
            found[side] = quote
    reason = str(said.get("reason") or "")[:600]
    if better == "tie":
        return Choice(first, repeat, "tie", found, reason)
    chosen: Any = sides[better]
    if chosen not in found:
        return Choice(first, repeat, None, found, reason, dropped="no quote of what it chose is in that script")
    return Choice(first, repeat, chosen, found, reason)


def _settled(criterion: str, choices: Sequence[Choice]) -> Preference:
    """Take each repeat's two orders together, then the mean over repeats."""
    values, told = [], []
    for repeat in sorted({c.repeat for c in choices}):
        both = [c for c in choices if c.repeat == repeat and c.better is not None]
        if len(both) < 2:
            continue
        agree = both[0].better == both[1].better
        values.append(VALUES[str(both[0].better)] if agree else VALUES["tie"])
        told.append(str(both[0].better) if agree else f"{both[0].better} in one order, {both[1].better} in the other: a tie")
    lost = [c.dropped for c in choices if c.dropped]
    if not values:
        return Preference(
            criterion, None, f"no repeat has a choice in both orders: {lost[0] if lost else 'nothing was said'}", tuple(choices)
        )
    reason = "; ".join(dict.fromkeys(told)) + (f" ({len(lost)} of {len(choices)} dropped)" if lost else "")
    return Preference(criterion, sum(values) / len(values), reason, tuple(choices))
