"""From what a user names to a plan: versions of templates, a suite's cases, models, a provider.

    plan = plan_run(ws, versions=[a, b], suite=suite, cases=load_cases(ws.evals / "cases"), provider=studio, repeats=2, seed=7)

Reference pictures are copied into the media store here, so that a run is complete in itself.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as package_version
from pathlib import Path
from typing import Any

from evals.case import Case
from evals.suite import Split, Suite
from prompts.version import Version
from runs.errors import MediaError
from runs.events import CasePlan, MediaRef, VersionPlan
from runs.media import MediaStore, media_type_of
from runs.plan import Plan, make
from runs.provider import Provider
from runs.providers import default_model, reference
from runs.scoring import scorer_plans
from runs.workspace import Workspace

_RECORDED = ("microdrama-workbench", "numpy", "pillow", "duckdb", "openai", "langchain")


def plan_run(
    ws: Workspace,
    *,
    versions: Sequence[Version],
    suite: Suite,
    cases: Sequence[Case],
    provider: Provider,
    models: Sequence[str] = (),
    repeats: int = 1,
    seed: int = 0,
    split: Split | None = None,
    limit: int | None = None,
    parameters: Mapping[str, Any] | None = None,
    scorers: Iterable[tuple[str, Mapping[str, Any]]] | None = None,
    scorer_folder: Path | None = None,
    budget_usd: float | None = None,
    keep: bool = True,
) -> Plan:
    """Make the plan of a run.

    Args:
        ws: the workspace.
        versions: in the order of the arms; the same one twice makes an A/A.
        suite: which cases, judged by which scorers.
        cases: all resolved cases of the workspace.
        provider: who generates.
        models: its models; by default the one of its settings.
        repeats: generations of each cell.
        seed: decides order and seeds.
        split: only this half of the suite.
        limit: only the first so many cases, in the suite's order.
        parameters: sent with every call, over the templates' own.
        scorers: instead of the suite's; names with arguments.
        scorer_folder: the workspace's scorer files, where the user allows them to run.
        budget_usd: recorded with the plan.
        keep: copy reference pictures into the media store; not for a dry run, which writes nothing.

    Raises:
        InputError, UnknownName, ScorerError: something named does not exist or does not fit.
        MediaError: a reference picture cannot be read or stored.
    """
    chosen = suite.cases(cases, split)[:limit]
    wanted = [(s.name, s.args) for s in suite.scorers] if scorers is None else scorers
    return make(
        stage=suite.stage,
        suite={"name": suite.name, "hash": suite.hash},
        versions=[_version(v) for v in versions],
        cases=[_case(case, suite, MediaStore(ws) if keep else None) for case in chosen],
        provider=reference(provider),
        models=models or (default_model(provider),),
        repeats=repeats,
        seed=seed,
        parameters=parameters,
        scorers=scorer_plans(wanted, suite.stage, scorer_folder),
        environment=environment(),
        budget_usd=budget_usd,
    )


def environment() -> dict[str, Any]:
    """Return the versions of what runs, as a plan records them."""
    found: dict[str, Any] = {"python": platform.python_version(), "system": platform.system(), "machine": platform.machine()}
    for name in _RECORDED:
        try:
            found[name] = package_version(name)
        except PackageNotFoundError:
            continue
    return found


def _version(version: Version) -> VersionPlan:
    return {
        "version": version.id, "template": version.template, "ref": version.ref, "front_matter": version.front_matter.as_json(),
        "closure": dict(version.closure),
    }  # fmt: skip


def _case(case: Case, suite: Suite, store: MediaStore | None) -> CasePlan:
    return {
        "case_id": case.id, "series": case.series, "split": suite.split_of(case.series), "hash": case.hash, "inputs": dict(case.inputs),
        "references": {who: [_picture(path, store) for path in paths] for who, paths in case.references.items()},
    }  # fmt: skip


def _picture(path: Path, store: MediaStore | None) -> MediaRef:
    if store is not None:
        media = store.put_file(path)
        return {"sha256": media.sha256, "media_type": media.media_type}
    try:
        return {"sha256": sha256(path.read_bytes()).hexdigest(), "media_type": media_type_of(path)}
    except OSError as error:
        raise MediaError(f"Cannot read {path}: {error.strerror}.") from error
