"""Charts of expression: movement over time, energy by region, and the emotion shown. A is dashed and hollow, B solid and filled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from pages.ui.palette import Palette

if TYPE_CHECKING:
    import altair as alt

People = Mapping[str, Mapping[str, Any]]
"""What was found out about one person, by side (A, B): `evidence["people"][i]` of `evals.expression`."""

SIGNALS: Mapping[str, str] = {
    "brow": "brow height, in eye distances",
    "eye": "eye opening, height by width; ticks: blinks",
    "mouth": "mouth opening, in eye distances",
}
REGIONS = ("brow", "eye", "mouth", "cheek")
MOST_ENERGY = 3.0
"""Times an ordinary speaker's; more is drawn at the edge."""
HEIGHT, AXIS = 100, 64
"""Of a curve, and of the axis of time below the last one, in pixels."""
LEAST = 0.005
"""Probabilities below are not drawn: the outline alone would look like one."""
LABELS = 62


def traces(people: People) -> pd.DataFrame:
    """Return the curves as rows of side, signal, t (seconds) and value."""
    found = [
        (side, signal, t, value)
        for side, person in people.items()
        for signal in SIGNALS
        for t, value in zip(*(person.get("trace", {}).get(name, []) for name in ("t", signal)), strict=False)
    ]
    return pd.DataFrame(found, columns=["side", "signal", "t", "value"])


def blinks(people: People) -> pd.DataFrame:
    """Return the blinks as rows of side and t (seconds)."""
    return pd.DataFrame([(side, t) for side, person in people.items() for t in person.get("blinks", [])], columns=["side", "t"])


def energies(people: People) -> pd.DataFrame:
    """Return movement by region as a share of an ordinary speaker's: rows of side, region, energy, floor and liveliness."""
    found = [
        (side, region, min(MOST_ENERGY, r["energy"] / r["real"]), min(MOST_ENERGY, r["floor"] / r["real"]), r["lively"])
        for side, person in people.items()
        for region, r in person.get("regions", {}).items()
        if region in REGIONS and r.get("real")
    ]
    return pd.DataFrame(found, columns=["side", "region", "energy", "floor", "lively"])


def emotions(people: People) -> pd.DataFrame:
    """Return the emotions shown as rows of side, emotion and probability; the one asked for is marked in its name."""
    found = [
        (side, f"▸ {name}" if name == person.get("asked", {}).get("emotion") else name, p)
        for side, person in people.items()
        for name, p in (person.get("emotion") or {}).get("shown", {}).items()
    ]
    return pd.DataFrame(found, columns=["side", "emotion", "p"])


def _colour(colours: Palette) -> alt.Color:
    import altair as alt

    return alt.Color("side:N", scale=alt.Scale(domain=["A", "B"], range=[colours.a, colours.b]), legend=None)


def trace_chart(frame: pd.DataFrame, shut: pd.DataFrame, signal: str, colours: Palette, *, last: bool) -> alt.LayerChart | alt.FacetChart:
    """Draw one signal of both sides over the same seconds; `last` draws the axis of time."""
    import altair as alt

    shown = frame[frame["signal"] == signal]
    end = float(frame["t"].max()) if len(frame) else 1.0
    axis = alt.Axis(labels=last, ticks=last, title="seconds" if last else None, grid=False, tickCount=6)
    x = alt.X("t:Q", scale=alt.Scale(domain=[0, end], nice=False), axis=axis)
    scale = alt.Scale(zero=signal != "brow", nice=True)
    y = alt.Y("value:Q", title=None, scale=scale, axis=alt.Axis(tickCount=3, minExtent=LABELS, maxExtent=LABELS, grid=True))
    dash = alt.StrokeDash("side:N", scale=alt.Scale(domain=["A", "B"], range=[[5, 4], [1, 0]]), legend=None)
    told = [alt.Tooltip("side:N"), alt.Tooltip("t:Q", format=".2f", title="s"), alt.Tooltip("value:Q", format=".3f")]
    lines = alt.Chart(shown).mark_line(strokeWidth=2).encode(x=x, y=y, color=_colour(colours), strokeDash=dash, tooltip=told)
    layers = [lines]
    if signal == "eye" and len(shut):
        marks = alt.Chart(shut).mark_tick(thickness=3, size=12, orient="vertical").encode(x=x, y=alt.value(4), color=_colour(colours))
        layers.append(marks.encode(tooltip=[alt.Tooltip("side:N"), alt.Tooltip("t:Q", format=".2f", title="blink at, s")]))
    return alt.layer(*layers).properties(height=HEIGHT + (AXIS if last else 0))


