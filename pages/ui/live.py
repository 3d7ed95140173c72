"""A run that is going on, as people watch one: how far, how fast, what it costs, what went wrong and what came out last."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from evals.result import RATIO_UNITS
from pages.ui import shell
from runs import query
from runs.errors import MediaError
from runs.settling import Doubtful
from runs.workspace import Workspace

TEXT_CHARS = 220
JSON_BYTES = 8192
"""So much of a JSON text holds the first sentences of it."""
TEXTS = ("text/", "application/json")


def figures(now: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what matters of a run's progress, as (label, figure); what is not known is left out.

    Args:
        now: As `runs.query.progress` gives it.
    """
    queued = max(0, now["jobs"] - now["done"])
    found = [("Done", f"{now['done']} of {now['jobs']}"), ("Failed", str(now["failed"])), ("Refused", str(now["refused"]))]
    found.append(("Queued", str(queued)))
    found.append(("Spent", spent(now)))
    if now["rate_per_s"] and now["state"] == "running":
        found.append(("Speed", speed(now["rate_per_s"])))
    if now["eta_s"]:
        found.append(("Left", duration(now["eta_s"])))
    return found


def chain_spent(ws: Workspace, now: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what all runs of a run's chain have cost, as (label, figure): each paid call once; nothing for a run of no chain."""
    if not now["chain"]:
        return []
    costs = query.chain_costs(ws, now["chain"])["cost_usd"]
    return [(f"Chain {now['chain']}", f"${costs.sum():.2f}" if costs.notna().any() else "unknown")]


def spent(now: Mapping[str, Any]) -> str:
    """Return the spend, against the budget where there is one; an unknown cost is said to be unknown."""
    cost = f"${now['cost_usd']:.2f}" if now["cost_usd"] is not None else "unknown" if now["done"] else "–"
    return cost if now["budget_usd"] is None else f"{cost} of ${now['budget_usd']:.2f}"


def speed(per_s: float) -> str:
    """Return a speed in the unit in which it is a readable number."""
    return f"{per_s:.1f} / s" if per_s >= 1 else f"{per_s * 60:.0f} / min" if per_s * 60 >= 1 else f"{per_s * 3600:.0f} / h"


def duration(seconds: float) -> str:
    """Return a span of time in words."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def errors(run_id: str, found: pd.DataFrame) -> pd.DataFrame:
    """Return what went wrong, alike messages together, with a link to the latest one."""
    said = [" · ".join(filter(None, (spaced(row["status"]), spaced(row["error"])))) for row in found.to_dict("records")]
    return pd.DataFrame(
        {
            "Times": found["count"],
            "What": said,
            "In": [f"arm {who.upper()}" if kind == "generation" else who for kind, who in zip(found["kind"], found["who"], strict=True)],
            "Message": [shell.shortened(text) for text in found["message"]],
            "Latest": [case(run_id, arm, case_id) for arm, case_id in zip(found["arm"], found["case_id"], strict=True)],
        }
    )


def case(run_id: str, arm: object, case_id: object) -> str | None:
    """Return a link to one case of one arm."""
    return shell.link("case", a=f"{run_id}:{arm}", case=case_id) if isinstance(arm, str) and isinstance(case_id, str) else None


def outputs(ws: Workspace, run_id: str, found: pd.DataFrame) -> pd.DataFrame:
    """Return what came in last: posters of pictures and clips, beginnings of texts, and reasons where there is nothing."""
    posters = [shell.poster(sha, kind) for sha, kind in zip(found["artifact"], found["media_type"], strict=True)]
    frame = pd.DataFrame({"Output": posters}) if any(posters) else pd.DataFrame(index=found.index)
    frame["Version"] = [f"{arm.upper()} · {ref}" for arm, ref in zip(found["arm"], found["ref"], strict=True)]
    frame["Case"] = [case(run_id, arm, case_id) for arm, case_id in zip(found["arm"], found["case_id"], strict=True)]
    if "value" in found:
        frame["Score"] = found["value"]
        frame["Why"] = [_why(row) for row in found.to_dict("records")]
    else:
        frame["Status"] = found["status"].map(spaced)
        frame["Beginning"] = [_said(ws, row) for row in found.to_dict("records")]
    frame["Seconds"], frame["Cost $"] = found["latency_s"], found["cost_usd"]
    frame["At"] = found["created_at"]
    # What nothing of this run has would only be an empty column.
    empty = [name for name in ("Beginning", "Cost $") if name in frame and not frame[name].fillna(0).astype(bool).any()]
    return frame.drop(columns=empty)


def metrics(scores: pd.DataFrame) -> list[str]:
    """Return by which metrics the outputs of a run can be ordered; `scores` as `runs.query.run_scores` gives them."""
    of = scores[scores["primary"].fillna(value=False).astype(bool) & ~scores["unit"].isin(RATIO_UNITS)]
    # What is better the more there is of it first: of what should not be, most runs have nothing.
    return sorted(of["metric"].unique(), key=lambda name: (bool((of.loc[of["metric"] == name, "direction"] == "down").all()), name))


def order(name: str) -> str:
    """Return what an order of outputs is called."""
    return name if name == "newest" else f"by {name.replace('_', ' ')}"


def arms(found: pd.DataFrame) -> str:
    """Return the versions of a run in the order of its arms, and the models once where all have the same."""
    if found["model"].nunique() == 1:
        return f"{' → '.join(found['ref'])} · {found['model'].iloc[0]}"
    return " → ".join(f"{row.ref} · {row.model}" for row in found.itertuples())


def _why(row: Mapping[Any, Any]) -> str:
    if row["status"] != "ok":
        return shell.shortened(f"{spaced(row['status'])}: {row['message'] or spaced(row['error'])}")
    told = row["reason"] if row["scored"] == "ok" else f"{spaced(row['scored'])}: {row['reason'] or ''}"
    return shell.shortened(told or "", TEXT_CHARS)


def _said(ws: Workspace, row: Mapping[Any, Any]) -> str:
    if row["status"] != "ok":
        return shell.shortened(row["message"] or row["error"])
    return beginning(ws, row["artifact"]) if str(row["media_type"]).startswith(TEXTS) else ""


def spaced(word: object) -> str:
    """Return a status or an error of the log in words; whether a lost call was made, nobody knows."""
    return "no answer" if word == "unknown_submission" else str(word or "").replace("_", " ")


def beginning(ws: Workspace, sha256: str) -> str:
    """Return the first characters of a stored text."""
    return " ".join(_read(ws, sha256, 4 * TEXT_CHARS).split())[:TEXT_CHARS]


def words(ws: Workspace, sha256: str, most: int = TEXT_CHARS) -> str:
    """Return the first words that people read in a stored text: of JSON its sentences, without names and ids."""
    text = _read(ws, sha256, JSON_BYTES)
    if text.lstrip("`json \n").startswith(("{", "[")):
        found = (value for value in re.findall(r':\s*"((?:[^"\\\n]|\\.)+)', text) if " " in value or not value.isascii())
        text = " · ".join(found) or text
    shown = " ".join(text.split())
    return shown if len(shown) <= most else f"{shown[:most]} …"


def _read(ws: Workspace, sha256: str, most: int) -> str:
    try:
        with query.media_path(ws, sha256).open("rb") as file:
            return file.read(most).decode("utf-8", "replace")
    except (OSError, LookupError, MediaError):  # it was cleaned away: the rest is still worth seeing
        return ""


def doubts(run_id: str, found: Sequence[Doubtful]) -> tuple[pd.DataFrame, str]:
    """Return the jobs of which nobody knows whether they were made, and the commands that say what became of the first."""
    frame = pd.DataFrame(
        {
            "Job": [one.code for one in found],
            "Case": [one.case_id for one in found],
            "Version": [one.ref for one in found],
            "Model": [one.model for one in found],
            "Message": [shell.shortened(one.message) for one in found],
            "Prompt": [shell.shortened(one.prompt) for one in found],
        }
    )
    code = found[0].code if found else "JOB"
    made = f'workbench settle {run_id} {code} --made TASK --why "it is in the task list"'
    not_made = f'workbench settle {run_id} {code} --not-made --why "no charge on the account"'
    return frame, f"{made}\n{not_made}\nworkbench run --resume {run_id} --resend"
