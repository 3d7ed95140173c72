"""A text call that was in flight when its process died is paid once, unless a person has it asked again, who is told what that may cost."""

from __future__ import annotations

import asyncio
import json
import signal
from typing import Any

import kit
import pytest
from click.testing import CliRunner
from writing import COSTS, PRICED, SAID, Writer, options

import workbench
from prompts.errors import InputError
from runs import query
from runs.begun import Begun
from runs.errors import Interrupted
from runs.events import Claim, Event, Handing
from runs.harness import resume, run
from runs.journal import Journal, files, read
from runs.plan import Plan
from runs.pricing import Pricing
from runs.provider import Failure, Outcome, Request
from runs.providers import get
from runs.retry import Retry
from runs.settings import load
from runs.settling import ask_again, doubtful, settle
from runs.workspace import Workspace


def planned(ws: Workspace, writer: Any, jobs: int = 1) -> Plan:
    return kit.plan(ws, writer, versions=["script/episode@plain"], series=jobs, cases=1)


def killed(ws: Workspace, plan: Plan, *, event: type[Event] = Handing, jobs: int = 1) -> None:
    """Leave the journal of a process that was killed with calls in flight."""
    with Journal(ws, plan.run_id) as journal:
        journal.append(plan.event, *(event(run_id=plan.run_id, job_id=job["job_id"]) for job in plan.jobs[:jobs]))  # type: ignore[call-arg]


def events(ws: Workspace, kind: str) -> list[dict[str, Any]]:
    return [record.event for path in files(ws) for record in read(path, 0).records if record.event["type"] == kind]


@pytest.mark.parametrize("event", [Handing, Claim])
def test_a_text_that_was_in_flight_is_left_to_a_person(ws: Workspace, event: type[Event]) -> None:
    """Earlier versions wrote a claim before they rendered, and nothing before the call."""
    writer = Writer()
    plan = planned(ws, writer, 3)
    killed(ws, plan, event=event, jobs=2)
    result = resume(ws, plan.run_id, writer, options())  # type: ignore[arg-type]
    assert (result.state, result.counts.unknown, result.counts.ok, writer.asked) == ("finished", 2, 1, 1)
    costs = query.generations(ws, plan.run_id)["cost_usd"]
    assert (costs.sum(), costs.isna().sum()) == (COSTS, 2), "what nobody knows is not a cost"
    assert result.doubts.startswith("2 calls are unknown: no answer came, and that may have cost up to $0.0200.")
    assert f"workbench settle {plan.run_id}" in result.doubts
    assert f"workbench run --resume {plan.run_id} --resend" in result.doubts
    settle(ws, plan.run_id, [doubtful(ws, plan.run_id)[0].code], who="mei", why="no charge")
    again = resume(ws, plan.run_id, writer, options())  # type: ignore[arg-type]
    assert (again.counts.unknown, again.counts.ok, writer.asked) == (1, 2, 2)


@pytest.mark.parametrize("resumed", [False, True])
def test_at_a_persons_word_it_is_asked_again_whether_a_resumed_run_has_seen_it_or_not(ws: Workspace, resumed: bool) -> None:
    writer = Writer()
    plan = planned(ws, writer, 2)
    killed(ws, plan)
    if resumed:
        resume(ws, plan.run_id, writer, options())  # type: ignore[arg-type]
    (job,) = ask_again(ws, plan.run_id, who="mei")
    assert ask_again(ws, plan.run_id, who="mei") == [], "said once, it is said"
    result = resume(ws, plan.run_id, writer, options())  # type: ignore[arg-type]
    assert (result.state, result.counts.ok, result.doubts) == ("finished", 2, "")
    assert {key: len(asked) for key, asked in writer.keys.items()} == dict.fromkeys(plan.by_id, 1)
    assert [event["resend"] for event in events(ws, "settled")] == [True]
    assert any("word of mei: asked again, paid or not, 1 in all" in event["text"] for event in events(ws, "note"))
    assert job == plan.jobs[0]["job_id"]


def test_a_word_is_for_one_call_so_that_a_second_one_that_dies_is_in_doubt_again(ws: Workspace) -> None:
    writer = Writer()
    plan = planned(ws, writer)
    killed(ws, plan)
    ask_again(ws, plan.run_id, who="mei")
    with Journal(ws, plan.run_id) as journal:
        journal.append(Handing(run_id=plan.run_id, job_id=plan.jobs[0]["job_id"]))
    result = resume(ws, plan.run_id, writer, options(9 * COSTS))  # type: ignore[arg-type]
    assert (result.counts.unknown, writer.asked) == (1, 0)
    assert result.counts.spent_usd == pytest.approx(2 * COSTS), "both may have been billed"


@pytest.mark.parametrize(("budget", "ended"), [(2, (1, 1)), (3, (2, 0))])
def test_a_budget_counts_what_is_in_doubt_at_its_worst_before_and_after_it_is_asked_again(
    ws: Workspace, budget: int, ended: tuple[int, int]
) -> None:
    writer = Writer()
    plan = planned(ws, writer, 2)
    killed(ws, plan)
    first = resume(ws, plan.run_id, writer, options(budget * COSTS))  # type: ignore[arg-type]
    assert (first.counts.unknown, first.counts.ok, first.counts.spent_usd) == (1, 1, pytest.approx(2 * COSTS))
    ask_again(ws, plan.run_id, who="mei")
    again = resume(ws, plan.run_id, writer, options(budget * COSTS))  # type: ignore[arg-type]
    assert ((again.counts.ok, again.counts.budget), again.counts.spent_usd) == (ended, pytest.approx(budget * COSTS))


