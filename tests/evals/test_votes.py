"""What votes say, against values that others have published and against simulations with known truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.few_labels import estimate
from evals.gate import decide
from evals.policy import parse_policy
from evals.ranking import Vote, rank
from evals.reliability import alpha
from evals.votes import gate_rows, preferences, preferred, share, trust


def _ratings(rows: list[tuple[str, str, str, str, float | None, str]]) -> pd.DataFrame:
    """Return ratings from (series, item, rater, choice, value, again); an item is a case of its own."""
    frame = pd.DataFrame(rows, columns=["series", "item", "rater", "choice", "value", "again"])
    return frame.assign(queue="q", case_id=frame["item"], repeat=0)


def alpha_of(rows: list[list[float]]) -> float | None:
    return alpha(rows, ordered=True)


KRIPPENDORFF = [  # four observers, twelve units: the worked example of "Computing Krippendorff's Alpha-Reliability" (2011)
    [1, 1, 1], [2, 2, 3, 2], [3, 3, 3, 3], [3, 3, 3, 3], [2, 2, 2, 2], [1, 2, 3, 4],
    [4, 4, 4, 4], [1, 1, 2, 1], [2, 2, 2, 2], [5, 5, 5], [1, 1], [3],
]  # fmt: skip


def test_alpha_is_that_of_the_published_example() -> None:
    assert alpha_of(KRIPPENDORFF) == pytest.approx(0.815, abs=0.0005)


def test_alpha_is_one_where_all_agree_zero_by_chance_and_unknown_without_variety() -> None:
    rng = np.random.default_rng(1)
    assert alpha_of([[1, 1], [0, 0], [-1, -1]]) == 1.0
    assert alpha_of(rng.integers(-1, 2, (4000, 3)).astype(float).tolist()) == pytest.approx(0, abs=0.03)
    assert alpha_of([[1, 1], [1, 1]]) is None
    assert alpha_of([[1], [0]]) is None


@given(st.lists(st.lists(st.sampled_from([-1.0, 0.0, 1.0]), min_size=2, max_size=4), min_size=2, max_size=12), st.randoms())
def test_alpha_does_not_depend_on_order(rows: list[list[float]], rng: object) -> None:
    before = alpha_of(rows)
    shuffled = [sorted(row) for row in rows]
    shuffled.reverse()
    after = alpha_of(shuffled)
    assert (before is None) == (after is None)
    assert before is None or after == pytest.approx(before)


def test_a_preference_is_the_mean_over_people_and_hidden_repeats_do_not_count() -> None:
    frame = _ratings([
        ("s", "c1", "ann", "right", 1.0, ""), ("s", "c1", "bo", "tie", 0.0, ""), ("s", "c1", "li", "", None, ""),
        ("s", "c2", "ann", "left", -1.0, "c1"),
    ])  # fmt: skip
    (row,) = preferences(frame).to_dict("records")
    assert (row["preference"], row["votes"]) == (0.5, 2)


def test_series_are_counted_by_whom_they_prefer() -> None:
    """The unit is the series: people who like B in one case and A in another of it prefer neither."""
    votes = [("s1", 1.0), ("s1", 0.0), ("s2", -1.0), ("s3", 1.0), ("s3", -1.0), ("s4", 1.0)]
    found = preferred(_ratings([(series, f"i{n}", "ann", "right", value, "") for n, (series, value) in enumerate(votes)]))
    assert (found["prefer_b"], found["prefer_a"], found["neither"]) == (2, 1, 1)
    assert found["preference"] == pytest.approx((0.5 - 1 + 0 + 1) / 4)
    assert preferred(_ratings([]).astype({"value": float})) == {
        "preference": None, "lo": None, "hi": None, "prefer_b": 0, "prefer_a": 0, "neither": 0,
    }  # fmt: skip


@pytest.mark.parametrize(("liked", "decision"), [(1.0, "promote"), (-1.0, "hold")])
def test_a_gate_decides_on_votes_as_on_any_metric(liked: float, decision: str) -> None:
    """Two people over twelve series: one likes an arm everywhere, the other in every second one, and cannot tell in the rest."""
    votes = [(f"s{n}", f"s{n}", rater, "right", liked * said, "") for n in range(12) for rater, said in (("ann", 1), ("bo", n % 2))]
    primary = {"preference": {"direction": "up", "worst": -1.0, "best": 1.0, "min_effect": 0.1}}
    verdict = decide(gate_rows(_ratings(votes)), parse_policy({"primary": primary}))
    assert verdict.decision == decision, verdict.reasons


def test_trust_shows_a_favourite_side_and_people_who_change_their_minds() -> None:
    frame = _ratings([
        *[(f"s{n % 5}", f"i{n}", "ann", "left", 1.0 if n % 2 else -1.0, "") for n in range(30)],
        *[(f"s{n % 5}", f"r{n}", "ann", "left", -1.0, f"i{n}") for n in range(5)],
    ])  # fmt: skip
    found = trust(frame)
    assert found.left.share == 1.0
    assert found.side_p is not None
    assert found.side_p < 1e-6
    assert (found.self_agreement.n, found.self_agreement.share) == (5, 0.6), "the even ones were judged so the first time"
    assert found.alpha is None


def test_trust_of_no_votes_is_unknown_and_not_zero() -> None:
    found = trust(_ratings([]).astype({"value": float}))
    assert (found.votes, found.left.share, found.side_p, found.alpha) == (0, None, None, None)


def test_a_share_has_the_exact_interval() -> None:
    found = share(0, 20)
    assert (found.share, found.lo) == (0.0, 0.0)
    assert found.hi == pytest.approx(0.1684, abs=1e-4)


def _tournament(strengths: dict[str, float], n: int, ties: float, seed: int) -> list[Vote]:
    rng = np.random.default_rng(seed)
    names = list(strengths)
    votes = []
    for k in range(n):
        a, b = rng.choice(len(names), 2, replace=False)
        x, y = np.exp(strengths[names[a]]), np.exp(strengths[names[b]])
        weights = np.array([x, y, ties * np.sqrt(x * y)])
        value = (-1.0, 1.0, 0.0)[rng.choice(3, p=weights / weights.sum())]
        votes.append(Vote(f"s{k % 20}", names[a], names[b], value))
    return votes


@pytest.mark.slow
def test_the_ranking_finds_the_strengths_that_made_the_votes() -> None:
    truth = {"plain": -1.0, "good": 0.0, "best": 1.0}
    found = rank(_tournament(truth, 3000, 0.8, 3))
    assert [r.name for r in found] == ["best", "good", "plain"]
    for ranked in found:
        assert ranked.strength == pytest.approx(truth[ranked.name], abs=0.12)
        assert ranked.lo is not None
        assert ranked.hi is not None
        assert ranked.lo < ranked.strength < ranked.hi


def test_who_never_lost_is_not_infinitely_strong() -> None:
    found = rank([Vote("s1", "a", "b", 1.0)] * 3)
    assert found[0].name == "b"
    assert 0 < found[0].strength < 5
    assert found[0].lo is None


@pytest.mark.slow
def test_turning_all_votes_turns_the_ranking() -> None:
    votes = _tournament({"a": 0.7, "b": -0.2, "c": -0.5}, 200, 0.5, 4)
    turned = [Vote(v.unit, v.a, v.b, -v.value) for v in votes]
    there = {r.name: r.strength for r in rank(votes)}
    back = {r.name: r.strength for r in rank(turned)}
    assert all(there[name] == pytest.approx(-back[name], abs=1e-3) for name in there)


def _judged(rng: np.random.Generator, n: int, agree: float, gain: float, bias: float) -> tuple[np.ndarray, np.ndarray]:
    human = gain + rng.normal(size=n)
    noise = rng.normal(size=n)
    return human, bias + agree * (human - gain) + gain + np.sqrt(1 - agree**2) * noise


@pytest.mark.slow
@pytest.mark.parametrize(("agree", "bias"), [(0.0, 0.0), (0.7, 0.5), (0.9, -1.0)])
def test_a_biased_judge_does_not_mislead_and_a_good_one_helps(agree: float, bias: float) -> None:
    """400 experiments with 30 labels and 150 more verdicts: the interval covers the truth, and is shorter the better the judge is."""
    rng = np.random.default_rng(8)
    covered, widths, alone = 0, [], []
    for _ in range(400):
        human, judged = _judged(rng, 180, agree, 0.3, bias)
        both = estimate(human[:30], judged[:30], judged[30:])
        people = estimate(human[:30], judged[:30], [])
        covered += both.lo <= 0.3 <= both.hi
        widths.append(both.hi - both.lo)
        alone.append(people.hi - people.lo)
    assert covered / 400 >= 0.86, covered  # a 90 % interval
    ratio = np.mean(widths) / np.mean(alone)
    assert ratio < {0.0: 1.05, 0.7: 0.88, 0.9: 0.66}[agree], ratio


def test_with_few_labels_people_count_alone() -> None:
    few = estimate([0.2, 0.4, 0.1], [0.2, 0.4, 0.1], [5.0] * 50)
    assert few.weight == 0
    assert few.gain == pytest.approx(0.7 / 3)
    with pytest.raises(ValueError, match="two labelled"):
        estimate([0.1], [0.1], [])
