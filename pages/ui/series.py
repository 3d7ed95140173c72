"""One person through the generations of a series: where an identity drifts shows beside its neighbours, not alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from pages.ui.cached import Stamp, stamp
from runs import query
from runs.compare import Arm
from runs.log import read
from runs.workspace import Workspace

MOST = 12
"""Generations of a series that are looked at; the case itself is always among them."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A person in one generation.

    Attributes:
        case: Its id.
        short: What tells the case from others of its series.
        match: Similarity with the reference; None where the person was not found.
        crop: The face, as an inline picture.
        link: Address of the case's page.
        here: Whether it is the case that is looked at.
    """

    case: str
    short: str
    match: float | None
    crop: str | None
    link: str
    here: bool


def sightings(ws: Workspace, arm: Arm, one: Mapping[str, Any], link: Mapping[str, str]) -> dict[str, list[Sighting]]:
    """Return, by character, the person in all generations of the same arm, series and repeat, in the order of the cases.

    Args:
        ws: The workspace.
        arm: Whose generations.
        one: The generation that is looked at, as `runs.query.generation` gives it.
        link: Address of each case's page, by case id.
    """
    rows = query.generations(ws, arm.run_id, arm=arm.arm)
    rows = rows[(rows["series"] == one["series"]) & (rows["repeat"] == one["repeat"])].sort_values("case_id")
    near = rows.index.get_indexer(rows.index[rows["job_id"] == one["job_id"]])
    first = max(0, min(int(near[0]) - MOST // 2, len(rows) - MOST)) if len(near) else 0
    jobs = tuple(rows["job_id"].iloc[first : first + MOST])
    found: dict[str, list[Sighting]] = {}
    for job_id, case, who, match, crop in _looked(str(ws.root), arm.run_id, jobs, stamp(ws)):
        seen = Sighting(case, _short(case, one["series"]), match, crop, link.get(case, ""), job_id == one["job_id"])
        found.setdefault(who, []).append(seen)
    return found


def _short(case: str, series: str | None) -> str:
    return case.removeprefix(f"{series}-") or case


@st.cache_data(max_entries=16, show_spinner=False)
def _looked(root: str, run_id: str, jobs: Sequence[str], at: Stamp) -> list[tuple[str, str, str, float | None, str | None]]:  # noqa: ARG001
    ws = Workspace(Path(root))
    with read(ws):
        generations = [query.generation(ws, run_id, job_id) for job_id in jobs]
    found = []
    for one in generations:
        evidence = next((s["evidence"] or {} for s in one["scores"] if s["metric"] == "face_consistency"), {})
        for person in evidence.get("expected", []):
            best = _best(evidence, person["character"])
            found.append((one["job_id"], one["case_id"], person["character"], best.get("match"), best.get("crop")))
    return found


def _best(evidence: Mapping[str, Any], who: str) -> Mapping[str, Any]:
    mine = [face for face in evidence.get("faces", []) if face.get("character") == who]
    return max(mine, key=lambda face: face.get("match") or 0.0, default={})
