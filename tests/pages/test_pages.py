"""What the pages show and how they answer, without a browser."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import log_story
import page_story
import pytest

from evals.waivers import Waiver
from pages.ui import evidence, outputs
from runs import query
from runs.journal import Journal
from runs.workspace import Workspace

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

pytestmark = pytest.mark.slow
TRAP = re.compile(r"!\[p|\[go\]|\*\*|<img|<script")
Open = Callable[..., "AppTest"]
ARMS = {"a": f"{page_story.SHOTS}:a", "b": f"{page_story.SHOTS}:b"}
CLIP_ARMS = {"a": f"{page_story.CLIPS}:a", "b": f"{page_story.CLIPS}:b"}


def words(at: AppTest) -> str:
    """Return all that stands on the page as text, not as Markdown and not as HTML."""
    return "\n".join(element.value for element in at.text)


def html(at: AppTest) -> str:
    return "\n".join(element.value for element in at.get("html"))


def markdown(at: AppTest) -> str:
    """Return all that is read as Markdown, without what is escaped in it."""
    kinds = ("header", "subheader", "caption", "markdown", "error", "warning", "info")
    text = "\n".join(str(element.value) for kind in kinds for element in getattr(at, kind))
    return re.sub(r"\\.", "", text)


# Runs


def test_an_empty_workspace_says_how_to_begin(app: Open, tmp_path: Path) -> None:
    """There is no run yet: the page gives the command that makes one without a key."""
    at = app(of=log_story.workspace(tmp_path / "empty"))
    assert "No runs yet" in words(at)
    assert "workbench run --suite shot" in at.code[0].value
    assert not at.dataframe


def test_runs_are_listed_newest_first_with_what_matters(app: Open) -> None:
    """State, who generated, both versions, both arms' means and the failures stand in one row."""
    frame = app().dataframe[0].value
    assert list(frame["Run"])[1:] == [page_story.CLIPS, page_story.SHOTS]
    row = frame.iloc[2]
    assert (row["State"], row["By"]) == (["● finished"], ["SIM"])
    assert row["Versions"] == "shot/portrait  @plain → @rich"
    a, b = map(float, row["face consistency"].split(" → "))
    assert a < 0.3 < 0.7 < b
    assert (row["Done"], row["Failed"]) == ("32 / 32", 1)


def test_a_metric_that_a_run_does_not_have_is_empty(app: Open) -> None:
    """Scripts have no faces, shots have no logic."""
    frame = app().dataframe[0].value
    assert frame["face consistency"].isna().tolist() == [True, False, False]
    assert frame["logic"].isna().tolist() == [False, True, True]


@pytest.mark.parametrize(
    ("address", "stages"),
    [
        ({"q": "portrait shots1"}, 1),
        ({"stage": "script"}, 1),
        ({"q": "nothing like it"}, 0),
        ({"real": "true"}, 0),
        ({"template": "shot/portrait"}, 2),
        ({"state": "finished"}, 3),
        ({"template": "shot/portrait", "stage": "script"}, 0),
    ],
)
def test_the_address_filters(app: Open, address: dict[str, str], stages: int) -> None:
    """A filtered list can be shared: the address holds the filter."""
    at = app(**address)
    assert (len(at.dataframe[0].value) if at.dataframe else 0) == stages


def test_a_running_run_shows_how_far_it_is(app: Open, tmp_path: Path) -> None:
    """Done, failed and the whole stand above the list, and the row says that it runs; when it ends, both go."""
    ws = log_story.workspace(tmp_path / "live")
    journal = Journal(ws, "r1")
    journal.append(*list(log_story.story("r1", jobs=8))[:13])
    at = app(of=ws)
    assert len(at.get("progress")) == 1
    assert [told for told in words(at).splitlines() if told.startswith("4 of 8 done, 1 failed")]
    assert at.dataframe[0].value["State"].iloc[0] == ["◐ running"]
    assert at.dataframe[0].value["Done"].iloc[0] == "4 / 8"
    journal.append(*list(log_story.story("r1", jobs=8))[13:])
    journal.close()
    at = app(of=ws)
    assert not at.get("progress")
    assert at.dataframe[0].value["State"].iloc[0] == ["● finished"]


# Compare


def test_compare_waits_for_a_choice(app: Open) -> None:
    """Without arms in the address nothing is chosen for the user."""
    at = app("compare.py")
    assert "Choose two arms" in words(at)
    assert [box.value for box in at.selectbox] == [None, None]


