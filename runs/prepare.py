"""From names to a plan: look versions, suite, cases and scorers up in a workspace, and put the reference pictures into the store.

What comes out is self-contained: the run can be resumed, scored and rendered again when the files it came from have changed.
"""

from __future__ import annotations

import itertools
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from evals.case import Case, load_cases
from evals.suite import Suite, load_suite
from prompts.errors import InputError
from prompts.near import meant
from prompts.registry import Registry
from prompts.version import Version
from runs.events import CasePlan, MediaRef, ProviderRef, VersionPlan
from runs.media import MediaStore
from runs.plan import Plan, make
from runs.scoring import scorer_plans
from runs.workspace import Workspace

RECORDED = (
    "microdrama-workbench",
    "openai",
    "langchain",
    "dlib-bin",
    "kornia-rs",
    "ai-edge-litert",
    "scikit-image",
    "numpy",
    "av",
    "pillow",
)
"""Packages whose version may change what a run gives; written into its plan."""


@dataclass(frozen=True, slots=True)
class Order:
    """What the user asked for. `limit` is the most cases, spread over as many series as there are; `run_id` is a new one by default."""

    versions: Sequence[str]
    suite: str
    models: Sequence[str]
    repeats: int = 1
    seed: int = 0
    split: Literal["explore", "gate"] | None = None
    limit: int | None = None
    cases: Sequence[str] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    scorers: Sequence[str] = ()
    budget_usd: float | None = None
    run_id: str = ""
    price: Mapping[str, Any] | None = None


def prepare(
    ws: Workspace,
    order: Order,
    provider: ProviderRef,
    scorer_folder: Path | None = None,
    known: Sequence[Case] | None = None,
    suite: Suite | None = None,
) -> Plan:
    """Make the plan of an order; nothing is called, and nothing but reference pictures is written.

    `scorer_folder` is the workspace's folder of scorer files, where the user allows them to run. `known` are the workspace's
    cases, where they have been read already; `suite` is one that no file holds.

    Raises:
        WorkbenchError: an unknown version, suite, case or scorer, a malformed file, or nothing to run.
    """
    suite = suite or load_suite(order.suite, ws.evals / "suites")
    versions = [find_version(ws, ref) for ref in order.versions]
    cases = choose(suite, load_cases(ws.evals / "cases") if known is None else known, order)
    specs: list[tuple[str, Mapping[str, Any]]] = [(name, {}) for name in order.scorers] or [
        (spec.name, spec.args) for spec in suite.scorers
    ]
    media = MediaStore(ws)
    return make(
        stage=suite.stage,
        suite={"name": suite.name, "hash": suite.hash},
        versions=[as_plan(version) for version in versions],
        cases=[_case(case, suite, media) for case in cases],
        provider=provider,
        models=order.models,
        repeats=order.repeats,
        seed=order.seed,
        parameters=order.parameters,
        scorers=scorer_plans(specs, suite.stage, scorer_folder),
        environment=environment(),
        budget_usd=order.budget_usd,
        run_id=order.run_id,
        price=order.price,
    )


def find_version(ws: Workspace, ref: str) -> Version:
    """Find a version by reference among the workspace's files, else among those that the log keeps.

    Raises:
        UnknownName: there is none.
        TemplateError: it cannot be used.
    """
    return registry(ws).resolve(ref)


def registry(ws: Workspace) -> Registry:
    """Return the workspace's templates, with the versions that its log keeps behind them."""
    from runs.query import stored_versions

    return Registry(ws.prompts, known=lambda template: stored_versions(ws, template))


def choose(suite: Suite, cases: Sequence[Case], order: Order) -> list[Case]:
    """Return the suite's cases of the asked-for split, ids and number.

    Raises:
        InputError: none is left.
    """
    chosen = suite.cases(cases, order.split)
    if order.cases:
        unknown = sorted(set(order.cases) - {case.id for case in chosen})
        if unknown:
            raise InputError(f"The suite {suite.name} has no case {', '.join(unknown)}.", hint=_where(unknown[0], suite, chosen, cases))
        chosen = [case for case in chosen if case.id in set(order.cases)]
    return spread(chosen, order.limit) if order.limit is not None else chosen


def _where(wanted: str, suite: Suite, chosen: Sequence[Case], cases: Sequence[Case]) -> str:
    """Return a hint: where the case is that the suite does not have, or which ones it has."""
    elsewhere = next((case for case in cases if case.id == wanted), None)
    if elsewhere is None:
        return meant(wanted, (case.id for case in chosen), "It has")
    if elsewhere.stage != suite.stage:
        return f"It is a case of stage {elsewhere.stage}, and the suite is of stage {suite.stage}."
    if elsewhere.series in (*suite.series.explore, *suite.series.gate):
        return f"It is in the suite's series {elsewhere.series}, but not in this split, or not under `only`."
    return f"Add its series, {elsewhere.series}, to explore in evals/suites/{suite.name}.yaml."


def spread(cases: Sequence[Case], limit: int) -> list[Case]:
    """Return at most `limit` cases: the first of each series, then the second of each, and so on, in the order of the suite.

    More series with fewer cases say more than few series with many: the series is the unit.
    """
    by_series: dict[str, list[Case]] = {}
    for case in cases:
        by_series.setdefault(case.series, []).append(case)
    rounds = itertools.zip_longest(*by_series.values())
    kept = {case.id for case in itertools.islice((c for row in rounds for c in row if c is not None), limit)}
    return [case for case in cases if case.id in kept]


def as_plan(version: Version) -> VersionPlan:
    """Return a version as a run's plan keeps it, source and all."""
    return {
        "version": version.id,
        "template": version.template,
        "ref": version.ref,
        "front_matter": version.front_matter.as_json(),
        "closure": dict(version.closure),
    }


def environment() -> dict[str, str]:
    """Return what may change a run's outputs: interpreter, platform and package versions. No host names, no paths."""
    known = {"python": platform.python_version(), "platform": f"{platform.system()} {platform.machine()}"}
    for name in RECORDED:
        try:
            known[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return known


def _case(case: Case, suite: Suite, media: MediaStore) -> CasePlan:
    references: dict[str, list[MediaRef]] = {}
    for character, pictures in case.references.items():
        stored = [media.put_file(path) for path in pictures]
        references[character] = [{"sha256": picture.sha256, "media_type": picture.media_type} for picture in stored]
    return {
        "case_id": case.id,
        "series": case.series,
        "split": suite.split_of(case.series),
        "hash": case.hash,
        "inputs": dict(case.inputs),
        "references": references,
    }
