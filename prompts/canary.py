"""Which series a canary meets: the same ones each time, and with a larger share those and more."""

from __future__ import annotations

import hashlib

BASIS_POINTS = 10_000
"""Shares are counted in hundredths of a per cent."""
MOST = 0.5
"""The largest share: a canary takes neither gate nor approval, so production stays what most series get."""


def bucket(template: str, version: str, series: str) -> int:
    """Return a series' place from 0 to 9999; it meets the canary where the place is below the share."""
    return int(hashlib.sha256(f"{template}\0{version}\0{series}".encode()).hexdigest()[:15], 16) % BASIS_POINTS
