"""How often each job was done, counted at the journals: the log's tables hold a job once, whatever was paid."""

from __future__ import annotations

import json
from collections import Counter

from runs.journal import files
from runs.sealed import open_journal
from runs.workspace import Workspace


def paid(ws: Workspace) -> Counter[tuple[str, str]]:
    """Return how many generations the journals of a workspace hold, by run and job."""
    found: Counter[tuple[str, str]] = Counter()
    for path in files(ws):
        with open_journal(path) as journal:
            lines = journal.read().split(b"\n")[:-1]
        for line in lines:
            if b'"type":"generation"' in line:
                event = json.loads(line)
                found[event["run_id"], event["job_id"]] += 1
    return found
