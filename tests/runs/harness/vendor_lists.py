"""A person at a vendor's account page, who looks there for what is in doubt."""

from __future__ import annotations

from collections import Counter

from music_stub import SunoApi

from runs import query
from runs.journal import files, read
from runs.settling import doubtful, settle
from runs.workspace import Workspace

KIND_OF = {"outline": "texts", "script": "texts", "character": "pictures", "shot": "pictures", "clip": "clips", "music": "songs"}


def in_doubt(ws: Workspace) -> bool:
    """Say whether nobody knows of some job whether it was made: in the newest run of each stage, which has taken over those before it."""
    runs = query.runs(ws).sort_values("started_at").drop_duplicates("stage", keep="last")
    return any(doubtful(ws, run_id) for run_id in runs["run_id"])


def settle_songs(ws: Workspace, suno: SunoApi) -> Counter[str]:
    """Settle the songs in doubt; return how many were made and how many were not.

    Suno knows no key of ours. Whoever looks takes the song that belongs to no other job.
    """
    runs = query.runs(ws)
    said: Counter[str] = Counter()
    for run_id in runs[runs["stage"] == "music"]["run_id"]:
        for row in doubtful(ws, run_id):
            task = next((task for task in suno.tasks if task not in _known(ws)), "")
            settle(ws, run_id, [row.job_id], who="mei", why="looked into the vendor's list", task_id=task)
            said["made" if task else "not made"] += 1
    return said


def _known(ws: Workspace) -> set[str]:
    """Return the ids of all tasks that some job is known to be."""
    events = (record.event for path in files(ws) for record in read(path, 0).records)
    return {event["task_id"] for event in events if event.get("task_id")}
