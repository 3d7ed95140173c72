"""Model text is read strictly and within bounds; whatever it holds, the answer is a value or a reason, and soon."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.parse import MAX_CHARS, MAX_DEPTH, parse_json

SCRIPT = '{"title": "夜", "scenes": [{"id": "s1"}]}'


@pytest.mark.parametrize(
    ("text", "how"),
    [
        (SCRIPT, "plain"),
        (f"\ufeff  {SCRIPT}\n\n", "plain"),
        (f"```json\n{SCRIPT}\n```", "fenced"),
        (f"~~~\n{SCRIPT}\n~~~", "fenced"),
        (f"```json\n{SCRIPT}", "fenced"),
        (f"Sure! Here it is:\n\n```json\n{SCRIPT}\n```\nEnjoy [really].", "fenced"),
        (f"好的，剧本如下：{SCRIPT}", "prose"),
        (f"{SCRIPT}\nI hope you like it!", "prose"),
        (f"A note [sic] on {{braces}} first. {SCRIPT} Done.", "prose"),
        (f"<think>Let me write {{something}}.</think>\n{SCRIPT}", "plain"),
    ],
)
def test_json_is_found_bare_fenced_or_in_prose_and_the_wrapping_is_named(text: str, how: str) -> None:
    parsed = parse_json(text)
    assert parsed.error == ""
    assert (parsed.value, parsed.how) == (json.loads(SCRIPT), how)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("   \n", "empty"),
        ("Sorry, I cannot write that.", "no JSON"),
        (SCRIPT[:-5], "line 1"),
        (f"```json\n{SCRIPT[:-5]}\n```", "line 1"),
        (f"```json\n{SCRIPT[:-5]}", "line 1"),
        ('{"a": 1,}', "line 1"),
        ('{"a": NaN}', "NaN"),
        ('{"a": -Infinity}', "-Infinity"),
        ('{"a": 1e999}', "too large"),
        ('{"a": ' + "9" * 5000 + "}", "too many digits"),
        ('{"a": 1, "a": 2}', "'a' stands twice"),
        ('{"a": "\\ud83d"}', "surrogate"),
        ('{"a": "\ud83d"}', "surrogate"),
        ('{"a": "\x00"}', "control character"),
        ('{"a": "line\nbreak"}', "control character"),
        ("[" * 100_000, "deep"),
        ('{"a":' * 100_000, "deep"),
        ("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "deep"),
        ("x" * (MAX_CHARS + 1), "characters"),
        ("x" * 10_000_000, "10,000,000 characters"),
    ],
)
def test_what_is_not_strict_json_is_refused_with_the_reason(text: str, reason: str) -> None:
    parsed = parse_json(text)
    assert not parsed.ok
    assert reason in parsed.error
    assert len(parsed.error) < 200


def test_a_whole_surrogate_pair_is_a_character() -> None:
    assert parse_json('{"a": "\\ud83d\\ude00 \\\\ud83d"}').value == {"a": "😀 \\ud83d"}


def test_nesting_up_to_the_bound_is_read() -> None:
    assert parse_json("[" * MAX_DEPTH + "1" + "]" * MAX_DEPTH).ok


@pytest.mark.parametrize(
    "text",
    [
        "{" * 400_000,
        "x[" * 300_000,
        '{"' * 300_000,
        '"' * 900_000,
        "\\" * 900_000,
        "```json\n" * 100_000,
        "```\n" * 200_000,
        "[1] " * 200_000,
        '{"a' + "\\u0041" * 100_000,
        "<think>" * 100_000,
    ],
    ids=["braces", "brackets", "open keys", "quotes", "backslashes", "fences", "bare fences", "short lists", "escapes", "thoughts"],
)
def test_hostile_text_of_the_largest_size_is_answered_in_linear_time(text: str) -> None:
    """Seconds of processor time, far above what is usual, for quadratic reading would take minutes."""
    start = time.process_time()
    parse_json(text)
    assert time.process_time() - start < 20


@settings(max_examples=200, deadline=None)
@given(st.text())
def test_no_text_at_all_raises(text: str) -> None:
    parsed = parse_json(text)
    assert parsed.ok == (parsed.error == "")


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4),
    max_leaves=10,
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), values, max_size=4), st.booleans(), st.booleans())
def test_every_json_object_is_read_as_it_was_written(value: dict[str, object], escaped: bool, fenced: bool) -> None:
    text = json.dumps(value, ensure_ascii=escaped, indent=1)
    parsed = parse_json(f"```json\n{text}\n```" if fenced else text)
    assert parsed.ok or "Nested" in parsed.error
    assert not parsed.ok or parsed.value == value
