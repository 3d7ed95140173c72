"""Checks: how often each spoke, and what people said of it; a check's precision on a studio's own material."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from evals.waivers import About, judged, load_waivers
from runs.query.frames import COUNT, NUMBER, TEXT, Columns
from runs.query.of_generations import generations
from runs.query.of_scores import findings
from runs.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

CHECKS: Columns = {
    "check": TEXT,
    "severity": TEXT,
    "arm": TEXT,
    "findings": COUNT,
    "generations": COUNT,
    "right": COUNT,
    "meant": COUNT,
    "wrong": COUNT,
    "unjudged": COUNT,
    "precision": NUMBER,
}


def checks(ws: Workspace, run_id: str | None = None) -> pd.DataFrame:
    """Return one row a check, and of a single run one a check and arm. Columns: `CHECKS`.

    `right`, `meant` and `wrong` count findings by what `evals/waivers.yaml` says of them now, whenever they were scored;
    `precision` is (right + meant) / (right + meant + wrong), NaN where nobody has judged a finding yet. `arm` is empty where
    all runs are counted together; `generations` are those with at least one finding.
    """
    import pandas as pd

    found = findings(ws, run_id)
    made = generations(ws, run_id)
    artifacts = {(row["run_id"], row["job_id"]): row["artifact"] for row in made[["run_id", "job_id", "artifact"]].to_dict("records")}
    waivers = load_waivers(ws.evals)
    groups: dict[tuple[str, str, str], list[tuple[str, str]]] = {}
    for row in found.to_dict("records"):
        key = (str(row["run_id"]), str(row["job_id"]))
        waiver = judged(waivers, _about(row, artifacts.get(key)))
        group = (str(row["check"]), str(row["severity"]), str(row["arm"]) if run_id else "")
        groups.setdefault(group, []).append(("/".join(key), waiver.verdict if waiver else "unjudged"))
    rows = [{"check": c, "severity": s, "arm": a, **_counted(of)} for (c, s, a), of in sorted(groups.items())]
    return pd.DataFrame(rows, columns=list(CHECKS)).astype(dict(CHECKS))


def _about(row: dict[Any, Any], artifact: object) -> About:
    return About(
        check=str(row["check"]),
        where=tuple(json.loads(row["where"])),
        quote=str(row["quote"]),
        series=str(row["series"]),
        case=str(row["case_id"]),
        artifacts=(artifact,) if isinstance(artifact, str) else (),
    )


def _counted(of: list[tuple[str, str]]) -> dict[str, float | int | None]:
    said = Counter(verdict for _, verdict in of)
    agreed = said["right"] + said["meant"]
    seen = agreed + said["wrong"]
    return {
        "findings": len(of),
        "generations": len({job for job, _ in of}),
        **{name: said[name] for name in ("right", "meant", "wrong", "unjudged")},
        "precision": agreed / seen if seen else None,
    }
