"""What of a comparison can be taken along."""

from __future__ import annotations

import io
import json
import re
import zipfile
from hashlib import sha256
from html.parser import HTMLParser

import page_story
import pandas as pd
import pytest

from evals.policy import load_policy
from pages.ui import exports, forest, takeaway, tradeoff
from runs import query
from runs.compare import Pair, compare_arms, find_arms
from runs.comparison_page import page
from runs.comparison_plot import margin_of
from runs.margins import margins, rule
from runs.workspace import Workspace

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pair(workspace: Workspace) -> Pair:
    return compare_arms(workspace, *find_arms(workspace, f"{page_story.SHOTS}:a", f"{page_story.SHOTS}:b"))


def test_cases_come_as_csv_and_parquet_with_the_same_rows(pair: Pair) -> None:
    """A row a metric and case; Parquet keeps the types."""
    rows = exports.all_cases(pair)
    csv, parquet = pd.read_csv(io.StringIO(takeaway.csv(rows))), pd.read_parquet(io.BytesIO(takeaway.parquet(rows)))
    assert list(csv.columns) == list(parquet.columns) == ["metric", "unit", "case", *csv.columns[3:]]
    assert csv["metric"].tolist() == parquet["metric"].tolist()
    assert csv["gain"].to_numpy() == pytest.approx(parquet["gain"].to_numpy(), nan_ok=True)
    assert set(csv["metric"]) == {r.metric.name for r in pair.comparison.results}


def test_no_cell_of_the_csv_is_a_formula(pair: Pair) -> None:
    """A case called like a formula is text to a spreadsheet."""
    rows = pair.frame.assign(case=pair.frame["case"].replace("series-3-shot-1", "=1+1"))
    from evals.compare import compare

    metrics = [r.metric for r in pair.comparison.results]
    named = Pair(pair.a, pair.b, rows, compare(rows, metrics, pair.a.address, pair.b.address))
    told = takeaway.csv(exports.all_cases(named))
    assert not re.search(r"(?m)(^|,)=", told)
    assert ",'=1+1," in told


def test_a_case_comes_with_its_files_and_what_is_known_of_them(workspace: Workspace) -> None:
    """A folder an arm; outputs are the bytes of the store; an arm that made nothing says why; an arm without the case has no folder."""
    rows = query.generations(workspace, page_story.SHOTS, case_id="series-0-shot-1")
    sides = [
        {**query.generation(workspace, page_story.SHOTS, job), "letter": letter, "arm": object(), "links": {}}
        for letter, job in zip("AB", rows.sort_values("arm")["job_id"], strict=True)
    ]
    with zipfile.ZipFile(io.BytesIO(takeaway.case(workspace, [*sides, {"letter": "C", "arm": object()}]))) as found:
        assert sorted(found.namelist()) == ["A/generation.json", "A/output-1.webp", "B/generation.json"]
        assert sha256(found.read("A/output-1.webp")).hexdigest() == sides[0]["artifact"]
        failed = json.loads(found.read("B/generation.json"))
        assert (failed["status"], failed["error"], failed["message"]) == ("failed", "rate_limit", page_story.HOSTILE)
        assert {score["metric"] for score in json.loads(found.read("A/generation.json"))["scores"]} >= {"face_consistency", "latency"}


def test_an_output_that_is_gone_from_the_store_is_named_in_the_case_and_takes_nothing_else_along(workspace: Workspace) -> None:
    side = {"letter": "A", "job_id": "j1", "artifacts": [{"sha256": "0" * 64, "kind": "image"}], "status": "ok"}
    with zipfile.ZipFile(io.BytesIO(takeaway.case(workspace, [side]))) as found:
        assert sorted(found.namelist()) == ["A/generation.json", "A/output-1-is-missing.txt"]
        assert "000000" in found.read("A/output-1-is-missing.txt").decode()


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_the_report_is_one_page_that_asks_nobody(workspace: Workspace, pair: Pair) -> None:
    """Pictures are inside, no script and no address of anybody stands in a tag, and what models wrote is text."""
    html = page(workspace, pair, "face_consistency")
    tags = _Tags()
    tags.feed(html)
    assert not [tag for tag, _ in tags.found if tag in ("script", "iframe", "link", "object", "a", "form")]
    sources = [attrs["src"] or "" for tag, attrs in tags.found if tag == "img"]
    assert len(sources) > 20
    assert all(source.startswith("data:image/webp;base64,") for source in sources)
    assert "<img src=http" not in html
    assert not [name for _, attrs in tags.found for name in attrs if name.startswith("on")]
    assert "On 14 series B raises face consistency" in html
    assert "failed: rate_limit: " in html
    assert "Both arms are simulated" in html


