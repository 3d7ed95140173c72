"""A person at the vendors' account pages: what is in doubt is settled by what the vendors' own lists hold, and by nothing else."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from music_stub import SunoApi
from openai_stub import OpenAi

from runs import query
from runs.journal import files, read
from runs.settling import Doubtful, doubtful, settle
from runs.workspace import Workspace

KIND_OF = {"outline": "texts", "script": "texts", "character": "pictures", "shot": "pictures", "clip": "clips", "music": "songs"}


@dataclass
class Lists:
    """What the vendors list: orders by the key that they were asked under, and songs."""

    openai: OpenAi
    suno: SunoApi

    def found(self, row: Doubtful, kind: str, known: set[str]) -> str:
        """Return the vendor's id of a job in doubt; empty where its list holds none.

        Suno knows no key of ours. Whoever looks takes the song that belongs to no other job.
        """
        if kind == "songs":
            return next((task for task in self.suno.tasks if task not in known), "")
        return next((order.id for order in self.openai.orders if order.key == row.key), "")


def settle_doubts(ws: Workspace, lists: Lists) -> Counter[str]:
    """Settle all jobs in doubt; return how many were made and how many were not."""
    runs = query.runs(ws)
    said: Counter[str] = Counter()
    for run_id, stage in zip(runs["run_id"], runs["stage"], strict=True):
        for row in doubtful(ws, run_id):
            task = lists.found(row, KIND_OF[stage], _known(ws))
            why = "in the vendor's list" if task else "not in the vendor's list"
            settle(ws, run_id, [row.job_id], who="mei", why=why, task_id=task)
            said[f"{KIND_OF[stage]} {'made' if task else 'not made'}"] += 1
    return said


def _known(ws: Workspace) -> set[str]:
    """Return the ids of all tasks that some job is known to be."""
    events = (record.event for path in files(ws) for record in read(path, 0).records)
    return {event["task_id"] for event in events if event.get("task_id")}
