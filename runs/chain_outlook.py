"""What a chain would take, before it is run: jobs, tokens and money of every stage.

    rows = outlook(ws, chain, drivers)
    rows[3].stage, rows[3].jobs, rows[3].high_usd, rows[3].exact       # "shot", 6, 0.72, False

What earlier runs have made is taken as it is, and counts as paid. What is not made yet has a stand-in: a text by the studio's
writer, made from the real prompt, and a picture without content. So every prompt is rendered by its own template; but how
many people and shots a script will have is not known, so that a stage behind a stand-in is priced at the most that there can
be: everyone of the series, `shots` an episode, each as dear as the dearest and as long as shots get.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from evals.chain import Chain
from evals.storyboard import LONGEST_S
from prompts.errors import InputError
from prompts.text import estimate_tokens
from runs.chain import Driver, DriverOf, known_stage, plan_stage
from runs.chain_cases import Cases, Output
from runs.chain_runs import Again, made_before
from runs.errors import BudgetError
from runs.events import JobPlan
from runs.plan import Plan
from runs.provider import KIND_OF_STAGE, Request
from runs.providers.studio import write
from runs.requests import Requests
from runs.resume import RunState
from runs.workspace import Workspace

MEDIA = {"text": "application/json", "image": "image/png", "video": "video/mp4", "audio": "audio/mpeg"}


@dataclass(frozen=True, slots=True)
class Outlook:
    """What one stage would take.

    Attributes:
        stage: the stage.
        provider: who would make it.
        model: by which model.
        jobs: how many outputs it has, at most where it is not `exact`.
        made: how many of them earlier runs have.
        prompt_tokens: tokens of the prompts that would be sent, estimated.
        low_usd: what it costs if answers are empty, about; None where a price is unknown.
        high_usd: the most that it costs; None where a price is unknown or nothing bounds it.
        exact: whether its cases are known.
        skipped: cases that cannot be made, and why.
    """

    stage: str
    provider: str
    model: str
    jobs: int
    made: int
    prompt_tokens: int
    low_usd: float | None
    high_usd: float | None
    exact: bool
    skipped: dict[str, str]


def outlook(
    ws: Workspace, chain: Chain, driver_of: DriverOf, *, until: str = "", versions: Sequence[str] = (), again: Again = "missing"
) -> list[Outlook]:
    """Plan and price all stages of a chain without running one; arguments and errors as `runs.chain.walk`.

    Raises:
        InputError: the first stage has no case to begin with.
    """
    known_stage(chain, until)
    texts: dict[str, bytes] = {}
    cases = Cases(ws, chain, texts)
    outputs: dict[str, dict[str, Output]] = {}
    rows: list[Outlook] = []
    for stage in chain.order:
        made, skipped = cases.of(stage, outputs)
        if not made and not rows:
            raise InputError(f"The chain {chain.name} has no case to begin with: {next(iter(skipped.values()), 'none')}.")
        driver = driver_of(chain.stages[stage])
        if made:
            plan = plan_stage(ws, chain, stage, versions if versions and stage == until else (), driver, made, driver.options)
            known = made_before(ws, plan, again)
            rows.append(_priced(ws, cases, plan, driver, known.keys(), skipped))
            outputs[stage] = dict(_stand_ins(ws, plan, known, texts))
        else:
            rows.append(Outlook(stage, driver.provider.name, driver.model, 0, 0, 0, 0.0, 0.0, False, skipped))
        if stage == until:
            break
    return rows


def refuse_unpriced(chain: Chain, rows: Sequence[Outlook]) -> None:
    """Refuse a chain whose budget cannot be kept, before its first stage is paid.

    Raises:
        BudgetError: the price of a stage is unknown, or nothing bounds it.
    """
    open_ended = [row for row in rows if row.high_usd is None]
    if chain.budget_usd is not None and open_ended:
        no_price = [f"{row.stage} ({row.model})" for row in open_ended if row.low_usd is None]
        if no_price:
            raise BudgetError(
                f"No budget can be kept: the price of {', '.join(no_price)} is unknown.",
                hint="Name it with --price STAGE.NAME=USD (texts need input, output and max_output) or under [[prices]] in workbench.toml.",
            )
        endless = ", ".join(f"{row.stage} ({row.model})" for row in open_ended)
        raise BudgetError(
            f"No budget can be kept: nothing bounds how long an answer of {endless} gets.",
            hint="Write max_tokens into the stage's parameters.",
        )


def _priced(ws: Workspace, cases: Cases, plan: Plan, driver: Driver, done: Collection[str], skipped: dict[str, str]) -> Outlook:
    stage, pricing = plan.event.stage, driver.options.pricing
    exact = not skipped and all(of["run_id"] for case in plan.event.cases for of in case.get("upstream", ()))
    requests = Requests(ws, plan, with_references=False)
    todo = [job for job in plan.jobs if job["job_id"] not in done]
    jobs = len(plan.jobs)
    if not exact:
        known = len(plan.event.cases)
        jobs = len(plan.jobs) // known * max(cases.most(stage), known + len(skipped))
    tokens, low, high = 0, [], []
    for job in todo:
        request = requests.of(job)
        of_prompt = sum(estimate_tokens(message.content) for message in request.messages)
        tokens += of_prompt
        low.append(pricing.best_usd(request, of_prompt))
        high.append(pricing.worst_usd(request if exact else _longest(request, plan, job)))
    made = len(plan.jobs) - len(todo)
    worst = sum_of(high) if exact else times(jobs - made, high)
    return Outlook(stage, driver.provider.name, driver.model, jobs, made, tokens, sum_of(low), worst, exact, skipped)


def sum_of(amounts: Sequence[float | None]) -> float | None:
    """Return a sum of money; None where a part of it is unknown."""
    known = [usd for usd in amounts if usd is not None]
    return sum(known) if len(known) == len(amounts) else None


def times(jobs: int, amounts: Sequence[float | None]) -> float | None:
    """Return what so many jobs cost if each is as dear as the dearest that is known; None where one is unknown."""
    return None if None in amounts else jobs * max((usd for usd in amounts if usd is not None), default=0.0)


def _longest(request: Request, plan: Plan, job: JobPlan) -> Request:
    """Return the request of a clip as long as a shot can get, where its length is the shot's and not a parameter's."""
    if plan.event.stage != "clip" or plan.parameters_of(job).keys() & {"duration", "seconds"}:
        return request
    return replace(request, parameters={**request.parameters, "duration": LONGEST_S})


def _stand_ins(ws: Workspace, plan: Plan, known: Mapping[str, RunState], texts: dict[str, bytes]) -> Iterator[tuple[str, Output]]:
    """Yield what feeds the next stage, by case: what was made, and a stand-in for what was not."""
    stage, kind = plan.event.stage, KIND_OF_STAGE[plan.event.stage]
    requests = Requests(ws, plan, with_references=False)
    for job in plan.jobs:
        if job["arm"] != plan.event.arms[0]["arm"] or job["repeat"]:
            continue
        state = known.get(job["job_id"])
        if state is None:
            text = write(stage, requests.of(job).prompt, job["seed"] or 0)[0] if kind == "text" else job["job_id"].encode()
            sha256 = hashlib.sha256(text).hexdigest()
            texts[sha256] = text
            yield job["case_id"], Output(stage, "", job["job_id"], sha256, MEDIA[kind])
        elif state.finished[job["job_id"]].status == "ok":
            first = state.generation(job["job_id"])["artifacts"][0]
            yield job["case_id"], Output(stage, state.run_id, job["job_id"], first["sha256"], first["media_type"])
