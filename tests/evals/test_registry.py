"""Scorers are found by name and built with arguments; whatever is wrong with one is said in one line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from evals import registry
from evals.errors import ScorerError
from evals.score import Sample, Scorer
from prompts.errors import UnknownName

OWN = """
class Own:
    name, version, scope, stages, metrics, cpu_bound = "own", "1", "generation", frozenset({"shot"}), (), False
    def __init__(self, limit): self.limit = limit
    def score(self, group): return [[] for _ in group]
build = Own
"""


def sample(**changes: object) -> Sample:
    return Sample(**{"generation": "g", "stage": "shot", "status": "ok", "case": {}, "case_id": "c", "series": "s"} | changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["cost", "latency", "face_consistency", "expression"])
def test_a_built_in_scorer_is_built_by_name_and_is_a_scorer(name: str) -> None:
    scorer = registry.build(name)
    assert isinstance(scorer, Scorer)
    assert scorer.name == name
    assert name in registry.known()


def test_an_unknown_name_is_answered_with_near_ones() -> None:
    with pytest.raises(UnknownName, match="face_consistency"):
        registry.build("face_consistancy")


def test_an_argument_that_the_scorer_does_not_take_is_named_with_those_that_it_takes() -> None:
    with pytest.raises(ScorerError, match="colour"):
        registry.build("cost", {"colour": 1})


def test_files_of_a_workspace_run_only_when_their_folder_is_handed_in(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(OWN)
    assert "own" not in registry.known()
    with pytest.raises(UnknownName):
        registry.build("own", {"limit": 3})
    assert "own" in registry.known(tmp_path)
    assert registry.build("own", {"limit": 3}, folder=tmp_path).limit == 3  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("1/0", "ZeroDivisionError"),
        ("x = 1", "defines no build"),
        ("build = 3", "not a class"),
        ("def build(): return 1", "lacks name"),
        ("(", "SyntaxError"),
    ],
)
def test_a_broken_scorer_file_is_one_clear_error(tmp_path: Path, source: str, said: str) -> None:
    (tmp_path / "bad.py").write_text(source)
    with pytest.raises(ScorerError, match=said):
        registry.build("bad", folder=tmp_path)


def test_a_missing_required_argument_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(OWN)
    with pytest.raises(ScorerError, match="limit"):
        registry.build("own", folder=tmp_path)


def test_importing_the_registry_imports_no_scorer_and_no_array_library() -> None:
    code = (
        "import sys, evals.registry; print([m for m in ('numpy','scipy','PIL','dlib','evals.expression','pydantic') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_an_unknown_cost_is_not_scoreable_and_never_zero() -> None:
    [[known]], [[unknown]] = registry.build("cost").score([sample(cost_usd=0.04)]), registry.build("cost").score([sample()])
    assert (known.value, known.status) == (0.04, "ok")
    assert (unknown.value, unknown.status, unknown.reason) == (None, "not_scoreable", "price unknown")


def test_a_failed_generation_that_was_paid_for_has_its_cost() -> None:
    [[score]] = registry.build("cost").score([sample(status="failed", cost_usd=0.02)])
    assert score.value == 0.02


def test_latency_is_reported_in_seconds_or_not_at_all() -> None:
    [[one], [none]] = registry.build("latency").score([sample(latency_s=1.5), sample()])
    assert (one.value, none.status) == (1.5, "not_scoreable")
