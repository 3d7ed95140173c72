"""A long log as a team would have it after a year: many runs over the same suites, versions that follow each other, findings.

    ws = make(folder, runs=2_000, scores=10_000_000)      journals, and the log that the real fold makes of them

Each run compares two neighbouring versions of a template over the cases of its stage's suite, ten scores a generation. What is
drawn depends on the numbers of run, job and metric only. Ten million scores take 2.5 GB of journals.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import log_story as story  # type: ignore[import-not-found]
import yaml

from evals.waiverfile import FILE
from runs import events as ev
from runs.lines import encode
from runs.log import fold
from runs.workspace import Workspace

METRICS = 10
TEMPLATES = ("shot/keyframe", "shot/closeup", "clip/motion", "character/sheet")
VERSIONS = 25
SERIES = 20
STEP_BYTES = 256 << 20
EMOTIONS = ("joy", "fear", "anger", "sadness", "surprise")
SIZES = ("close_up", "medium", "wide")
_USUAL: dict[str, Any] = {"direction": "up", "unit": "share", "worst": 0.0, "lo": 0.0, "hi": 1.0, "description": ""}
_PLANS: list[ev.MetricPlan] = [{**_USUAL, "name": f"metric_{k}", "primary": k < 3} for k in range(METRICS)]  # type: ignore[typeddict-item]
_PLANS[-1].update({"name": "logic", "direction": "down", "unit": "rules", "worst": 10.0, "hi": None})


def run_id(number: int) -> str:
    """Return the id of a run of the log."""
    return f"20260301-{number:06d}-bench"


def make(root: Path, runs: int, scores: int) -> Workspace:
    """Write the journals and fold them, `STEP_BYTES` at a time."""
    ws: Workspace = story.workspace(root)
    jobs = max(4, scores // runs // METRICS)
    for number in range(runs):
        path = ws.journals / f"{run_id(number)}.jsonl"
        head = {"type": "journal", "schema": story.SCHEMA, "run_id": run_id(number), "at": story.at(60 * number), "host": "there", "pid": 1}
        with path.open("wb") as file:
            file.write(encode(head))
            file.writelines(map(encode, events(number, jobs)))
    while not fold(ws, max_bytes=STEP_BYTES).done:
        pass
    return ws


def kept(folder: Path, runs: int, scores: int) -> Workspace:
    """Return the log of that size in a folder: the one that is there, or a new one."""
    root = folder / f"{runs}-{scores}"
    return Workspace(root) if (root / "runs" / "log.duckdb").exists() else make(root, runs, scores)


def say(ws: Workspace) -> None:
    """Write five waivers, of every kind, that together speak of every finding of the log."""
    common = {"check": story.FINDING["check"], "who": "lin", "why": "to see what it costs", "at": "2026-11-25"}
    kinds = (
        {"verdict": "wrong", "quote": "He w", "series": "series-1"},
        {"verdict": "meant", "case": "case-7"},
        {"verdict": "right", "artifact": f"{3:064x}"},
        {"verdict": "meant", "quote": "walks", "place": "s1"},
        {"verdict": "right", "quote": "He"},
    )
    ws.evals.mkdir(exist_ok=True)
    (ws.evals / FILE).write_text(yaml.safe_dump({"waivers": [{**common, **kind} for kind in kinds]}), "utf-8")


def events(number: int, jobs: int) -> Iterator[ev.Event]:
    """Yield the events of a run."""
    name, began = run_id(number), 60 * number
    yield plan(number, jobs)
    for n in range(jobs):
        at, job = story.at(began + 1 + 50 * n / jobs), story.job_id(name, n)
        words = (
            f"Draw shot {n} of drama {n // 2 % SERIES}: {EMOTIONS[n // 2 % 5]} in the rain, " + "she lifts the red petition slowly. " * 6
        )
        made = story.generation(name, n)
        yield replace(made, at=at, messages=[{"role": "user", "content": words}], wire_request={"prompt": words, "size": "720x1280"})
        yield ev.Scores(run_id=name, at=at, job_id=job, scores=[_score(number, n, k) for k in range(METRICS)])
    yield ev.End(run_id=name, at=story.at(began + 55), state="finished")


def plan(number: int, jobs: int) -> ev.Run:
    """Return the plan of a run: a template's version and the one after it."""
    usual: ev.Run = story.plan(run_id(number), jobs, second=60 * number, cases=max(1, jobs // 2))
    which = number % len(TEMPLATES)
    template, first = TEMPLATES[which], number // len(TEMPLATES) % VERSIONS
    versions: list[ev.VersionPlan] = [_version(template, which, (first + n) % VERSIONS) for n in (0, 1)]
    named: list[ev.ArmPlan] = [
        {**arm, "ref": one["ref"], "template": template, "version": one["version"]}
        for arm, one in zip(usual.arms, versions, strict=True)
    ]  # fmt: skip
    cases: list[ev.CasePlan] = [{**case, **_case(number, n)} for n, case in enumerate(usual.cases)]  # type: ignore[typeddict-item]
    return replace(
        usual,
        stage=template.partition("/")[0],
        suite={"name": template.replace("/", "-"), "hash": f"{which:064x}"},
        arms=named,
        versions=versions,
        cases=cases,
        scorers=[{"name": "judge", "version": "1", "args": {}, "metrics": _PLANS}],
    )


def _version(template: str, which: int, number: int) -> ev.VersionPlan:
    label = f"{template}@v{number}"
    closure: Any = {f"prompts/{template}@v{number}.j2": f"Draw {{{{ shot.id }}}} as version {number} does."}
    return {"version": f"v1:{which:02x}{number:062x}", "template": template, "ref": label, "front_matter": {}, "closure": closure}


def _case(number: int, n: int) -> dict[str, Any]:
    """Return what a case holds. Runs come in chains of four: but for the first, each is fed by the outputs of the one before."""
    which, before = number % len(TEMPLATES), run_id(number - 1)
    person = {"character": {"id": f"who-{n % 7}"}, "emotion": EMOTIONS[n % 5], "speaking": n % 2 == 0}
    inputs = {"shot": {"id": f"s{n}", "size": SIZES[n % 3]}, "episode": {"id": f"e{n % 4}"}, "people": [person]}
    fed = {"stage": "shot", "run_id": before, "job_id": story.job_id(before, 2 * n), "sha256": f"{2 * n:064x}"}
    return {"series": f"series-{n % SERIES}", "hash": f"{which:02x}{n:062x}", "inputs": inputs, "upstream": [fed] if which else []}


def _score(number: int, n: int, k: int) -> ev.ScoreDict:
    if k == METRICS - 1:
        broken = n % 3 == 0
        found: ev.ScoreDict = story.score("logic", float(broken), findings=[story.FINDING] if broken else [])
        return found
    # Of a case both arms have most in common; the rest is noise of run, job and metric.
    noise = (number * 7_919 + n * 104_729 + k * 1_299_709) % 997 / 997
    value = min(1.0, 0.3 + (n // 2 * (k + 3)) % 50 / 100 + 0.1 * noise + n % 2 * 0.01 * (k - 2))
    drawn: ev.ScoreDict = story.score(f"metric_{k}", round(max(0.0, value), 6), match=round(noise, 4), detector="hog", faces=1)
    return drawn