def energy_chart(frame: pd.DataFrame, colours: Palette) -> alt.LayerChart | alt.FacetChart:
    """Draw energy by region and side against the noise floor (small tick) and ordinary speakers (line at 1)."""
    import altair as alt

    top = max(1.2, min(MOST_ENERGY, float(frame["energy"].max()) * 1.1)) if len(frame) else 1.2
    y = alt.Y("region:N", sort=list(REGIONS), title=None, axis=alt.Axis(minExtent=LABELS, maxExtent=LABELS, ticks=False, domain=False))
    offset = alt.YOffset("side:N", scale=alt.Scale(domain=["A", "B"]))
    x = alt.X("energy:Q", title="movement, ordinary speakers = 1", scale=alt.Scale(domain=[0, top]), axis=alt.Axis(grid=False, tickCount=5))
    told = [alt.Tooltip(f"{name}:N") for name in ("side", "region")]
    told += [alt.Tooltip(f"{name}:Q", format=".2f") for name in ("energy", "floor", "lively")]
    base = alt.Chart(frame).encode(y=y, yOffset=offset, tooltip=told)
    bars = base.mark_bar(height=3).encode(x=x, color=_colour(colours))
    filled = alt.Fill("side:N", scale=alt.Scale(domain=["A", "B"], range=["transparent", colours.b]), legend=None)
    points = base.mark_point(size=70, strokeWidth=2, opacity=1).encode(x=x, stroke=_stroke(colours), fill=filled)
    floors = base.mark_tick(thickness=2, size=12, color=colours.faint).encode(x="floor:Q")
    human = alt.Chart(pd.DataFrame({"one": [1.0]})).mark_rule(strokeDash=[4, 4], color=colours.ink, opacity=0.7).encode(x="one:Q")
    return alt.layer(human, bars, floors, points).properties(height=alt.Step(15))


def _stroke(colours: Palette) -> alt.Stroke:
    import altair as alt

    return alt.Stroke("side:N", scale=alt.Scale(domain=["A", "B"], range=[colours.a, colours.b]), legend=None)


def emotion_chart(frame: pd.DataFrame, colours: Palette) -> alt.LayerChart | alt.FacetChart:
    """Draw the probability of each emotion, A above B."""
    import altair as alt

    order = list(dict.fromkeys(frame["emotion"]))
    frame = frame[frame["p"] >= LEAST]
    y = alt.Y(
        "emotion:N",
        scale=alt.Scale(domain=order),
        title=None,
        axis=alt.Axis(minExtent=LABELS + 14, maxExtent=LABELS + 14, ticks=False, domain=False),
    )
    x = alt.X("p:Q", title="probability", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(grid=False, tickCount=5))
    filled = alt.Fill("side:N", scale=alt.Scale(domain=["A", "B"], range=["transparent", colours.b]), legend=None)
    told = [alt.Tooltip("side:N"), alt.Tooltip("emotion:N"), alt.Tooltip("p:Q", format=".2f")]
    bars = alt.Chart(frame).mark_bar(strokeWidth=1.5, strokeOpacity=1, height={"band": 0.8})
    offset = alt.YOffset("side:N", scale=alt.Scale(domain=["A", "B"]))
    drawn = bars.encode(y=y, yOffset=offset, x=x, fill=filled, stroke=_stroke(colours), tooltip=told)
    return alt.layer(drawn).properties(height=alt.Step(10))
