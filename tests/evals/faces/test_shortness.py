"""A stiffness of a few seconds says between which values a longer take would lie."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.errors import ScorerError
from evals.faces import shortness
from evals.faces.moving import doubt


@given(st.floats(0, 1), st.floats(0.1, 40), st.floats(1, 10))
def test_the_longer_a_face_is_seen_the_nearer_is_what_a_longer_take_would_have(stiff: float, seconds: float, more: float) -> None:
    low, high = shortness.likely(stiff, seconds)
    later_low, later_high = shortness.likely(stiff, seconds * more)
    assert 0 <= low <= high <= stiff
    assert later_low >= low - 1e-9 and later_high >= high - 1e-9


def test_a_photograph_is_one_however_briefly_it_is_seen() -> None:
    assert shortness.likely(1.0, 1.0) == (1.0, 1.0) == shortness.likely(1.2, 60)
    assert doubt(shortness.likely(1.0, 1.0)) == ""


def test_short_clips_look_stiffer_than_their_acting_is() -> None:
    low, high = shortness.likely(0.5, 2.0)
    assert low < 0.3 < high < 0.6
    assert doubt((low, high)) == f"; a longer take: {low:.2f} to {high:.2f}"


@pytest.mark.parametrize("content", ["", "[]", '{"seconds": [2, 1], "low": [1, 1], "high": [2, 2], "source": ""}', '{"seconds": [1]}'])
def test_factors_that_cannot_be_read_are_one_error(tmp_path: Path, content: str) -> None:
    path = tmp_path / "f.json"
    path.write_text(content)
    with pytest.raises(ScorerError, match=r"f\.json"):
        shortness.factors(path)
