"""Submit, poll, download: nothing paid is lost, nothing is paid twice."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import farm
import farming
import kit
import pytest
from farming import FarmTasks

from runs import query
from runs.events import Claim, Submitted
from runs.harness import Options, resume, run
from runs.journal import Journal
from runs.plan import Plan
from runs.pricing import Pricing
from runs.provider import Asset, Failure, Message, Outcome, Request, TaskState
from runs.retry import Retry
from runs.tasks import drive
from runs.workspace import Workspace

FAST = Options(retry=Retry(base_s=0.01), pricing=Pricing(free=True))


spaces = (f"tasks-{n}" for n in itertools.count())


class NoLookUp(FarmTasks):
    look_up = False


def planned(ws: Workspace, provider: FarmTasks, fault: str, cases: int = 1) -> Plan:
    kit.put(ws, "shot/told.j2", f"---\nstage: shot\n---\n{{{{ series.title }}}} {{{{ episode.number }}}} FAULT:{fault}\n")
    return kit.plan(ws, provider, "shot", versions=["shot/told"], series=1, cases=cases)


def begun(ws: Workspace, plan: Plan, *events: Any) -> None:
    """Leave the journal of a process that was killed after these events."""
    with Journal(ws, plan.run_id) as journal:
        journal.append(plan.event, *events)


def claim(plan: Plan) -> Claim:
    return Claim(run_id=plan.run_id, job_id=plan.jobs[0]["job_id"])


def test_a_lost_answer_to_a_submit_is_looked_up_and_not_sent_again(ws: Workspace, port: int) -> None:
    provider = FarmTasks(port, space=next(spaces))
    plan = planned(ws, provider, "lost", cases=3)
    assert run(ws, plan, provider, FAST).counts.ok == 3
    assert set(farming.asked(port, provider._space).values()) == {1}


def test_where_nothing_can_be_looked_up_a_person_decides(ws: Workspace, port: int) -> None:
    provider = NoLookUp(port, space=next(spaces))
    plan = planned(ws, provider, "lost")
    result = run(ws, plan, provider, FAST)
    assert (result.state, result.counts.unknown) == ("finished", 1)
    (row,) = query.generations(ws, plan.run_id).to_dict("records")
    assert (row["status"], row["error"]) == ("unknown_submission", "timeout")
    assert resume(ws, plan.run_id, provider, FAST).counts.unknown == 1
    assert set(farming.asked(port, provider._space).values()) == {1}


def test_a_resumed_run_polls_the_task_that_is_in_the_journal(ws: Workspace, port: int) -> None:
    provider = FarmTasks(port, space=next(spaces))
    plan = planned(ws, provider, "none")

    async def hand_in() -> str | Failure:
        async with provider:
            request = Request(plan.jobs[0]["job_id"], "shot", "image", (Message("user", "handed in earlier"),), "farm")
            return await provider.submit(request)

    task = str(asyncio.run(hand_in()))
    begun(ws, plan, claim(plan), Submitted(run_id=plan.run_id, job_id=plan.jobs[0]["job_id"], provider="farm", task_id=task))
    result = resume(ws, plan.run_id, provider, FAST)
    assert (result.state, result.counts.ok) == ("finished", 1)
    assert set(farming.asked(port, provider._space).values()) == {1}
    (row,) = query.generations(ws, plan.run_id).to_dict("records")
    assert row["latency_s"] != row["latency_s"], "nobody measured how long it took"


def test_a_claim_without_a_task_is_looked_up_before_it_is_handed_in_again(ws: Workspace, port: int) -> None:
    """The process died between the submit and the journal."""
    provider = FarmTasks(port, space=next(spaces))
    plan = planned(ws, provider, "none")

    async def hand_in() -> None:
        async with provider:
            await provider.submit(Request(plan.jobs[0]["job_id"], "shot", "image", (Message("user", "unrecorded"),), "farm"))

    asyncio.run(hand_in())
    begun(ws, plan, claim(plan))
    assert resume(ws, plan.run_id, provider, FAST).counts.ok == 1
    assert set(farming.asked(port, provider._space).values()) == {1}


def test_a_claim_that_the_provider_never_heard_of_is_handed_in(ws: Workspace, port: int) -> None:
    provider = FarmTasks(port, space=next(spaces))
    plan = planned(ws, provider, "none")
    begun(ws, plan, claim(plan))
    assert resume(ws, plan.run_id, provider, FAST).counts.ok == 1
    assert set(farming.asked(port, provider._space).values()) == {1}


def test_a_task_that_the_provider_has_forgotten_is_lost_and_not_handed_in_again(ws: Workspace, port: int) -> None:
    provider = FarmTasks(port, space=next(spaces))
    plan = planned(ws, provider, "none")
    begun(ws, plan, claim(plan), Submitted(run_id=plan.run_id, job_id=plan.jobs[0]["job_id"], provider="farm", task_id="task-of-yore"))
    resume(ws, plan.run_id, provider, FAST)
    (row,) = query.generations(ws, plan.run_id).to_dict("records")
    assert (row["status"], row["error"]) == ("failed", "lost")
    assert "task-of-yore" in row["message"]
    assert farming.asked(port, provider._space) == {}


def test_a_task_that_ends_in_a_refusal_is_refused(ws: Workspace, port: int) -> None:
    provider = FarmTasks(port, space=next(spaces))
    plan = planned(ws, provider, "failed")
    assert run(ws, plan, provider, FAST).counts.refused == 1


PNG = farm.picture("a fox")
REQUEST = Request("key", "shot", "image", (Message("user", "a fox"),), "model")
PICTURE = Outcome(assets=(Asset("image", "image/png", b"png"),))


class Scripted:
    """A provider that answers polls from a list; the last answer is repeated."""

    name, simulated, kinds, concurrency = "scripted", False, frozenset({"image"}), 1

    def __init__(self, *answers: TaskState | Exception, submit: str | Failure | Exception = "t1", known: str | None = None) -> None:
        self.answers, self.submitted, self.known = list(answers), submit, known
        self.polls = self.submits = 0

    async def __aenter__(self) -> Any:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def submit(self, request: Request) -> str | Failure:
        self.submits += 1
        if isinstance(self.submitted, Exception):
            raise self.submitted
        return self.submitted

    async def poll(self, task_id: str, request: Request) -> TaskState:
        self.polls += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def find(self, request: Request) -> str | None:
        return self.known


def driven(provider: Scripted, **given: Any) -> tuple[Any, list[str]]:
    handed: list[str] = []

    async def handing() -> None:
        assert provider.submits == 0, "the journal knows before the provider does"

    async def hand(task: str) -> None:
        assert provider.polls == 0, "the task id is in the journal before the first poll"
        handed.append(task)

    return asyncio.run(drive(provider, REQUEST, handing=handing, handed=hand, **given)), handed


WAIT = TaskState("running", poll_after_s=0.001)
FAULT = TaskState("running", Outcome(failure=Failure("server", "502")), poll_after_s=0.001)
NOT_YET = TaskState("succeeded", Outcome(failure=Failure("server", "the file is not there yet")), poll_after_s=0.001)


def test_a_task_is_polled_until_it_has_succeeded() -> None:
    provider = Scripted(WAIT, WAIT, TaskState("succeeded", PICTURE))
    answer, handed = driven(provider)
    assert (answer.outcome, handed, provider.polls) == (PICTURE, ["t1"], 3)


def test_failed_polls_are_not_a_failed_task() -> None:
    provider = Scripted(FAULT, FAULT, ConnectionResetError("by peer"), WAIT, FAULT, NOT_YET, TaskState("succeeded", PICTURE))
    assert driven(provider)[0].outcome == PICTURE
    assert provider.submits == 1


def test_a_provider_that_cannot_be_polled_is_given_up_with_the_task_s_id() -> None:
    answer, _ = driven(Scripted(FAULT))
    assert answer.outcome.failure is not None
    assert (answer.outcome.failure.error, answer.unknown) == ("server", False)
    assert "task t1" in answer.outcome.failure.message
    assert answer.task_id == "t1"


def test_a_task_that_cannot_be_asked_for_is_asked_for_again_and_never_handed_in_again(ws: Workspace) -> None:
    """Five failed polls end a try; the next try polls the same task."""
    provider = Scripted(*[FAULT] * 7, TaskState("succeeded", Outcome(assets=(Asset("image", "image/png", PNG),))))
    plan = kit.plan(ws, provider, "shot", versions=["shot/keyframe@plain"], series=1, cases=1)  # type: ignore[arg-type]
    result = run(ws, plan, provider, FAST)  # type: ignore[arg-type]
    assert (result.counts.ok, provider.submits, provider.polls) == (1, 1, 8)


def test_a_task_over_its_deadline_is_abandoned_and_said_to_be_billed_perhaps() -> None:
    answer, _ = driven(Scripted(WAIT), deadline_s=0.1)
    assert answer.outcome.failure == Failure("timeout", "no result within 0 s; task t1 was abandoned and may still be billed")
    assert not answer.unknown


@pytest.mark.parametrize(
    ("state", "error"),
    [("lost", "lost"), ("cancelled", "lost"), ("needs_input", "invalid_request"), ("failed", "malformed"), ("succeeded", "malformed")],
)
def test_every_other_end_of_a_task_has_a_class(state: Any, error: str) -> None:
    answer, _ = driven(Scripted(TaskState(state)))
    assert answer.outcome.failure.error == error


def test_an_expired_result_is_named_and_not_polled_for_again() -> None:
    provider = Scripted(TaskState("succeeded", Outcome(failure=Failure("expired", "the link is gone"))))
    assert driven(provider)[0].outcome.failure.error == "expired"
    assert provider.polls == 1


@pytest.mark.parametrize(("sure", "submits", "unknown"), [(True, 1, False), (False, 0, True)])
def test_who_died_while_handing_in_is_followed_only_where_the_provider_surely_has_nothing(sure: bool, submits: int, unknown: bool) -> None:
    provider = Scripted(TaskState("succeeded", PICTURE))
    provider.look_up = sure  # type: ignore[attr-defined]
    answer, _ = driven(provider, look_first=True, was_handing=True)
    assert (provider.submits, answer.unknown) == (submits, unknown)


def test_a_look_up_that_breaks_is_no_answer() -> None:
    provider = Scripted(TaskState("succeeded", PICTURE))
    provider.look_up = True  # type: ignore[attr-defined]

    async def broken(request: Request) -> str | None:
        raise ConnectionResetError

    provider.find = broken  # type: ignore[method-assign]
    answer, _ = driven(provider, look_first=True, was_handing=True)
    assert (provider.submits, answer.unknown) == (0, True)


@pytest.mark.parametrize("lost", [Failure("timeout", "no answer"), Failure("malformed", "cut off"), RuntimeError("a mistake")])
def test_a_submit_of_unknown_fate_is_looked_up(lost: Failure | Exception) -> None:
    found = Scripted(TaskState("succeeded", PICTURE), submit=lost, known="t9")
    answer, handed = driven(found)
    assert (answer.outcome, handed, found.submits) == (PICTURE, ["t9"], 1)
    answer, handed = driven(Scripted(WAIT, submit=lost))
    assert (answer.unknown, handed) == (True, [])


def test_a_submit_that_was_clearly_refused_is_not_looked_up() -> None:
    provider = Scripted(WAIT, submit=Failure("invalid_request", "no"), known="t9")
    answer, handed = driven(provider)
    assert (answer.unknown, handed, provider.polls) == (False, [], 0)


def test_the_settings_say_how_long_a_task_of_a_kind_may_take(ws: Workspace, port: int) -> None:
    provider = FarmTasks(port, space=next(spaces))
    provider.deadlines = {"image": 0.3, "video": 99}  # type: ignore[attr-defined]
    result = run(ws, planned(ws, provider, "never"), provider, FAST)
    event = query.generations(ws, result.run_id).iloc[0]
    assert (event["status"], event["error"]) == ("failed", "timeout")
    assert "may still be billed" in event["message"]
