"""Each check finds what breaks its rule, where it is broken, and nothing where the rule is kept."""

from __future__ import annotations

import logic_pairs
import pytest
from logic_pairs import Pair

from evals.checks.registry import BY_ID, CHECKS, run
from evals.logic import causes

PAIRS = list(logic_pairs.pairs())


@pytest.mark.parametrize("pair", PAIRS, ids=[f"{p.check}: {p.rule}" for p in PAIRS])
def test_a_check_tells_a_kept_rule_from_a_broken_one(pair: Pair) -> None:
    check = BY_ID[pair.check]
    assert run(pair.good, pair.world, [check]) == []
    found = run(pair.bad, pair.world, [check])
    assert pair.at in {f.where[-1] for f in found}
    assert len(causes(found)) == pair.causes, [f.cause for f in found]
    assert any(pair.hint in f.message for f in found), [f.message for f in found]


@pytest.mark.parametrize("pair", PAIRS, ids=[f"{p.check}: {p.rule}" for p in PAIRS])
def test_a_good_script_of_one_check_is_blocked_by_no_other(pair: Pair) -> None:
    assert [f for f in run(pair.good, pair.world) if f.severity == "block"] == []


def test_every_check_has_a_pair_and_every_pair_a_check() -> None:
    assert {p.check for p in PAIRS} == {c.id for c in CHECKS}


def test_the_table_is_ordered_and_severities_are_those_of_the_catalogue() -> None:
    ids = [c.id for c in CHECKS]
    assert ids == sorted(set(ids))
    assert {c.id for c in CHECKS if c.severity == "block"} == {"C01", "C02", "C03", "C08", "C09", "S15", "T01"}
    assert all(c.version and c.catches for c in CHECKS)


def test_a_finding_says_where_quotes_and_tells_what_to_fix() -> None:
    for pair in PAIRS:
        for finding in run(pair.bad, pair.world, [BY_ID[pair.check]]):
            assert finding.where
            assert finding.quote
            assert finding.message.endswith((".", "?"))
            assert finding.cause.startswith(f"{pair.check}:")
