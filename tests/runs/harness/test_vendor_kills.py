"""`workbench chain` killed against the vendors' contract stubs: nothing is handed in twice and nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
import vendor_kills

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def test_a_chain_over_all_stages_that_is_killed_pays_once_for_each_task(tmp_path: Path) -> None:
    with vendor_kills.vendors() as made:
        tally = vendor_kills.killed(tmp_path / "drama", made, 3, each=3, seed=3)
    assert tally.kills == 3
    assert (tally.clips_twice, tally.journalled_twice) == (0, 0)
    assert set(tally.statuses) <= {"ok", "unknown_submission"}, tally.statuses
    assert tally.asked["clips"] == tally.jobs["clips"] > 0
    unknown = tally.statuses["unknown_submission"]
    # A song whose submit was cut off may have reached the vendor or not; it is never sent again.
    assert tally.jobs["songs"] - unknown <= tally.asked["songs"] <= tally.jobs["songs"]
    for calls in ("texts", "pictures"):
        assert 0 <= tally.asked[calls] - tally.jobs[calls] <= tally.kills * vendor_kills.AT_ONCE, "only what was in flight is made again"
