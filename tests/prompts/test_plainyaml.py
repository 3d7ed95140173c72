"""YAML that people write becomes plain data with the line of every value; the rest of YAML is refused with its line."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from prompts.plainyaml import YamlProblem, load

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.floats(allow_nan=False, allow_infinity=False, width=32)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_json_is_read_as_json_reads_it(value: Any) -> None:
    """Any JSON text means the same in both, so that tools may write either."""
    text = json.dumps(value)
    assert load(text).data == json.loads(text)


@pytest.mark.parametrize(
    "word", ["no", "yes", "on", "Off", "2026-01-01", "0o17", "1_000", "0x1f", "12:30", ".inf", ".nan", "zh", "<<", "="]
)
def test_words_that_older_yaml_twists_stay_text(word: str) -> None:
    """`language: no` is Norwegian and a date is what was typed."""
    assert load(f"x: {word}").data == {"x": word}


@pytest.mark.parametrize(
    ("word", "value"), [("12", 12), ("-3", -3), ("0.5", 0.5), ("1e3", 1000.0), ("true", True), ("null", None), ("~", None), ("", None)]
)
def test_numbers_and_the_three_words(word: str, value: object) -> None:
    """Numbers, true, false and null are read as in JSON."""
    assert load(f"x: {word}").data == {"x": value}


def test_quoted_words_are_text() -> None:
    """Quotes make text of anything."""
    assert load("x: '12'\ny: \"true\"").data == {"x": "12", "y": "true"}


def test_every_value_knows_its_line() -> None:
    """Lines count from the file's first line, which the caller gives."""
    plain = load("a: 1\nb:\n  - x\n  - y: 2\n", first_line=5)
    assert plain.line(("a",)) == 5
    assert plain.line(("b", 1, "y")) == 8
    assert plain.line(("b", 1, "nowhere")) == 8


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: &x 1\nb: *x", 1, "anchors"),
        ("a: 1\nb: *x", 2, "anchors"),
        ("a: !!python/object/apply:os.system ['id']", 1, "tags"),
        ("a: !!str 1", 1, "tags"),
        ("a: 1\na: 2", 2, "twice"),
        ("a: 1\n---\nb: 2", 3, "second"),
        ("a: [1", 1, "malformed"),
        ("a: 1\n\tb: 2", 2, "malformed"),
        ("? [1, 2]\n: 3", 1, "key"),
        ("a: " + "[" * 40 + "]" * 40, 1, "deep"),
        ("a: \x07", 1, "malformed"),
        ('a: "\\ud800"', 1, "half a character"),
    ],
)
def test_more_than_plain_data_is_refused_with_its_line(text: str, line: int, words: str) -> None:
    """Each refusal names the line and the thing."""
    with pytest.raises(YamlProblem, match=words) as caught:
        load(text)
    assert caught.value.line == line


def test_a_bomb_of_aliases_is_refused_before_it_unfolds() -> None:
    """The billion laughs are a kilobyte of text and are refused at their first anchor."""
    bomb = "a: &a [lol, lol]\n" + "".join(
        f"{b}: &{b} [*{a},*{a},*{a},*{a},*{a},*{a},*{a},*{a},*{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    with pytest.raises(YamlProblem, match="anchors"):
        load(bomb)


def test_length_is_bounded() -> None:
    """A long text is refused before it is parsed."""
    with pytest.raises(YamlProblem, match="characters long"):
        load("a" * 101, max_characters=100)


@given(st.text(max_size=60))
def test_any_text_is_data_or_a_problem(text: str) -> None:
    """No text brings any other exception about."""
    try:
        load(text)
    except YamlProblem as problem:
        assert problem.line >= 1


@given(st.dictionaries(st.text("abcxyz", min_size=1, max_size=5), st.text("abc: #-\n'\"", max_size=12), max_size=5))
def test_what_a_yaml_writer_writes_is_read_back(value: dict[str, str]) -> None:
    """PyYAML's own output means the same here."""
    assert load(yaml.safe_dump(value)).data == value