def test_compare_says_in_words_and_numbers_what_b_changes(app: Open) -> None:
    """Each primary metric has a sentence and a row; the plot's alternative text says the same."""
    at = app("compare.py", **ARMS)
    said = html(at)
    assert "▲ better   On 14 series B raises face consistency" in said
    shown, folded = said.split("<details>")
    row = re.search("<tr><th[^>]*>face consistency\u00a0↑</th>.*?</tr>", shown)
    assert row is not None
    assert re.findall(">([^<]+)<", row[0])[1::5] == ["▲ better", "14\u00a0/\u00a00\u00a0/\u00a00"]
    assert "stiffness\u00a0↓" in folded
    assert "stiffness\u00a0↓" not in shown


def test_compare_says_that_both_arms_are_simulated(app: Open) -> None:
    """Nobody can take the studio's numbers for those of a model."""
    assert "Both arms are simulated" in html(app("compare.py", **ARMS))


def test_references_in_the_address_become_ids(app: Open) -> None:
    """A link may name versions; what it shows then stays the same."""
    at = app("compare.py", a="shot/portrait@plain", b="shot/portrait@rich")
    # The newest run that has both: that of the clips.
    assert [box.value for box in at.selectbox][:2] == list(CLIP_ARMS.values())


def test_without_arms_the_newest_comparisons_are_offered(app: Open) -> None:
    """One click opens what was most likely meant."""
    at = app("compare.py")
    button = next(
        button for button in at.button if "shot/portrait" in button.label.replace("\\", "") and button.key.startswith(page_story.CLIPS)
    )
    button.click().run()
    assert [box.value for box in at.selectbox][:2] == list(CLIP_ARMS.values())


def test_swapping_turns_the_verdict(app: Open) -> None:
    """What was better is worse from the other side."""
    at = app("compare.py", **ARMS)
    next(button for button in at.button if button.label == "Swap").click().run()
    assert "▼ worse   On 14 series B lowers face consistency" in html(at)


def test_all_cases_are_listed_with_pictures_and_reasons(app: Open) -> None:
    """Each row has both pictures, both values and both reasons; a failure says what went wrong."""
    frame = app("compare.py", **ARMS, w="all", m="face_consistency").dataframe[0].value
    assert len(frame) == 16
    assert frame["A shows"].str.fullmatch(r"/poster/[0-9a-f]{64}").all()
    failed = frame[frame["case"] == "series-0-shot-1"].iloc[0]
    assert failed.isna()["B shows"]
    assert failed["why B"].startswith("failed: rate_limit: ")


@pytest.mark.parametrize(("wanted", "count"), [("worse", 1), ("better", 14), ("changed", 16), ("failed", 1), ("same", 0), ("all", 16)])
def test_cases_are_filtered_and_counted(app: Open, wanted: str, count: int) -> None:
    """The filter shows how many it keeps, and keeps as many."""
    at = app("compare.py", **ARMS, w=wanted, m="face_consistency")
    assert any(option.endswith(f" {count}") for option in at.segmented_control[1].options)
    assert (len(at.dataframe[0].value) if at.dataframe else 0) == count


def test_slices_have_an_interval_each(app: Open) -> None:
    """The size of shot that most series have has a verdict that stands, the other too few; single series count their cases."""
    at = app("compare.py", **ARMS, view="slices", by="shot size", sm="face_consistency")
    table = at.dataframe[0].value.set_index("slice")
    assert table["verdict"].map(lambda v: v[0]).to_dict() == {"closeup": "▲ better", "wide": "○ too little"}
    assert table["holds"].to_dict() == {"closeup": "✓", "wide": ""}
    by_series = app("compare.py", **ARMS, view="slices", by="series", sm="face_consistency").dataframe[0].value
    assert len(by_series) == page_story.SERIES
    assert by_series["verdict"].map(lambda v: v[0]).eq("○ too little").all()


def test_cost_stands_against_quality(app: Open) -> None:
    """Both arms are in words and in the plot, whose other points are arms of the same stage."""
    at = app("compare.py", **ARMS, view="cost")
    assert re.search(r"A  .*a generation, .*a series", words(at))
    assert len(at.get("vega_lite_chart") or at.get("arrow_vega_lite_chart")) >= 2


def test_the_template_diff_is_a_view(app: Open) -> None:
    """What changed between the versions is one click away, and the address keeps it."""
    assert "shot/portrait" in words(app("compare.py", **ARMS, view="diff"))


def test_what_the_gate_would_ask_is_drawn(app: Open) -> None:
    """The suite's policy has margins; a note says what the upright bars are."""
    assert "gate policy shot" in html(app("compare.py", **ARMS))


def test_the_cases_of_arms_that_do_not_fit_are_not_compared(app: Open) -> None:
    """Two stages have nothing in common; the page says so."""
    at = app("compare.py", a=ARMS["a"], b=_script_arm(app))
    assert "Arms of different stages" in at.error[0].value


def _script_arm(app: Open) -> str:
    return f"{app().dataframe[0].value['Run'].iloc[0]}:b"


