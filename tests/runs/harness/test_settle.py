"""Jobs of which nobody knows whether they were made: a person's word, in the journal, decides; nothing is paid twice by itself."""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import Any

import farming
import kit
import pytest
from click.testing import CliRunner
from farming import FarmDirect, FarmTasks

import workbench
from prompts.errors import InputError, UnknownName
from runs import query
from runs.events import Handing
from runs.harness import Options, resume, run
from runs.journal import Journal, files, read
from runs.plan import Plan
from runs.prices import Price
from runs.pricing import Pricing
from runs.provider import Message, Request
from runs.retry import Retry
from runs.settling import ask_again, doubtful, settle
from runs.workspace import Workspace

FAST = Options(retry=Retry(base_s=0.01), pricing=Pricing(lambda *_: Price(model="*", kind="call", call=0.01)))
spaces = (f"settle-{n}" for n in itertools.count())


class NoLookUp(FarmTasks):
    look_up = False


def planned(ws: Workspace, provider: Any, fault: str = "none", cases: int = 1) -> Plan:
    kit.put(ws, "shot/told.j2", f"---\nstage: shot\n---\n{{{{ series.title }}}} {{{{ episode.number }}}} FAULT:{fault}\n")
    return kit.plan(ws, provider, "shot", versions=["shot/told"], series=1, cases=cases)


def lost(ws: Workspace, port: int, cases: int = 1) -> tuple[Plan, NoLookUp]:
    """Leave a run whose hand-ins were taken in and never answered."""
    provider = NoLookUp(port, space=next(spaces))
    plan = planned(ws, provider, "lost", cases)
    run(ws, plan, provider, FAST)
    return plan, provider


def task_of(provider: NoLookUp, plan: Plan) -> str:
    """Look a job's task up, as a person does on the provider's page."""

    async def look() -> str:
        async with provider:
            body = await provider._ask("GET", "/find", params={"space": provider._space, "key": plan.jobs[0]["job_id"]})
            return str(body["id"])  # type: ignore[index]

    return asyncio.run(look())


def test_what_is_known_of_such_jobs_is_listed(ws: Workspace, port: int) -> None:
    plan, _ = lost(ws, port, cases=2)
    rows = doubtful(ws, plan.run_id)
    assert {row.job_id for row in rows} == plan.by_id.keys()
    assert all(row.code.startswith("wb") and row.status == "unknown_submission" and "Series 0" in row.prompt for row in rows)


def test_a_job_that_was_made_is_polled_and_taken_over(ws: Workspace, port: int) -> None:
    plan, provider = lost(ws, port)
    (row,) = doubtful(ws, plan.run_id)
    settle(ws, plan.run_id, [row.code], task_id=task_of(provider, plan), who="mei", why="in the task list")
    result = resume(ws, plan.run_id, provider, FAST)
    assert (result.state, result.counts.ok) == ("finished", 1)
    assert set(farming.asked(port, provider._space).values()) == {1}
    assert query.generations(ws, plan.run_id)["status"].tolist() == ["ok"]
    assert doubtful(ws, plan.run_id) == []


def test_a_job_that_was_not_made_is_open_again_and_only_then_sent_again(ws: Workspace, port: int) -> None:
    plan, provider = lost(ws, port, cases=2)
    resume(ws, plan.run_id, provider, FAST)
    assert set(farming.asked(port, provider._space).values()) == {1}
    first = doubtful(ws, plan.run_id)[0]
    settle(ws, plan.run_id, [first.job_id[:12]], who="mei", why="no charge")
    resume(ws, plan.run_id, provider, FAST)
    asked = farming.asked(port, provider._space)
    assert asked.pop(first.job_id) == 2
    assert set(asked.values()) == {1}


def test_who_said_so_and_why_is_in_the_journal_and_in_the_notes(ws: Workspace, port: int) -> None:
    plan, _ = lost(ws, port)
    settle(ws, plan.run_id, [plan.jobs[0]["job_id"]], who="mei", why="no charge on the account")
    events = [record.event for path in files(ws) for record in read(path, 0).records]
    (said,) = [e for e in events if e["type"] == "settled"]
    assert (said["made"], said["who"], said["why"]) == (False, "mei", "no charge on the account")
    assert any(e["type"] == "note" and "mei settled wb" in e["text"] and "no charge" in e["text"] for e in events)


def test_only_the_settled_jobs_are_done_where_no_others_are_asked_for(ws: Workspace, port: int) -> None:
    plan, provider = lost(ws, port, cases=2)
    first, second = (row.job_id for row in doubtful(ws, plan.run_id))
    settle(ws, plan.run_id, [first, second], who="mei", why="no charge")
    result = resume(ws, plan.run_id, provider, Options(retry=FAST.retry, pricing=FAST.pricing, only=frozenset({first})))
    assert result.state == "stopped"
    assert farming.asked(port, provider._space) == {first: 2, second: 1}


