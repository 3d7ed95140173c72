"""Slices of a comparison by what the log knows of its cases: characters, emotions, sizes of shot, series.

traits = query.case_traits(ws, [pair.a.run_id, pair.b.run_id])
by = usual(offered(traits))                                  # "emotion"
sliced(pair.comparison, "face_consistency", traits, by)      # a slice a value, the largest loss first
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from evals.compare import Comparison
from evals.slices import Slice, slices
from runs import query

if TYPE_CHECKING:
    import pandas as pd

BY_CASE = frozenset({"series", "episode"})
"""Slices of one unit each: within them only cases can be counted."""


def offered(traits: pd.DataFrame) -> list[str]:
    """Return the traits in which cases differ; `traits` as `runs.query.case_traits` gives them."""
    return [name for name in query.TRAITS if traits.loc[traits["trait"] == name, "value"].nunique() > 1]


def usual(names: Sequence[str]) -> str:
    """Return what is sliced by where nobody says otherwise."""
    return "emotion" if "emotion" in names else names[0]


def values(traits: pd.DataFrame, by: str) -> Mapping[str, list[str]]:
    """Return the values of a trait by case."""
    mine = traits[traits["trait"] == by]
    return {str(case): [str(value) for value in of_case] for case, of_case in mine.groupby("case_id")["value"]}


def sliced(comparison: Comparison, metric: str, traits: pd.DataFrame, by: str) -> list[Slice]:
    """Return a slice a value of a trait, the largest loss first.

    Raises:
        UnknownName: The metric was not compared.
    """
    return slices(comparison, metric, values(traits, by), by_case=by in BY_CASE)


def units_of(comparison: Comparison, by: str) -> str:
    """Return what counts as independent within the slices of a trait."""
    return "cases" if by in BY_CASE else comparison.unit
