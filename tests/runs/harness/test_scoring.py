"""Scoring beside generation and of old runs: groups, failures, workers that die."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Self

import kit
import pytest
from farming import FarmDirect

from evals.errors import ScorerError
from evals.score import Sample
from prompts.errors import UnknownName
from runs import query
from runs.errors import JournalError
from runs.events import Generation, ScorerPlan
from runs.group import score_group
from runs.harness import Options, only_one, resume, run
from runs.journal import Journal
from runs.plan import Plan
from runs.pricing import Pricing
from runs.progress import Silent
from runs.provider import Asset, Failure, Outcome, Request
from runs.rescore import score_run
from runs.resume import state_of
from runs.scoring import scorer_plans
from runs.workspace import Workspace

SCORER = """
import json, os, signal
from pathlib import Path
from evals.score import Metric, Score

class Scorer:
    name, version, scope, stages, cpu_bound = "{name}", "1", "{scope}", frozenset({{"script"}}), {heavy}
    metrics = (Metric("{name}", "up", "", worst=0.0), Metric("{name}_b", "up", "", worst=0.0, primary=False))
    def score(self, group):
        folder = Path(__file__).parent
        with (folder / "calls.jsonl").open("a") as log:
            log.write(json.dumps([[s.case_id, s.status, sorted(s.__slots__)] for s in group]) + "\\n")
        {body}
        return [[Score("{name}", "{name}", "1", len(s.text()) / 1000, "ok")] for s in group]

def build():
    return Scorer()
"""
FREE = Options(pricing=Pricing(free=True))


def scorer(ws: Workspace, name: str, body: str = "pass", *, scope: str = "series", heavy: bool = False) -> Path:
    folder = ws.evals / "scorers"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.py").write_text(SCORER.format(name=name, body=body, scope=scope, heavy=heavy))
    return folder


def calls(ws: Workspace) -> list[Any]:
    return [json.loads(line) for line in (ws.evals / "scorers/calls.jsonl").read_text().splitlines()]


def scored(ws: Workspace, port: int, *names: str, folder: Path, series: int = 2, cases: int = 3) -> Plan:
    """Run with some scorers of the workspace."""
    provider = FarmDirect(port)
    plan = kit.plan(ws, provider, series=series, cases=cases, scorers=names, scorer_folder=folder)
    assert run(ws, plan, provider, Options(pricing=Pricing(free=True), scorer_folder=folder)).state == "finished"
    return plan


def rows(ws: Workspace, plan: Plan) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = query.scores(ws, plan.run_id).to_dict("records")
    return found


def test_a_series_scorer_sees_one_arm_repeat_and_series_at_a_time(ws: Workspace, port: int) -> None:
    folder = scorer(ws, "mine")
    scored(ws, port, "mine", folder=folder)
    groups = sorted([case for case, _, _ in group] for group in calls(ws))
    expected = [[f"s{series}-script-{n}" for n in range(3)] for series in (0, 0, 1, 1)]
    assert groups == expected


def test_a_generation_scorer_sees_one_at_a_time(ws: Workspace, port: int) -> None:
    folder = scorer(ws, "mine", scope="generation")
    scored(ws, port, "mine", folder=folder)
    assert [len(group) for group in calls(ws)] == [1] * 12


def test_the_truth_is_nowhere_in_what_a_scorer_sees() -> None:
    assert "truth" not in Sample.__slots__


@pytest.mark.parametrize("heavy", [False, True])
def test_scores_of_every_generation_are_in_the_log_with_their_metrics(ws: Workspace, port: int, heavy: bool) -> None:
    plan = scored(ws, port, "mine", folder=scorer(ws, "mine", heavy=heavy))
    found = rows(ws, plan)
    assert {(r["metric"], r["status"], r["direction"]) for r in found} == {("mine", "ok", "up")}
    assert {r["job_id"] for r in found} == set(plan.by_id)
    assert all(r["value"] > 0 for r in found)


def test_a_scorer_that_raises_gives_error_rows_with_the_reason_and_disturbs_no_other(ws: Workspace, port: int) -> None:
    folder = scorer(ws, "broken", "raise ZeroDivisionError('no faces at all')")
    scorer(ws, "mine")
    found = rows(ws, plan := scored(ws, port, "broken", "mine", folder=folder))
    assert {r["status"] for r in found if r["metric"] == "mine"} == {"ok"}
    broken = [r for r in found if r["metric"] in {"broken", "broken_b"}]
    assert len(broken) == 2 * len(plan.jobs)
    assert {r["status"] for r in broken} == {"error"}
    assert all(r["reason"].startswith("ZeroDivisionError: no faces at all (broken.py:") for r in broken)


def test_a_scorer_with_the_wrong_number_of_results_is_broken(ws: Workspace, port: int) -> None:
    folder = scorer(ws, "mine", "return []")
    plan = scored(ws, port, "mine", folder=folder)
    assert {r["reason"].partition(" (")[0] for r in rows(ws, plan)} == {"ValueError: 0 results for 3 samples"}


KILL = "os.kill(os.getpid(), signal.SIGKILL)"


@pytest.mark.slow
def test_a_worker_that_is_killed_once_costs_nothing(ws: Workspace, port: int) -> None:
    body = f"marker = folder / 'marker'\n        if not marker.exists():\n            marker.touch()\n            {KILL}"
    plan = scored(ws, port, "mine", folder=scorer(ws, "mine", body, heavy=True))
    assert {(r["metric"], r["status"]) for r in rows(ws, plan)} == {("mine", "ok")}
    assert len(rows(ws, plan)) == len(plan.jobs)


@pytest.mark.slow
def test_a_scorer_that_always_kills_its_worker_gets_error_rows_and_takes_no_other_with_it(ws: Workspace, port: int) -> None:
    folder = scorer(ws, "deadly", KILL, heavy=True)
    scorer(ws, "mine", heavy=True)
    found = rows(ws, scored(ws, port, "deadly", "mine", folder=folder, series=1, cases=2))
    assert {(r["metric"], r["status"]) for r in found} == {("deadly", "error"), ("deadly_b", "error"), ("mine", "ok")}
    assert all("died 3 times: signal 9" in r["reason"] for r in found if r["status"] == "error")


class Moody:
    """Gives a text, a refusal or a failure by the case's number."""

    name, simulated, base_url, concurrency = "moody", False, "", 2
    kinds = frozenset({"text"})

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def generate(self, request: Request) -> Outcome:
        if "episode 1" in request.prompt:
            return Outcome(failure=Failure("content_refused", "no"))
        if "episode 2" in request.prompt:
            return Outcome(failure=Failure("invalid_request", "no"))
        if "episode 3" in request.prompt:
            raise ZeroDivisionError("an adapter's mistake")
        return Outcome(assets=(Asset("text", "text/plain", b"{}"),))


