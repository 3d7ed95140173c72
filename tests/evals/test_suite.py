"""Suites: which cases they choose, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from evals.case import Case
from evals.suite import Suite, load_suite, suite_names
from prompts.errors import InputError, UnknownName

SUITE = """\
name: shot
stage: shot
series:
  explore: [a, b]
  gate: [c]
scorers:
  - face_consistency
  - {name: expression, args: {threshold: 0.6}}
"""


def case(name: str, series: str, stage: str = "shot") -> Case:
    return Case(name, series, stage, {}, {}, "")


CASES = [case("a1", "a"), case("c1", "c"), case("b1", "b"), case("a2", "a"), case("s1", "a", "script"), case("d1", "d")]


def suite(folder: Path, text: str = SUITE) -> Suite:
    (folder / "shot.yaml").write_text(text)
    return load_suite("shot", folder)


def test_a_suite_chooses_its_series_cases_of_its_stage_in_their_order(tmp_path: Path) -> None:
    chosen = suite(tmp_path)
    assert [c.id for c in chosen.cases(CASES)] == ["a1", "c1", "b1", "a2"]
    assert [c.id for c in chosen.cases(CASES, "explore")] == ["a1", "b1", "a2"]
    assert [c.id for c in chosen.cases(CASES, "gate")] == ["c1"]
    assert (chosen.split_of("b"), chosen.split_of("c")) == ("explore", "gate")


def test_only_narrows_it_to_some_cases(tmp_path: Path) -> None:
    chosen = suite(tmp_path, SUITE + "only: [a2, c1]\n")
    assert [c.id for c in chosen.cases(CASES)] == ["c1", "a2"]


def test_a_scorer_is_a_name_or_a_name_with_arguments(tmp_path: Path) -> None:
    scorers = suite(tmp_path).scorers
    assert [(s.name, s.args) for s in scorers] == [("face_consistency", {}), ("expression", {"threshold": 0.6})]


def test_a_suite_is_found_by_name_or_by_path(tmp_path: Path) -> None:
    by_name = suite(tmp_path)
    assert load_suite(tmp_path / "shot.yaml", Path("/nowhere")) == by_name
    assert load_suite(str(tmp_path / "shot.yaml"), Path("/nowhere")) == by_name
    assert suite_names(tmp_path) == ["shot"]


def test_the_hash_is_of_what_decides_not_of_the_description(tmp_path: Path) -> None:
    plain = suite(tmp_path).hash
    assert suite(tmp_path, SUITE + "description: for the shots\n").hash == plain
    assert suite(tmp_path, SUITE.replace("- face_consistency", "- {name: face_consistency}")).hash == plain
    assert suite(tmp_path, SUITE.replace("0.6", "0.7")).hash != plain
    assert suite(tmp_path, SUITE.replace("[a, b]", "[a]")).hash != plain


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[c]", "[c, b]", "shot.yaml:5: series.gate[1]: The series 'b' is in both splits; what is tuned on must not decide."),
        ("[a, b]", "[a, a]", "shot.yaml:4: series.explore[1]: The series 'a' is twice."),
        ("[a, b]\n  gate: [c]", "[]", "shot.yaml:3: series: Name at least one series under explore or gate."),
        ("stage: shot", "stage: judge", "shot.yaml:2: stage: Input should be 'outline', 'script',"),
        ("stage: shot", "stage: shot\ncases: all", "shot.yaml:3: cases: Unknown key. Did you mean series"),
        (
            "  - face_consistency\n  - {name: expression, args: {threshold: 0.6}}",
            "  []",
            "shot.yaml:6: scorers: List should have at least 1",
        ),
        ("name: expression", "nome: expression", "shot.yaml:8: scorers[1].nome: Unknown key. Did you mean name? (and 1 more)"),
        ("  gate: [c]", "  gate: [c", "Malformed YAML"),
    ],
)
def test_a_mistake_is_one_line_with_file_line_and_value(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in SUITE
    with pytest.raises(InputError) as caught:
        suite(tmp_path, SUITE.replace(old, new))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_unknown_suite_names_those_there_are(tmp_path: Path) -> None:
    suite(tmp_path)
    with pytest.raises(UnknownName, match=r"Unknown suite 'shots'\. Did you mean shot\?"):
        load_suite("shots", tmp_path)
    with pytest.raises(InputError, match="There is no such suite file"):
        load_suite(tmp_path / "other.yaml", tmp_path)


def test_a_name_that_leads_out_of_the_folder_is_no_suite(tmp_path: Path) -> None:
    (tmp_path / "suites").mkdir()
    (tmp_path / "secret.yaml").write_text(SUITE)
    with pytest.raises(UnknownName):
        load_suite("../secret", tmp_path / "suites")


def test_a_series_or_case_that_is_not_there_is_an_error_not_an_empty_place(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="'c'"):
        suite(tmp_path).cases([c for c in CASES if c.series != "c"])
    with pytest.raises(UnknownName, match="'a9'"):
        suite(tmp_path, SUITE + "only: [a9]\n").cases(CASES)
    with pytest.raises(UnknownName, match="'z'"):
        suite(tmp_path).split_of("z")


def test_a_split_without_cases_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Suite shot has no case in the split gate"):
        suite(tmp_path, SUITE + "only: [a1]\n").cases(CASES, "gate")


def test_the_schema_tells_an_editor_of_both_ways_to_write_a_scorer() -> None:
    found = Suite.model_json_schema()
    assert {"type": "string"} in found["properties"]["scorers"]["items"]["anyOf"]
    assert found["additionalProperties"] is False
