"""How long a test waits: what a busy machine does late it does before that, and what hangs never does."""

from __future__ import annotations

import time
from collections.abc import Callable

HANGS_S = 120.0
"""Seconds; below the time limit of a test, so that what hangs is told where it hangs."""


def until(true: Callable[[], object], every_s: float = 0.05) -> None:
    """Wait until something is true. Raises AssertionError where it never is."""
    end = time.monotonic() + HANGS_S
    while not true():
        assert time.monotonic() < end, "it never comes true"
        time.sleep(every_s)
