"""After the last vote: which arm is which, whom people prefer, how sure that is, and how far the votes can be trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import pandas as pd

from evals.votes import ALPHA_FLOOR, Share, Trust, preferences, preferred, trust
from pages.ui import forest, shell

GLANCE_MS = 500
"""A vote that came sooner after both sides could be seen was given at a glance at most."""


def row(ratings: pd.DataFrame, name_a: str, name_b: str) -> pd.DataFrame:
    """Return the preference as one row of `pages.ui.forest`; no row without a vote."""
    found = preferred(ratings)
    if found["preference"] is None:
        return pd.DataFrame(columns=list(forest.COLUMNS))
    mean, lo, hi = (found[name] for name in ("preference", "lo", "hi"))
    lo, hi = (_within(end) for end in (lo, hi))
    verdict = "unclear" if lo is None or hi is None or lo <= 0 <= hi else "better" if lo > 0 else "worse"
    interval = f"{_signed(lo)} to {_signed(hi)}"
    values = (
        "preference",
        mean,
        lo,
        hi,
        lo is None,
        hi is None,
        verdict,
        _signed(mean),
        interval,
        sentence(verdict, found, name_a, name_b),
        None,
        "",
    )
    return pd.DataFrame([values], columns=list(forest.COLUMNS))


def sentence(verdict: str, found: Mapping[str, Any], name_a: str, name_b: str) -> str:
    """Return in words whom people prefer."""
    won = f"{found['prefer_b']} series for B, {found['prefer_a']} for A, {found['neither']} for neither"
    if verdict == "unclear":
        return f"It is not clear whether people prefer A or B: {won}."
    who = f"B, {name_b}, to A, {name_a}" if verdict == "better" else f"A, {name_a}, to B, {name_b}"
    return f"People prefer {who}: {won}."


def facts(everybody: pd.DataFrame, own: pd.DataFrame) -> list[tuple[str, str, str]]:
    """Return how far votes can be trusted, as (what, value, what it means)."""
    of_all, of_one = trust(everybody), trust(own)
    times = own["ms"].dropna()
    glances = int((times < GLANCE_MS).sum())
    return [
        ("Votes", f"{of_all.votes} by {of_all.raters} {'person' if of_all.raters == 1 else 'people'}", "hidden repeats not counted"),
        ("You agree with yourself", _share(of_one.self_agreement), "on pairs that came a second time with the sides swapped"),
        ("Everybody with themselves", _share(of_all.self_agreement), "bounds what these votes can tell"),
        ("People with each other", _alpha(of_all), f"Krippendorff's alpha; below {ALPHA_FLOOR} people do not see the same thing"),
        ("Left side chosen", _share(of_all.left), _side(of_all)),
        ("Your votes at a glance", f"{glances} of {len(times)}", f"less than {GLANCE_MS / 1000:g} s after both sides could be seen"),
    ]


def facts_html(found: Sequence[tuple[str, str, str]]) -> str:
    """Return the facts as rows that wrap."""
    rows = "".join(
        f'<div style="display:flex;flex-wrap:wrap;gap:0 .75rem;padding:.3rem 0"><div style="flex:0 0 10.5rem">{escape(what)}</div>'
        f'<div style="flex:0 0 10rem">{escape(value)}</div><div style="flex:1 1 13rem;opacity:.8">{escape(meaning)}</div></div>'
        for what, value, meaning in found
    )
    return f'<div style="font-size:.875rem;line-height:1.4">{rows}</div>'


def cases(everybody: pd.DataFrame, own: pd.DataFrame, a: str, b: str) -> pd.DataFrame:
    """Return a row a case: what people prefer, what this person preferred, and where to look at it."""
    both = preferences(everybody)
    mine = preferences(own).set_index(["case_id", "repeat"])["preference"]
    keys = pd.MultiIndex.from_frame(both[["case_id", "repeat"]])
    return pd.DataFrame(
        {
            "Case": both["case_id"],
            "You": [_word(value) for value in mine.reindex(keys)],
            "People": [_signed(value) for value in both["preference"]],
            "Votes": both["votes"],
            "Look": [shell.link("case", a=a, b=b, case=case) for case in both["case_id"]],
        }
    )


def _word(value: float) -> str:
    return "–" if value != value else "B" if value > 0 else "A" if value < 0 else "neither"


def _share(share: Share) -> str:
    if share.share is None or share.lo is None or share.hi is None:
        return "–"
    return f"{share.share:.0%} of {share.n}  ({share.lo:.0%} to {share.hi:.0%})"


def _alpha(found: Trust) -> str:
    if found.alpha is None:
        return "–"
    return _plain(found.alpha) + (f"  ({_plain(found.alpha_lo)} to {_plain(found.alpha_hi)})" if found.alpha_lo is not None else "")


def _side(found: Trust) -> str:
    if found.side_p is None:
        return "nobody chose a side"
    return f"half is fair; so far from it by chance: p = {found.side_p:.2g}"


def _plain(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}".replace("-", "−")


def _within(end: float | None) -> float | None:
    """Return an end of an interval inside of what a preference can be; None where the data do not bound it."""
    return None if end is None or abs(end) == float("inf") else max(-1.0, min(1.0, float(end)))


def _signed(value: float | None) -> str:
    if value is None:
        return "–"
    return "0" if round(value, 2) == 0 else f"{value:+.2f}".replace("-", "−")
