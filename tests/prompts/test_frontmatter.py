"""Front matter declares what a template is for; every mistake in it is one line with its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.errors import FrontMatterError
from prompts.frontmatter import FrontMatter, parse, split

FULL = """---
stage: script
description: One episode
inputs:
  series: mapping
  profile: {type: mapping, required: false, description: budgets}
output: script
model:
  temperature: 0.8
references: false
contracts:
  speech: {chars_per_second: 4.5}
  cast: case
  shots: {max_count: 6, min_seconds: 2, max_seconds: 8}
  forbidden: [very]
---
Hello
"""


def test_a_full_front_matter_is_read() -> None:
    """Every key arrives where it belongs, and the body begins behind the second line of dashes."""
    front, parts = parse(FULL, "script/a.j2")
    assert front.stage == "script"
    assert front.inputs["series"].type == "mapping"
    assert front.inputs["series"].required
    assert not front.inputs["profile"].required
    assert front.output == "script"
    assert front.model == {"temperature": 0.8}
    assert front.contracts.speech is not None
    assert front.contracts.speech.pad_seconds == 2.0
    assert parts.body == "Hello\n"
    assert FULL.splitlines()[parts.body_line - 1] == "Hello"


@pytest.mark.parametrize(
    ("meta", "line", "words"),
    [
        ("stage: shot\nstagee: x", 3, "unknown key 'stagee'.*Did you mean stage"),
        ("description: x", 2, "'stage' is missing"),
        ("stage: shots", 2, "stage"),
        ("stage: shot\noutput: poem", 3, "no output schema 'poem'; known: outline, script"),
        ("stage: shot\ninputs:\n  shot: {type: mapping, requird: true}", 4, "unknown key 'inputs.shot.requird'.*required"),
        ("stage: shot\ninputs:\n  shot: picture", 4, "inputs.shot"),
        ("stage: shot\ninputs:\n  not: text", 4, "'not' cannot be the name"),
        ("stage: shot\ninputs:\n  contracts: mapping", 4, "'contracts' cannot be the name"),
        ("stage: shot\nreferences: 3", 3, "references"),
        ("stage: shot\ncontracts:\n  speech:\n    chars_per_second: -1", 5, "greater than 0"),
        ("stage: shot\ncontracts:\n  shots: {min_count: 5, max_count: 2}", 4, "min_count 5 is more than max_count 2"),
        ("stage: shot\ncontracts:\n  casts: case", 4, "unknown key 'contracts.casts'"),
        ("stage: shot\nmodel: &x {a: 1}", 3, "anchors"),
        ("stage: shot\nmodel: {a: 1", 3, "malformed"),
        ("- stage\n- shot", 2, "no mapping"),
        ("", 2, "no mapping"),
        ("stage: shot\nstage: clip", 3, "twice"),
    ],
)
def test_a_mistake_is_named_with_its_line(meta: str, line: int, words: str) -> None:
    """The line is the file's own, counted from its first line of dashes."""
    with pytest.raises(FrontMatterError, match=words) as caught:
        parse(f"---\n{meta}\n---\nbody\n", "shot/a.j2")
    assert (caught.value.path, caught.value.line) == ("shot/a.j2", line)
    assert str(caught.value).startswith(f"shot/a.j2:{line}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("source", ["", "Hello", "----\nstage: shot\n---\n", " ---\nstage: shot\n---\n", "---\nstage: shot\n", "---"])
def test_front_matter_must_be_there_and_closed(source: str) -> None:
    """A template without it is refused, with the way to add it."""
    with pytest.raises(FrontMatterError) as caught:
        split(source, "shot/a.j2")
    assert caught.value.line == 1
    assert "---" in str(caught.value)


def test_a_huge_front_matter_is_refused() -> None:
    """Front matter is a page, not a megabyte."""
    with pytest.raises(FrontMatterError, match="longer than"):
        parse("---\nstage: shot\ndescription: " + "x" * 70_000 + "\n---\n", "shot/a.j2")


def test_dashes_in_the_body_stay_text() -> None:
    """Only the first closing line counts."""
    _, parts = parse("---\nstage: shot\n---\na\n---\nb", "shot/a.j2")
    assert parts.body == "a\n---\nb"


def test_the_json_form_holds_only_what_was_written() -> None:
    """Defaults of later releases must not change the hash of an old template."""
    front, _ = parse("---\nstage: shot\ncontracts: {cast: [mei]}\n---\n", "shot/a.j2")
    assert front.as_json() == {"stage": "shot", "contracts": {"cast": ["mei"]}}


def test_editors_get_a_json_schema() -> None:
    """The model gives a schema that closes the keys and lists the stages."""
    schema = FrontMatter.model_json_schema()
    assert schema["additionalProperties"] is False
    assert "judge" in str(schema["properties"]["stage"])


@given(st.text(max_size=80))
def test_any_text_is_front_matter_or_a_front_matter_error(meta: str) -> None:
    """No text between the dashes brings any other exception about."""
    try:
        parse(f"---\n{meta}\n---\n", "shot/a.j2")
    except FrontMatterError as error:
        assert error.line is not None