@pytest.mark.parametrize("page", ["compare.py", "examine.py"])
@pytest.mark.parametrize("arm", ["shot/nothing@here", f"{page_story.SHOTS}:z", "'; drop table run; --\0"])
def test_unknown_arms_are_explained(app: Open, page: str, arm: str) -> None:
    """An address that names nothing gives a sentence and a way back."""
    at = app(page, a=ARMS["a"], b=arm)
    assert "arm" in at.error[0].value
    assert not at.exception


# Case


def test_a_case_shows_what_was_asked_and_what_came(app: Open) -> None:
    """The brief, the scores of both arms and their reasons stand beside the outputs."""
    at = app("examine.py", **ARMS, case="series-2-shot-2", m="face_consistency")
    assert at.header[0].value == "series\\-2\\-shot\\-2"
    table = at.dataframe[0].value.set_index("metric")
    assert table.loc["face consistency ↑", "B − A"] == "+0.810 ▲"
    assert "closeup, low, static, 2 s" in html(at)
    assert "reference picture of mei" in html(at)


def test_a_case_is_leafed_through_in_the_list_that_it_was_opened_from(app: Open) -> None:
    """What is better comes by the largest gain, on Compare as here; a case of another list has all of them around it."""
    listed = app("compare.py", **ARMS, w="better", m="face_consistency").dataframe[0].value
    assert listed["B − A"].is_monotonic_decreasing
    first, second = listed["case"].iloc[:2]
    at = app("examine.py", **ARMS, case=first, w="better", m="face_consistency")
    assert at.segmented_control[-1].value == "faces"
    assert "1 of 14, B better by face consistency, the largest gain first" in markdown(at)
    next(button for button in at.button if button.label == "Next").click().run()
    assert at.query_params["case"] == second
    assert "1 of 16" in markdown(app("examine.py", **ARMS, case="series-2-shot-1", w="better", m="face_consistency"))


@pytest.mark.parametrize(("metric", "view"), [("face_consistency", "faces"), ("stiffness", "expression"), ("latency", "faces")])
def test_the_evidence_is_of_the_metric_that_was_asked_about(metric: str, view: str) -> None:
    """Of a list by expression a case shows why its expression is what it is; without any evidence it shows the first kind."""
    sides = [{"scores": [{"scorer": scorer, "metric": name} for scorer, name in (("expression", "stiffness"), ("latency", "latency"))]}]
    sides += [{"scores": [{"scorer": "face_consistency", "metric": "face_consistency"}]}]
    found = evidence.of_scorer(sides, metric)
    assert (found if found in evidence.VIEWS else "faces") == view


def test_an_unknown_case_is_explained(app: Open) -> None:
    """The message names cases that there are."""
    at = app("examine.py", **ARMS, case="series-9-shot-9")
    assert "no case series" in at.error[0].value
    assert "There is, for example" in words(at)


def test_a_case_without_arms_is_explained(app: Open) -> None:
    """The page is reached from Compare; opened alone it says so."""
    assert "one case of a comparison" in app("examine.py").error[0].value


def test_one_arm_can_be_looked_at_alone(app: Open) -> None:
    """A run that has nothing to be compared with shows its cases too, the lowest score first, with the prompt that was sent."""
    at = app("examine.py", a=ARMS["b"], ev="prompt", m="face_consistency")
    assert at.header[0].value == "series\\-0\\-shot\\-1"
    at = app("examine.py", a=ARMS["b"], case="series-2-shot-2", ev="prompt")
    assert list(at.dataframe[0].value.columns) == ["metric", "score"]
    assert at.code[0].value.endswith("arm b")
    assert len(json.loads(_component(at))["sides"]) == 1


def test_an_unknown_arm_alone_is_explained(app: Open) -> None:
    """As two are."""
    assert "arm" in app("examine.py", a="nothing:a").error[0].value


def test_a_failed_generation_says_status_and_class_of_error(app: Open) -> None:
    """The place of the missing picture says what happened."""
    at = app("examine.py", **ARMS, case="series-0-shot-1")
    sides = json.loads(_component(at))["sides"]
    assert sides[1]["kind"] == "none"
    assert sides[1]["alt"].startswith("failed · rate limit\n")


def _component(at: AppTest) -> str:
    found: list[Any] = list(at.get("bidi_component"))
    return str(found[0].proto.json)


def test_faces_stand_beside_their_reference_and_their_series(app: Open) -> None:
    """A match is shown with its threshold, the whole series below, this case marked, the others linked."""
    page = html(app("examine.py", **ARMS, case="series-2-shot-2", ev="faces"))
    assert "<b>match 0.32</b> &lt; 0.48" in page
    assert "<b>match 0.64</b> ≥ 0.48" in page
    assert "same person: 95 %" in page
    assert "0.64  here" in page
    assert "case=series-2-shot-1" in page


