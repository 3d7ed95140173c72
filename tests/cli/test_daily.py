"""What a prompt engineer does many times a day: try a version on one case, look at what came back, see what it cost."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest

from runs.cli.context import as_asked
from runs.provider import Message, Request
from runs.quote import pricing_of
from runs.settings import load
from tests.cli.conftest import Cli, one_line_error

PLAIN, RICH = "script/episode@plain", "script/episode"


def test_a_try_prints_what_came_back_and_is_a_run_like_any_other(ws: Path, cli: Cli) -> None:
    """Two versions on the first case that may be looked at: texts, scores with reasons; then by its run, its jobs, and what it cost."""
    done = cli("try", PLAIN, RICH, "--format", "json")
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert [one["ref"] for one in told["outputs"]] == [PLAIN, RICH]
    assert all('"scenes"' in one["text"] for one in told["outputs"])
    assert {score["metric"] for one in told["outputs"] for score in one["scores"]} == {"contract", "logic", "schema"}
    explored = (ws / "evals/suites/script.yaml").read_text("utf-8").partition("gate:")[0]
    assert f"- {told['case'].rpartition('-script')[0]}\n" in explored

    (run,) = json.loads(cli("runs", "--format", "json").out)["runs"]
    assert (run["run_id"], run["suite"], run["jobs"]) == (told["run"], "try", 2)
    jobs = json.loads(cli("show", "last", "--jobs", "--format", "json").out)["jobs"]
    assert [Path(job["file"]).read_text("utf-8") for job in jobs] == [one["text"] for one in told["outputs"]]
    assert not cli("channels").out.splitlines()[1:] and "(none)" in cli("channels").err
    assert "moved" not in cli("promote", RICH, "--to", "dev").err
    (now,) = json.loads(cli("channels", "--format", "json").out)["channels"]
    digits = now["version"].rpartition("@")[2]
    assert cli("promote", PLAIN, "--to", "dev", "--seen", digits).code == 0, "the digits that channels shows"
    assert cli("promote", RICH, "--to", "dev", "--seen", digits).code == 3, "somebody has moved it since"
    shown = cli("show", "last", jobs[0]["job_id"][:8])
    assert jobs[0]["file"] in shown.err or '"scenes"' in shown.err, "the output stands below its prompt"

    today = datetime.now(UTC).date().isoformat()
    (day,) = json.loads(cli("costs", "--since", "yesterday", "--format", "json").out)["costs"]
    assert (day["day"], day["runs"], day["calls"], day["cost_usd"]) == (today, 1, 2, 0)
    assert "arm" in cli("costs", "last").out and cli("costs", "--since", "someday").code == 2


def test_a_try_of_a_gate_case_says_what_that_costs(cli: Cli) -> None:
    """Looking at a gate's case is looking at it: the case is planned under its real split, and the remark says so."""
    done = cli("try", RICH, "--case", "last-bid-script-1", "--no-score")
    assert done.code == 0 and "gate split" in done.err
    assert '"scenes"' in done.out


def test_a_try_that_cannot_be_done_writes_nothing(ws: Path, cli: Cli) -> None:
    assert "workbench judge RUN" in one_line_error(cli("try", "judge/screenplay"))
    assert "Did you mean script/episode" in one_line_error(cli("try", "script/episod"))
    assert "is a template of stage shot" in one_line_error(cli("try", RICH, "shot/keyframe"))
    assert not list((ws / "runs").rglob("*.jsonl"))


def test_a_prompt_is_rendered_without_naming_a_case(cli: Cli) -> None:
    done = cli("render", "shot/keyframe")
    assert done.code == 0 and "painted-skin-shot-1" in done.err


def test_a_run_that_fails_says_why_at_its_end(ws: Path, cli: Cli, tmp_path: Path) -> None:
    """Nobody has to ask `show` for the reason; nor for why a measure has not one value."""
    assert cli("try", PLAIN, "--no-score", "--record", str(tmp_path / "tapes")).code == 0
    done = cli("try", RICH, "--no-score", "--replay", str(tmp_path / "tapes"))
    assert done.code in (1, 4) and "failed" in done.err
    run = ("run", "--suite", "script", "--version", RICH, "--limit", "1", "--repeats", "1", "--replay", str(tmp_path / "tapes"))
    told = cli(*run).err
    assert "1 × failed" in told and "workbench show 2" in told


def test_a_resumed_run_refuses_what_has_no_effect_on_it(ws: Path, cli: Cli) -> None:
    """Else somebody who asks for an estimate, or for one case, pays for the rest of the run."""
    assert cli("try", PLAIN, "--no-score").code == 0
    for option in (("--dry-run",), ("--suite", "script"), ("--limit", "1"), ("--model", "x")):
        done = cli("run", "--resume", "last", *option)
        assert done.code == 2 and f"{option[0]} has no effect with --resume" in done.err
    assert cli("run", "--resume", "last", "--budget", "1", "--no-score").code == 0
    assert "or a chain" in one_line_error(cli("export-episode", "last", "out"))


