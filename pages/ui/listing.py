"""The cases that the Case page leafs through: those of two compared arms, or of one arm alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pages.ui import cached
from pages.ui.cases import FILTERS, listed
from prompts.errors import UnknownName
from runs import query
from runs.compare import Arm, find_arms
from runs.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Listing:
    """One or two arms, their generations, and the cases in the order in which they are looked at.

    `frame` has a row a generation with `arm` (its address), `case`, `repeat` and `job_id`.
    """

    arms: tuple[Arm, ...]
    frame: pd.DataFrame
    order: tuple[str, ...]
    sorted_by: str

    @property
    def address(self) -> Mapping[str, str]:
        """Return what the address of a page says of the arms."""
        return dict(zip("ab", (arm.address for arm in self.arms), strict=False))


def listing(ws: Workspace, a: str, b: str | None, metric: str | None, *, wanted: str | None = None, case: str | None = None) -> Listing:
    """Return the cases of arm A, or of A and B, the largest loss (of one arm: the lowest score) first.

    Args:
        ws: The workspace.
        a: Address of an arm.
        b: Address of the arm that it is compared with, if it is.
        metric: By which the cases are ordered.
        wanted: One of the filters of Compare's list: these cases alone, in its order, if `case` is one of them.
        case: The one that is looked at.

    Raises:
        UnknownName: There is no such arm.
        InputError: The arms cannot be compared, or nothing was generated.
    """
    return _of_one(ws, a, metric) if b is None else _of_two(ws, a, b, metric, wanted, case)


def _of_two(ws: Workspace, a: str, b: str, metric: str | None, wanted: str | None, case: str | None) -> Listing:
    pair = cached.comparison(ws, *(cached.found_arms if ":" in a and ":" in b else find_arms)(ws, a, b))
    results = [r.metric.name for r in pair.comparison.results if r.cases]
    name = metric if metric in results else (results[0] if results else None)
    cases = pair.comparison.cases(name) if name else None
    if cases is not None and wanted is not None and wanted in FILTERS and wanted != "all":
        kept = tuple(listed(cases, wanted)["case"])
        if case is None or case in kept:
            first = "the largest gain" if wanted == "better" else "the largest loss"
            told = f"{FILTERS[wanted]} by {str(name).replace('_', ' ')}, {first} first"
            return Listing((pair.a, pair.b), pair.frame, kept, told)
    ranked = list(cases["case"]) if cases is not None else []
    order = (*ranked, *(case for case in sorted(pair.frame["case"].unique()) if case not in set(ranked)))
    return Listing((pair.a, pair.b), pair.frame, order, "the largest loss first")


def _of_one(ws: Workspace, address: str, metric: str | None) -> Listing:
    arms = query.arms(ws)
    addresses = arms["run_id"] + ":" + arms["arm"]
    if address not in set(addresses):
        raise UnknownName("arm", address, addresses)
    row = arms[addresses == address].iloc[0]
    arm = Arm(**{name: str(row[name]) for name in _NAMES}, simulated=bool(row["simulated"]))
    frame = query.generations(ws, arm.run_id, arm=arm.arm).rename(columns={"case_id": "case"}).assign(arm=address)
    return Listing((arm,), frame, _worst_first(frame, query.scores(ws, arm.run_id), metric), "the lowest score first")


_NAMES = ("run_id", "arm", "ref", "version", "template", "model", "provider")


def _worst_first(frame: pd.DataFrame, scores: pd.DataFrame, metric: str | None) -> tuple[str, ...]:
    """Return the cases by their mean score of a metric, or of the first primary one; those without a score first."""
    mine = scores[scores["job_id"].isin(frame["job_id"])]
    primary = mine[mine["primary"].fillna(value=False).astype(bool) & (mine["direction"] == "up")]["metric"]
    name: Any = metric if metric in set(mine["metric"]) else next(iter(primary), None)
    of_metric = mine[mine["metric"] == name]
    sign = -1.0 if (of_metric["direction"] == "down").any() else 1.0
    means = (sign * of_metric.groupby("case_id")["value"].mean()).to_dict()
    known = {case: value for case, value in means.items() if value == value}
    return tuple(sorted(frame["case"].unique(), key=lambda case: (known.get(case, float("-inf")), str(case))))
