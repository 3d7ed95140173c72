"""Jobs of which nobody knows whether they were made: what is known of them, and a person's word on each.

    doubtful(ws, run_id)                                        # one row a job
    settle(ws, run_id, ["wb3fa9c1"], task_id="task-8812", who="mei", why="in the task list")
    settle(ws, run_id, ["wb77b0e2"], who="mei", why="no charge")     # it was not made: open again

Both are events of the run's journal. The task of a job that was made is polled by whoever resumes the run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from prompts.errors import InputError, UnknownName
from runs.codes import by_code, codes
from runs.events import End, Note, Settled
from runs.harness import only_one, plan_of
from runs.journal import Journal
from runs.plan import Plan, request_key
from runs.resume import RunState, state_of
from runs.workspace import Workspace

PROMPT_CHARS = 120
FAILED = frozenset({"failed", "expired"})
"""Outcomes that another try may better. A refusal is one that stays, and what is unknown has to be settled first."""
MAY_HAVE_BEEN_MADE = frozenset({"timeout", "lost", "expired", "server"})
"""Errors of a failed job after which a person may know more than the journal."""


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A job that may have been made and paid; `code` is its short name, `key` what the provider was told to know it by."""

    code: str
    job_id: str
    key: str
    case_id: str
    ref: str
    model: str
    status: str
    at: str
    message: str
    prompt: str


def doubtful(ws: Workspace, run_id: str) -> list[Doubtful]:
    """Return the jobs with the status `unknown_submission`, in the plan's order.

    Raises:
        UnknownName: there is no such run.
        JournalError: a journal cannot be read.
    """
    state = state_of(ws, run_id)
    plan = plan_of(state)
    named = codes(plan.by_id)
    unknown = [job["job_id"] for job in plan.jobs if job["job_id"] in state.finished]
    return [_row(state, plan, job, named[job]) for job in unknown if state.finished[job].status == "unknown_submission"]


def settle(ws: Workspace, run_id: str, names: Sequence[str], *, who: str, why: str, task_id: str = "") -> list[str]:
    """Write a person's word on some jobs into the run's journal; return the jobs' ids.

    Args:
        ws: the workspace.
        run_id: the run.
        names: jobs by their codes, or the beginnings of their ids.
        who: who says so.
        why: what makes them sure.
        task_id: the task that the one job was made as; empty where they were not made.

    Raises:
        UnknownName: there is no such run or job.
        InputError: nobody says why, a job is not in doubt, or one task for several jobs.
        JournalError: a process is working on the run, or the journal cannot be written.
    """
    if not why.strip():
        raise InputError("A word on a job needs a reason.", hint='Say what makes you sure, such as --why "no charge on the account".')
    if not names:
        raise InputError(f"No job of the run {run_id} is in doubt.")
    if task_id and len(names) != 1:
        raise InputError("One task is one job.", hint="Settle each job with the task that it was made as.")
    ws.ensure_writable()
    with only_one(ws, run_id):
        state = state_of(ws, run_id)
        plan = plan_of(state)
        jobs = [_job(state, plan, name) for name in names]
        provider = plan.event.provider["name"]
        code = codes(plan.by_id)
        with Journal(ws, run_id) as journal:
            for job in jobs:
                said = f"made, as task {task_id}" if task_id else "not made"
                journal.append(
                    Settled(run_id=run_id, job_id=job, made=bool(task_id), provider=provider, who=who, why=why, task_id=task_id),
                    Note(run_id=run_id, text=f"{who} settled {code[job]} as {said}: {why}"),
                )
            journal.append(End(run_id=run_id, state="stopped"))
    return jobs


def open_again(ws: Workspace, run_id: str, *, who: str) -> list[str]:
    """Open the jobs of a run that failed, so that whoever resumes it makes them once more; return their ids.

    They may be paid a second time: that they are made again is the word of a person.

    Raises:
        UnknownName: there is no such run.
        JournalError: a process is working on the run, or the journal cannot be written.
    """
    return _opened(ws, run_id, who, _failed, "failed jobs are made again", again=True)


def ask_again(ws: Workspace, run_id: str, *, who: str) -> list[str]:
    """Open the jobs of a run of which nobody knows whether they were made, so that whoever resumes it asks once more; return their ids.

    They may be paid a second time: that is the word of a person. Tasks are looked for first, and what the lost ones may have cost
    counts in a budget.

    Raises:
        UnknownName: there is no such run.
        JournalError: a process is working on the run, or the journal cannot be written.
    """
    return _opened(ws, run_id, who, _in_doubt, "asked again, paid or not", resend=True)


def _opened(
    ws: Workspace, run_id: str, who: str, which: Callable[[RunState, str], bool], why: str, *, again: bool = False, resend: bool = False
) -> list[str]:
    """Open jobs of a run at a person's word; return their ids."""
    ws.ensure_writable()
    with only_one(ws, run_id):
        state = state_of(ws, run_id)
        plan = plan_of(state)
        provider = plan.event.provider["name"]
        jobs = [job["job_id"] for job in plan.jobs if which(state, job["job_id"])]
        if jobs:
            word = partial(Settled, run_id=run_id, made=False, provider=provider, who=who, why=why, again=again, resend=resend)
            note = Note(run_id=run_id, text=f"At the word of {who}: {why}, {len(jobs)} in all.")
            with Journal(ws, run_id) as journal:
                journal.append(*(word(job_id=job) for job in jobs), note, End(run_id=run_id, state="stopped"))
    return jobs


def _failed(state: RunState, job: str) -> bool:
    return job in state.finished and state.finished[job].status in FAILED


def _in_doubt(state: RunState, job: str) -> bool:
    """Say whether nobody knows if a job was made, whether a run that was resumed has said so already or none has been yet."""
    done = state.finished.get(job)
    if done is None or done.status == "budget":
        return job in state.handing or job in state.claimed
    return done.status == "unknown_submission"


def _job(state: RunState, plan: Plan, name: str) -> str:
    found = by_code(plan.by_id).get(name.lower())
    matching = [found] if found else [job for job in plan.by_id if len(name) >= 6 and job.startswith(name)]
    if len(matching) != 1:
        raise UnknownName("job", name, {code for job, code in codes(plan.by_id).items() if job in state.finished})
    done = state.finished.get(matching[0])
    if done is None:
        raise InputError(f"The job {name} is open: there is nothing to settle.", hint="Resume the run.")
    known = done.status in ("unknown_submission", "expired")
    if not known and not (done.status == "failed" and state.generation(matching[0])["error"] in MAY_HAVE_BEEN_MADE):
        raise InputError(f"What became of the job {name} is known: {done.status}.", hint="Only jobs in doubt can be settled.")
    return matching[0]


def _row(state: RunState, plan: Plan, job: str, code: str) -> Doubtful:
    event: dict[str, Any] = state.generation(job)
    planned = plan.by_id[job]
    arm = plan.arms[planned["arm"]]
    text = " ".join(message["content"] for message in event.get("messages") or ())
    return Doubtful(
        code,
        job,
        request_key(plan.run_id, job, state.again.get(job, 0)),
        planned["case_id"],
        arm["ref"],
        arm["model"],
        event["status"],
        event["at"],
        event["message"],
        " ".join(text.split())[:PROMPT_CHARS],
    )
