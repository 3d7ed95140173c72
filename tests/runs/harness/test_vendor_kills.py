"""`workbench chain` killed against the vendors' contract stubs: everything is billed once, and nothing is lost."""

from __future__ import annotations

from pathlib import Path

import pytest
import vendor_kills

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def test_a_chain_over_all_stages_that_is_killed_is_billed_once_for_each_job(tmp_path: Path) -> None:
    """Texts are tasks of `/responses`. What is in doubt at the end, a person settles from the vendors' lists."""
    with vendor_kills.vendors("background") as made:
        tally = vendor_kills.killed(tmp_path / "drama", made, 4, each=4, seed=3, way="background")
    assert tally.kills == 4
    assert tally.asked == tally.jobs
    assert all(tally.jobs[kind] > 0 for kind in vendor_kills.KINDS)
    assert tally.made_twice == 0
    gone = {"pictures": {"ok", "expired"}}  # a call: made, billed, and its answer died with the process
    assert all(set(ended) <= gone.get(kind, {"ok"}) for kind, ended in tally.statuses.items()), tally.statuses
