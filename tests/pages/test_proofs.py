"""Why scores of clips, of originality and of judges are what they are."""

from __future__ import annotations

from typing import Any

import page_story
import pytest

from pages.ui import proofs
from pages.ui.palette import LIGHT

TRAP = page_story.HOSTILE


def score(metric: str, scorer: str = "x", value: float | None = 1.0, status: str = "ok", **evidence: Any) -> dict[str, Any]:
    return {"metric": metric, "scorer": scorer, "value": value, "status": status, "reason": TRAP, "evidence": evidence}


@pytest.mark.parametrize(
    ("evidence", "seen"),
    [
        ({"cuts": [{"t": 1.48, "likeness": 0.11}], "expected": []}, [(1.48, 1.48)]),
        ({"runs": [[1.2, 1.72], [2.0, 2.1]]}, [(1.2, 1.72), (2.0, 2.1)]),
        ({"dark": [{"from": 1.0, "to": 1.4}]}, [(1.0, 1.4)]),
        ({"runs": ["x", [1], [None, 2]], "t": True}, []),
        ({}, []),
        (None, []),
    ],
)
def test_moments_are_found_wherever_a_scorer_puts_them(evidence: Any, seen: list[tuple[float, float]]) -> None:
    """Cuts have a moment, freezes a beginning and an end; what has no time is on no line."""
    assert list(proofs.moments(evidence)) == seen


def test_a_fault_lies_where_it_happens() -> None:
    """A cut at half of a clip of four seconds stands in the middle of the line; words say the same."""
    html = proofs.faults_html([score("cuts", cuts=[{"t": 2.0}])], LIGHT, 4.0)
    assert "left:50.00%" in html
    assert "2.00 s" in html


def test_what_could_not_be_looked_for_says_why() -> None:
    """A status stands instead of a number, never a zero."""
    html = proofs.faults_html([score("burnt_text", value=None, status="not_scoreable")], LIGHT, 0.0)
    assert "–" in html
    assert "not scoreable" in html


def test_passages_stand_side_by_side() -> None:
    """Ours and theirs in one row; of pictures, both, from the media route alone."""
    found = {"relation": "other series", "share": 0.25, "source": {"name": TRAP}, "passages": [{"mine": TRAP, "theirs": "that"}]}
    html = proofs.reuse_html([found], None)
    assert html.count("<q>") == 2
    assert "25 %" in html
    picture = {"relation": "same picture", "source": {"name": "old.png", "sha256": "b" * 64}}
    assert f'src="/blob/{"b" * 64}"' in proofs.reuse_html([picture], "a" * 64)
    old = {**picture, "view": "whole", "other_view": "9:16 middle"}
    html = proofs.reuse_html([old], "a" * 64, {"b" * 64: "data:image/webp;base64,AAAA"})
    assert 'src="data:image/webp;base64,AAAA"' in html
    assert "the earlier picture, 9:16 middle" in html
    foreign = {"relation": "same picture", "source": {"sha256": f"{page_story.FOREIGN}/x"}}
    assert page_story.FOREIGN not in proofs.reuse_html([foreign], "a" * 64)


def test_a_judge_that_people_did_not_confirm_is_advice() -> None:
    """It is grey and says so; a confirmed one is neither; dropped answers say why."""
    answers = [
        {"answer": "yes", "quote": TRAP, "where": "s1/l2", "reason": TRAP, "dropped": ""},
        {"answer": "no", "dropped": "not in the script"},
    ]
    unsure = proofs.judge_html(
        [score("hook@m", "judge/s@m", answers=answers, calibration={"calibrated": False, "reason": "3 of 30 rated"})]
    )
    assert "advice: 3 of 30 rated" in unsure
    assert "opacity:.72" in unsure
    assert "dropped: not in the script" in unsure
    sure = proofs.judge_html([score("hook@m", "judge/s@m", answers=answers, calibration={"calibrated": True})])
    assert "advice" not in sure
    assert "opacity:.72" not in sure


def test_nothing_in_it_is_markup() -> None:
    """Reasons, names, passages and quotes are text."""
    html = proofs.faults_html([score("cuts")], LIGHT, 1.0)
    html += proofs.reuse_html([{"relation": TRAP, "source": {"name": TRAP}, "passages": [{"mine": TRAP, "theirs": TRAP}]}], None)
    html += proofs.judge_html(
        [score(TRAP, "judge/x", answers=[{"answer": TRAP, "quote": TRAP, "where": TRAP, "reason": TRAP, "dropped": TRAP}])]
    )
    assert "<img" not in html
    assert "<script" not in html
    assert html.count("&lt;img") >= 9