def test_failed_and_refused_generations_get_failed_rows_without_being_looked_at(ws: Workspace) -> None:
    folder, provider = scorer(ws, "mine"), Moody()
    plan = kit.plan(ws, provider, series=1, cases=4, scorers=("mine", "latency"), scorer_folder=folder)
    result = run(ws, plan, provider, Options(scorer_folder=folder))
    assert (result.counts.ok, result.counts.refused, result.counts.failed) == (2, 2, 4)
    assert all([status for _, status, _ in group] == ["ok"] for group in calls(ws))
    found = [r for r in rows(ws, plan) if r["metric"] == "mine"]
    assert sorted((r["case_id"][-1], r["status"], r["reason"]) for r in found) == sorted(
        2 * [("0", "failed", "the generation was refused"), ("1", "failed", "the generation failed"),
             ("2", "failed", "the generation failed"), ("3", "ok", "")]
    )  # fmt: skip
    # How long a call took is known of every call.
    assert {r["status"] for r in rows(ws, plan) if r["metric"] == "latency"} == {"ok"}


@pytest.mark.parametrize(("status", "expected"), [("unknown_submission", "not_scoreable"), ("failed", "failed"), ("refused", "failed")])
def test_the_rows_of_what_left_nothing_to_look_at(status: str, expected: str) -> None:
    (plan,) = scorer_plans([("schema", {})], "script")
    (scores,) = score_group([plan], [Sample("g", "script", status, {}, "c", "s")])
    assert {s["status"] for s in scores} == {expected}
    assert len(scores) == len(plan["metrics"])


def test_a_scorer_that_cannot_be_built_any_more_gives_error_rows() -> None:
    gone: ScorerPlan = {"name": "gone", "version": "1", "args": {}, "metrics": scorer_plans([("schema", {})], "script")[0]["metrics"]}
    (scores,) = score_group([gone], [Sample("g", "script", "ok", {}, "c", "s")])
    assert {s["status"] for s in scores} == {"error"}
    assert "Unknown scorer 'gone'" in scores[0]["reason"]


