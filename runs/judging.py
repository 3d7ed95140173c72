"""Judging by a model: a run of stage `judge` asks about the outputs of another run, and its answers become that run's scores.

    plan = plan_judging(ws, Order(run_id, rubric, version, model="gpt-x", provider=reference(provider)))
    harness.run(ws, plan, provider, options)     # request keys, budget, costs, resumption: as any other run
    collect(ws, plan.run_id)                     # answers -> scores in the journal of the judged run

Questions with the same words are asked once, whoever wrote them. What is judged, by what and how stands in the plan of the judge's
run, so that it can be resumed and collected after a crash without naming anything again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from evals.judge.calibration import Standing, standings
from evals.judge.pairwise import Preference, prefer, question
from evals.judge.rubric import Criterion, Rubric
from evals.judge.sheet import Sheet, sheet_of
from evals.judge.verdict import MIN_REPEATS, Judge, Reply, judge
from evals.score import Metric, Score
from prompts.errors import InputError
from prompts.version import Version
from runs.errors import MediaError
from runs.events import CasePlan, End, EndState, ProviderRef, ScoreDict, Scorers, Scores
from runs.harness import only_one, plan_of
from runs.journal import Journal
from runs.log import catch_up
from runs.media import MediaStore
from runs.plan import Plan, digest, make
from runs.prepare import as_plan, environment
from runs.resume import RunState, state_of
from runs.workspace import Workspace

JUDGED = "judged"
"""The key of a judge's plan (in its environment) under which stands what it judges."""


@dataclass(frozen=True, slots=True)
class Order:
    """What the user asked for. `pair` are two arms' letters for a comparison, None to judge each output by itself."""

    run_id: str
    rubric: Rubric
    version: Version
    model: str
    provider: ProviderRef
    repeats: int = MIN_REPEATS
    pair: tuple[str, str] | None = None
    limit: int | None = None
    seed: int = 0
    parameters: Mapping[str, Any] = field(default_factory=dict)
    budget_usd: float | None = None
    price: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """One output to judge: its job, arm, case and repeat, how it reads, and what the template is told beside it."""

    job_id: str
    arm: str
    case_id: str
    repeat: int
    series: str
    split: str
    sheet: Sheet
    shared: Mapping[str, Any]

    def inputs(self, rubric: Rubric) -> dict[str, Any]:
        """Return the template's inputs for judging it by itself."""
        return {**self.shared, "script": self.sheet.text, "criteria": rubric.shown()}


@dataclass(frozen=True, slots=True)
class Collected:
    """What came of a judge's run: scored outputs, scores without a value, and the share of dropped answers (None: nothing answered)."""

    run_id: str
    scored: int
    empty: int
    dropped: float | None


def plan_judging(ws: Workspace, order: Order) -> Plan:
    """Make the plan of a judge's run; nothing is called.

    Raises:
        InputError: the run has no text to judge, the rubric is of another stage, an arm is missing, or the repeats are too few.
    """
    if order.repeats < MIN_REPEATS:
        raise InputError(f"A judge is asked at least {MIN_REPEATS} times: once tells nothing of how much it wavers.")
    judged = plan_of(state_of(ws, order.run_id))
    if judged.event.stage != order.rubric.stage:
        raise InputError(f"The rubric {order.rubric.name} judges {order.rubric.stage}s, and {order.run_id} made {judged.event.stage}s.")
    found = list(targets(ws, order.run_id))
    if order.limit is not None:
        found = found[: order.limit]
    cases = list(_cases(found, order))
    if not cases:
        raise InputError(f"The run {order.run_id} has nothing to judge.", hint="It needs outputs that are there; for a pair, of both arms.")
    told = {"run_id": order.run_id, "rubric": order.rubric.model_dump(mode="json"), "pair": list(order.pair) if order.pair else None}
    return make(
        stage="judge",
        suite={"name": f"judge-{order.rubric.name}", "hash": order.rubric.hash(order.version.id)},
        versions=[as_plan(order.version)],
        cases=cases,
        provider=order.provider,
        models=[order.model],
        repeats=order.repeats,
        seed=order.seed,
        parameters=order.parameters,
        environment={**environment(), JUDGED: told, "targets": [t.job_id for t in found]},
        budget_usd=order.budget_usd,
        price=order.price,
    )


