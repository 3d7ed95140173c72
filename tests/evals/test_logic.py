"""The logic scorer turns findings into one bounded number of distinct causes, and says why."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.logic import METRICS, Logic, value
from evals.registry import build
from evals.score import Media, Sample, Score

CASE = {
    "language": "en",
    "characters": [{"id": "mei", "name": "Mei"}, {"id": "zhao", "name": "Zhao"}],
    "locations": [{"id": "hall", "name": "hall"}],
    "props": [{"id": "hairpin", "name": "hairpin", "first_holder": "mei"}],
    "facts": [],
    "profile": {"target_seconds": 60, "tolerance": 1.0},
}


def sample(folder: Path, text: str, *, status: str = "ok", stage: str = "script", case: Any = CASE) -> Sample:
    path = folder / hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    return Sample("g1", stage, status, case, "c1", "s1", (Media("text", path.name, "application/json", path),))


def script(*beats: dict[str, Any]) -> str:
    full = []
    for number, beat in enumerate(beats, 1):
        function = "hook" if number == 1 else "cliffhanger" if number == len(beats) else "turn"
        base = {"id": f"b{number}", "function": function, "emotion": 2 + 6 * (number % 2), "action": "They wait.", "actors": ["zhao"]}
        full.append({**base, **beat})
    return json.dumps(
        {"title": "T", "scenes": [{"id": "s1", "location": "hall", "daypart": "night", "present": ["mei", "zhao"], "beats": full}]}
    )


def say(name: str, text: str, who: str = "mei") -> dict[str, str]:
    return {"id": name, "speaker": who, "text": text}


LEAVES = {"changes": [{"kind": "exit", "who": "mei"}]}
FORGETFUL = script({}, LEAVES, {"lines": [say("l1", "One."), say("l2", "Two.")]}, {"lines": [say("l3", "Three.")], "props": ["hairpin"]})


def scores(sample: Sample) -> dict[str, Score]:
    [out] = Logic().score([sample])
    return {s.metric: s for s in out}


def test_a_clean_script_scores_one(tmp_path: Path) -> None:
    found = scores(sample(tmp_path, script({}, {"lines": [say("l1", "One.")]}, {})))
    assert {m: s.value for m, s in found.items()} == {"logic": 1.0, "logic_block": 1.0, "logic_causes": 0.0, "logic_rate": 0.0}
    assert found["logic"].reason == "no findings"


def test_three_lines_after_one_exit_are_one_cause_and_a_foreign_prop_is_another(tmp_path: Path) -> None:
    found = scores(sample(tmp_path, FORGETFUL))
    assert found["logic_causes"].value == 2
    assert found["logic_block"].value == 0
    assert found["logic"].value == pytest.approx(1 / (1 + 1.5 / 2))  # the worked example of the module
    assert found["logic"].reason.startswith("2 causes: mei speaks in beat b3, but left in beat b2. Give the line to someone who is there")
    assert "zhao use hairpin in b4, but mei holds it since the start." in found["logic"].reason
    evidence = found["logic"].evidence
    assert (evidence["block"], evidence["warn"], evidence["total"]) == (1, 1, 4)
    first = evidence["findings"][0]
    assert (first["check"], first["line"], first["quote"], first["cause"]) == ("C02", "l1", "One.", "C02:absent:mei@b2")
    assert first["where"] == ["s1", "b3", "l1"]
    json.dumps(dict(evidence), allow_nan=False)


def test_a_reason_says_what_blocks_first_one_message_a_check_and_how_many_more(tmp_path: Path) -> None:
    """`agnes` is in no cast: three causes of one check, and one that only warns; no code stands in what people read."""
    lost = [say(f"l{n}", "Who?", who=f"agnes-{n}") for n in range(3)]
    reason = scores(sample(tmp_path, script({"props": ["hairpin"], "lines": [say("l9", "Mine.", who="zhao")]}, {"lines": lost})))[
        "logic"
    ].reason
    assert reason.startswith("4 causes: 'agnes-0' is not in the cast.")
    assert "hairpin" in reason
    assert reason.endswith("2 more.")
    assert "C01" not in reason


def test_a_longer_episode_forgives_more_but_a_longer_script_does_not(tmp_path: Path) -> None:
    twice = {**CASE, "profile": {"target_seconds": 120, "tolerance": 1.0}}
    short, long = (scores(sample(tmp_path, FORGETFUL, case=c))["logic"].value for c in (CASE, twice))
    padded = json.loads(FORGETFUL)
    padded["scenes"][0]["beats"][0]["lines"] = [say(f"x{i}", "Wait for it.", "zhao") for i in range(9)]
    assert short is not None
    assert long is not None
    assert long > short
    assert scores(sample(tmp_path, json.dumps(padded)))["logic"].value == short


@given(st.integers(0, 50), st.integers(0, 50), st.floats(5, 600))
def test_the_score_is_bounded_and_every_cause_lowers_it(block: int, warn: int, seconds: float) -> None:
    score = value(block, warn, seconds)
    assert 0 < score <= 1
    assert value(block, warn + 1, seconds) < score
    assert value(block + 1, warn, seconds) < value(block, warn + 1, seconds)


def test_half_is_two_blocking_causes_a_minute() -> None:
    assert value(0, 0, 60) == 1
    assert value(2, 0, 60) == value(4, 0, 120) == value(0, 4, 60) == 0.5


@pytest.mark.parametrize("text", ["", "Sorry.", "{", '{"title": "x"}', '{"title": "x", "scenes": []}'])
def test_a_text_that_is_no_script_has_failed_with_the_reason(tmp_path: Path, text: str) -> None:
    found = scores(sample(tmp_path, text))
    assert {s.status for s in found.values()} == {"failed"}
    assert all(s.value is None and s.reason.startswith("no valid script: ") for s in found.values())


def test_a_failed_generation_has_failed(tmp_path: Path) -> None:
    assert {s.status for s in scores(sample(tmp_path, "", status="refused")).values()} == {"failed"}


def test_other_stages_do_not_apply_and_a_broken_case_is_an_error(tmp_path: Path) -> None:
    assert scores(sample(tmp_path, "", stage="shot"))["logic"].status == "not_applicable"
    assert scores(sample(tmp_path, FORGETFUL, case={**CASE, "props": [{"name": 7}]}))["logic"].status == "error"


def test_a_case_without_a_world_is_still_judged_for_what_needs_none(tmp_path: Path) -> None:
    found = scores(sample(tmp_path, script({"function": "begin"}, {}), case={}))
    assert [f["check"] for f in found["logic"].evidence["findings"]] == ["C09", "T03"]


def test_it_is_built_by_name_and_its_metrics_are_declared(tmp_path: Path) -> None:
    scorer = build("logic")
    assert [m.name for m in scorer.metrics] == [m.name for m in METRICS] == ["logic", "logic_block", "logic_causes", "logic_rate"]
    assert [m.primary for m in scorer.metrics] == [True, False, False, False]
    [out] = scorer.score([sample(tmp_path, FORGETFUL)])
    assert [s.metric for s in out] == [m.name for m in scorer.metrics]