def test_expression_has_curves_for_clips_and_bars_for_stills(app: Open) -> None:
    """Clips: three signals over time, emotions and movement by region. Stills: emotions."""
    of_clip = app("examine.py", **CLIP_ARMS, case="series-2-clip-2", ev="expression")
    assert len(of_clip.get("vega_lite_chart") or of_clip.get("arrow_vega_lite_chart")) == 5
    of_still = app("examine.py", **ARMS, case="series-2-shot-2", ev="expression")
    assert len(of_still.get("vega_lite_chart") or of_still.get("arrow_vega_lite_chart")) == 1
    assert "asked for joy at 0.8, speaking" in html(of_clip)


def test_logic_stands_in_the_script_at_its_line(app: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each broken rule is under the line that breaks it, and listed below; what somebody waived is struck, there and here."""
    run = app().dataframe[0].value["Run"].iloc[0]
    at = app("examine.py", a=f"{run}:a", b=f"{run}:b", m="logic")
    assert at.get("html")
    found = re.search(r"<b>✗ (C\d\d)</b>[^<]*<q[^>]*>(\w)", html(at))
    assert found
    assert "<s>" not in html(at)
    waiver = Waiver(check=found[1], verdict="meant", quote=found[2], who="lin", why="its own ids", at=date(2026, 11, 25))
    monkeypatch.setattr("runs.query.of_checks.load_waivers", lambda _folder: (waiver,))
    page = html(at.run())
    assert page.count("◦ meant, says lin: its own ids") >= 2
    assert f"<s><b>i {found[1]}" in page
    assert any("counts again" in caption.value for caption in at.caption)


def test_where_a_case_comes_from_is_told(app: Open) -> None:
    """Lineage of a case that no chain made says so, for both arms."""
    said = words(app("examine.py", **ARMS, case="series-2-shot-2", ev="lineage"))
    assert said.count("made from its case alone") == 2


def test_the_prompts_differ_visibly(app: Open) -> None:
    """Both the templates and what this case makes of them."""
    page = html(app("examine.py", **ARMS, case="series-2-shot-2", ev="diff"))
    assert "plain" in page
    assert "rich" in page
    assert "arm " in page


def test_the_variables_of_a_case_stand_below_its_prompts(app: Open) -> None:
    """By name, as the template got them, as text."""
    table = app("examine.py", **ARMS, case="series-2-shot-2", ev="diff").dataframe[-1].value.set_index("Variable")["Value"]
    assert list(table.index) == ["series", "shot", "location", "people", "characters"]
    assert json.loads(table["shot"])["size"] == "closeup"


# What strangers wrote


@pytest.mark.parametrize("view", ["faces", "expression", "diff", "raw"])
def test_nothing_that_a_model_wrote_is_markup(app: Open, view: str) -> None:
    """Text of models stands escaped in HTML, and only in elements that read no Markdown."""
    at = app("examine.py", **ARMS, case=page_story.HOSTILE, ev=view)
    assert "<img src=http" not in html(at)
    assert "<script" not in html(at)
    assert f'src="{page_story.FOREIGN}' not in html(at)
    assert not TRAP.search(markdown(at))


def test_an_answer_of_ten_megabytes_is_shown_in_part(app: Open, workspace: Workspace, tmp_path: Path) -> None:
    """In one line, with marks that turn the reading, and with a drawing in it: as text, its beginning only, and that is said."""
    own = Workspace(Path(shutil.copytree(workspace.root, tmp_path / "drama")))
    run = query.runs(own).query("stage == 'script'")["run_id"].iloc[0]
    for one in query.generations(own, run)["artifact"].dropna().unique():
        query.media_path(own, one).write_text("\u202e<svg onload=alert(1)>" + page_story.HOSTILE + "x" * 10_000_000, "utf-8")
    at = app("examine.py", of=own, a=f"{run}:a", b=f"{run}:b", ev="raw")
    assert [len(code.value) for code in at.code] == [outputs.MOST_TEXT] * 2
    assert sum("more bytes are in the file" in caption.value for caption in at.caption) == 2
    assert sum(button.proto.label == "The whole text" for button in at.get("download_button")) == 2
    assert "<svg" not in html(at)
    assert evidence.clipped({"a": ["y" * 10_000_000]})["a"][0].endswith("… 9,980,000 more characters")


@pytest.mark.parametrize("page", ["home.py", "compare.py"])
def test_lists_hold_it_as_text(app: Open, page: str) -> None:
    """Names and reasons with Markdown or HTML are cells of a table, or escaped."""
    at = app(page, **({} if page == "home.py" else {**ARMS, "w": "all"}))
    assert not TRAP.search(markdown(at))


def test_a_broken_workspace_is_explained(app: Open, tmp_path: Path) -> None:
    """A folder without a workspace gives a sentence, not a trace."""
    at = app(of=Workspace(tmp_path))
    assert "No workspace in" in at.error[0].value