def targets(ws: Workspace, run_id: str) -> Iterator[Target]:
    """Yield the texts that a run made, in the order of its plan; those whose files are gone are left out."""
    state = state_of(ws, run_id)
    plan, store = plan_of(state), MediaStore(ws)
    for job in plan.jobs:
        done = state.finished.get(job["job_id"])
        if done is None or done.status != "ok":
            continue
        case = plan.cases[job["case_id"]]
        text = _text(store, state, job["job_id"])
        if text is not None:
            yield Target(
                job["job_id"],
                job["arm"],
                job["case_id"],
                job["repeat"],
                case["series"],
                case["split"],
                sheet_of(text),
                _shared(case["inputs"]),
            )


def collect(ws: Workspace, judge_run: str) -> Collected:
    """Turn what a judge's run answered so far into scores of the run that it judges.

    Raises:
        InputError: that is no run of a judge.
        JournalError: a process is working on the judged run.
    """
    state = state_of(ws, judge_run)
    plan = plan_of(state)
    told = plan.event.environment.get(JUDGED)
    if not isinstance(told, dict):
        raise InputError(f"The run {judge_run} is no run of `workbench judge`.")
    rubric = Rubric.model_validate(told["rubric"])
    arm, version = plan.event.arms[0], plan.event.versions[0]
    who = Judge(rubric, arm["model"], version["ref"], version["version"], plan.event.provider["name"])
    who = replace(who, standings=standings(ws.evals, who.name, who.version))
    wanted = set(plan.event.environment["targets"])
    found = [t for t in targets(ws, told["run_id"]) if t.job_id in wanted]
    asking = _Answers(ws, state, plan)
    if told["pair"]:
        metrics, scores = _paired(who, found, tuple(told["pair"]), asking)
    else:
        metrics = who.metrics()
        scores = {t.job_id: judge(who, t.sheet, t.inputs(rubric), asking, asking.repeats) for t in found}
    _write(ws, told["run_id"], who, metrics, scores)
    every = [s for of_job in scores.values() for s in of_job]
    shares = [s.value for s in every if ".dropped@" in s.metric and s.value is not None]
    return Collected(told["run_id"], len(scores), sum(s.status != "ok" for s in every), sum(shares) / len(shares) if shares else None)


class _Answers:
    """Answers a judge's question from the finished jobs of its run."""

    def __init__(self, ws: Workspace, state: RunState, plan: Plan) -> None:
        self._state, self._store = state, MediaStore(ws)
        self._run_id = plan.run_id
        self.repeats = 1 + max(job["repeat"] for job in plan.jobs)
        self._jobs = {(job["case_id"], job["repeat"]): job["job_id"] for job in plan.jobs}

    def __call__(self, inputs: Mapping[str, Any], repeat: int) -> Reply:
        job = self._jobs.get((_case_id(inputs), repeat))
        done = self._state.finished.get(job or "")
        if job is None or done is None:
            return Reply(failure="not asked yet")
        event = self._state.generation(job)
        facts = {"run": self._run_id, "job": job, "model_resolved": event.get("model_resolved", ""), "cost_usd": event.get("cost_usd")}
        text = _text(self._store, self._state, job) if done.status == "ok" else None
        if text is None:
            return Reply(failure=str(event.get("error") or done.status), facts=facts)
        return Reply(text, facts=facts)


def _cases(found: Sequence[Target], order: Order) -> Iterator[CasePlan]:
    asked: set[str] = set()
    for target, inputs in _questions(found, order):
        case_id = _case_id(inputs)
        if case_id not in asked:
            asked.add(case_id)
            yield {
                "case_id": case_id, "series": target.series, "split": target.split, "hash": digest("judge", inputs), "inputs": inputs,
                "references": {},
            }  # fmt: skip


def _questions(found: Sequence[Target], order: Order) -> Iterator[tuple[Target, dict[str, Any]]]:
    if order.pair is None:
        for target in found:
            yield target, target.inputs(order.rubric)
        return
    for a, b in _pairs(found, order.pair):
        for criterion in order.rubric.criteria:
            yield b, question(criterion, a.sheet, b.sheet, b.shared)
            yield b, question(criterion, b.sheet, a.sheet, b.shared)


