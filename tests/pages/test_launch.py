"""Launch: what can be chosen, what a run would take and show, why it cannot start, and that it starts once."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from evals.case import load_cases
from pages.ui import forecast, order
from runs import launching, query
from runs.dryrun import dry_run
from runs.prepare import Order
from runs.settings import load
from runs.workspace import Workspace

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

pytestmark = pytest.mark.slow
Open = Callable[..., "AppTest"]
VERSIONS = ["script/episode@plain", "script/episode"]
SCRIPTS: dict[str, Any] = {"suite": "script", "v": VERSIONS}


@pytest.fixture
def own(workspace: Workspace, tmp_path: Path) -> Workspace:
    """A copy of the workspace, whose files a test may change and in which runs may start."""
    return Workspace(Path(shutil.copytree(workspace.root, tmp_path / "drama")))


def words(at: AppTest) -> str:
    return "\n".join(element.value for element in at.text)


def figures(at: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in at.metric}


def starts(at: AppTest) -> list[Any]:
    return [button for button in at.button if button.label == "Start"]


def test_nothing_starts_before_suite_and_versions_are_chosen(app: Open) -> None:
    at = app("launch.py")
    assert not starts(at)
    offered = at.dataframe[0].value.set_index("Suite")
    assert offered.loc["script", "Scorers"].startswith("schema, logic")
    at = app("launch.py", suite="script")
    assert "Choose two or more versions" in words(at)
    assert not starts(at)
    at = app("launch.py", suite="script", v=["script/episode"])
    assert not starts(at)


def test_the_dry_run_counts_prices_and_checks(app: Open, own: Workspace) -> None:
    """46 cases of 23 series, two versions, two repeats; the studio is free; the same command is shown."""
    at = app("launch.py", of=own, **SCRIPTS)
    assert "A, the baseline: script/episode@plain. B: script/episode." in at.caption[0].value.replace("\\", "")
    assert figures(at).items() >= {"Jobs": "184", "Arms": "2", "Series": "23", "Cases": "46", "Cost": "free"}.items()
    assert starts(at)
    assert at.code[0].value.startswith(
        "workbench run --suite script --version script/episode@plain --version script/episode --provider studio"
    )
    assert "23 series show a gain of" in words(at)


def test_the_form_changes_the_plan(app: Open, own: Workspace) -> None:
    at = app("launch.py", of=own, **SCRIPTS)
    at.number_input(key="_repeats").set_value(1)
    at.number_input(key="_limit").set_value(5)
    at.selectbox(key="_split").set_value("gate")
    at.run()
    assert figures(at).items() >= {"Jobs": "10", "Cases": "5"}.items()
    assert "--repeats 1 --split gate --limit 5" in at.code[0].value


def test_one_version_against_itself_is_an_a_a(app: Open, own: Workspace) -> None:
    at = app("launch.py", of=own, suite="script", v=["script/episode"], aa="true")
    assert figures(at)["Arms"] == "2"
    assert at.code[0].value.count("--version script/episode ") == 2


def test_a_pilot_replaces_the_guess(app: Open, own: Workspace) -> None:
    """Where a run of the suite was scored with what the policy asks for, its spread is taken, and the page says so."""
    run = query.runs(own).query("stage == 'script'")["run_id"].iloc[0]
    guessed, measured = (app("launch.py", of=own, **SCRIPTS, pilot=name) for name in ("guesses", run))
    assert "is guessed" in guessed.caption[-1].value
    assert "measured in the pilot" in measured.caption[-1].value
    assert app("launch.py", of=own, **SCRIPTS).caption[-1].value == measured.caption[-1].value, "there is a run, so nothing is guessed"
    shows = [at.dataframe[-1].value["This run shows"].tolist() for at in (guessed, measured)]
    assert shows[0] != shows[1]


def test_a_missing_key_is_named_and_never_shown(app: Open, own: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    at = app("launch.py", of=own, **SCRIPTS, provider="openai")
    assert "openai needs a key in OPENAI_API_KEY" in words(at)
    assert not starts(at)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-abcdefghijklmnopqrstuv")
    at = app("launch.py", of=own, **SCRIPTS, provider="openai")
    assert starts(at)
    assert "sk-abcdef" not in str(at)


def test_a_budget_that_cannot_be_kept_is_refused_before(app: Open, own: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing bounds the answers, so that no budget can be kept: the page says so and offers no start."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-abcdefghijklmnopqrstuv")
    at = app("launch.py", of=own, **SCRIPTS, provider="openai")
    assert "Cost unknown for gpt-5.4-mini" in words(at)
    at.number_input(key="_budget").set_value(2.0).run()
    assert "No budget can be kept" in words(at)
    assert not starts(at)


def test_a_price_that_the_user_names_is_planned_with_and_handed_on(app: Open, own: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """No table knows the model: with a price and a bound in the address the cost is a range, and a budget can be kept; nonsense is said."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-abcdefghijklmnopqrstuv")
    at = app("launch.py", of=own, **SCRIPTS, provider="openai", models="ours-1", budget="2", limit="2", repeats="1")
    assert "No budget can be kept: the price of ours-1 is unknown" in words(at)
    at.text_input(key="_price").set_value("input=1, output=2 max_output=1000").run()
    low, high = (float(word) for word in figures(at)["Cost"].replace("$", "").split(" to "))
    assert 0 < low < 4 * 1000 * 2e-6 < high < 0.1, "four answers of at most 1,000 tokens, and their prompts"
    assert at.query_params["price"] in ("input=1, output=2 max_output=1000", ["input=1, output=2 max_output=1000"])
    assert at.code[0].value.endswith("--price input=1 --price output=2 --price max_output=1000")
    assert starts(at)
    at.text_input(key="_price").set_value("gold=1").run()
    assert "A price has no gold" in at.error[0].value.replace("\\", "")
    assert not starts(at)


