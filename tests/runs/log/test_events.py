"""Events: what goes into a journal comes out of it."""

from __future__ import annotations

import log_story as story
import orjson
import pytest

from runs import events as ev


@pytest.mark.parametrize(
    "event",
    [*story.story("r", 2), ev.Note(run_id="r", text="x"), ev.Scorers(run_id="r", scorers=[]), story.judged("r")],
    ids=lambda e: e.type,
)
def test_an_event_survives_the_way_through_json(event: ev.AnyEvent) -> None:
    data = orjson.loads(orjson.dumps(event.to_dict()))
    back = ev.parse(data)
    assert back is not None
    assert orjson.loads(orjson.dumps(back.to_dict())) == data


def test_an_event_of_an_unknown_type_is_passed_over() -> None:
    assert ev.parse({"type": "dream", "run_id": "r", "at": story.at(0)}) is None


def test_an_unknown_key_is_passed_over() -> None:
    event = ev.parse({"type": "note", "run_id": "r", "at": story.at(0), "text": "hello", "mood": "good"})
    assert event == ev.Note(run_id="r", at=story.at(0), text="hello")


def test_a_missing_key_is_an_error_that_names_the_event() -> None:
    with pytest.raises(ValueError, match="claim"):
        ev.parse({"type": "claim", "run_id": "r"})


def test_times_are_utc_and_sort_as_text() -> None:
    first, second = ev.now(), ev.now()
    assert first <= second
    assert first.endswith("Z")
    assert len(first) == len("2026-11-24T01:57:00.123456Z")