def _pairs(found: Sequence[Target], arms: Sequence[str]) -> Iterator[tuple[Target, Target]]:
    """Yield the outputs of both arms for one case and repeat."""
    of = {(t.arm, t.case_id, t.repeat): t for t in found}
    for target in found:
        other = of.get((arms[1], target.case_id, target.repeat))
        if target.arm == arms[0] and other is not None:
            yield target, other


def _paired(
    who: Judge, found: Sequence[Target], arms: Sequence[str], asking: _Answers
) -> tuple[tuple[Metric, ...], dict[str, list[Score]]]:
    """Return what each side of each pair won: B its preference, A the rest."""
    metrics = tuple(_pair_metric(who, criterion) for criterion in who.rubric.criteria)
    scores: dict[str, list[Score]] = {}
    for a, b in _pairs(found, arms):
        for criterion, metric in zip(who.rubric.criteria, metrics, strict=True):
            said = prefer(criterion, a.sheet, b.sheet, b.shared, asking, asking.repeats)
            scores.setdefault(a.job_id, []).append(_won(who, metric.name, said, b, mine=False))
            scores.setdefault(b.job_id, []).append(_won(who, metric.name, said, a, mine=True))
    return metrics, scores


def _pair_metric(who: Judge, criterion: Criterion) -> Metric:
    standing = who.standings.get(f"{criterion.id}-pair", Standing())
    told = (
        f"Share of comparisons won: {criterion.definition} ({'calibrated' if standing.calibrated else 'advice only: ' + standing.reason})"
    )
    return Metric(who.metric(f"{criterion.id}-pair"), "up", "share", 0.0, description=told, primary=standing.calibrated)


def _won(who: Judge, metric: str, said: Preference, against: Target, *, mine: bool) -> Score:
    evidence = {"judge": who.facts(), "against": against.job_id, "side": "b" if mine else "a", "choices": [asdict(c) for c in said.choices]}
    if said.value is None:
        return Score(metric, who.name, who.version, None, "not_scoreable", said.reason, evidence)
    return Score(metric, who.name, who.version, said.value if mine else 1.0 - said.value, "ok", said.reason, evidence)


def _write(ws: Workspace, run_id: str, who: Judge, metrics: Sequence[Metric], scores: Mapping[str, Sequence[Score]]) -> None:
    rows: dict[str, list[ScoreDict]] = {job: [_row(score) for score in of_job] for job, of_job in scores.items()}
    with only_one(ws, run_id):
        state = state_of(ws, run_id)
        plan = plan_of(state)
        # The run ends in the state that it was in: judging makes an interrupted run no more finished than it was.
        end: EndState = "finished" if len(state.finished) == len(plan.jobs) else "stopped"
        shown: Any = [asdict(metric) for metric in metrics]
        with Journal(ws, run_id) as journal:
            journal.append(
                Scorers(run_id=run_id, scorers=[{"name": who.name, "version": who.version, "args": {}, "metrics": shown}]),
                *(Scores(run_id=run_id, job_id=job, scores=of_job) for job, of_job in rows.items()),
                End(run_id=run_id, state=end),
            )
    catch_up(ws)


def _row(score: Score) -> ScoreDict:
    return {
        "metric": score.metric, "scorer": score.scorer, "scorer_version": score.scorer_version, "value": score.value,
        "status": score.status, "reason": score.reason[:500], "evidence": dict(score.evidence),
    }  # fmt: skip


def _text(store: MediaStore, state: RunState, job_id: str) -> str | None:
    artifacts = state.generation(job_id)["artifacts"]
    first = next((a for a in artifacts if a["kind"] == "text"), None)
    if first is None:
        return None
    try:
        return store.read(first["sha256"]).decode("utf-8", "replace")
    except MediaError:
        return None


def _shared(inputs: Mapping[str, Any]) -> dict[str, Any]:
    outline = (inputs.get("episode") or {}).get("outline")
    found = {"language": inputs.get("language", "en"), "series": inputs.get("series") or {"title": "", "logline": ""}}
    return found | ({"outline": outline} if outline else {})


def _case_id(inputs: Mapping[str, Any]) -> str:
    return f"q-{digest('judge', inputs)[:16]}"
