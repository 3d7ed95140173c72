"""The response function: what a prompt states is fixed, what it leaves open is drawn anew."""

from __future__ import annotations

from dataclasses import asdict
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runs.studio import direction as d
from runs.studio.cast import cast
from runs.studio.identity import PARAMETERS, RANGES
from runs.studio.lexicon import APPEARANCE, Entry, found, stated
from runs.studio.prompt import read
from runs.studio.table import response_table

DOCS = Path(__file__).parents[3] / "docs" / "studio.md"
ENTRIES = [pytest.param(entry, id=f"{entry.topic}: {entry.english[0]}") for entry in APPEARANCE]


def example(phrase: str) -> str:
    """Return a text that a phrase of the small language matches."""
    return phrase.replace(" .. ", " very ").replace("*", "").replace("#", "5")


def last_word(text: str) -> dict[str, float]:
    """Return what a text fixes by the rule of the table, written out: later entries win."""
    fixed: dict[str, float] = {}
    for entry in APPEARANCE:
        if found(entry, text):
            fixed.update(entry.sets)
    return fixed


def drawn(prompt: str, seed: int) -> dict[str, float]:
    return asdict(cast(read(prompt), (), seed, prompt)[0].identity)


@pytest.mark.parametrize("entry", ENTRIES)
def test_each_phrase_is_found_and_fixes_what_the_table_says(entry: Entry) -> None:
    for text in [example(p) for p in entry.english] + list(entry.chinese):
        assert found(entry, text), text
        fixed = stated(text)
        assert fixed.items() >= last_word(text).items(), text
        assert set(entry.sets) <= set(fixed), text


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_stated_attribute_stays_put_while_the_rest_drifts_from_seed_to_seed(entry: Entry) -> None:
    prompt = f"A portrait. {example(entry.english[0])}."
    fixed = stated(prompt)
    people = [drawn(prompt, seed) for seed in range(12)]
    for name, position in fixed.items():
        assert max(abs(p[name] - position) for p in people) < 0.12, name
    free = [n for n in ("width", "nose_length", "mouth_width", "eye_gap", "cheek") if n not in fixed]
    for name in free:
        assert np.std([p[name] for p in people]) > 0.1, name


def test_another_prompt_with_the_same_seed_draws_another_face() -> None:
    first, second = drawn("Mei is angry.", 1), drawn("Mei is angry!", 1)
    assert sum(abs(first[n] - second[n]) > 0.05 for n in PARAMETERS) > 15


def test_every_parameter_that_the_table_sets_exists_and_lies_in_its_range() -> None:
    for entry in APPEARANCE:
        for name, position in {**entry.sets, **entry.hints}.items():
            assert name in PARAMETERS
            assert 0 <= position <= 1
    assert set(RANGES) <= set(PARAMETERS)


def test_words_are_matched_whole_and_without_regard_to_case() -> None:
    assert stated("LONG, straight BLACK hair")["hair_colour"] == 0.02
    assert "sex" not in stated("the heritage of mankind")
    assert "beard" not in stated("a bearing of iron")


def test_grey_hair_comes_with_age_only_where_no_other_colour_is_stated() -> None:
    assert stated("an elderly woman")["hair_colour"] == 0.95
    assert stated("an elderly woman, black hair")["hair_colour"] == 0.02


@pytest.mark.parametrize("emotion", list(d.EMOTION_WORDS))
def test_each_emotion_word_of_the_table_is_read(emotion: str) -> None:
    words = d.EMOTION_WORDS[emotion]
    for text in [example(p) for p in words.english] + list(words.chinese):
        assert read(f"{text}").people[0].emotion == emotion, text


@pytest.mark.parametrize("name", list(d.ACTING))
def test_each_acting_direction_of_the_table_is_read(name: str) -> None:
    words = d.ACTING[name].words
    for text in [example(p) for p in words.english] + list(words.chinese):
        assert name in read(text).people[0].directions, text


@given(st.lists(st.sampled_from(sorted(d.ACTING)), max_size=6))
def test_more_direction_never_weakens_an_expression(names: list[str]) -> None:
    prompt = "Mei is angry."
    amplitudes, totals = [], []
    for name in ["", *names]:
        prompt += f" {example(d.ACTING[name].words.english[0])}," if name else ""
        person = read(prompt).people[0]
        amplitudes.append(person.amplitude)
        totals.append(sum(abs(v) for v in asdict(person.units()).values()))
    assert amplitudes == sorted(amplitudes)
    assert all(later >= earlier - 1e-9 for earlier, later in pairwise(totals))


def test_amplitude_grows_with_direction_and_words_of_degree() -> None:
    def amplitude(text: str) -> float:
        return read(text).people[0].amplitude

    bare, one, two = amplitude("angry"), amplitude("angry, jaw clenched"), amplitude("angry, jaw clenched, brows furrowed")
    assert bare == pytest.approx(d.BASE_AMPLITUDE)
    assert bare < one < two
    assert amplitude("slightly angry") < bare < amplitude("intensely angry")
    assert amplitude("angry, intensity 0.2") < amplitude("angry, intensity 0.9")
    assert amplitude("angry, intensity 9/10") > amplitude("angry, intensity 2/10")


def test_motion_grows_with_timing_words() -> None:
    bare = read("Mei is angry.").people[0].motion
    timed = read("From calm to angry, slowly.").people[0].motion
    assert bare == pytest.approx(d.BASE_MOTION)
    assert timed > bare + 0.4


def test_the_document_shows_the_tables_as_they_are() -> None:
    assert response_table() in DOCS.read_text(encoding="utf-8"), "run: python -m runs.studio.table docs/studio.md"
