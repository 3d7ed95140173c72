"""A contract is said and checked from one declaration: what the prompt's sentence says is where the check turns."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.contract import CHECKS, Contract
from evals.errors import ScorerError
from evals.registry import build
from evals.score import Media, Sample, Score
from evals.suite import load_suite
from prompts.contracts import CLAUSES, Contracts
from prompts.registry import Registry
from prompts.text import speech_seconds

ROOT = Path(__file__).parents[2]
CASE = {"language": "en", "characters": [{"id": "mei", "name": "Mei"}, {"id": "zhao", "name": "Zhao"}]}
Json = dict[str, Any]
FOLDER: list[Path] = []


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path) -> None:
    FOLDER[:] = [tmp_path]


def script(
    *, beats: int = 2, scenes: int = 1, text: str = "Go.", speaker: str = "mei", shots: list[float] | None = None, language: str = "en"
) -> Json:
    """Return a script of so many beats, in so many scenes, with one line, and shots of so many seconds if asked for."""
    each = [
        {"id": f"b{i}", "function": "hook", "emotion": 3, "action": "They wait." if language == "en" else "他们等着。", "actors": ["zhao"]}
        for i in range(beats)
    ]
    each[0]["lines"] = [{"id": "l1", "speaker": speaker, "text": text}]
    cut = [each[i * beats // scenes : (i + 1) * beats // scenes] for i in range(scenes)]
    whole: Json = {
        "title": "T",
        "scenes": [{"id": f"s{i}", "location": "hall", "daypart": "night", "present": ["mei"], "beats": b} for i, b in enumerate(cut)],
    }
    if shots is not None:
        whole["shots"] = [
            {"id": f"x{i}", "scene": "s0", "size": "medium", "duration": d, "lines": ["l1"] if i == 0 else []} for i, d in enumerate(shots)
        ]
    return whole


def judged(contracts: Json, output: Json | str, language: str = "en", scorer: Contract | None = None) -> dict[str, Score]:
    text = output if isinstance(output, str) else json.dumps(output)
    path = FOLDER[0] / hashlib.sha256(text.encode()).hexdigest()
    path.write_text(text, "utf-8")
    case = {**CASE, "language": language}
    sample = Sample("g1", "script", "ok", case, "c1", "s1", (Media("text", path.name, "application/json", path),), contracts=contracts)
    [scores] = (scorer or Contract()).score([sample])
    return {s.metric: s for s in scores}


def kept(contracts: Json, output: Json, language: str = "en") -> bool:
    return judged(contracts, output, language)["contract"].value == 1.0


def test_every_clause_that_can_be_stated_can_be_checked() -> None:
    assert tuple(CHECKS) == CLAUSES
    full = Contracts.model_validate({
        "speech": {}, "cast": "case", "shots": {"min_count": 1, "max_count": 2, "min_seconds": 1, "max_seconds": 2},
        "beats": {"min_count": 1, "max_count": 2}, "scenes": {"min_count": 1, "max_count": 2}, "forbidden": ["x"], "required": ["y"],
    })  # fmt: skip
    for language in ("en", "zh"):
        assert [c.key for c in full.clauses(language)] == list(CLAUSES)
        assert full.rules(language) == [c.text for c in full.clauses(language)]


def number(contracts: Json, language: str = "en") -> float:
    """Return the one number that the prompt is told."""
    [rule] = Contracts.model_validate(contracts).rules(language)
    [found] = re.findall(r"\d+(?:\.\d+)?", rule)
    return float(found)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 6), st.sampled_from(["shots", "beats", "scenes"]), st.sampled_from(["en", "zh"]))
def test_counts_turn_at_the_number_that_is_told(n: int, what: str, language: str) -> None:
    def of(count: int) -> Json:
        if what == "shots":
            return script(shots=[4.0] * count, language=language)
        return script(beats=max(count, 2) if what == "scenes" else count, scenes=count if what == "scenes" else 1, language=language)

    most, least = {what: {"max_count": n}}, {what: {"min_count": n}}
    told = int(number(most, language))
    assert kept(most, of(told), language)
    assert not kept(most, of(told + 1), language)
    told = int(number(least, language))
    assert kept(least, of(told), language)
    if told > 1:
        assert not kept(least, of(told - 1), language)


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 28), st.sampled_from(["en", "zh"]))
def test_seconds_of_shots_turn_at_the_number_that_is_told(halves: int, language: str) -> None:
    seconds = halves / 2
    most, least = {"shots": {"max_seconds": seconds}}, {"shots": {"min_seconds": seconds}}
    assert kept(most, script(shots=[1.0, number(most, language)], language=language), language)
    assert not kept(most, script(shots=[1.0, number(most, language) + 0.1], language=language), language)
    assert kept(least, script(shots=[15.0, number(least, language)], language=language), language)
    assert not kept(least, script(shots=[15.0, number(least, language) - 0.1], language=language), language)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from([1.5, 2.0, 2.5, 4.0, 4.5]), st.sampled_from([0.0, 1.0, 2.0]), st.integers(1, 20), st.sampled_from(["en", "zh"]))
def test_speech_turns_at_the_rate_and_pad_that_are_told(rate: float, pad: float, length: int, language: str) -> None:
    contracts = {"speech": {"words_per_second": rate, "chars_per_second": rate, "pad_seconds": pad}}
    [rule] = Contracts.model_validate(contracts).rules(language)
    told_rate, told_pad = (float(x) for x in re.findall(r"\d+(?:\.\d+)?", rule))
    text = "字" * length if language == "zh" else " ".join(["word"] * length)
    needs = speech_seconds(text, language, told_rate) + told_pad
    if needs <= 15:
        assert kept(contracts, script(text=text, shots=[needs], language=language), language)
    if 0.2 < needs <= 15:
        assert not kept(contracts, script(text=text, shots=[needs - 0.1], language=language), language)


def test_without_shots_a_line_must_fit_the_longest_shot_that_the_contract_allows() -> None:
    contracts = {"speech": {}, "shots": {"max_seconds": 6}}
    assert kept(contracts, script(text=" ".join(["word"] * 10)))
    assert not kept(contracts, script(text=" ".join(["word"] * 11)))


@pytest.mark.parametrize("cast", ["case", ["mei", "zhao"]])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_cast_is_the_one_that_is_told(cast: Any, language: str) -> None:
    [rule] = Contracts.model_validate({"cast": cast}).rules(language)
    assert cast == "case" or all(who in rule for who in cast)
    assert kept({"cast": cast}, script(language=language), language)
    assert not kept({"cast": cast}, script(speaker="gao", language=language), language)


@pytest.mark.parametrize(("language", "word", "inside"), [("en", "fate", "He is fateful."), ("zh", "命运", "")])
def test_words_are_those_that_are_told(language: str, word: str, inside: str) -> None:
    for key in ("forbidden", "required"):
        [rule] = Contracts.model_validate({key: [word]}).rules(language)
        assert word in rule
    with_word = script(text=f"{word}!", language=language)
    assert not kept({"forbidden": [word]}, with_word, language)
    assert kept({"required": [word]}, with_word, language)
    without = script(text=inside or "走。", language=language)
    assert kept({"forbidden": [word]}, without, language)
    assert not kept({"required": [word]}, without, language)


def test_keys_of_the_json_are_no_words_of_the_story() -> None:
    assert kept({"forbidden": ["title", "text", "b0"]}, script())


def test_the_value_is_the_share_of_rules_kept_and_the_evidence_tells_each() -> None:
    found = judged({"cast": "case", "beats": {"max_count": 12}, "shots": {"max_count": 3}}, script(beats=13, speaker="gao"))
    assert (found["contract"].value, found["contract_breaches"].value) == (0.0, 2.0)
    assert found["contract"].reason == "2 of 2 rules broken: cast, beats.max_count"
    rows = {row["clause"]: row for row in found["contract"].evidence["clauses"]}
    assert rows["cast"]["breaches"] == ["gao in b0"]
    assert rows["beats.max_count"]["rule"] == "At most 12 beats."
    assert rows["shots.max_count"]["kept"] is None  # a script without shots has none to count


def test_what_cannot_be_judged_says_why() -> None:
    assert judged({}, script())["contract"].status == "not_applicable"
    assert judged({"shots": {"max_count": 3}}, script())["contract"].status == "not_applicable"
    assert judged({"cast": "case"}, "Sorry.")["contract"].status == "failed"
    sample = Sample("g1", "script", "refused", CASE, "c1", "s1", contracts={"cast": "case"})
    assert {s.status for s in Contract().score([sample])[0]} == {"failed"}
    assert {s.status for s in Contract().score([replace(sample, stage="shot")])[0]} == {"not_applicable"}


def test_arguments_hold_all_arms_to_one_contract() -> None:
    scorer = build("contract", {"beats": {"max_count": 1}})
    assert judged({}, script(beats=2), scorer=scorer)["contract"].value == 0  # type: ignore[arg-type]
    with pytest.raises(ScorerError, match="max_count"):
        build("contract", {"beats": {"max_count": 0}})
    with pytest.raises(ScorerError, match="or `otherwise`"):
        build("contract", {"cast": "case", "otherwise": {"cast": "case"}})


def test_a_template_without_a_contract_is_held_to_the_suites_where_it_has_one() -> None:
    scorer = build("contract", {"otherwise": {"cast": "case"}})
    of_suite, own = (
        judged(told, script(speaker="gao", beats=2), scorer=scorer)["contract"]  # type: ignore[arg-type]
        for told in ({}, {"beats": {"max_count": 2}})
    )
    assert (of_suite.value, own.value) == (0.0, 1.0)
    with pytest.raises(ScorerError, match="cast"):
        build("contract", {"otherwise": {"cast": 7}})


def test_the_starter_suite_holds_plain_scripts_to_what_the_starter_template_declares() -> None:
    [spec] = [s for s in load_suite("script", ROOT / "evals" / "starter" / "suites").scorers if s.name == "contract"]
    version = Registry(ROOT / "prompts" / "starter").resolve("script/episode")
    assert spec.args == {"otherwise": version.front_matter.contracts.model_dump(exclude_unset=True)}