def test_a_word_that_makes_no_sense_is_refused_and_nothing_is_written(ws: Workspace, port: int) -> None:
    plan, provider = lost(ws, port, cases=2)
    job = plan.jobs[0]["job_id"]
    before = len(files(ws))
    with pytest.raises(InputError, match="needs a reason"):
        settle(ws, plan.run_id, [job], who="mei", why=" ")
    with pytest.raises(UnknownName, match="Unknown job"):
        settle(ws, plan.run_id, ["wb000000"], who="mei", why="x")
    with pytest.raises(InputError, match="One task is one job"):
        settle(ws, plan.run_id, list(plan.by_id), who="mei", why="x", task_id="t")
    whole = planned(ws, provider, "none")
    run(ws, whole, provider, FAST)
    with pytest.raises(InputError, match="is known: ok"):
        settle(ws, whole.run_id, [whole.jobs[0]["job_id"]], who="mei", why="x")
    assert len(files(ws)) == before + 1


def killed_while_handing_in(ws: Workspace, plan: Plan, provider: FarmTasks | FarmDirect) -> None:
    """Leave the journal of a process that was killed between the call and its answer; the farm has counted the call."""
    job = plan.jobs[0]["job_id"]

    async def call() -> None:
        async with provider:
            request = Request(job, "shot", "image", (Message("user", "unrecorded"),), "farm")
            await (provider.submit(request) if isinstance(provider, FarmTasks) else provider.generate(request))

    asyncio.run(call())
    with Journal(ws, plan.run_id) as journal:
        journal.append(plan.event, Handing(run_id=plan.run_id, job_id=job))


@pytest.mark.parametrize("shape", [NoLookUp, FarmDirect])
def test_a_picture_that_was_being_handed_in_when_the_process_died_is_not_asked_for_again(ws: Workspace, port: int, shape: Any) -> None:
    """Neither as a task that cannot be looked up nor as a call, whose answer nobody can fetch."""
    provider = shape(port, space=next(spaces))
    plan = planned(ws, provider)
    killed_while_handing_in(ws, plan, provider)
    result = resume(ws, plan.run_id, provider, FAST)
    assert (result.counts.unknown, set(farming.asked(port, provider._space).values())) == (1, {1})
    settle(ws, plan.run_id, [plan.jobs[0]["job_id"]], who="mei", why="no charge")
    assert resume(ws, plan.run_id, provider, FAST).counts.ok == 1


@pytest.mark.parametrize(("shape", "calls"), [(NoLookUp, 2), (FarmDirect, 2), (FarmTasks, 1)])
def test_at_a_persons_word_it_is_asked_for_again_where_it_cannot_be_found(ws: Workspace, port: int, shape: Any, calls: int) -> None:
    """A task is looked for first, whatever was said."""
    provider = shape(port, space=next(spaces))
    plan = planned(ws, provider)
    killed_while_handing_in(ws, plan, provider)
    ask_again(ws, plan.run_id, who="mei")
    assert resume(ws, plan.run_id, provider, FAST).counts.ok == 1
    assert set(farming.asked(port, provider._space).values()) == {calls}


@pytest.mark.parametrize(("shape", "told"), [(NoLookUp, 1), (FarmDirect, 1), (FarmTasks, 0)])
def test_the_settings_may_say_that_what_is_in_doubt_is_asked_for_again(ws: Workspace, port: int, shape: Any, told: int) -> None:
    """Who resumes the run is told, but where a look-up is sure."""
    provider = shape(port, space=next(spaces))
    provider.resend = True
    plan = planned(ws, provider)
    killed_while_handing_in(ws, plan, provider)
    assert resume(ws, plan.run_id, provider, FAST).counts.ok == 1
    events = [record.event for path in files(ws) for record in read(path, 0).records]
    assert sum("perhaps paid twice" in event["text"] for event in events if event["type"] == "note") == told


def test_a_hand_in_that_was_clearly_refused_leaves_no_doubt(ws: Workspace, port: int) -> None:
    """The journal says that it came to nothing before anything else happens."""
    provider = NoLookUp(port, space=next(spaces))
    plan = planned(ws, provider, "429x1")
    run(ws, plan, provider, FAST)
    events = [record.event for path in files(ws) for record in read(path, 0).records if record.event["type"] == "handing"]
    assert [e["refused"] for e in events] == [False, True, False]


def test_the_command_lists_and_settles(ws: Workspace, port: int) -> None:
    plan, _ = lost(ws, port, cases=2)

    def said(*arguments: str) -> Any:
        return CliRunner().invoke(workbench.cli, ["-w", str(ws.root), "settle", plan.run_id, *arguments])

    listed = json.loads(said("--format", "json").output)["jobs"]
    assert {row["job_id"] for row in listed} == plan.by_id.keys()
    assert said("--not-made", "--made", "t").exit_code == 2
    assert "needs a reason" in str(said("--not-made", "--all").exception)
    assert said("--not-made", "--all", "--why", "no charge", "--who", "mei").exit_code == 0
    assert doubtful(ws, plan.run_id) == []
    assert "is in doubt" in str(said("--not-made", "--all", "--why", "again").exception)