def test_a_build_fails_on_a_missed_bar_and_on_a_worse_version(ws: Path, cli: Cli) -> None:
    """The plain script breaks the story's rules, the starter's does not: bars are checked by arm, verdicts only with enough series."""
    run = ("run", "--suite", "script", "--split", "explore", "--limit", "9", "--repeats", "1")
    assert "Did you mean logic" in one_line_error(cli(*run, "--version", RICH, "--at-least", "logik=0.5"))
    assert "METRIC=VALUE" in one_line_error(cli(*run, "--version", RICH, "--at-most", "logic"))
    assert not list((ws / "runs").rglob("*.jsonl")), "a bar that is none is said before anything is paid"
    done = cli(*run, "--version", RICH, "--version", PLAIN, "--at-least", "logic=0.6", "--at-most", "latency=60")
    assert done.code == 3 and done.err.count("Missed: ") == 1
    assert f"Missed: {PLAIN}: logic is 0." in done.err and "at least 0.6 was asked for" in done.err
    assert "gate split" not in done.err
    dry = ("run", "--suite", "script", "--version", RICH, "--dry-run")
    assert "26 of 46 cases are of the gate split" in cli(*dry).err
    assert "gate split" not in cli(*dry, "--split", "gate").err, "who asks for them knows"
    assert cli("run", "--resume", "last", "--at-least", "schema=0.1").code == 0
    assert cli("compare", RICH, PLAIN).code == 0
    worse = cli("compare", RICH, PLAIN, "--fail-on", "worse")
    assert worse.code == 3 and "B is worse: " in worse.err
    assert cli("compare", PLAIN, RICH, "--fail-on", "not-better").code == 0
    assert cli("compare", PLAIN, RICH, "--fail-on", "not-better", "--metric", "cost").code == 3
    assert cli("compare", PLAIN, RICH, "--fail-on", "worse", "--metric", "logik").code == 1


def test_what_no_run_has_used_is_told_apart_from_what_there_is_not(cli: Cli) -> None:
    assert "No run has used clip/motion yet. Run it first: workbench run --suite clip" in one_line_error(cli("compare", "clip/motion", "x"))


def test_a_case_outside_of_the_suite_is_told_where_it_belongs(ws: Path, cli: Cli) -> None:
    suite = ws / "evals/suites/script.yaml"
    suite.write_text(suite.read_text("utf-8").replace("    - painted-skin\n", ""), "utf-8")
    run = ("run", "--suite", "script", "--version", RICH, "--case")
    assert "Add its series, painted-skin, to explore" in one_line_error(cli(*run, "painted-skin-script-1"))
    assert "It is a case of stage shot" in one_line_error(cli(*run, "last-bid-shot-1"))
    assert "not in this split" in one_line_error(cli(*run, "last-bid-script-1", "--split", "explore"))


def test_a_wrong_suite_prints_no_half_of_a_diff(cli: Cli) -> None:
    assert "Did you mean script" in one_line_error(cli("diff", PLAIN, RICH, "--suite", "scrip"))


@pytest.mark.parametrize("command", [("runs", "--stage", "clipp"), ("templates", "clipp")])
def test_a_stage_that_there_is_not_is_no_empty_list(cli: Cli, command: tuple[str, ...]) -> None:
    assert "Did you mean clip" in one_line_error(cli(*command))


def test_what_changed_since_the_last_run_is_shown(ws: Path, cli: Cli) -> None:
    assert "No run has used script/episode yet" in one_line_error(cli("diff", RICH))
    assert cli("try", RICH, "--no-score").code == 0
    assert cli("diff", RICH).out.strip().endswith("say the same.")
    path = ws / "prompts/script/episode.j2"
    path.write_text(path.read_text("utf-8").replace("{% block user %}", "{% block user %}\nOne more line."), "utf-8")
    assert "\n+One more line.\n" in cli("diff", RICH).out
    assert "\n+One more line.\n" in cli("diff", RICH, "--case", "painted-skin-script-1").out


def test_a_demo_is_made_in_the_workspace_that_one_is_in(ws: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """As each workspace's own README has it; elsewhere in a folder of its own."""
    from runs.cli import demo

    walked: list[Path] = []
    monkeypatch.setattr(demo, "_tables", lambda _context, workspace: walked.append(workspace.root))
    assert cli("demo", at=ws / "prompts").code == 0
    elsewhere = ws.parent / "elsewhere"
    elsewhere.mkdir()
    assert cli("demo", at=elsewhere).code == 0
    assert walked == [ws, elsewhere / "demo"]


def test_a_mistyped_command_is_told_which_one_is_meant(cli: Cli) -> None:
    done = cli("shwo")
    assert done.code == 2 and "Did you mean show" in done.err


def test_help_has_each_command_in_one_chapter(cli: Cli) -> None:
    import workbench

    listed = [name for names in workbench.CHAPTERS.values() for name in names.split()]
    assert sorted(listed) == sorted(workbench.COMMANDS)
    told = cli("--help").out
    assert [chapter for chapter in workbench.CHAPTERS if f"\n{chapter}:\n" not in told] == []


def test_a_gate_prices_and_parametrises_calls_as_a_run_does(ws: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A preset's length gives way to the shot's, and the price of a variant is found: else the same money bought another thing."""
    monkeypatch.setenv("DASHSCOPE_API_KEY", "sk-abcdefghijklmnopqrstuv")
    settings = load(ws, {"provider": "wan"})
    context = click.Context(click.Command("gate"), obj={"quiet": True})
    provider, options, order = as_asked(context, settings, "clip", {"model": None, "pairs": (), "prices": ()})
    assert "duration" not in order.parameters and order.parameters["resolution"] == "720P"
    request = Request("k", "clip", "video", (Message("user", "a shot"),), order.models[0], {**order.parameters, "duration": 5})
    worst = options.pricing.worst_usd(request)
    assert worst is not None and worst == pricing_of(provider, settings).worst_usd(request)
