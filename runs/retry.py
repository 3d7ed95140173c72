"""What to do after a failure, by its class: try again, when, and how often; or not.

| class | tries | wait |
|---|---|---|
| rate_limit | 8 | what the provider asks for, else exponential |
| concurrency | 20 | until a slot frees, at least the base |
| server | 4 | exponential |
| all others | 1 | an answer that will not change, or a call that may already have been paid |

Waits are exponential with full jitter over the upper half (`d/2 + U(0, d/2)`), so that clients which failed together do
not come back together. The random numbers come from a generator seeded by the job: a run is as reproducible as its provider.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from runs.provider import ErrorClass, Failure

TRIES: Mapping[str, int] = {"rate_limit": 8, "concurrency": 20, "server": 4}
LONGEST_WAIT_S = 600.0
"""A provider that asks for a longer pause is not waited for: the job fails, and the run can be resumed later."""


@dataclass(frozen=True, slots=True)
class Retry:
    """The rule: tries by error class, and the exponential wait `base_s * 2**n`, at most `cap_s` seconds."""

    base_s: float = 1.0
    cap_s: float = 60.0
    tries: Mapping[str, int] = field(default_factory=lambda: dict(TRIES))

    def wait_s(self, failure: Failure, made: int, rng: random.Random) -> float | None:
        """Return the seconds to wait before the next try, or None if there shall be none.

        Args:
            failure: how the last try failed.
            made: tries made so far, at least 1.
            rng: source of the jitter.
        """
        if made >= self.tries.get(failure.error, 1):
            return None
        if failure.retry_after_s is not None:
            return failure.retry_after_s if failure.retry_after_s <= LONGEST_WAIT_S else None
        step = min(self.cap_s, self.base_s * 2.0 ** min(made - 1, 32))
        return step / 2 + rng.uniform(0, step / 2)


def pauses_everyone(error: ErrorClass) -> bool:
    """Say whether a failure concerns all calls to the provider, not the one job alone."""
    return error == "rate_limit"
