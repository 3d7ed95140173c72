"""Submit, poll, download: how a task at a provider is driven so that it is neither lost nor paid twice.

    "handing" in the journal -> submit -> task id in the journal -> poll … poll -> outcome

A process that is killed finds the task id in the journal and polls on. Killed between submit and journal, or left without
an answer to a submit, the provider is asked whether it knows the job (`find`); where it cannot tell, the job's status is
`unknown_submission` and a person decides (`workbench settle`): a submit whose answer may have been lost is never simply
repeated. Nor is one whose task cannot be asked for any more: that task is asked for again.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from runs.provider import RETRYABLE, Failure, Kind, Outcome, Request, Tasks, TaskState

DEADLINE_S: Mapping[Kind, float] = {"text": 900.0, "image": 1800.0, "video": 7200.0, "audio": 3600.0}
"""How long a call or task of each kind may take before it is given up; a task may still be billed then."""
ANSWER_LOST: frozenset[str] = frozenset({"timeout", "lost", "malformed", "internal"})
"""Failures of a submit after which nobody knows whether the provider has taken it."""
POLL_FAULTS = 5
"""Failed polls in a row before a task is given up. Its id stays in the journal and in the message."""

DIED_HANDING = Failure("lost", "an earlier process ended while it was handing this in, and nobody can say whether it was taken")
MADE_AND_GONE = Failure(
    "expired", "it was made, as a person says, and the answer of a call cannot be fetched; --retry-failed makes it once more, paid again"
)

Handed = Callable[[str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Answer:
    """How a job's call ended.

    `unknown` if nobody can say whether it was taken, `task_id` of a task that still runs, `recalled` if an earlier process asked,
    `seconds` that a call took.
    """

    outcome: Outcome
    unknown: bool = False
    task_id: str = ""
    recalled: bool = False
    seconds: float = 0.0


async def drive(
    provider: Tasks,
    request: Request,
    *,
    handing: Callable[[], Awaitable[None]],
    handed: Handed,
    task_id: str = "",
    look_first: bool = False,
    was_handing: bool = False,
    deadline_s: float | None = None,
) -> Answer:
    """Take one request from submit to outcome.

    Args:
        provider: who makes it.
        request: what is wanted.
        handing: writes into the journal that the request is about to be handed in; awaited before it is.
        handed: writes the task id into the journal; awaited before the first poll.
        task_id: a task that an earlier process handed in; it is polled, nothing is submitted.
        look_first: an earlier process has worked on this: ask the provider before submitting.
        was_handing: it died while it was handing the request in: submit only if the provider is sure not to have it.
        deadline_s: seconds for everything; by default what its kind may take.
    """
    seconds = DEADLINE_S[request.kind] if deadline_s is None else deadline_s
    try:
        async with asyncio.timeout(seconds):
            if not task_id and look_first:
                task_id, sure = await _found(provider, request, handed)
                if was_handing and not (task_id or sure):
                    return Answer(Outcome(failure=DIED_HANDING), unknown=True)
            if not task_id:
                await handing()
                submitted = await _submit(provider, request)
                if isinstance(submitted, Failure):
                    lost = submitted.error in ANSWER_LOST or submitted.error == "server"
                    task_id = (await _found(provider, request, handed))[0] if lost else ""
                    if not task_id:
                        return Answer(Outcome(failure=submitted), unknown=submitted.error in ANSWER_LOST)
                else:
                    task_id = submitted
                    await handed(task_id)
            return await _poll(provider, task_id, request)
    except TimeoutError:
        what = f"task {task_id} was abandoned and may still be billed" if task_id else "the submit was not answered"
        return Answer(Outcome(failure=Failure("timeout", f"no result within {seconds:.0f} s; {what}")), unknown=not task_id)


async def _submit(provider: Tasks, request: Request) -> str | Failure:
    try:
        return await provider.submit(request)
    except Exception as error:  # noqa: BLE001 - an adapter's mistake is no reason to lose the other jobs
        return Failure("internal", f"the submit broke off: {type(error).__name__}: {error}")


async def _found(provider: Tasks, request: Request, handed: Handed) -> tuple[str, bool]:
    """Return the id of a task that the provider has for this request, now in the journal; else empty, and whether that is sure."""
    try:
        found = await provider.find(request)
    except Exception:  # noqa: BLE001 - as above; not knowing is what "" means
        return "", False
    if found:
        await handed(found)
    return found or "", bool(getattr(provider, "look_up", False))


async def _poll(provider: Tasks, task_id: str, request: Request) -> Answer:
    rng = random.Random(task_id)
    faults = 0
    state = TaskState("queued")
    while True:
        state = await _state(provider, task_id, request, state.poll_after_s)
        fault = state.outcome.failure if state.outcome and state.state in {"queued", "running", "succeeded"} else None
        if fault is None or (state.state == "succeeded" and fault.error not in RETRYABLE):
            if (outcome := _final(state, task_id)) is not None:
                return Answer(outcome)
            faults = 0
        elif (faults := faults + 1) >= POLL_FAULTS:
            why = Failure(fault.error, f"task {task_id} cannot be asked for: {fault.message}", fault.code, fault.retry_after_s)
            return Answer(Outcome(failure=why), task_id=task_id)
        # Tasks that were handed in together are not asked for together.
        await asyncio.sleep(state.poll_after_s * rng.uniform(0.9, 1.1))


async def _state(provider: Tasks, task_id: str, request: Request, poll_after_s: float) -> TaskState:
    """Ask once; an unanswered poll is a fault of the poll, the task is where it was."""
    try:
        return await provider.poll(task_id, request)
    except Exception as error:  # noqa: BLE001 - as above
        return TaskState("running", Outcome(failure=Failure("server", f"{type(error).__name__}: {error}")), poll_after_s)


def _final(state: TaskState, task_id: str) -> Outcome | None:
    """Return the outcome of a task that is over; None for one that is not."""
    match state.state:
        case "queued" | "running":
            return None
        case "succeeded" | "failed" if state.outcome is not None:
            return state.outcome
        case "lost":
            why = Failure("lost", f"the provider no longer knows task {task_id}")
        case "cancelled":
            why = Failure("lost", f"task {task_id} was cancelled at the provider")
        case "needs_input":
            why = Failure("invalid_request", f"task {task_id} waits for a choice that only its web page offers")
        case _:
            why = Failure("malformed", f"task {task_id} {state.state}, and the provider said no more")
    given = state.outcome
    return given if given is not None and given.failure is not None else Outcome(failure=why)
