"""The schema scorer says whether a text is what was asked for, and where it is not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evals.errors import ScorerError
from evals.registry import build
from evals.schema import MAX_ERRORS, Schema, path, read
from evals.score import Media, Sample, Score

SCRIPT = {
    "title": "夜",
    "scenes": [
        {
            "id": "s1",
            "location": "hall",
            "daypart": "night",
            "present": [],
            "beats": [{"id": "b1", "function": "hook", "emotion": 5, "action": "A."}],
        }
    ],
}
OUTLINE = {"title": "T", "logline": "L", "core_conflict": "C", "opening_hook": "H", "key_events": ["1", "2", "3"], "cliffhanger": "E"}


def score(folder: Path, text: str, stage: str = "script", status: str = "ok", schema: str = "") -> Score:
    file = folder / "answer.txt"
    file.write_bytes(text.encode("utf-8", "surrogatepass"))
    [[out]] = Schema(schema).score([Sample("g", stage, status, {}, "c", "s", (Media("text", "0", "text/plain", file),))])
    return out


@pytest.mark.parametrize(("stage", "value"), [("script", SCRIPT), ("outline", OUTLINE)])
def test_what_was_asked_for_scores_one(tmp_path: Path, stage: str, value: object) -> None:
    out = score(tmp_path, json.dumps(value), stage)
    assert (out.value, out.status, out.reason) == (1.0, "ok", "valid")
    assert out.evidence == {"schema": stage, "how": "plain", "errors": [], "total": 0, "repaired": False}


def test_wrapping_is_allowed_and_named(tmp_path: Path) -> None:
    assert score(tmp_path, f"```json\n{json.dumps(SCRIPT)}\n```").reason == "valid, in a code fence"
    assert score(tmp_path, f"Here you go: {json.dumps(SCRIPT)} Bye.").reason == "valid, with text around it"


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"emotion": "tense"}, "scenes[0].beats[0].emotion"),
        ({"emotion": "7"}, "scenes[0].beats[0].emotion"),
        ({"emotion": 11}, "scenes[0].beats[0].emotion"),
        ({"camera": "close-up"}, "scenes[0].beats[0].camera"),
        ({"lines": [{"id": "l1", "text": "x", "kind": "shout"}]}, "scenes[0].beats[0].lines[0].kind"),
        ({"lines": [{"id": "王生", "text": "x"}]}, "scenes[0].beats[0].lines[0].id"),
    ],
)
def test_a_wrong_value_is_named_by_its_path(tmp_path: Path, change: dict[str, object], place: str) -> None:
    value = json.loads(json.dumps(SCRIPT))
    value["scenes"][0]["beats"][0].update(change)
    out = score(tmp_path, json.dumps(value))
    assert (out.value, out.status) == (0.0, "ok")
    assert out.evidence["errors"][0]["path"] == place
    assert out.reason.startswith(f"{place}: ")
    assert out.evidence["repaired"] is False


@pytest.mark.parametrize(
    "text",
    ["", "null", "[]", "7", '"x"', "Sorry.", "{", '{"title": "\\ud800"}', "[" * 5000, '{"a": NaN}', "\ud800", "\x00\x01", "x" * 10_000_000],
)
def test_hostile_text_scores_zero_with_a_short_reason(tmp_path: Path, text: str) -> None:
    out = score(tmp_path, text)
    assert (out.value, out.status) == (0.0, "ok")
    assert 0 < len(out.reason) < 300


def test_a_million_wrong_values_are_counted_and_few_are_shown() -> None:
    found = read(json.dumps({"title": "x", "scenes": [1] * 200_000}), "script")
    assert found.total == 200_000
    assert len(found.errors) == MAX_ERRORS
    assert found.reason().endswith("(and 199999 more)")


def test_a_key_of_hostile_length_is_cut() -> None:
    assert path(("k" * 5000, 3)) == "k" * 60 + "[3]"


def test_a_failed_generation_has_failed_and_a_picture_has_no_schema(tmp_path: Path) -> None:
    assert score(tmp_path, "", status="failed").status == "failed"
    assert score(tmp_path, "", stage="shot").status == "not_applicable"


def test_a_schema_may_be_named_and_must_be_known(tmp_path: Path) -> None:
    assert score(tmp_path, json.dumps(OUTLINE), stage="judge", schema="outline").value == 1.0
    with pytest.raises(ScorerError, match="Known: outline, script"):
        build("schema", {"schema": "sonnet"})
