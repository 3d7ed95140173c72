"""Each check of prompts finds what breaks its rule, and nothing where the rule is kept."""

from __future__ import annotations

import lint_pairs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lint_pairs import Pair

from evals.checks.prompt import Prompt
from evals.checks.registry import BY_ID, lint
from evals.checks.targets import USUAL, target, targets, usual
from prompts.errors import UnknownName
from prompts.frontmatter import STAGES
from prompts.story import MOVES, SIZES

PAIRS = list(lint_pairs.pairs())


@pytest.mark.parametrize("pair", PAIRS, ids=[f"{p.check}: {p.rule}" for p in PAIRS])
def test_a_check_tells_a_kept_rule_from_a_broken_one(pair: Pair) -> None:
    check = BY_ID[pair.check]
    assert lint(pair.good, [check]) == []
    found = lint(pair.bad, [check])
    assert found
    assert any(pair.hint in f.message for f in found), [f.message for f in found]
    for finding in found:
        assert finding.where
        assert finding.quote
        assert finding.message.endswith((".", "?"))
        assert finding.cause.startswith(f"{pair.check}:")


TEXTS = st.text(st.sampled_from("ab {}%$<>\n“”\"'：,.;—不没同一二人3:69"), max_size=60) | st.sampled_from(
    ["", "Camera:", "the same room", "三个人", "--no text", "{{ x }}", "None", "long " * 600, "\u0000", "镜头" * 400]
)


@settings(max_examples=200, deadline=None)
@given(TEXTS, st.sampled_from(STAGES), st.sampled_from([[], ["mei"], ["mei", "zhao"]]), st.sampled_from(SIZES), st.sampled_from(MOVES))
def test_any_text_goes_through_every_check(text: str, stage: str, see: list[str], size: str, move: str) -> None:
    entry = {"stage": "character" if stage == "character" else "clip", "see": see or ["mei"], "shot": {"size": size, "move": move}}
    prompt = lint_pairs.prompt(entry, text)
    assert lint(prompt) == lint(prompt)
    assert lint(Prompt(text, stage)) == lint(Prompt(text, stage))


def test_a_picture_prompt_that_nobody_reads_to_its_end_is_told_also_where_no_limit_refuses_it() -> None:
    endless = next(name for name, found in targets().items() if found.max_characters is None and "shot" in found.stages)
    check = [BY_ID["S13"]]
    assert lint(lint_pairs.prompt({"target": endless}, "word " * 500), check) == []
    (found,) = lint(lint_pairs.prompt({"target": endless}, "word " * 501), check)
    assert (found.severity, found.quote) == ("warn", "501 words")


def test_targets_say_where_their_numbers_come_from() -> None:
    for name, found in targets().items():
        assert found.name == name
        assert found.source
        assert found.read.year >= 2026
        assert set(found.stages) <= set(STAGES)
    assert all(stage in target(name).stages for stage, name in USUAL.items())
    assert usual("script") is None


def test_an_unknown_target_is_named_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="Did you mean kling"):
        target("klingg")


def test_a_limit_of_a_target_is_the_one_that_counts() -> None:
    long = lint_pairs.prompt({"stage": "clip", "target": "wan", "shot": {"duration": 12}}, "She turns. " * 73)
    assert [f.quote for f in lint(long, [BY_ID["S13"]])] == ["803 characters", "12 s"]
    assert lint(lint_pairs.prompt({"stage": "clip", "target": "kling"}, "She turns. " * 73), [BY_ID["S13"]]) == []
