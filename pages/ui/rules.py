"""A gate's rules one by one: what each asks for, what was measured, and a picture of how sure that is.

The picture is a line from worse to better: dashed at no change, a bar at the margin or the least gain that the rule asks for, the
interval as a stroke and the mean as a dot. It says nothing that the words beside it do not say.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from pages.ui.forecast import spaced
from pages.ui.palette import Palette
from prompts.errors import InputError
from runs import report_text

Json = Mapping[str, Any]
PASS, FAIL, UNCLEAR, FEW = "✓ passed", "✗ failed", "◆ unclear", "○ too little"
_LOOKS = {PASS: "better", FAIL: "worse", UNCLEAR: "unclear", FEW: "insufficient"}
PAD = 0.12


@dataclass(frozen=True, slots=True)
class Picture:
    """An interval on a line from 0 to 1: where no change, the bound, both ends and the mean are. None runs off the line."""

    zero: float
    bound: float | None
    lo: float | None
    hi: float | None
    mean: float


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a gate as people read it."""

    name: str
    asks: str
    levels: str
    measured: str
    interval: str
    result: str
    counts: str
    picture: Picture | None


def rules(report: Json) -> list[Rule]:
    """Return every rule of a report: primary metrics, guardrails, hard limits.

    Raises:
        InputError: the report is not whole.
    """
    try:
        verdict = report["verdict"]
        return [*map(_check, verdict["checks"]), *map(_hard, verdict["hard"])]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"The report is not whole: {type(error).__name__} at {error}.", hint="Run the gate again.") from None


def _check(check: Mapping[str, Any]) -> Rule:
    told = dict(check)
    primary = told["role"] == "primary"
    floor = f", by {told['min_effect']:g} or more" if told["min_effect"] else ""
    asks = f"a gain{floor}" if primary else f"no loss of more than {report_text.margin(told)}"
    counts = "{better} / {worse} / {same}".format(**told["by_unit"])
    name = spaced(str(told["metric"]))
    if told["gain"] is None:
        return Rule(name, asks, "–", "not measured", "–", FEW, counts, None)
    mean, lo, hi = report_text.change(told)
    levels = f"{_number(told['champion'])} → {_number(told['challenger'])}"
    return Rule(name, asks, levels, mean, f"{lo} … {hi}", result(told), counts, picture(told))


def result(check: Json) -> str:
    """Return how a rule came out: a rule that is not passed has failed only where the interval says so."""
    if check["passed"]:
        return PASS
    if not check["enough"]:
        return FEW
    lost = check["hi"] is not None and check["hi"] < (0.0 if check["role"] == "primary" else check["bound"])
    return FAIL if lost else UNCLEAR


def picture(check: Json) -> Picture:
    """Return where everything lies on a line that holds it all."""
    bound = check["bound"] if check["role"] == "guardrail" else check["min_effect"] if check["scale"] == "difference" else 0.0
    seen = [value for value in (0.0, bound, check["lo"], check["hi"], check["gain"]) if value is not None]
    low, high = min(seen), max(seen)
    room = (high - low) * PAD or 1.0
    low, high = low - room, high + room

    def at(value: float) -> float:
        return (value - low) / (high - low)

    lo, hi = (None if check[end] is None else at(check[end]) for end in ("lo", "hi"))
    return Picture(at(0.0), at(bound) if bound else None, lo, hi, at(check["gain"]))


def _hard(hard: Mapping[str, Any]) -> Rule:
    told = f"{hard['failures']} of {hard['outputs']} failed"
    told += f", {hard['unknown']} not judged" if hard["unknown"] else ""
    asks = f"at most {hard['max_failures']} failures, and surely below {hard['upper_limit']:.1%}"
    failed = hard["failures"] > hard["max_failures"]
    said = PASS if hard["passed"] else FAIL if failed else FEW
    upper, limit = float(hard["upper"]), float(hard["upper_limit"])
    end = max(upper, limit) * (1 + PAD) or 1.0
    share = hard["failures"] / hard["outputs"] if hard["outputs"] else 0.0
    shown = Picture(0.0, limit / end, 0.0, min(1.0, upper / end), min(1.0, share / end))
    return Rule(spaced(str(hard["metric"])), asks, "–", told, f"up to {upper:.1%}", said, "–", shown)


def rules_html(found: Sequence[Rule], colours: Palette, *, unit: str) -> str:
    """Return the rules as a table."""
    heads = ("rule", "asks for", "before → after", f"better / worse / same {unit}", "worse ← change → better", "", "result")
    head = "".join(f'<th scope="col" style="{_CELL}font-weight:600;opacity:.8">{escape(text)}</th>' for text in heads)
    body = "".join(_row(rule, colours) for rule in found)
    return (
        f'<table style="width:100%;border-collapse:collapse;font-size:.875rem"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    )


_CELL = "text-align:left;padding:.45rem .8rem .45rem 0;border:0;border-bottom:1px solid rgba(138,143,152,.3);vertical-align:middle;"


def _row(rule: Rule, colours: Palette) -> str:
    colour = colours.verdicts[_LOOKS[rule.result]]
    measured = f'<b style="color:{colour}">{escape(rule.measured)}</b><br><span style="white-space:nowrap">{escape(rule.interval)}</span>'
    asks = escape(rule.asks).replace(" %", "&nbsp;%")
    cells = (
        f"<b>{escape(rule.name)}</b>", asks, escape(rule.levels), escape(rule.counts), _drawn(rule, colour, colours), measured,
        f'<b style="color:{colour};white-space:nowrap">{escape(rule.result)}</b>',
    )  # fmt: skip
    return "<tr>" + "".join(f'<td style="{_CELL}">{cell}</td>' for cell in cells) + "</tr>"


def _drawn(rule: Rule, colour: str, colours: Palette) -> str:
    p = rule.picture
    if p is None:
        return ""
    lo, hi = 0.0 if p.lo is None else p.lo, 1.0 if p.hi is None else p.hi
    parts = [f"left:{p.zero:.1%};top:0;height:100%;border-left:2px dashed {colours.faint}"]
    if p.bound is not None:
        parts.append(f"left:{p.bound:.1%};top:10%;height:80%;border-left:2px solid {colours.ink}")
    parts.append(f"left:{lo:.1%};width:{max(0.0, hi - lo):.1%};top:calc(50% - 1.5px);height:3px;background:{colour}")
    for end, there in ((lo, p.lo), (hi, p.hi)):
        parts += [f"left:calc({end:.1%} - 1px);top:25%;height:50%;border-left:2px solid {colour}"] if there is not None else []
    parts.append(f"left:calc({p.mean:.1%} - 5px);top:calc(50% - 5px);width:10px;height:10px;border-radius:50%;background:{colour}")
    lines = "".join(f'<div style="position:absolute;{part}"></div>' for part in parts)
    told = escape(f"{rule.measured}, {rule.interval}; {rule.asks}", quote=True)
    return f'<div role="img" aria-label="{told}" style="position:relative;height:1.7rem;min-width:11rem">{lines}</div>'


def _number(value: float | None) -> str:
    return "–" if value is None or not math.isfinite(value) else f"{value:.3g}"
