"""What a run has done so far, straight from its journals: the base of resuming, of scoring again and of never paying twice.

A resumed run writes a second journal under the same run id; all of them are followed here. Only places are kept of what
is large: `generation` reads an event back from its journal when it is asked for.

    state = state_of(ws, run_id)
    todo = [job for job in state.plan["jobs"] if job["job_id"] not in state.finished]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prompts.errors import UnknownName
from runs.events import not_before
from runs.joblist import compact
from runs.journal import files, header, is_live, read, read_at
from runs.lines import BadLine
from runs.pruning import pruned, refuse_pruned
from runs.sealed import size_of
from runs.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Finished:
    """A job with a `generation` event: how it came out, and where the whole event is."""

    status: str
    cost_usd: float | None
    at: str
    path: Path
    offset: int

    def event(self) -> dict[str, Any]:
        """Read the whole event."""
        return read_at(self.path, self.offset)


@dataclass(slots=True)
class RunState:
    """A run as its journals tell it; `refresh` reads what was added since.

    Attributes:
        plan: the run event; None until one was read.
        finished: by job id. Where a job has two generations, the later one counts.
        submitted: job id -> (provider, task id) of tasks handed in that have no generation yet: poll these first.
        handing: jobs that a process was handing in when it ended, and of which nobody knows whether they were taken.
        claimed: jobs that a process of an earlier version had begun when it ended, with its journal: it wrote no `handing` for texts.
        lost: job id -> how many calls of it were never answered and followed by another one.
        opened: jobs that a person opened again, and that have not been handed in since.
        settled: job id -> when a person said what became of it.
        again: job id -> how often it was opened again after it had failed.
        superseded: outcomes that do not count any more, and were paid, or may have been, all the same.
        scored: job id -> names of the scorers that have judged it.
        scorers: definitions of scorers added after the plan, in order.
        ended: the state that the newest journal ends with; None while it has none.
        latest: the latest moment that any of its events names.
        bad: corrupt lines by journal.
    """

    ws: Workspace
    run_id: str
    plan: dict[str, Any] | None = None
    finished: dict[str, Finished] = field(default_factory=dict)
    submitted: dict[str, tuple[str, str]] = field(default_factory=dict)
    handing: set[str] = field(default_factory=set)
    claimed: dict[str, Path] = field(default_factory=dict)
    lost: dict[str, int] = field(default_factory=dict)
    opened: set[str] = field(default_factory=set)
    settled: dict[str, str] = field(default_factory=dict)
    again: dict[str, int] = field(default_factory=dict)
    superseded: list[tuple[str, Finished]] = field(default_factory=list)
    scored: dict[str, set[str]] = field(default_factory=dict)
    scorers: list[Mapping[str, Any]] = field(default_factory=list)
    ended: str | None = None
    latest: str = ""
    bad: dict[Path, list[BadLine]] = field(default_factory=dict)
    journals: dict[Path, int] = field(default_factory=dict)
    _others: set[Path] = field(default_factory=set)

    def is_live(self) -> bool:
        """Tell whether a process is working on the run right now."""
        return any(is_live(path) for path in self.journals)

    def generation(self, job_id: str) -> dict[str, Any]:
        """Return the whole generation event of a finished job.

        Raises:
            KeyError: the job is not finished.
        """
        return self.finished[job_id].event()

    def refresh(self) -> None:
        """Read what the run's journals have gained; costs a directory listing where that is nothing.

        Whatever this process writes from then on is later than all of it, whatever the clock says.
        """
        for path in files(self.ws):
            if path in self._others:
                continue
            if path not in self.journals:
                head = header(path)
                if head is None:  # its writer is just beginning, or died before it began
                    continue
                if head.get("run_id") != self.run_id:
                    self._others.add(path)
                    continue
                self.journals[path] = 0
                self.ended = None
            self._follow(path)
        not_before(self.latest)

    def _follow(self, path: Path) -> None:
        offset = self.journals[path]
        size = size_of(path)
        while offset < size:
            tail = read(path, offset)
            for record in tail.records:
                try:
                    self._take(path, record.offset, record.event)
                except (LookupError, TypeError, AttributeError):
                    # Sound bytes and no event of ours: another program's, or one that somebody wrote by hand.
                    self.bad.setdefault(path, []).append(BadLine(record.offset, 0, f"no {record.event['type'][:40]} event of this program"))
            if tail.bad:
                self.bad.setdefault(path, []).extend(tail.bad)
            if tail.offset == offset:  # the last line is not finished
                break
            offset = tail.offset
        self.journals[path] = offset

    def _take(self, path: Path, offset: int, event: dict[str, Any]) -> None:
        job = event.get("job_id", "")
        self.latest = max(self.latest, str(event.get("at", "")))
        match event["type"]:
            case "run" if self.plan is None:
                self.plan = compact(event)
            case "claim":
                self._lose(job, job in self.claimed)
                self.claimed[job] = path
            case "handing" if event["refused"]:
                self._answered(job)
            case "handing":
                # A claim in the same journal is of this very call.
                self._lose(job, (job in self.handing) + (self.claimed.pop(job, path) != path))
                self.opened.discard(job)
                self.handing.add(job)
            case "submitted" if job not in self.finished:
                self.submitted[job] = (event["provider"], event["task_id"])
                self._answered(job)
            case "settled" if event["at"] > self.settled.get(job, ""):
                self._settle(job, event)
            case "generation":
                self._finish(job, Finished(event["status"], event["cost_usd"], event["at"], path, offset), asked=event["attempts"] > 0)
            case "scores":
                self.scored.setdefault(job, set()).update(score["scorer"] for score in event["scores"])
            case "scorers":
                self.scorers.extend(event["scorers"])
            case "end":
                self.ended = event["state"]

    def _settle(self, job: str, event: dict[str, Any]) -> None:
        """Open a job again, with the task that it turned out to be, if any."""
        self.settled[job] = event["at"]
        again, resend = bool(event.get("again")), bool(event.get("resend"))
        self.again[job] = self.again.get(job, 0) + again
        before = self.finished.get(job)
        if before is not None and before.at > event["at"]:
            return
        if (again or resend) and before is not None:
            self.superseded.append((job, before))
        self._lose(job, resend and (job in self.handing or job in self.claimed))
        self.finished.pop(job, None)
        self._answered(job)
        self.scored.pop(job, None)
        if event["made"]:
            self.submitted[job] = (event["provider"], event["task_id"])
        elif not again:
            self.opened.add(job)

    def _lose(self, job: str, calls: int) -> None:
        if calls:
            self.lost[job] = self.lost.get(job, 0) + calls

    def _answered(self, job: str) -> None:
        """Note that there is no doubt left about the latest call of a job."""
        self.handing.discard(job)
        self.claimed.pop(job, None)

    def _finish(self, job: str, done: Finished, *, asked: bool) -> None:
        if done.at <= self.settled.get(job, ""):
            return
        self.claimed.pop(job, None)
        if asked:  # else nobody was asked, and what an earlier process has handed in is where it was
            self.submitted.pop(job, None)
            self._answered(job)
        before = self.finished.get(job)
        if before is None or (before.at, before.path.name, before.offset) < (done.at, done.path.name, done.offset):
            self.finished[job] = done


def state_of(ws: Workspace, run_id: str) -> RunState:
    """Read all journals of a run.

    Raises:
        UnknownName: no journal is of that run.
        JournalError: a journal cannot be read, or the run's journals were pruned.
    """
    refuse_pruned(ws, run_id)
    state = RunState(ws, run_id)
    state.refresh()
    if not state.journals:
        raise UnknownName("run", run_id, run_ids(ws))
    return state


def run_ids(ws: Workspace) -> list[str]:
    """Return the ids of all runs that have a journal, oldest first, and of those whose journals were pruned."""
    here = dict.fromkeys(head["run_id"] for path in files(ws) if (head := header(path)) and head.get("run_id"))
    return list(here | dict.fromkeys(note.run_id for note in pruned(ws)))
