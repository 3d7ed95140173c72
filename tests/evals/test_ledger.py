"""The ledger: what is true at every beat, by presence and declared changes alone."""

from __future__ import annotations

from typing import Any

import logic_pairs
import pytest

from evals.checks.ledger import FOLD, Ledger, Moment, build
from prompts.story import Change

WORLD = logic_pairs.world()
Json = dict[str, Any]


def fold(*scenes: Json) -> Ledger:
    return build(logic_pairs.script(list(scenes)), WORLD)


def moments(*scenes: Json) -> tuple[Moment, ...]:
    return fold(*scenes).moments


def test_an_episode_begins_as_its_case_says() -> None:
    [first] = moments({"beats": [{}]})
    assert first.before.holder == {"hairpin": "mei"}
    assert first.before.looks == {"mei": "maid", "zhao": None, "gao": None}
    assert first.before.knows == {"mei": {"drowned"}}
    assert first.before.present == {"mei", "zhao"}
    assert first.before.dead == {}


def test_a_change_takes_effect_after_its_beat_and_the_beat_shows_both() -> None:
    leaving, after = moments({"beats": [{"changes": ["exit mei"]}, {}]})
    assert leaving.there("mei")
    assert not after.there("mei")
    assert after.before.since["mei"] == "b1"


def test_a_prop_goes_from_hand_to_hand() -> None:
    chain = [
        {"kind": "give", "who": "mei", "to": "zhao", "prop": "hairpin"},
        {"kind": "drop", "who": "zhao", "prop": "hairpin"},
        {"kind": "hold", "who": "gao", "prop": "hairpin"},
        {"kind": "give", "who": "gao", "to": "mei", "prop": "hairpin"},
    ]
    states = [m.after for m in moments({"beats": [{"changes": [c]} for c in chain]})]
    assert [s.holder["hairpin"] for s in states] == ["zhao", None, "gao", "mei"]
    assert [s.handed["hairpin"] for s in states] == ["b1", "b2", "b3", "b4"]
    assert [s.lies.get("hairpin") for s in states] == [None, "hall", None, None]


def test_several_changes_of_one_beat_are_folded_in_their_order() -> None:
    [only] = moments({"beats": [{"changes": ["exit mei", "enter mei", "exit mei"]}]})
    assert [("mei" in s.before.present) for s in only.steps] == [True, False, True]
    assert "mei" not in only.after.present


def test_a_flashback_knows_neither_deaths_nor_gifts_and_leaves_only_knowledge_behind() -> None:
    past = {
        "flashback": True,
        "present": ["gao", "zhao"],
        "beats": [
            {"changes": ["die gao", {"kind": "hold", "who": "gao", "prop": "letter"}, {"kind": "learn", "who": "zhao", "fact": "drowned"}]}
        ],
    }
    book = fold(
        {"beats": [{"changes": ["die zhao", {"kind": "drop", "who": "mei", "prop": "hairpin"}]}]}, past, {"present": ["mei"], "beats": [{}]}
    )
    assert book.begins["s2"].dead == {}
    assert book.begins["s2"].holder == {}
    now = book.begins["s3"]
    assert set(now.dead) == {"zhao"}
    assert now.holder == {"hairpin": None}
    assert now.knows["zhao"] == {"drowned"}


def test_the_dead_stay_dead_until_they_are_revived_and_ghosts_do_not_die() -> None:
    told = moments(
        {"present": ["mei", "zhao", "gao"], "beats": [{"changes": ["die zhao", "die gao"]}, {}, {"changes": ["revive zhao"]}, {}]}
    )
    assert [m.dead("zhao") for m in told] == [False, True, False, False]
    assert not any(m.dead("gao") for m in told)
    assert told[1].before.dead == {"zhao": "b1"}


def test_who_hears_a_fact_knows_it_and_who_is_away_does_not() -> None:
    line = {"id": "x", "speaker": "mei", "text": "I drowned.", "asserts": ["drowned"]}
    [told] = moments({"beats": [{"lines": [line]}]})
    assert told.after.knows["zhao"] == {"drowned"}
    assert "gao" not in told.after.knows


@pytest.mark.parametrize("kind", ["vo", "narration"])
def test_what_only_the_audience_hears_teaches_nobody(kind: str) -> None:
    line = {"id": "x", "speaker": "mei", "text": "I drowned.", "asserts": ["drowned"], "kind": kind}
    [told] = moments({"beats": [{"lines": [line]}]})
    assert "zhao" not in told.after.knows


def test_off_screen_speech_is_heard_by_those_in_the_room() -> None:
    line = {"id": "x", "speaker": "mei", "text": "I drowned.", "asserts": ["drowned"], "kind": "os"}
    [told] = moments({"present": ["zhao"], "beats": [{"lines": [line]}]})
    assert told.after.knows["zhao"] == {"drowned"}


def test_a_revelation_reaches_all_who_are_there() -> None:
    [told] = moments({"present": ["zhao", "gao"], "beats": [{"changes": [{"kind": "reveal", "fact": "drowned"}]}]})
    assert told.after.knows["zhao"] == told.after.knows["gao"] == {"drowned"}


def test_wounds_and_looks_are_worn_until_they_change() -> None:
    hurt, healed = moments(
        {"beats": [{"changes": [{"kind": "injure", "who": "mei", "look": "bloody"}]}, {"changes": [{"kind": "time_jump"}]}]}
    )
    assert hurt.after.looks["mei"] == "bloody"
    assert hurt.after.hurt["mei"] == ("b1", 1, "maid")
    assert healed.after.hurt == {}
    assert healed.after.jumps == 1


def test_moving_away_is_leaving_for_a_known_place() -> None:
    gone, back = moments(
        {
            "beats": [
                {"changes": [{"kind": "move", "who": "mei", "place": "well"}]},
                {"changes": [{"kind": "move", "who": "mei", "place": "hall"}]},
            ]
        }
    )
    assert "mei" not in gone.after.present
    assert gone.after.place["mei"] == "well"
    assert "mei" in back.after.present


@pytest.mark.parametrize("kind", sorted(FOLD))
def test_a_change_that_says_nothing_changes_nothing_and_breaks_nothing(kind: str) -> None:
    [only] = moments({"beats": [{"changes": [{"kind": kind}]}]})
    if kind != "time_jump":
        assert only.after == only.before


def test_every_kind_of_change_is_folded() -> None:
    assert set(FOLD) == set(Change.model_fields["kind"].annotation.__args__)  # type: ignore[union-attr]
