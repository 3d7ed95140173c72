"""Short codes of jobs, for file names: `wb` and the first hex digits of the job's id, long enough to be unique in the run.

codes(["3fa9c1…", "77b0e2…"])                          {"3fa9c1…": "wb3fa9c1", "77b0e2…": "wb77b0e2"}
find("mei close-up wb3fa9c1 (2).webp", by_code(…))     ["3fa9c1…"]
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

PREFIX = "wb"
SHORTEST = 6
# Not inside a longer word; the prefix keeps the hex digits of other tools' names from being taken for a code.
_CODE = re.compile(r"(?<![A-Za-z0-9])wb([0-9a-f]{6,64})(?![A-Za-z0-9])", re.IGNORECASE)
_ID = re.compile(r"(?<![A-Za-z0-9])([0-9a-f]{64})(?![A-Za-z0-9])", re.IGNORECASE)


def codes(job_ids: Iterable[str]) -> dict[str, str]:
    """Return the code of each job: as short as is unique among them, at least six digits."""
    ids = sorted(set(job_ids))
    length = SHORTEST
    while len({i[:length] for i in ids}) < len(ids):
        length += 1
    return {i: PREFIX + i[:length] for i in ids}


def by_code(job_ids: Iterable[str]) -> dict[str, str]:
    """Return the job of each code."""
    return {code: job for job, code in codes(job_ids).items()}


def find(text: str, known: Mapping[str, str]) -> list[str]:
    """Return the jobs whose code or whole id stands in a text, such as a file name; codes of other runs are not found."""
    jobs = set(known.values())
    length = len(next(iter(known), PREFIX)) - len(PREFIX)
    found = [known.get(PREFIX + digits.lower()[:length]) for digits in _CODE.findall(text)]
    found += [whole.lower() if whole.lower() in jobs else None for whole in _ID.findall(text)]
    return list(dict.fromkeys(job for job in found if job))
