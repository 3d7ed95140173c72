"""A plan: versions x cases x models x repeats as jobs, each with an id that says what decides its output.

    plan = make(stage="shot", suite={"name": "shot", "hash": "…"}, versions=[plain, sheet], cases=cases, provider=studio,
                models=["studio"], repeats=2, seed=7)
    len(plan.jobs)                       # 2 versions x 24 cases x 1 model x 2 repeats = 96

An arm is version x model x replica; a version named twice makes an A/A test, whose second arm is replica 1. The seed of a
job derives from run seed, case, repeat and replica: both arms of an A/B see the same random numbers, replicas do not.

Jobs come in blocks of one case with all its arms, in an order drawn from the run's seed: what drifts over time (a
provider's load, a silent model update) hits all arms alike, and a run that is cut short is still paired.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import random
import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from prompts.errors import InputError
from runs.events import ArmPlan, CasePlan, JobPlan, ProviderRef, Run, ScorerPlan, SuiteRef, VersionPlan
from runs.joblist import by_id, collected

SEEDS = 2**31
"""Seeds are below this: the smallest range that any provider takes."""


@dataclass(frozen=True)
class Plan:
    """A run as its `run` event holds it, with the look-ups that executing it needs."""

    event: Run

    @property
    def run_id(self) -> str:
        """Return the run's id."""
        return self.event.run_id

    @property
    def jobs(self) -> Sequence[JobPlan]:
        """Return the jobs in the order in which they are begun."""
        return self.event.jobs

    @cached_property
    def arms(self) -> Mapping[str, ArmPlan]:
        """Return the arms by their short ids."""
        return {a["arm"]: a for a in self.event.arms}

    @cached_property
    def versions(self) -> Mapping[str, VersionPlan]:
        """Return the versions by their ids."""
        return {v["version"]: v for v in self.event.versions}

    @cached_property
    def cases(self) -> Mapping[str, CasePlan]:
        """Return the cases by their ids."""
        return {c["case_id"]: c for c in self.event.cases}

    @cached_property
    def by_id(self) -> Mapping[str, JobPlan]:
        """Return the jobs by their ids."""
        return by_id(self.jobs)

    @cached_property
    def groups(self) -> Mapping[tuple[str, int, str], Sequence[JobPlan]]:
        """Return the jobs by (arm, repeat, series), the unit of scoring, in the plan's order of cases."""
        groups: dict[tuple[str, int, str], list[JobPlan]] = {}
        order = {c["case_id"]: i for i, c in enumerate(self.event.cases)}
        for job in sorted(self.jobs, key=lambda j: order[j["case_id"]]):
            groups.setdefault(self.group_of(job), []).append(job)
        return groups

    @cached_property
    def units(self) -> Mapping[tuple[int, str], Sequence[Sequence[JobPlan]]]:
        """Return the groups of all arms by (repeat, series): what is scored in one place, for they share their references."""
        units: dict[tuple[int, str], list[Sequence[JobPlan]]] = {}
        for (_, repeat, series), jobs in self.groups.items():
            units.setdefault((repeat, series), []).append(jobs)
        return units

    def group_of(self, job: JobPlan) -> tuple[str, int, str]:
        """Return the group (arm, repeat, series) that a job belongs to."""
        return job["arm"], job["repeat"], self.cases[job["case_id"]]["series"]

    def pairs(self) -> Iterator[tuple[VersionPlan, CasePlan]]:
        """Yield every version with every case: what can be rendered."""
        return itertools.product(self.event.versions, self.event.cases)

    def parameters_of(self, job: JobPlan) -> dict[str, Any]:
        """Return the parameters of a job's call: the template's own, then the run's."""
        version = self.versions[self.arms[job["arm"]]["version"]]
        return {**(version["front_matter"].get("model") or {}), **self.event.parameters}


def make(
    *,
    stage: str,
    suite: SuiteRef,
    versions: Sequence[VersionPlan],
    cases: Sequence[CasePlan],
    provider: ProviderRef,
    models: Sequence[str],
    repeats: int = 1,
    seed: int = 0,
    parameters: Mapping[str, Any] | None = None,
    scorers: Sequence[ScorerPlan] = (),
    environment: Mapping[str, Any] | None = None,
    budget_usd: float | None = None,
    run_id: str = "",
    chain: str = "",
    price: Mapping[str, Any] | None = None,
) -> Plan:
    """Make a plan. Pure but for a new run id, where none is given.

    Args:
        stage: the stage that all versions must be of.
        suite: name and hash of the suite that the cases come from.
        versions: in the order of the arms; the same version twice makes an A/A.
        cases: resolved cases, references already in the media store.
        provider: who generates; part of every job's id.
        models: model names; each makes arms of its own.
        repeats: generations of each cell, at least 1.
        seed: decides order and all jobs' seeds.
        parameters: what every call is sent over the templates' own defaults.
        scorers: recorded, so that scoring can be finished on resume.
        environment: recorded: versions of what runs.
        budget_usd: recorded: the bound that the run started with.
        run_id: the run's id; a new one by default.
        chain: recorded: the chain that it is a stage of.
        price: recorded: what the user named as the price of a call (`runs.pricing.Pricing.amounts`).

    Raises:
        InputError: nothing to run, a version of another stage, a model named twice, or two cases with the same content.
    """
    _check(stage, versions, cases, models, repeats)
    arms = _arms(versions, models)
    given = dict(parameters or {})
    jobs = collected(_jobs(arms, cases, provider, repeats, seed, given))
    event = Run(
        run_id=run_id or new_run_id(), stage=stage, suite=suite, seed=seed, provider=provider, arms=arms,
        versions=tuple({v["version"]: v for v in versions}.values()), cases=tuple(cases), jobs=jobs, parameters=given,
        scorers=tuple(scorers), environment=dict(environment or {}), budget_usd=budget_usd, chain=chain, price=price,
    )  # fmt: skip
    return Plan(event)


