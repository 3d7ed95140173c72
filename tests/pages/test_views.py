"""What the pages draw, before Streamlit draws it: tables, axes, words and markup."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from evals.compare import compare
from evals.result import Result, ordered
from evals.score import Metric
from pages.ui import beside, brief, cases, crops, effects, expression, figures, forest, runs_table, scores, text, traces
from pages.ui.palette import DARK, LIGHT

FACES = Metric("face_consistency", "up", "probability", worst=0.0)
LATENCY = Metric("latency", "down", "s", worst=None, hi=None, primary=False)
BLINKS = Metric("blinks", "up", "1/min", worst=None, hi=None)
NASTY = "<img src=x onerror=alert(1)>"


def results(**values: tuple[float, float]) -> list[Result]:
    """Return the results of metrics whose value is A's and B's in ten series, a little different in each."""
    metrics = {metric.name: metric for metric in (FACES, LATENCY, BLINKS)}
    rows = [
        {"arm": arm, "series": f"s{n}", "case": f"c{n}", "status": "ok", **{name: pair[side] + n / 1000 for name, pair in values.items()}}
        for n in range(10)
        for side, arm in enumerate("ab")
    ]
    return list(compare(pd.DataFrame(rows), [metrics[name] for name in values], "a", "b").results)


# The forest plot


def test_a_gain_points_to_the_right_whatever_the_direction() -> None:
    """Latency that falls is a gain; its label still says that it fell."""
    (unit, frame), *_ = forest.panels(results(latency=(4.0, 2.0)))
    assert unit == "change in per cent"
    assert frame["gain"].iloc[0] > 0
    assert frame["label"].iloc[0].startswith("−")


def test_an_axis_counts_how_far_from_no_change() -> None:
    """A latency that rises lies left of zero: a minus there would contradict the plus of its label."""
    ((unit, frame),) = forest.panels(results(latency=(2.0, 4.0)))
    _, spec = forest.chart(frame, LIGHT, unit=unit)
    assert frame["label"].iloc[0].startswith("+")
    assert frame["gain"].iloc[0] < 0
    assert next(layer["encoding"]["x"]["axis"]["labelExpr"] for layer in spec["layer"] if "axis" in layer["encoding"].get("x", {})) == (
        "format(abs(datum.value), abs(datum.value) >= 1 ? ',.1~f' : '.2~g')"
    )


def test_what_moved_comes_before_what_did_not_and_what_it_costs() -> None:
    """On the page as in the report that is sent to others."""
    found = ordered(results(latency=(2.0, 4.0), blinks=(5.0, 5.0), face_consistency=(0.2, 0.8)))
    assert [r.metric.name for r in found] == ["face_consistency", "blinks", "latency"]


def test_the_verdicts_are_told_in_one_line() -> None:
    """What viewers see at once; a metric that is the same everywhere is left out."""
    found = results(face_consistency=(0.2, 0.8), latency=(2.0, 4.0), blinks=(5.0, 5.0))
    assert effects.headline(found) == "▲ B is better at face consistency\u2002\u2002▼ B is worse at latency"
    assert effects.headline(results(blinks=(5.0, 5.0))) == "Nothing differs between A and B."
    assert effects.headline([]) == "Nothing to compare yet: no metric has a value in both arms."


def test_what_the_verdict_stands_on_is_said_under_it() -> None:
    """That outputs are simulated, that both arms are the same version; names of metrics are no HTML."""
    assert effects.verdict_html("told").count("<div") == 1
    found = effects.verdict_html(NASTY, "Both simulated.", effects.TWICE)
    assert "SIM</span>" in found
    assert f"Both simulated. {effects.TWICE}" in found
    assert "<img" not in found


@pytest.mark.parametrize(
    ("delta", "arrow", "told"),
    [
        (0.1, "↑", "+0.100 ▲"),
        (0.1, "↓", "+0.100 ▼"),
        (-0.1, "↓", "−0.100 ▲"),
        (0.0, "↑", "0"),
        (0.1, "x", "+0.100"),
        (float("nan"), "↑", "–"),
    ],
)
def test_a_change_says_whether_it_is_better(delta: float, arrow: str, told: str) -> None:
    """Its sign alone does not: less may be better."""
    assert scores.signed(delta, arrow) == told


def test_what_has_another_unit_has_another_axis() -> None:
    """Shares stand together; blinks a minute and ratios have axes of their own."""
    found = forest.panels(results(face_consistency=(0.2, 0.8), latency=(4.0, 2.0), blinks=(10.0, 20.0)))
    assert {unit: list(frame["metric"]) for unit, frame in found} == {
        "change": ["face consistency"],
        "change in per cent": ["latency"],
        "change in 1/min": ["blinks"],
    }


def test_a_metric_that_did_not_change_anywhere_is_not_drawn() -> None:
    """A row at zero without an interval says nothing that the table does not say."""
    assert forest.panels(results(face_consistency=(0.5, 0.5))) == []


@pytest.mark.parametrize(("longest", "end"), [(0.7, 0.8), (0.93, 1.0), (1.1, 1.2), (37.0, 40.0), (99.0, 120.0), (0.0, 1.0)])
def test_axes_end_at_round_numbers_beyond_the_longest_interval(longest: float, end: float) -> None:
    """Both sides alike, so that zero stays in the middle."""
    assert forest.reach(pd.DataFrame({"gain": [0.0], "lo": [-longest], "hi": [None]})) == pytest.approx(end)


@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_an_interval_without_a_bound_runs_to_the_edge(colours: Any) -> None:
    """And has no cap there."""
    result = replace(results(face_consistency=(0.2, 0.8))[0], hi=None)
    ((unit, frame),) = forest.panels([result])
    assert frame["open_hi"].iloc[0]
    rows, spec = forest.chart(frame, colours, unit=unit)
    assert rows["hi"].iloc[0] == forest.reach(frame)
    assert colours.verdicts["better"] in json.dumps(spec)


@pytest.mark.parametrize(("colours", "background"), [(LIGHT, "#ffffff"), (DARK, "#111318")])
def test_colours_read_well_on_their_background(colours: Any, background: str) -> None:
    """WCAG: 4.5 to 1 for what is text or stands for it."""
    for colour in (colours.ink, colours.a, colours.b, *colours.verdicts.values()):
        assert contrast(colour, background) >= 4.5, colour


def contrast(one: str, other: str) -> float:
    def light(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    bright, dark = sorted((light(one), light(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def test_the_numbers_say_direction_interval_and_series_won() -> None:
    """One row a metric, as people read it."""
    heads = [name for name, _ in figures.columns(0.05, "series")]
    moved, same = (dict(zip(heads, figures.row(result), strict=True)) for result in results(face_consistency=(0.2, 0.8), blinks=(5.0, 5.0)))
    assert (moved["metric"], moved["+ / − / ="], moved["verdict"]) == (
        "face consistency\u00a0↑",
        "10\u00a0/\u00a00\u00a0/\u00a00",
        "▲ better",
    )
    assert " … " in moved["90 % interval"]
    assert same["verdict"] == "= same"


# Tables


def run_scores(**means: list[float]) -> pd.DataFrame:
    rows = [
        {"run_id": "r", "arm": "abcdef"[n], "metric": metric, "mean": mean, "primary": True, "unit": "s" if metric == "latency" else ""}
        for metric, values in means.items()
        for n, mean in enumerate(values)
    ]
    return pd.DataFrame(rows)


def test_the_arms_of_a_run_are_read_from_left_to_right() -> None:
    """Faces come before what only parses; latency is no score; a missing mean is a dash; of many arms the range is told."""
    gone = float("nan")
    frame = run_scores(
        schema=[1.0, 1.0], face_consistency=[0.2, 0.8], latency=[1.0, 2.0], other=[0.1, gone, 0.3, 0.4, 0.5], some=[gone, 0.3]
    )
    table = runs_table.arms_by_metric(frame)
    assert list(table.columns) == ["face_consistency", "schema", "other", "some"]
    assert table.loc["r"].tolist() == ["0.20 → 0.80", "1.00 → 1.00", "0.10 … 0.50", "– → 0.30"]


def test_a_selection_does_not_outlive_the_rows_that_it_counts() -> None:
    """A run that comes in above gives the table a new key, the same runs keep it."""
    one, two = pd.DataFrame({"run_id": ["r1"]}), pd.DataFrame({"run_id": ["r2", "r1"]})
    assert runs_table.key(one) == runs_table.key(one.copy()) != runs_table.key(two)


def test_a_reason_is_told_once_and_says_how_many_more() -> None:
    """Repeats of a case often have the same words."""
    told = pd.DataFrame({"status": "ok", "error": "", "message": "", "reason": ["mei 0.1", "mei 0.1", float("nan"), "mei 0.2"]})
    assert cases.reason(list(told.itertuples())) == "mei 0.1 (and 1 more)"
    failed = told.assign(status="failed", error="server", message="HTTP 500")[:1]
    assert cases.reason(list(failed.itertuples())) == "failed: server: HTTP 500 (and 1 more)"
    assert cases.reason(list(told.drop(columns="reason").itertuples())) == cases.reason([]) == ""


@pytest.mark.parametrize(
    ("arms", "told"),
    [
        ("shot/a@plain, shot/a", "shot/a  @plain → working file"),
        ("shot/a, shot/a#2", "shot/a  working file → #2"),
        ("shot/a@plain, shot/a@plain#2", "shot/a  @plain → @plain#2"),
        ("shot/a, shot/b@x", "shot/a → shot/b@x"),
        ("shot/a@plain", "shot/a@plain"),
        (None, ""),
    ],
)
def test_a_run_names_its_template_once(arms: str | None, told: str) -> None:
    """What differs between arms is what fits into the column."""
    assert runs_table.versions(arms) == told


def test_what_both_arms_wrote_is_read_side_by_side() -> None:
    """As text, whatever stands in it; an arm without any says so."""
    told = beside.table_html([("c1", "/case?a=1&case=c1", [NASTY, ""])])
    assert "&lt;img src=x" in told
    assert "<img" not in told
    assert 'href="/case?a=1&amp;case=c1"' in told
    assert told.count("no text") == 1


def score(metric: str, value: float | None, **changes: Any) -> dict[str, Any]:
    usual = {"metric": metric, "value": value, "status": "ok", "reason": "", "primary": True, "unit": "share", "direction": "up"}
    return usual | changes


def test_scores_stand_beside_each_other() -> None:
    """Spending comes last, a value that is missing on one side leaves the difference empty."""
    sides = [
        {
            "letter": "A",
            "scores": [score("latency", 2.0, unit="s", direction="down"), score("logic", None, status="failed", reason="no JSON")],
        },
        {
            "letter": "B",
            "scores": [score("latency", 3.0, unit="s", direction="down"), score("logic", 0.5), score("detail", 1.0, primary=False)],
        },
    ]
    table = scores.table(sides, every=False)
    assert list(table["metric"]) == ["logic ↑", "latency ↓"]
    assert table["B − A"].isna().tolist() == [True, False]
    assert len(scores.table(sides, every=True)) == 3
    assert scores.words(sides) == [("logic", "A", "failed: no JSON")]


def test_what_is_the_same_on_both_sides_takes_one_line() -> None:
    """Rows are for what differs; where nothing does, all of it is shown."""
    sides = [{"letter": letter, "scores": [score("schema", 1.0), score("logic", value)]} for letter, value in (("A", 0.5), ("B", None))]
    differs, same = scores.without_equal(scores.table(sides, every=False))
    assert (list(differs["metric"]), same) == (["logic ↑"], "schema 1")
    alike = scores.table([{"letter": letter, "scores": [score("schema", 1.0)]} for letter in "AB"], every=False)
    assert len(scores.without_equal(alike)[0]) == 1


def test_words_that_both_sides_share_are_told_once() -> None:
    """A and B, then the words."""
    sides = [{"letter": letter, "scores": [score("logic", 1.0, reason="no findings")]} for letter in "AB"]
    assert scores.words(sides) == [("logic", "A, B", "no findings")]
    found = [("face", "A", NASTY), ("face", "B", "0.98"), ("logic", "A, B", "none")]
    html = scores.words_html(found, ["A", "B"])
    assert NASTY not in html
    assert [html.count(f"<b>{letters}</b>") for letters in ("A", "B", "A, B")] == [1, 1, 1], "each under its own picture"
    assert scores.words_html(found, []).index("<b>B</b>") < scores.words_html(found, []).index("<b>A, B</b>")


# Expression

PERSON: dict[str, Any] = {
    "character": "mei",
    "asked": {"emotion": "anger", "intensity": 0.8, "speaking": False},
    "stiffness": 0.1,
    "regions": {
        "brow": {"energy": 0.0062, "floor": 0.0031, "lively": 1.0, "real": 0.0031},
        "eye": {"energy": 9.0, "floor": 0, "lively": 1, "real": 0.0032},
    },
    "blinks": [0.5, 1.5],
    "trace": {"t": [0.0, 0.1], "brow": [0.0, 0.1], "eye": [0.3, 0.2], "mouth": [0.0, 0.0]},
    "emotion": {"shown": {"neutral": 0.1, "anger": 0.9}, "match": 0.7, "strength": 0.5},
}


def test_movement_is_measured_in_ordinary_speakers() -> None:
    """Twice as much as the lower quartile of speakers is 2; what goes beyond the axis ends there."""
    frame = traces.energies({"A": PERSON}).set_index("region")
    assert frame.loc["brow", ["energy", "floor"]].tolist() == [2.0, 1.0]
    assert frame.loc["eye", "energy"] == traces.MOST_ENERGY


def test_curves_blinks_and_emotions_keep_their_side() -> None:
    """Both sides share each frame, and the emotion asked for is marked."""
    people = {"A": PERSON, "B": PERSON}
    assert len(traces.traces(people)) == 2 * 3 * 2
    assert traces.blinks(people)["side"].tolist() == ["A", "A", "B", "B"]
    assert "▸ anger" in set(traces.emotions(people)["emotion"])


def test_a_person_who_could_not_be_measured_says_why() -> None:
    assert expression.shown_words({"problem": "the face is too small"}) == "the face is too small"
    assert expression.shown_words({}) == "not measured"


def test_a_stiffness_says_how_sure_it_is() -> None:
    brief = {"stiffness": 0.5, "likely": [0.1, 0.45]}
    assert expression.shown_words(brief).endswith("a longer take would likely have 0.10 to 0.45")
    assert "longer" not in expression.shown_words({"stiffness": 1.0, "likely": [1.0, 1.0]})


def test_empty_evidence_draws_nothing() -> None:
    assert traces.traces({"A": {}}).empty
    assert traces.energies({"A": {}}).empty
    assert expression.by_person([("A", {}), ("B", {"people": [PERSON]})]) == {"mei": {"B": PERSON}}


@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_every_chart_can_be_drawn(colours: Any) -> None:
    """Vega-Lite accepts what we say."""
    people = {"A": PERSON, "B": {**PERSON, "blinks": []}}
    frame, shut = traces.traces(people), traces.blinks(people)
    for signal in traces.SIGNALS:
        assert traces.trace_chart(frame, shut, signal, colours, last=signal == "mouth").to_dict()
    assert traces.energy_chart(traces.energies(people), colours).to_dict()
    assert traces.emotion_chart(traces.emotions(people), colours).to_dict()


# Words and markup


def test_a_brief_says_what_was_asked() -> None:
    """Of a shot: the action, the camera and who shows what; of an episode: its outline; of a character: looks."""
    shot = {"action": "She waits.", "size": "closeup", "angle": "eye_level", "move": "static", "duration": 4.0, "daypart": "dusk"}
    person = {"character": {"id": "mei"}, "emotion": "joy", "intensity": 0.8, "speaking": True, "acting": "slowly"}
    told = brief.lines({"shot": shot, "location": {"name": "hall"}, "people": [person]})
    assert told == [
        ("asked", "She waits."),
        ("camera", "closeup, eye level, static, 4 s, dusk, hall"),
        ("mei", "joy 0.8, speaking, slowly"),
    ]
    assert ("events", "one · two") in brief.lines({"episode": {"outline": {"key_events": ["one", "two"]}}})
    assert brief.lines({"character": {"id": "mei", "static_descriptors": ["tall", "calm"]}}) == [("mei", "tall, calm")]
    assert brief.lines({}) == []


@pytest.mark.parametrize(
    "source",
    [
        "http://198.51.100.7/x.png",
        "javascript:alert(1)",
        "data:image/svg+xml;base64,AAAA",
        "data:text/html;base64,AAAA",
        '/blob/x" onerror="',
        None,
        7,
    ],
)
def test_only_pixels_become_pictures(source: object) -> None:
    """An address elsewhere, a script or an SVG in the log is not put into the page."""
    assert "<img" not in crops.image(source, "a face", size=10)


def test_words_in_markup_are_escaped() -> None:
    """Alternative texts, captions, briefs, scripts and findings hold what strangers wrote."""
    picture = crops.image("/blob/" + "a" * 64, NASTY, size=10)
    pieces = [
        picture,
        crops.card(picture, [NASTY], size=10),
        brief.brief_html({"shot": {"action": NASTY}}, {}),
        text.script_html({"scenes": [{"id": NASTY, "beats": [{"action": NASTY, "lines": [{"speaker": NASTY, "text": NASTY}]}]}]}, [], {}),
        text.findings_html([{"check": NASTY, "severity": NASTY, "message": NASTY, "quote": NASTY, "where": [NASTY]}]),
    ]
    for piece in pieces:
        assert "<img src=x" not in piece
        assert "onerror=alert" in piece


def test_blocking_rules_come_first() -> None:
    """A list is read from its top."""
    listed = text.findings_html(
        [{"severity": "info", "check": "C3"}, {"severity": "warn", "check": "C2"}, {"severity": "block", "check": "C1"}]
    )
    assert listed.index("C1") < listed.index("C2") < listed.index("C3")


def test_what_people_waived_is_struck_and_last_with_who_and_why() -> None:
    said = {"verdict": "wrong", "who": NASTY, "why": "a ghost"}
    block = {"severity": "block", "check": "C02", "message": "gone", "quote": "Then go."}
    listed = text.findings_html(
        [{**block, "check": "C03", "said": said}, {**block, "said": {**said, "verdict": "right", "who": "lin"}}, {**block, "check": "S01"}]
    )
    assert listed.index("C02") < listed.index("S01") < listed.index("C03")
    assert listed.count("<s>") == 2, "the words and the quote of the waived one"
    assert "✗ wrong, says &lt;img" in listed
    assert "✓ right, says lin: a ghost" in listed