def test_what_is_in_doubt_stays_so_when_there_is_no_money_left(ws: Workspace) -> None:
    """A budget that was lowered since makes of it no job that was never sent."""
    writer = Writer()
    plan = planned(ws, writer, 2)
    killed(ws, plan)
    first = resume(ws, plan.run_id, writer, options(0.5 * COSTS))  # type: ignore[arg-type]
    assert (first.counts.unknown, first.counts.budget) == (1, 1)
    again = resume(ws, plan.run_id, writer, options(5 * COSTS))  # type: ignore[arg-type]
    assert (again.counts.unknown, again.counts.ok, writer.keys.keys()) == (1, 1, {plan.jobs[1]["job_id"]})


@pytest.mark.parametrize(
    ("way", "asked"), [("free", 1), ("simulated", 1), ("resend", 1), ("priced", 0), ("of unknown price", 0), ("free, and told not to", 0)]
)
def test_only_what_costs_nothing_is_asked_again_by_itself(ws: Workspace, way: str, asked: int) -> None:
    writer = Writer()
    writer.simulated = way == "simulated"
    writer.resend = {"resend": True, "free, and told not to": False}.get(way)
    plan = planned(ws, writer)
    killed(ws, plan)
    pricing = Pricing(free=True) if way.startswith("free") else Pricing() if way == "of unknown price" else PRICED
    result = resume(ws, plan.run_id, writer, options(pricing=pricing))  # type: ignore[arg-type]
    assert (writer.asked, result.counts.ok, result.counts.unknown) == (asked, asked, 1 - asked)
    assert ("nobody knows what that may have cost" in result.doubts) == (way == "of unknown price")


def test_a_call_costs_one_event_before_it_and_one_after_it_and_tries_that_came_to_nothing_say_so(ws: Workspace) -> None:
    writer = Writer(Failure("rate_limit", "too fast"), Failure("invalid_request", "no such word"))
    plan = planned(ws, writer)
    run(ws, plan, writer, options(retry=Retry(base_s=0.001)))  # type: ignore[arg-type]
    (path,) = files(ws)
    told = [(e["type"], e.get("refused")) for e in (record.event for record in read(path, 0).records)]
    assert told[2:] == [("handing", False), ("handing", True), ("handing", False), ("generation", None), ("end", None)]


def test_a_provider_that_stops_the_run_in_the_middle_leaves_no_doubt(ws: Workspace) -> None:
    writer = Writer(Failure("quota", "no credits"))
    plan = planned(ws, writer)
    assert run(ws, plan, writer, options()).state == "failed"  # type: ignore[arg-type]
    writer.first = ()
    assert resume(ws, plan.run_id, writer, options()).counts.ok == 1  # type: ignore[arg-type]


def test_an_answer_that_a_server_kept_costs_what_it_did_cost(ws: Workspace) -> None:
    """In the budget it was counted at its worst until then."""

    class Keeps(Writer):
        async def recall(self, _request: Any) -> Outcome:
            return Outcome(assets=(SAID,), cost_usd=0.25 * COSTS)

    writer = Keeps()
    plan = planned(ws, writer, 2)
    killed(ws, plan)
    result = resume(ws, plan.run_id, writer, options(2 * COSTS))  # type: ignore[arg-type]
    assert (result.counts.ok, writer.asked, result.counts.spent_usd) == (2, 1, pytest.approx(1.25 * COSTS))


def test_the_command_says_what_is_unknown_and_asks_again_at_the_users_word(ws: Workspace) -> None:
    def said(*arguments: str) -> Any:
        return CliRunner().invoke(workbench.cli, ["-w", str(ws.root), "run", *arguments])

    assert "--retry-failed and --resend" in said("--resend").output
    ws.config.write_text('provider = "studio"\n[providers.studio]\nresend = false\n')
    plan = planned(ws, get("studio", load(ws.root)), 2)
    killed(ws, plan)
    told = said("--resume", plan.run_id, "--no-score")
    assert "finished: 1 ok of 2" in told.output
    assert (
        f"1 call is unknown: no answer came, and that may have cost up to $0.0000. Say what became of it: workbench settle {plan.run_id}."
        in told.output
    )
    told = said("--resume", plan.run_id, "--no-score", "--resend")
    assert "Asked again: 1 call without an answer." in told.output
    assert "finished: 2 ok of 2" in told.output and "unknown" not in told.output


def test_a_step_of_a_race_waits_for_a_person_once(ws: Workspace) -> None:
    """Then it goes on with what there is, or with what was asked again."""
    writer, path = Writer(), ws.runs / "races" / "r.json"
    plan = planned(ws, writer, 2)
    killed(ws, plan)
    path.parent.mkdir()
    path.write_text(json.dumps({"rounds": {"1": plan.run_id}}), "utf-8")

    def step() -> str:
        return Begun(path).run(ws, "1", "Round 1", lambda: plan, writer, options(), lambda _: None)  # type: ignore[arg-type]

    with pytest.raises(InputError, match="Round 1: 1 call is unknown"):
        step()
    assert step() == plan.run_id
    assert writer.asked == 1


def test_who_stops_a_run_is_told_of_calls_that_were_given_up(ws: Workspace) -> None:
    class Slow(Writer):
        async def generate(self, request: Request) -> Outcome:
            signal.raise_signal(signal.SIGINT)
            await asyncio.sleep(30)
            return await super().generate(request)

    plan = planned(ws, Slow())
    with pytest.raises(Interrupted, match=r"0 of 1 jobs are done; given up in flight, and perhaps billed: 1\."):
        run(ws, plan, Slow(), options(grace_s=0.05))  # type: ignore[arg-type]
    assert resume(ws, plan.run_id, Writer(), options()).counts.unknown == 1  # type: ignore[arg-type]
