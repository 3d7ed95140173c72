"""One case, one or more versions, one call each: what a prompt engineer does fifty times before a run over a suite is worth it.

    case = pick_case(ws, "shot")                         # the first one that may be looked at as often as you like
    suite = one_case(ws, case)                           # a suite of that case alone, judged as the stage's own suite judges

It is a run like any other, so nothing that was paid is lost; and a case of a gate split counts as looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evals.case import Case, load_cases
from evals.suite import ScorerSpec, Splits, Suite, load_suite, suite_names
from prompts.errors import InputError, UnknownName

if TYPE_CHECKING:
    from runs.workspace import Workspace

NAME = "try"
PLAIN = ("cost", "latency")
"""What judges a stage that has no suite."""


@dataclass(frozen=True, slots=True)
class Output:
    """What one version made of the case: its generation as `runs.query.generation` gives it, its file's path, and its text."""

    one: dict[str, Any]
    path: str
    text: str


def pick_case(ws: Workspace, stage: str, case_id: str | None = None) -> Case:
    """Return a case of a stage: the one that is named, else the first of the explore split of the stage's suite, else the first.

    Raises:
        UnknownName: the stage has no such case.
        InputError: it has none at all.
    """
    of_stage = {case.id: case for case in load_cases(ws.evals / "cases") if stage in (case.stage, "judge")}
    if case_id is not None:
        if case_id not in of_stage:
            raise UnknownName(f"case of stage {stage}:", case_id, of_stage)
        return of_stage[case_id]
    if not of_stage:
        raise InputError(f"There is no case of stage {stage} yet.", hint="Write one into a file of evals/cases (docs/cases.md).")
    suite = _suite_of(ws, stage)
    first: dict[str, Case] = {}
    for case in of_stage.values():
        first.setdefault(case.series, case)
    explored = (first[series] for series in (suite.series.explore if suite else ()) if series in first)
    return next(explored, next(iter(of_stage.values())))


def one_case(ws: Workspace, case: Case) -> Suite:
    """Return a suite of one case, with the scorers of the suite that has the stage's name, and the case's split there."""
    suite = _suite_of(ws, case.stage)
    gated = suite is not None and case.series in suite.series.gate
    return Suite(
        name=NAME,
        stage=case.stage,
        series=Splits(gate=[case.series]) if gated else Splits(explore=[case.series]),
        only=[case.id],
        scorers=list(suite.scorers) if suite else [ScorerSpec(name=name) for name in PLAIN],
    )


def outputs(ws: Workspace, run_id: str) -> list[Output]:
    """Return what a run gave, in the order of its arms."""
    from runs import query

    frame = query.generations(ws, run_id).sort_values("arm", kind="stable")
    return [output_of(ws, query.generation(ws, run_id, job)) for job in frame["job_id"]]


def output_of(ws: Workspace, one: dict[str, Any]) -> Output:
    """Return a generation with the path of its first file, and the text where it is one."""
    from runs import query

    if not one["artifact"]:
        return Output(one, "", "")
    path = query.media_path(ws, one["artifact"])
    text = path.read_text("utf-8", "replace") if str(one["media_type"]).startswith(("text/", "application/json")) else ""
    return Output(one, str(path), text)


def _suite_of(ws: Workspace, stage: str) -> Suite | None:
    """Return the suite that has the stage's name, where there is one that judges it."""
    folder = ws.evals / "suites"
    found = load_suite(stage, folder) if stage in suite_names(folder) else None
    return found if found is not None and found.stage == stage else None
