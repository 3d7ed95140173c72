"""A bar that was not reached is said arm by arm; what was not measured reaches none."""

from __future__ import annotations

import pandas as pd
import pytest

from runs.bars import missed, read_bars

MEANS = pd.DataFrame(
    [("a", "logic", 0.8), ("b", "logic", 0.7), ("a", "latency", 12.0), ("b", "latency", 20.0), ("a", "schema", None), ("b", "schema", 1.0)],
    columns=["ref", "metric", "mean"],
)


@pytest.mark.parametrize(
    ("least", "most", "said"),
    [
        (["logic=0.7"], ["latency=20"], []),
        (["logic=0.8"], [], ["b: logic is 0.7, at least 0.8 was asked for"]),
        ([], ["latency=15"], ["b: latency is 20, at most 15 was asked for"]),
        (["schema=0.5"], [], ["a: schema has no value, at least 0.5 was asked for"]),
        (["contract=0.5"], [], ["contract was not measured, at least 0.5 was asked for"]),
    ],
)
def test_each_arm_that_misses_a_bar_is_named(least: list[str], most: list[str], said: list[str]) -> None:
    assert missed(read_bars(least, most), MEANS) == said