def test_the_report_shows_margins_and_slices(workspace: Workspace, pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """A margin of the policy stands in the row of its metric; each value of a trait is a slice, and too many of them take a warning."""
    html = page(workspace, pair, "face_consistency", "series")
    assert "what the gate policy shot asks for" in html
    asked = rule(workspace, "shot")
    assert asked is not None
    drawn = [r for r in pair.comparison.results if r.gain is not None and margin_of(r, asked.margins) is not None]
    assert html.count('class="margin"') == len(drawn) >= 2
    assert "<h2>Face consistency by series</h2>" in html
    assert all(f"<td>series-{n}</td>" in html for n in range(page_story.SERIES))
    sizes = page(workspace, pair, "face_consistency", "shot size")
    assert "<td>closeup</td><td class=n>11</td>" in sizes
    assert "▲ better</td><td>stands</td>" in sizes
    assert "slices were looked at" not in sizes
    monkeypatch.setattr("evals.slices.MANY", 0)
    assert "1 slices were looked at: by chance alone" in page(workspace, pair, "face_consistency", "shot size")


def test_margins_are_those_of_the_suites_policy(workspace: Workspace) -> None:
    """Primary metrics have a gain to reach, guardrails a loss to stay within, spending a share; a suite that is gone has none."""
    found = rule(workspace, query.suite_of(workspace, page_story.SHOTS))
    assert found is not None
    assert found.policy == "shot"
    policy = load_policy(workspace.evals / "gates" / "shot.toml")
    assert found.margins == margins(policy)
    assert found.margins["face_consistency"].at == policy.primary["face_consistency"].min_effect
    assert found.margins["expression"].at == -0.1
    assert found.margins["cost"].at == pytest.approx(-0.15)
    assert found.margins["cost"].ratio
    assert rule(workspace, "no-such-suite") is None
    assert rule(workspace, None) is None


def test_the_plot_reaches_its_margins(workspace: Workspace, pair: Pair) -> None:
    """A margin beyond every interval is still on the axis; a metric without one has none."""
    found = rule(workspace, "shot")
    assert found is not None
    rows = pd.concat([frame for _, frame in forest.panels(pair.comparison.results, found.margins)]).set_index("metric")
    assert rows.loc["expression", "margin"] == -0.1
    assert rows.loc["stiffness", "told"] == ""
    one = rows.loc[["expression"]].assign(gain=0.0, lo=0.0, hi=0.0)
    assert forest.reach(one) >= 0.1


def test_what_it_costs_is_told_with_what_is_not_known(pair: Pair) -> None:
    """Nobody knows the price here; the time is that of a generation and of a series."""
    a, b = tradeoff.told(pair)
    assert a.startswith("A  cost unknown · 2 s a generation")
    assert b.startswith("B  cost unknown")


def test_both_arms_are_points_beside_others_of_the_stage(workspace: Workspace, pair: Pair) -> None:
    """An arm has one point; A and B come last, so that nothing covers them."""
    frame = tradeoff.points(query.run_scores(workspace, stage="shot"), pair, "latency", "face_consistency")
    assert frame["side"].tolist()[-2:] == ["A", "B"]
    assert frame["quality"].iloc[-1] > frame["quality"].iloc[-2]


def test_cases_are_told_apart_by_what_they_are_about(workspace: Workspace) -> None:
    """Who, what feeling, what size; each with a value once."""
    traits = query.case_traits(workspace, [page_story.SHOTS])
    of = traits[traits["case_id"] == "series-2-shot-2"].groupby("trait")["value"].agg(list).to_dict()
    assert of == {
        "camera move": ["static"],
        "character": ["mei"],
        "emotion": ["joy"],
        "series": ["series-2"],
        "shot size": ["closeup"],
        "speaking": ["somebody speaks"],
        "split": ["explore"],
    }
    assert query.case_traits(workspace, []).empty
