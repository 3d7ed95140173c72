"""`workbench chain` killed against the vendors' contract stubs, as it is set up by default: nothing is billed twice by itself, or lost."""

from __future__ import annotations

from pathlib import Path

import pytest
import vendor_kills

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def test_a_chain_over_all_stages_that_is_killed_is_billed_once_for_each_job(tmp_path: Path) -> None:
    """But for calls that a person had asked again, who was told that they may be billed twice."""
    with vendor_kills.vendors() as made:
        tally = vendor_kills.killed(tmp_path / "drama", made, 4, each=4, seed=3)
    assert tally.kills == 4
    assert not +tally.by_itself
    assert all(tally.jobs[kind] <= tally.asked[kind] <= tally.jobs[kind] + tally.words[kind] for kind in vendor_kills.KINDS), tally
    assert (tally.asked["clips"], tally.asked["songs"]) == (tally.jobs["clips"], tally.jobs["songs"])
    assert all(tally.jobs[kind] > 0 for kind in vendor_kills.KINDS)
    assert tally.made_twice == 0
    assert all(set(ended) == {"ok"} for ended in tally.statuses.values()), tally.statuses
