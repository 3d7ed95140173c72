"""A copy of a text is found, passage by passage, in Chinese and English; another telling of the same tale is not."""

from __future__ import annotations

import json

import pytest
import reuse
from hypothesis import given, settings
from hypothesis import strategies as st

from evals.originality.catalogue import PIECE, Catalogue, text_entries
from evals.originality.find import text_reuse
from evals.originality.passages import covered, passages
from evals.originality.reading import prose
from evals.originality.units import units_of

TALES = reuse.tales()
EVERY = pytest.mark.parametrize("tale", TALES, ids=[t.tale for t in TALES])


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return Catalogue(e for t in TALES for e in text_entries(t.tale, t.text, series=t.tale))


def test_units_are_signs_and_words_whatever_their_width_case_or_marks() -> None:
    units = units_of("Mei 说：走!")
    assert units.words == ("mei", "说", "走")
    assert [units.text[a:b] for a, b in units.places] == ["Mei", "说", "走"]
    assert units_of("ＭＥＩ　说，“走”").words == units.words
    assert units_of("don’t").words == units_of("Don't").words == ("don't",)
    assert not units_of("走" * 3 + "a b c d").chinese
    assert units_of("走").grams().tolist() == []


@EVERY
def test_a_verbatim_copy_inside_another_text_is_found_with_both_passages(tale: reuse.Tale, catalogue: Catalogue) -> None:
    other = next(t for t in TALES if t.language == tale.language and t is not tale)
    third = len(tale.text) // 3
    stolen = tale.text[third : 2 * third]
    (found,) = text_reuse(other.own + stolen + other.own[:40], catalogue)
    assert (found.entry.name, found.relation) == (tale.tale, "other series")
    (passage,) = found.shown()["passages"]
    assert passage["mine"] in stolen
    assert passage["theirs"] in tale.text
    assert passage["similarity"] > 0.9


@EVERY
@pytest.mark.parametrize("rate", [0.1, 0.2])
def test_a_light_edit_is_found(tale: reuse.Tale, rate: float, catalogue: Catalogue) -> None:
    text = reuse.edited(tale.text, tale.language, rate, 1, reuse.foreign_words(tale, TALES))
    assert [r.entry.name for r in text_reuse(text, catalogue)] == [tale.tale]


@EVERY
def test_another_telling_of_the_tale_is_original(tale: reuse.Tale, catalogue: Catalogue) -> None:
    assert text_reuse(tale.own, catalogue) == []


def test_how_an_earlier_work_stands_to_a_new_one_is_said(catalogue: Catalogue) -> None:
    tale = TALES[0]
    outside = Catalogue(text_entries("film", tale.text))
    assert text_reuse(tale.text, outside)[0].relation == "other work"
    assert text_reuse(tale.text, catalogue, facts={"series": tale.tale, "case_id": "e2"})[0].relation == "other episode"
    of_case = Catalogue(text_entries("run/1", tale.text, series="s", case_id="e1"))
    assert text_reuse(tale.text, of_case, facts={"series": "s", "case_id": "e1"})[0].relation == "same case"


def test_what_everybody_writes_proves_nothing() -> None:
    """A sentence that stands in most texts is a formula of the house; the same sentence in one text is a copy."""
    formula = "Previously on this channel she promised to come back before the last train leaves the harbour at night. "
    mine = formula + TALES[0].own
    (found,) = text_reuse(mine, Catalogue(text_entries("one", formula + TALES[1].own)))
    assert found.entry.name == "one"
    houses = Catalogue(e for n in range(12) for e in text_entries(f"{n}", formula + f"word{n} " * 60))
    assert text_reuse(mine, houses) == []


def test_a_long_text_is_kept_in_pieces_and_its_end_is_found() -> None:
    filler = " ".join(f"w{n}" for n in range(2 * PIECE))
    entries = text_entries("novel", f"{filler} {TALES[0].text}")
    assert [e.name for e in entries] == ["novel#1", "novel#2", "novel#3"]
    (found,) = text_reuse(TALES[0].text, Catalogue(entries))
    assert (found.entry.name, found.share) == ("novel#3", 1.0)


def test_only_the_prose_of_a_script_counts() -> None:
    """Keys, ids and closed words of two scripts are the same; what is told is not."""
    beat = {"id": "b1", "function": "turn", "action": "She locks the door.", "lines": [{"id": "l1", "speaker": "mei", "text": "Stay."}]}
    script = {"title": "Night", "scenes": [{"id": "s1", "location": "pier", "beats": [beat]}]}
    assert prose(json.dumps(script)) == "Night\nShe locks the door.\nStay."
    assert prose("```json\n" + json.dumps(script) + "\n```") == "Night\nShe locks the door.\nStay."
    assert prose('She said: "Stay."') == 'She said: "Stay."'
    assert prose('{"title": "cut off') == '{"title": "cut off'


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=200), st.text(max_size=200))
def test_any_two_texts_can_be_compared_and_passages_lie_inside_them(mine: str, other: str) -> None:
    a, b = units_of(mine), units_of(other)
    found = passages(a, b)
    assert all(0 <= p.start < p.end <= len(a) and 0 <= p.other_start < p.other_end <= len(b) for p in found)
    assert covered(found) <= len(a)
    assert all(a.text[left:right] for left, right in a.places)