def test_scoring_begins_before_generation_ends(ws: Workspace, port: int) -> None:
    class Watching(Silent):
        early = False

        def update(self, counts: Any) -> None:
            self.early = self.early or (counts.scored > 0 and counts.done < counts.jobs)

    folder, provider, progress = scorer(ws, "mine"), FarmDirect(port, concurrency=2), Watching()
    plan = kit.plan(ws, provider, series=6, cases=2, scorers=("mine",), scorer_folder=folder)
    run(ws, plan, provider, Options(scorer_folder=folder, progress=progress))
    assert progress.early


def test_generations_that_a_killed_process_left_unscored_are_scored_on_resume(ws: Workspace, port: int) -> None:
    provider = FarmDirect(port)
    plan = kit.plan(ws, provider, scorers=("schema",))
    run(ws, plan, provider, Options(scoring=False, pricing=Pricing(free=True)))
    assert query.scores(ws, plan.run_id).empty
    result = resume(ws, plan.run_id, provider, FREE)
    assert result.counts.scored == len(plan.jobs)
    assert {r["job_id"] for r in rows(ws, plan)} == set(plan.by_id)


class TestScoringAgain:
    @pytest.fixture
    def plan(self, ws: Workspace, port: int) -> Plan:
        provider = FarmDirect(port)
        plan = kit.plan(ws, provider, scorers=("cost",))
        run(ws, plan, provider, FREE)
        return plan

    def test_with_a_scorer_that_the_run_never_had(self, ws: Workspace, plan: Plan) -> None:
        counts = score_run(ws, plan.run_id, ["schema", "latency"])
        assert (counts.scored, counts.to_score) == (12, 12)
        found = rows(ws, plan)
        assert {r["scorer"] for r in found} == {"cost", "schema", "latency"}
        assert all(r["direction"] for r in found)
        assert query.runs(ws)["state"][0] == "finished"

    def test_without_names_with_its_own_scorers_and_the_newest_score_counts(self, ws: Workspace, plan: Plan) -> None:
        before = len(rows(ws, plan))
        score_run(ws, plan.run_id)
        assert len(rows(ws, plan)) == before
        assert {len(done) for done in [state_of(ws, plan.run_id).journals]} == {2}

    def test_an_interrupted_run_stays_interrupted(self, ws: Workspace, port: int) -> None:
        plan = kit.plan(ws, FarmDirect(port), scorers=("cost",))
        with Journal(ws, plan.run_id) as journal:
            journal.append(plan.event, Generation(run_id=plan.run_id, job_id=plan.jobs[0]["job_id"], status="refused"))
        assert score_run(ws, plan.run_id, ["schema"]).scored == 1
        assert state_of(ws, plan.run_id).ended == "stopped"
        assert len(resume(ws, plan.run_id, FarmDirect(port), FREE).state) > 0

    def test_an_artifact_that_was_cleaned_away_is_an_error_row(self, ws: Workspace, plan: Plan) -> None:
        victim = query.generations(ws, plan.run_id)["artifact"][0]
        query.media_path(ws, victim).unlink()
        score_run(ws, plan.run_id, ["schema"])
        reasons = {r["reason"] for r in rows(ws, plan) if r["status"] == "error"}
        assert len(reasons) == 1
        assert "No artifact" in reasons.pop()

    def test_unknown_scorers_and_runs_are_named(self, ws: Workspace, plan: Plan) -> None:
        with pytest.raises(UnknownName, match=r"Unknown scorer .shema.*schema"):
            score_run(ws, plan.run_id, ["shema"])
        with pytest.raises(UnknownName, match="Unknown run"):
            score_run(ws, "nothing", ["schema"])

    def test_a_scorer_of_another_stage_is_refused(self, ws: Workspace, plan: Plan) -> None:
        with pytest.raises(ScorerError, match="does not judge the stage script"):
            score_run(ws, plan.run_id, ["expression"])

    def test_a_run_that_is_being_worked_on_is_left_alone(self, ws: Workspace, plan: Plan) -> None:
        with only_one(ws, plan.run_id), pytest.raises(JournalError, match="being worked on"):
            score_run(ws, plan.run_id)


def test_a_scorer_named_twice_is_refused() -> None:
    with pytest.raises(ScorerError, match="named twice"):
        scorer_plans([("cost", {}), ("cost", {})], "script")
