"""The jobs of a plan, kept by columns: 100,000 of them as mappings would take six times the memory, for as long as the run lasts.

jobs = collected(iter_of_job_plans)        # a sequence of JobPlan; each is made anew when it is asked for
by_id(jobs)["9c1e…"]                       # the same, by its id
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, overload

from runs.event_shapes import JobPlan

_ID = re.compile("[0-9a-f]{64}")
_FIELDS = frozenset({"job_id", "arm", "case_id", "repeat", "seed"})
_BYTES = 32
_HALVES = 2 * _BYTES


class JobList(Sequence[JobPlan]):
    """Jobs by columns; make them with `collected`. Equal to any other sequence of the same jobs."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self) -> None:
        self._ids = bytearray()
        self._cells = array("I")
        self._repeats = array("i")
        self._seeds = array("q")
        self._names: list[tuple[str, str]] = []
        self._known: dict[tuple[str, str], int] = {}

    def add(self, job: JobPlan) -> bool:
        """Add a job; False, and nothing is added, where it does not fit into the columns: another program's, with ids of its own."""
        seed, repeat = job.get("seed"), job.get("repeat")
        if seed is None or repeat is None or not _fits(job):
            return False
        cell = self._known.setdefault((job["arm"], job["case_id"]), len(self._names))
        if cell == len(self._names):
            self._names.append((job["arm"], job["case_id"]))
        self._ids += bytes.fromhex(job["job_id"])
        self._cells.append(cell)
        self._repeats.append(repeat)
        self._seeds.append(seed)
        return True

    def close(self) -> None:
        """Forget what only adding needs."""
        self._known = {}

    def __len__(self) -> int:
        return len(self._cells)

    @overload
    def __getitem__(self, index: int) -> JobPlan: ...

    @overload
    def __getitem__(self, index: slice) -> list[JobPlan]: ...

    def __getitem__(self, index: int | slice) -> JobPlan | list[JobPlan]:
        places = range(len(self))[index]
        return self._at(places) if isinstance(places, int) else [self._at(place) for place in places]

    def __iter__(self) -> Iterator[JobPlan]:
        return map(self._at, range(len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str):
            return NotImplemented
        return len(self) == len(other) and all(mine == theirs for mine, theirs in zip(self, other, strict=True))

    def _at(self, place: int) -> JobPlan:
        arm, case_id = self._names[self._cells[place]]
        return {
            "job_id": self.id_at(place).hex(), "arm": arm, "case_id": case_id, "repeat": self._repeats[place], "seed": self._seeds[place],
        }  # fmt: skip

    def id_at(self, place: int) -> bytes:
        """Return the id of a job in its 32 bytes."""
        return bytes(self._ids[place * _BYTES : (place + 1) * _BYTES])


class JobsById(Mapping[str, JobPlan]):
    """Jobs by their ids, in the order of the plan."""

    def __init__(self, jobs: JobList) -> None:
        self._jobs = jobs

    @cached_property
    def _order(self) -> array[int]:
        """The places of the jobs in the order of their ids: a dictionary of them would be as large as the jobs were as mappings."""
        return array("I", sorted(range(len(self._jobs)), key=self._jobs.id_at))

    def _place(self, job_id: object) -> int | None:
        if not (isinstance(job_id, str) and len(job_id) == _HALVES and _ID.fullmatch(job_id)):
            return None
        wanted = bytes.fromhex(job_id)
        n = bisect_left(self._order, wanted, key=self._jobs.id_at)
        return self._order[n] if n < len(self._order) and self._jobs.id_at(self._order[n]) == wanted else None

    def __getitem__(self, job_id: str) -> JobPlan:
        place = self._place(job_id)
        if place is None:
            raise KeyError(job_id)
        return self._jobs[place]

    def __contains__(self, job_id: object) -> bool:
        return self._place(job_id) is not None

    def __iter__(self) -> Iterator[str]:
        return (self._jobs.id_at(place).hex() for place in range(len(self._jobs)))

    def __len__(self) -> int:
        return len(self._jobs)


def _fits(job: JobPlan) -> bool:
    if job.keys() != _FIELDS:
        return False
    texts = (job["job_id"], job["arm"], job["case_id"])
    seed, repeat = job["seed"], job["repeat"]
    return (
        all(isinstance(text, str) for text in texts)
        and _ID.fullmatch(texts[0]) is not None
        and isinstance(seed, int)
        and isinstance(repeat, int)
        and 0 <= seed < 1 << 63
        and 0 <= repeat < 1 << 31
    )


def collected(jobs: Iterable[JobPlan]) -> Sequence[JobPlan]:
    """Return jobs by columns; as they are, in a tuple, where one of them does not fit in."""
    if isinstance(jobs, JobList):
        return jobs
    found, left = JobList(), iter(jobs)
    for job in left:
        if not found.add(job):
            return (*found, job, *left)
    found.close()
    return found


def by_id(jobs: Sequence[JobPlan]) -> Mapping[str, JobPlan]:
    """Return jobs by their ids."""
    return JobsById(jobs) if isinstance(jobs, JobList) else {job["job_id"]: job for job in jobs}


def compact(event: dict[str, Any]) -> dict[str, Any]:
    """Keep the jobs of a `run` event by columns, where they are jobs."""
    jobs = event.get("jobs")
    if isinstance(jobs, list) and all(isinstance(job, dict) for job in jobs):
        event["jobs"] = collected(jobs)
    return event