def test_clips_are_priced_as_long_as_their_shots(app: Open, own: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """As `workbench run --dry-run` prices them: not as long as a preset has clips that nobody planned."""
    monkeypatch.setenv("KLING_API_KEY", "ak-abcdefghijklmnopqrstuv")
    for path in (own.evals / "cases").glob("*.yaml"):
        path.write_text(path.read_text("utf-8").replace("duration: 5", "duration: 8"), "utf-8")
    at = app("launch.py", of=own, suite="clip", v=["clip/motion@plain", "clip/motion"], provider="kling", limit="1", repeats="1")
    assert figures(at)["Cost"] == f"${2 * 8 * 0.084:.2g}"


def test_a_template_that_breaks_is_said_in_words(app: Open, own: Workspace) -> None:
    path = own.prompts / "script" / "episode.j2"
    path.write_text(path.read_text("utf-8") + "{{ series.nothing }}\n", "utf-8")
    at = app("launch.py", of=own, **SCRIPTS)
    assert "script/episode.j2:" in at.error[0].value.replace("\\", "")
    assert not starts(at)


def test_start_starts_the_run_that_was_planned_and_shows_it(app: Open, own: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process is given the arguments that the page shows, under the id that the page goes to; coming back means another run."""
    started: list[tuple[str, list[str]]] = []

    def launch(ws: Workspace, run_id: str, arguments: list[str]) -> bool:
        started.append((run_id, list(arguments)))
        path = launching.output_path(ws, run_id)
        path.parent.mkdir(exist_ok=True)
        path.touch()
        return True

    monkeypatch.setattr(launching, "launch", launch)
    at = app("launch.py", of=own, **SCRIPTS)
    shown = at.code[0].value
    starts(at)[0].click().run()
    ((run_id, arguments),) = started
    assert order.command(arguments) == shown
    assert at.query_params["id"] in (run_id, [run_id])
    assert at.header[0].value == f"Run {run_id}"


def test_providers_that_make_something_else_are_not_offered(workspace: Workspace) -> None:
    settings = load(workspace.root)
    assert {"studio", "openai", "qwen"} <= set(order.makers(settings, "script"))
    assert not {"kling", "suno", "manual", "replay", "comfyui"} & set(order.makers(settings, "script"))
    assert "suno" in order.makers(settings, "music")


def test_what_cannot_be_seen_is_said(workspace: Workspace) -> None:
    """Three series show no small gain: the sentence says how many would."""
    settings = load(workspace.root)
    wanted = Order(VERSIONS, "script", ["studio"], repeats=1, limit=3)
    found = dry_run(workspace, settings, "studio", wanted, known=load_cases(workspace.evals / "cases"))
    assert found.means.series == 3
    primary = next(need for need in found.needs if need.role == "primary")
    assert not primary.affordable
    assert f"{primary.series:,} would show" in forecast.headline(found)
    assert forecast.needs(found)["Enough"].iloc[0] == "✗"
    assert forecast.needs(replace(found, needs=found.needs[:1]))["They cost $"].tolist() == [0.0]
