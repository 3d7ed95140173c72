"""What failed is made once more where somebody asks for it: under another key, with what it did cost, and with what hangs on it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import farming
import kit
import maker
import pytest
from click.testing import CliRunner
from writing import COSTS, PRICED, SAID, Told, Writer, options

import workbench
from evals.chain import load_chain
from pages.ui import live
from runs import query
from runs.chain import StageResult, walk
from runs.events import Generation, Handing, Settled
from runs.harness import resume, run
from runs.journal import Journal, files, read
from runs.log import rebuild
from runs.plan import Plan
from runs.provider import Failure, Outcome, Request
from runs.resume import state_of
from runs.settling import open_again
from runs.verifying import verify
from runs.workspace import Workspace


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with farming.farm(delay_s=0.0) as port:
        yield port


def ended(ws: Workspace, writer: Writer, budget_usd: float | None = None) -> Plan:
    plan = kit.plan(ws, writer, versions=["script/episode@plain"], series=2, cases=1)  # type: ignore[arg-type]
    run(ws, plan, writer, options(budget_usd))  # type: ignore[arg-type]
    return plan


def test_failed_jobs_are_made_once_more_under_another_key_and_refused_ones_are_not(tmp_path: Path) -> None:
    ws = kit.workspace(tmp_path)
    refused, failed = Writer(Failure("content_refused", "no")), Writer(Failure("malformed", "half", "length"))
    plan = ended(ws, refused)
    assert open_again(ws, plan.run_id, who="mei") == []
    plan = ended(ws, failed)
    assert resume(ws, plan.run_id, failed, options()).counts.failed == 2, "a resumed run leaves them"  # type: ignore[arg-type]
    assert sorted(open_again(ws, plan.run_id, who="mei")) == sorted(plan.by_id)
    result = resume(ws, plan.run_id, failed, options())  # type: ignore[arg-type]
    assert (result.state, result.counts.ok) == ("finished", 2)
    assert all(len(set(keys)) == len(keys) == 2 for keys in failed.keys.values())
    assert query.generations(ws, plan.run_id)["status"].tolist() == ["ok", "ok"]


def test_what_the_first_try_may_have_cost_counts_in_the_budget(tmp_path: Path) -> None:
    ws = kit.workspace(tmp_path)
    writer = Writer(Failure("timeout", "no answer"), Failure("timeout", "no answer"))
    plan = ended(ws, writer, budget_usd=3 * COSTS)
    open_again(ws, plan.run_id, who="mei")
    again = resume(ws, plan.run_id, writer, options(3 * COSTS))  # type: ignore[arg-type]
    assert (again.counts.failed, again.counts.budget) == (1, 1), "two calls were paid, and the third is the last"
    assert again.counts.spent_usd == pytest.approx(3 * COSTS)


def test_calls_whose_answers_died_with_their_process_are_counted_and_told(tmp_path: Path) -> None:
    """Where the settings say that such calls are made again."""
    ws = kit.workspace(tmp_path)
    writer, told = Writer(), Told()
    writer.resend = True
    plan = kit.plan(ws, writer, versions=["script/episode@plain"], series=2, cases=1)  # type: ignore[arg-type]
    with Journal(ws, plan.run_id) as journal:
        journal.append(plan.event, *(Handing(run_id=plan.run_id, job_id=job["job_id"]) for job in plan.jobs[:1]))
    result = resume(ws, plan.run_id, writer, options(2.5 * COSTS, progress=told))  # type: ignore[arg-type]
    said = "1 call whose answer was lost with an earlier process: asked again, and so perhaps paid twice."
    assert told.said == [said]
    assert any(r.event.get("text") == said for path in files(ws) for r in read(path, 0).records)
    assert (result.counts.ok, result.counts.budget) == (1, 1), "the lost call has its worst case of the budget"
    more = resume(ws, plan.run_id, writer, options(3 * COSTS, progress=told))  # type: ignore[arg-type]
    assert (more.counts.ok, more.counts.spent_usd, len(told.said)) == (2, pytest.approx(3 * COSTS), 1)


def test_a_provider_that_stopped_the_run_has_lost_no_answer(tmp_path: Path) -> None:
    ws = kit.workspace(tmp_path)
    writer, told = Writer(Failure("auth", "wrong key")), Told()
    plan = ended(ws, writer)
    writer.first = ()
    result = resume(ws, plan.run_id, writer, options(2 * COSTS, progress=told))  # type: ignore[arg-type]
    assert (result.counts.ok, told.said) == (2, [])


def log_is_as_rebuilt(ws: Workspace) -> bool:
    """Say whether the log, which was folded while things happened, is the one that its journals give."""
    held = query.runs(ws)["cost_usd"].tolist()
    rebuild(ws)
    return [round(cost, 9) for cost in held] == [round(cost, 9) for cost in query.runs(ws)["cost_usd"].tolist()] and not verify(ws).problems


def test_a_run_costs_what_all_its_tries_cost_and_counts_each_outcome_once(tmp_path: Path) -> None:
    ws = kit.workspace(tmp_path)
    writer = Writer(Outcome(failure=Failure("malformed", "half", "length"), cost_usd=0.03), Outcome(assets=(SAID,), cost_usd=0.05))
    plan = ended(ws, writer)
    assert query.progress(ws, plan.run_id)["cost_usd"] == pytest.approx(2 * 0.03)
    open_again(ws, plan.run_id, who="mei")
    result = resume(ws, plan.run_id, writer, options())  # type: ignore[arg-type]
    assert result.counts.spent_usd == pytest.approx(2 * (0.03 + 0.05))
    (row,) = query.runs(ws).to_dict("records")
    assert (row["cost_usd"], row["jobs"], row["done"], row["ok"]) == (pytest.approx(0.16), 2, 2, 2)
    assert query.generations(ws)["cost_usd"].tolist() == [0.05, 0.05], "an outcome is the last try's alone"
    assert log_is_as_rebuilt(ws)


def test_a_price_of_a_call_is_not_that_of_one_that_was_refused(tmp_path: Path) -> None:
    ws = kit.workspace(tmp_path)
    writer = Writer(Failure("invalid_request", "too long"))
    plan = ended(ws, writer, budget_usd=COSTS)
    assert query.generations(ws, plan.run_id)["cost_usd"].isna().all()
    assert query.progress(ws, plan.run_id)["failed"] == 2, "the budget of one call has covered both, for neither was billed"


def test_what_is_settled_or_was_over_budget_was_paid_once(tmp_path: Path) -> None:
    """Of one try there may be several outcomes; only another try is paid anew."""
    ws = kit.workspace(tmp_path)
    plan = kit.plan(ws, Writer(), versions=["script/episode@plain"], series=1, cases=1)  # type: ignore[arg-type]
    told = {"run_id": plan.run_id, "job_id": plan.jobs[0]["job_id"]}
    said = Settled(**told, made=True, provider="writer", who="mei", why="it is there", task_id="t")
    outcomes = [
        ("expired", 0.03, 0),
        ("ok", 0.03, 0),
        ("failed", 0.02, 1),
        ("budget", None, 2),
        ("unknown_submission", None, 2),
        ("ok", 0.04, 2),
    ]
    for n in range(len(outcomes)):
        status, cost, again = outcomes[n]
        with Journal(ws, plan.run_id) as journal:
            journal.append(*([] if n else [plan.event]), said, Generation(**told, status=status, cost_usd=cost, again=again))  # type: ignore[arg-type]
        query.runs(ws)
    assert query.runs(ws)["cost_usd"].tolist() == [pytest.approx(0.03 + 0.02 + 0.04)]
    assert log_is_as_rebuilt(ws)


# --- chains


class Failing(maker.Tasks):
    """Fails one sheet, the first time that it is asked for."""

    left = 1

    async def submit(self, request: Request) -> str | Failure:
        if request.stage == "character" and "scholar" not in request.prompt and type(self).left:
            type(self).left -= 1
            return Failure("invalid_request", "not today")
        return await super().submit(request)


def chain(ws: Workspace) -> Any:
    return load_chain("pilot", ws.evals / "chains")


def by_stage(results: list[StageResult]) -> dict[str, StageResult]:
    return {r.stage: r for r in results}


@pytest.mark.slow
def test_a_failed_job_of_a_chain_is_made_and_what_hangs_on_it_and_nothing_else(tmp_path: Path, port: int) -> None:
    ws = maker.workspace(tmp_path / "drama")
    Failing.left = 1
    driver = maker.with_sheets_by(Failing(port, space="again", name="tasks"), maker.Seen(port, "again"))
    first = by_stage(walk(ws, chain(ws), driver))
    assert first["character"].counts.failed == 1
    assert first["shot"].skipped and first["clip"].skipped
    before = farming.asked(port, "again")
    same = walk(ws, chain(ws), driver)
    assert all(r.reused for r in same), "without being told so, a chain leaves what failed"
    last = by_stage(walk(ws, chain(ws), driver, again="failed"))
    assert all(r.state == "finished" and r.counts.ok == r.counts.jobs and not r.skipped for r in last.values())
    assert [s for s, r in last.items() if r.reused] == ["outline", "script", "music"]
    assert last["character"].run_id == first["character"].run_id
    asked = farming.asked(port, "again")
    assert set(asked.values()) == {1}, "nothing is made twice"
    made = set(asked) - set(before)
    new = {s: last[s].counts.jobs - first[s].counts.ok for s in ("character", "shot", "clip")}
    assert len(made) == sum(new.values())
    for stage in ("shot", "clip"):
        old, whole = state_of(ws, first[stage].run_id), state_of(ws, last[stage].run_id)
        assert {j: whole.generation(j)["artifacts"] for j in old.finished} == {j: old.generation(j)["artifacts"] for j in old.finished}
    notes = query.generations(ws, last["shot"].run_id)
    assert len(notes) == last["shot"].counts.jobs


@pytest.mark.slow
def test_one_more_shot_costs_one_more_shot(tmp_path: Path, port: int) -> None:
    ws = maker.workspace(tmp_path / "drama", maker.CHAIN.replace(", painted-skin/e01", "").replace("shots: 2", "shots: 1"))
    priced = maker.Seen(port, "more", options={"pricing": PRICED})
    first = by_stage(walk(ws, chain(ws), priced, until="shot"))
    file = ws.evals / "chains" / "pilot.yaml"
    file.write_text(file.read_text("utf-8").replace("shots: 1", "shots: 2"), "utf-8")
    second = by_stage(walk(ws, chain(ws), priced, until="shot"))
    assert (first["shot"].counts.jobs, second["shot"].counts.jobs, second["shot"].counts.ok) == (1, 2, 2)
    asked = farming.asked(port, "more")
    assert set(asked.values()) == {1}
    costs = query.chain_costs(ws, "pilot")
    assert costs["stage"].tolist() == ["outline", "script", "character", "shot"]
    assert costs[costs["stage"] == "shot"][["runs", "calls"]].to_numpy().tolist() == [[2, 2]], "the shot that was taken over is paid once"
    assert costs["cost_usd"].sum() == pytest.approx(len(asked) * COSTS)
    assert query.runs(ws)["cost_usd"].sum() == pytest.approx((len(asked) + 1) * COSTS), "runs tell what their outputs cost"
    said = CliRunner().invoke(workbench.cli, ["-w", str(ws.root), "chain", "pilot", "--costs", "--format", "json"])
    assert json.loads(said.stdout)["cost_usd"] == pytest.approx(len(asked) * COSTS)
    now = query.progress(ws, second["shot"].run_id)
    assert live.chain_spent(ws, now) == [("Chain pilot", f"${len(asked) * COSTS:.2f}")]
    assert log_is_as_rebuilt(ws)


@pytest.mark.slow
def test_the_commands_take_the_option(tmp_path: Path) -> None:
    ws = maker.workspace(tmp_path / "drama", maker.CHAIN.split("  character:")[0])

    def said(*arguments: str) -> Any:
        return CliRunner().invoke(workbench.cli, ["-w", str(ws.root), *arguments])

    assert said("chain", "pilot", "--fresh", "--retry-failed").exit_code == 2
    assert said("run", "--retry-failed").exit_code == 2
    assert said("chain", "pilot", "--no-score").exit_code == 0
    done = json.loads(said("chain", "pilot", "--no-score", "--retry-failed", "--format", "json").stdout)
    assert [row["state"] for row in done["stages"]] == ["taken over", "taken over"]
    assert "0 failed jobs" in said("run", "--resume", "last", "--retry-failed", "--no-score").output
