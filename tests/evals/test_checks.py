"""Each check finds what breaks its rule, where it is broken, and nothing where the rule is kept."""

from __future__ import annotations

import lint_pairs
import logic_pairs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from logic_pairs import Pair

from evals.checks.ledger import FOLD
from evals.checks.registry import BY_ID, CHECKS, run
from evals.checks.world import World
from evals.logic import causes
from prompts.story import Beat, Change, Line, PlannedShot, Scene, Script, Storyboard, Visible

PAIRS = list(logic_pairs.pairs())


@pytest.mark.parametrize("pair", PAIRS, ids=[f"{p.check}: {p.rule}" for p in PAIRS])
def test_a_check_tells_a_kept_rule_from_a_broken_one(pair: Pair) -> None:
    check = BY_ID[pair.check]
    assert run(pair.good, pair.world, [check]) == []
    found = run(pair.bad, pair.bad_world, [check])
    assert pair.at in {f.where[-1] for f in found}
    assert len(causes(found)) == pair.causes, [f.cause for f in found]
    assert any(pair.hint in f.message for f in found), [f.message for f in found]


@pytest.mark.parametrize("pair", PAIRS, ids=[f"{p.check}: {p.rule}" for p in PAIRS])
def test_a_good_script_of_one_check_is_blocked_by_no_other(pair: Pair) -> None:
    assert [f for f in run(pair.good, pair.world) if f.severity == "block"] == []


def test_every_check_has_a_pair_and_every_pair_a_check() -> None:
    prompts = {path.stem for path in lint_pairs.FOLDER.glob("[A-Z]*.yaml")}
    assert {p.check for p in PAIRS} | prompts == {c.id for c in CHECKS}
    assert prompts == {c.id for c in CHECKS if c.lint}


def test_the_table_is_ordered_and_severities_are_those_of_the_catalogue() -> None:
    ids = [c.id for c in CHECKS]
    assert ids == sorted(set(ids))
    assert {c.id for c in CHECKS if c.severity == "block"} == {"C01", "C02", "C03", "C08", "C09", "S01", "S02", "S13", "S15", "T01"}
    assert all(c.version and c.catches for c in CHECKS)


def test_a_finding_says_where_quotes_and_tells_what_to_fix() -> None:
    for pair in PAIRS:
        for finding in run(pair.bad, pair.bad_world, [BY_ID[pair.check]]):
            assert finding.where
            assert finding.quote
            assert finding.message.endswith((".", "?"))
            assert finding.cause.startswith(f"{pair.check}:")


IDS = st.sampled_from(["mei", "zhao", "gao", "mai", "hall", "well", "hairpin", "letter", "drowned", "s1", "s2", "b1"])
MAYBE = st.none() | IDS
TEXTS = st.sampled_from(["", "No.", "你好。", "{{ x }}", "[insert line]", "word " * 40, "\n\t", "字" * 90])
LINE = st.builds(
    Line, id=IDS, speaker=MAYBE, text=TEXTS, kind=st.sampled_from(["dialogue", "vo", "os", "narration"]), asserts=st.lists(IDS, max_size=2)
)
CHANGE = st.builds(Change, kind=st.sampled_from(sorted(FOLD)), who=MAYBE, to=MAYBE, prop=MAYBE, fact=MAYBE, look=MAYBE, place=MAYBE)
BEAT = st.builds(
    Beat,
    id=IDS,
    function=st.sampled_from(["hook", "turn", "cliffhanger", "x"]),
    emotion=st.integers(0, 10),
    action=TEXTS,
    actors=st.lists(IDS, max_size=2),
    props=st.lists(IDS, max_size=2),
    lines=st.lists(LINE, max_size=3),
    changes=st.lists(CHANGE, max_size=3),
)
SCENE = st.builds(
    Scene,
    id=IDS,
    location=IDS,
    daypart=st.sampled_from(["dawn", "night", "x"]),
    story_day=st.integers(-3, 3),
    present=st.lists(IDS, max_size=3),
    flashback=st.booleans(),
    continuous_with=MAYBE,
    postures=st.dictionaries(IDS, st.sampled_from(["sitting", "standing", "x"]), max_size=2),
    beats=st.lists(BEAT, min_size=1, max_size=3),
)
SCRIPTS = st.builds(Script, title=TEXTS, scenes=st.lists(SCENE, min_size=1, max_size=4))
PROMPTS = st.sampled_from(["", "the same room, three people, 16:9", "镜头推近，不要文字", "Camera: pan left", "{{ x }}", "word " * 600])
SHOT = st.builds(
    PlannedShot,
    id=IDS,
    scene=IDS,
    beats=st.lists(IDS, max_size=2),
    lines=st.lists(IDS, max_size=2),
    duration=st.floats(0.1, 15),
    size=st.sampled_from(["wide", "closeup", "insert", "x"]),
    angle=st.sampled_from(["low", "pov", "x"]),
    move=st.sampled_from(["static", "push_in", "x"]),
    visible=st.lists(
        st.builds(Visible, who=IDS, x=st.floats(0, 1), facing=st.sampled_from(["left", "right", "x"]), look=MAYBE), max_size=3
    ),
    postures=st.dictionaries(IDS, st.sampled_from(["sitting", "x"]), max_size=2),
    props=st.lists(IDS, max_size=1),
    crosses_axis=st.booleans(),
    first_frame_prompt=PROMPTS,
    motion_prompt=PROMPTS,
)
BOARDS = st.builds(Storyboard, title=TEXTS, scenes=st.lists(SCENE, min_size=1, max_size=3), shots=st.lists(SHOT, min_size=1, max_size=4))


@pytest.mark.slow
@settings(max_examples=150, deadline=None)
@given(
    SCRIPTS | BOARDS,
    st.sampled_from([World(), logic_pairs.world(), logic_pairs.world({"language": "zh", "profile": {"target_seconds": 60}})]),
)
def test_any_valid_script_goes_through_every_check(script: Script, world: World) -> None:
    before = script.model_dump()
    found = run(script, world)
    assert found == run(script, world)
    assert script.model_dump() == before
    assert all(f.where and f.message and f.cause for f in found)