def new_run_id() -> str:
    """Return a run id that sorts by time, such as `20261124-015700-3f9a1c`."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"


def digest(*parts: Any) -> str:
    """Return the SHA-256 hex digest of the canonical JSON of some values: sorted keys, no white space, UTF-8."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def job_seed(seed: int, case_hash: str, repeat: int, replica: int) -> int:
    """Return the seed of a job, 0 to 2^31 - 1: the same for all versions and models, another for each repeat and replica."""
    return int(digest("seed", seed, case_hash, repeat, replica)[:15], 16) % SEEDS


def request_key(run_id: str, job_id: str, again: int = 0) -> str:
    """Return the key under which a provider is handed a job of a run: the same however often the run is resumed.

    Another run with the same job has another key, and so has a failed job that is made `again`, for the first, second … time. A
    provider that remembers keys would else answer with the former output or failure, or refuse the job as known.
    """
    return digest("request", run_id, job_id, *([again] if again else []))


def _check(stage: str, versions: Sequence[VersionPlan], cases: Sequence[CasePlan], models: Sequence[str], repeats: int) -> None:
    if not versions or not cases or not models:
        raise InputError("There is nothing to run.", hint="A run needs at least one version, one case and one model.")
    if repeats < 1:
        raise InputError(f"{repeats} repeats make no run.", hint="Give at least 1.")
    if "" in models:
        raise InputError("A model has no name.", hint="Give --model a name, or leave it away for the provider's usual one.")
    if len(set(models)) < len(models):
        raise InputError("A model is named twice.", hint="For an A/A test name the version twice.")
    hashes: dict[str, str] = {}
    for case in cases:
        if (other := hashes.setdefault(case["hash"], case["case_id"])) != case["case_id"]:
            raise InputError(f"The cases {other} and {case['case_id']} are the same.", hint="Take one of them out of the suite.")
    for version in versions:
        if (of := version["front_matter"].get("stage")) != stage:
            raise InputError(f"{version['ref']} is a template of stage {of}, and the suite is of stage {stage}.")


def _arms(versions: Sequence[VersionPlan], models: Sequence[str]) -> tuple[ArmPlan, ...]:
    """Return the arms `a`, `b` …, version by version, and within a version model by model."""
    seen: dict[str, int] = {}
    arms: list[ArmPlan] = []
    for version in versions:
        replica = seen.get(version["version"], 0)
        seen[version["version"]] = replica + 1
        for model in models:
            ref = f"{version['ref']}#{replica + 1}" if replica else version["ref"]
            arms.append({
                "arm": _letters(len(arms)), "ref": ref, "template": version["template"], "version": version["version"],
                "model": model, "replica": replica,
            })  # fmt: skip
    return tuple(arms)


def _letters(n: int) -> str:
    """Return `a` … `z` for 0 … 25, then `aa`, `ab` and so on."""
    return (_letters(n // 26 - 1) if n >= 26 else "") + chr(ord("a") + n % 26)


def _jobs(
    arms: Sequence[ArmPlan], cases: Sequence[CasePlan], provider: ProviderRef, repeats: int, seed: int, parameters: Mapping[str, Any]
) -> Iterator[JobPlan]:
    rng = random.Random(seed)
    who = {"name": provider["name"], "base_url": provider["base_url"]}
    for repeat in range(repeats):
        for case in _shuffled(cases, rng):
            for arm in rng.sample(arms, len(arms)):
                of_job = job_seed(seed, case["hash"], repeat, arm["replica"])
                decides = {
                    "version": arm["version"], "case": case["hash"], "provider": who, "model": arm["model"],
                    "parameters": parameters, "repeat": repeat, "seed": of_job, "replica": arm["replica"],
                }  # fmt: skip
                yield {"job_id": digest("job", decides), "arm": arm["arm"], "case_id": case["case_id"], "repeat": repeat, "seed": of_job}


def _shuffled(cases: Sequence[CasePlan], rng: random.Random) -> Iterator[CasePlan]:
    """Yield the cases in random order, those of one series after each other, so that whole series can be scored early."""
    by_series: dict[str, list[CasePlan]] = {}
    for case in cases:
        by_series.setdefault(case["series"], []).append(case)
    for series in rng.sample(sorted(by_series), len(by_series)):
        yield from rng.sample(by_series[series], len(by_series[series]))
