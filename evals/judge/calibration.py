"""Whether a judge may be believed: what is known of each criterion from people's ratings, kept in `evals/judges.json`.

Example: after `workbench calibrate`, the file holds

    {"judges": [{"scorer": "judge/screenplay@gpt-x", "version": "9f3a…", "criterion": "hook", "calibrated": true, "items": 60, …}]}

    is_calibrated(folder, "judge/screenplay@gpt-x", "9f3a…", "screenplay.hook@gpt-x")  ->  True

A calibration holds for exactly one model, rubric and template: a word changed is another judge. Scores of a criterion without one
are advice: their metric is not primary, pages show it grey, and a gate refuses it as its primary metric.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from evals.judge.agreement import Agreement
from prompts.errors import InputError
from prompts.files import held, write_whole

FILE = "judges.json"
PREFIX = "judge/"
"""How the scorer names of judges begin."""
MIN_ITEMS = 40
MIN_UNITS = 5
KAPPA_FLOOR = 0.4
"""The lower end of kappa's interval must not be below; two trained people reach 0.4 to 0.7 on questions of this kind."""
RATE_GAP = 0.15
"""A judge must not say yes oftener or rarer than people by more."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How one criterion of a judge stands: whether it is calibrated, why not, and the numbers behind it."""

    calibrated: bool = False
    reason: str = "not calibrated against people"
    items: int = 0
    kappa: float | None = None
    kappa_lo: float | None = None
    kappa_hi: float | None = None


def assess(found: Agreement) -> Standing:
    """Say whether an agreement is enough, and if not, what is missing."""
    reasons = []
    if found.items < MIN_ITEMS:
        reasons.append(f"{found.items} of {MIN_ITEMS} rated scripts")
    if found.units < MIN_UNITS:
        reasons.append(f"{found.units} of {MIN_UNITS} series")
    if found.kappa is None or found.kappa_lo is None:
        reasons.append("people or judge gave one answer only")
    elif found.kappa_lo < KAPPA_FLOOR:
        reasons.append(f"kappa may be as low as {found.kappa_lo:.2f}, below {KAPPA_FLOOR}")
    if abs(found.judge_rate - found.human_rate) > RATE_GAP:
        reasons.append(f"says yes {found.judge_rate:.0%} of the time, people {found.human_rate:.0%}")
    return Standing(not reasons, "; ".join(reasons) or "agrees with people", found.items, found.kappa, found.kappa_lo, found.kappa_hi)


def standings(folder: Path, scorer: str, version: str) -> dict[str, Standing]:
    """Return how each calibrated or tried criterion of a judge stands; `folder` is the workspace's `evals`."""
    rows = [r for r in _rows(folder) if r.get("scorer") == scorer and r.get("version") == version]
    names = Standing.__dataclass_fields__
    return {str(r["criterion"]): Standing(**{name: r[name] for name in names if name in r}) for r in rows}


def recorded(folder: Path) -> list[dict[str, Any]]:
    """Return every calibration in the workspace's `evals`, as it was written down: judge, version, criterion, numbers, standing.

    Raises:
        InputError: the file is no such file.
    """
    return list(_rows(folder))


def is_judge(scorer: str) -> bool:
    """Tell whether a scorer's name is a judge's."""
    return scorer.startswith(PREFIX)


def is_calibrated(folder: Path, scorer: str, version: str, metric: str) -> bool:
    """Tell whether a judge's metric may decide something; True for every scorer that is no judge.

    Args:
        folder: the workspace's `evals`.
        scorer: the scorer's name.
        version: its version.
        metric: the metric's name, such as `screenplay.hook@gpt-x`.
    """
    return not why_not(folder, scorer, version, metric)


def why_not(folder: Path, scorer: str, version: str, metric: str) -> str:
    """Return why a judge's metric may not decide, in words for a person; empty if it may. Arguments as `is_calibrated`."""
    if not is_judge(scorer):
        return ""
    criterion = metric.partition("@")[0].rpartition(".")[2]
    standing = standings(folder, scorer, version).get(criterion, Standing())
    return "" if standing.calibrated else f"{metric} is a judge's advice: {standing.reason}"


def record(folder: Path, scorer: str, version: str, found: Mapping[str, tuple[Agreement, Standing]], at: str) -> None:
    """Write a judge's calibration over its earlier one; the file is replaced whole, and nobody else's calibration is lost.

    Raises:
        InputError: the file is no such file.
        WorkspaceError: it cannot be written.
    """
    facts = {"scorer": scorer, "version": version, "at": at}
    news = [{**facts, "criterion": c, **asdict(agreement), **asdict(standing)} for c, (agreement, standing) in found.items()]
    with held(folder / f".{FILE}.lock"):
        kept = [r for r in _rows(folder) if (r.get("scorer"), r.get("version")) != (scorer, version) or r.get("criterion") not in found]
        text = json.dumps({"judges": [*kept, *news]}, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
        write_whole(folder / FILE, text.encode())


def _rows(folder: Path) -> Iterable[dict[str, Any]]:
    path = folder / FILE
    try:
        rows = json.loads(path.read_text("utf-8"))["judges"]
        if not isinstance(rows, list) or not all(isinstance(r, dict) for r in rows):
            raise TypeError("judges is not a list of objects")
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} cannot be read: {error}.", hint="Remove it and calibrate the judges again.") from None
    return rows
