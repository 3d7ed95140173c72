"""Which runs are listed, and in which order."""

from __future__ import annotations

import pandas as pd
import pytest

from pages.ui.filters import Filters, kept

RUNS = pd.DataFrame(
    [
        ("r4", "shot/keyframe@plain, shot/keyframe", "shot", "shot", "gpt-x", "openai", "finished", False),
        ("r3", "clip/motion", "clip", "clip", "kling-a, kling-b", "kling", "running", False),
        ("r2", "script/episode, script/episode#2", "script", "script", "studio", "studio", "failed", True),
        ("r1", "shot/keyframe-wide", "shot", "shot", None, "studio", "finished", None),
    ],
    columns=["run_id", "arms", "stage", "suite", "models", "provider", "state", "simulated"],
)


@pytest.mark.parametrize(
    ("asked", "ids"),
    [
        (Filters(), ["r3", "r4", "r2", "r1"]),
        (Filters(templates=("shot/keyframe",)), ["r4"]),
        (Filters(templates=("script/episode", "clip/motion")), ["r3", "r2"]),
        (Filters(models=("kling-b",)), ["r3"]),
        (Filters(states=("finished",)), ["r4", "r1"]),
        (Filters(stages=("shot",), words="WIDE"), ["r1"]),
        (Filters(hide_simulated=True), ["r3", "r4", "r1"]),
        (Filters(words="[a-z"), []),
    ],
)
def test_runs_fit_all_that_is_asked_and_live_ones_come_first(asked: Filters, ids: list[str]) -> None:
    """A template is its whole name; words are parts of any name and no pattern."""
    assert kept(RUNS, asked)["run_id"].tolist() == ids


def test_no_run_fits_nothing() -> None:
    """An empty list stays one, with its columns."""
    assert kept(RUNS.iloc[:0], Filters(states=("running",))).empty
