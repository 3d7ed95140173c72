"""An adapter's tables: what a vendor's states and error codes mean in our words. HTTP status alone never decides.

STATES = {"submitted": "queued", "processing": "running", "succeed": "succeeded", "failed": "failed"}
ERRORS = Errors(codes={"1102": "quota", "1303": "concurrency"})

ERRORS.failure(429, "1102", "Resource pack depleted")      Failure("quota", …), although HTTP says "too many requests"
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from runs import secrets
from runs.provider import ErrorClass, Failure, Outcome, TaskState
from runs.providers import failures

State = Literal["queued", "running", "succeeded", "failed", "cancelled", "lost", "needs_input"]
Words = tuple[tuple[re.Pattern[str], ErrorClass], ...]
# A proxy in front of the service, which may have taken the call: not the vendor's own 502 or 504, which carries a code.
BETWEEN = frozenset({502, 504, 520, 524})


@dataclass(frozen=True, slots=True)
class Errors:
    """One vendor's error table.

    `codes` (lower case) go first; then `words`, patterns of messages; then `statuses`, where the vendor means by a status
    what nobody else does; then what all vendors have in common (`runs.providers.failures`).
    """

    codes: Mapping[str, ErrorClass] = field(default_factory=dict)
    words: Words = ()
    statuses: Mapping[int, ErrorClass] = field(default_factory=dict)

    def classify(self, status: int, code: str, message: str, retry_after_s: float | None = None) -> ErrorClass:
        """Return the class of an error; status 0 where there is none."""
        if found := self.codes.get(code.lower()):
            return found
        if found := next((error for pattern, error in self.words if pattern.search(message)), None):
            return found
        if found := self.statuses.get(status):
            return found
        return failures.classify(status, {"code": code, "message": message}, retry_after_s=retry_after_s)

    def failure(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None, *, submitting: bool = False
    ) -> Failure:
        """Return the failure that an error answer means.

        Args:
            status: of HTTP; 0 where the error stands inside an answer of success.
            code: the vendor's own, as text; empty if it gave none.
            message: the vendor's own words.
            headers: of the answer, for `Retry-After`; names in lower case.
            submitting: the call hands in something paid: a bare error of a proxy on the way says nothing of its fate.
        """
        wait = failures.retry_after_s(headers or {})
        text = secrets.redact(message).strip()[: failures.MESSAGE_CHARS] or f"HTTP {status} without a message"
        shown = secrets.redact(code)[:80] or (str(status) if status else "")
        if submitting and status in BETWEEN and code.lower() not in self.codes and code.lower() not in failures.CODES:
            return Failure("timeout", f"a gateway on the way gave up (HTTP {status}); the call may still be billed", shown)
        return Failure(self.classify(status, code, message, wait), text, shown, wait)


def mapping(value: Any) -> Mapping[str, Any]:
    """Return a JSON object, or an empty one for anything else."""
    return value if isinstance(value, Mapping) else {}


def items(value: Any) -> list[Any]:
    """Return a JSON array, or an empty one for anything else."""
    return value if isinstance(value, list) else []


def text(value: Any) -> str:
    """Return a text or a number as text, empty for anything else. Ids may come as either. Half characters, which cannot be sent, go."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    return str(value).encode("utf-8", "ignore").decode().strip()


def number(value: Any) -> float | None:
    """Return a finite number of at least 0, also one in quotes; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if 0 <= found < 1e12 else None


def at(body: Any, *path: str) -> Any:
    """Return what stands in nested JSON objects under a path; None where it breaks off."""
    for key in path:
        body = mapping(body).get(key)
    return body


def unfinished(state: State | None, poll_after_s: float) -> TaskState:
    """Return the state of a task that is not over; a word that the table does not know is one: the deadline ends it."""
    return TaskState("queued" if state == "queued" else "running", poll_after_s=poll_after_s)


def fault(failure: Failure, poll_after_s: float, **kept: Any) -> TaskState:
    """Return the state after a poll that went wrong: the task is where it was."""
    return TaskState("running", Outcome(failure=failure, **kept), _wait(failure, poll_after_s))


def unfetched(failure: Failure, poll_after_s: float, **kept: Any) -> TaskState:
    """Return the state of a task that has succeeded, and whose files could not be fetched this time, or ever."""
    return TaskState("succeeded", Outcome(failure=failure, **kept), _wait(failure, poll_after_s))


def _wait(failure: Failure, poll_after_s: float) -> float:
    return max(poll_after_s, min(failure.retry_after_s or 0.0, 120.0))
