"""A small run told in events: what the tests of the log write into journals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from runs import events as ev
from runs.contents import CONTENTS
from runs.lines import SCHEMA, encode
from runs.log import read
from runs.workspace import Workspace

START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
METRICS: list[ev.MetricPlan] = [
    {
        "name": name,
        "direction": direction,
        "unit": unit,
        "worst": worst,
        "lo": 0.0,
        "hi": hi,
        "description": f"{name} of a shot",
        "primary": primary,
    }
    for name, direction, unit, worst, hi, primary in (
        ("face", "up", "", 0.0, 1.0, True),
        ("logic", "down", "rules", 10.0, None, True),
        ("detail", "up", "", None, 1.0, False),
    )
]
FINDING = {"check": "C01", "check_version": "1", "severity": "block", "where": ["s1", "l2"], "quote": "He walks.", "message": "He is dead."}


def workspace(root: Path) -> Workspace:
    """Make an empty workspace."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "workbench.toml").touch()
    ws = Workspace(root)
    ws.ensure_writable()
    return ws


def at(second: float) -> str:
    """Return a moment of the story as journals write it."""
    return (START + timedelta(seconds=second)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def write(ws: Workspace, name: str, events: Iterable[ev.Event]) -> Path:
    """Write a journal of a dead process under a chosen name, header included."""
    events = list(events)
    path = ws.journals / name
    head = {"type": "journal", "schema": SCHEMA, "run_id": events[0].run_id, "at": events[0].at, "host": "there", "pid": 1}
    path.write_bytes(b"".join(map(encode, [head, *events])))
    return path


def job_id(run_id: str, number: int) -> str:
    return sha256(f"{run_id}/{number}".encode()).hexdigest()


def plan(run_id: str, jobs: int = 4, second: float = 0, cases: int = 2) -> ev.Run:
    """Return a plan of two arms over a few cases."""
    versions: list[ev.VersionPlan] = [
        {
            "version": f"v1:{letter * 64}",
            "template": "shot/keyframe",
            "ref": f"shot/keyframe@{name}",
            "front_matter": {"stage": "shot"},
            "closure": {f"prompts/shot/keyframe@{name}.j2": f"A shot, {name}."},
        }
        for letter, name in (("a", "plain"), ("b", "rich"))
    ]
    return ev.Run(
        run_id=run_id,
        at=at(second),
        stage="shot",
        suite={"name": "starter", "hash": "5" * 64},
        seed=7,
        provider={"name": "studio", "simulated": True, "base_url": ""},
        arms=[
            {
                "arm": letter,
                "ref": v["ref"],
                "template": v["template"],
                "version": v["version"],
                "model": "studio-1",
                "replica": 0,
            }
            for letter, v in zip("ab", versions, strict=True)
        ],
        versions=versions,
        cases=[
            {
                "case_id": f"case-{n}",
                "series": f"series-{n % 3}",
                "split": "explore",
                "hash": f"{n:064x}",
                "inputs": {"shot": {"id": f"s{n}"}},
                "references": {"mei": [{"sha256": "c" * 64, "media_type": "image/png"}]},
                "upstream": [{"stage": "script", "run_id": "earlier", "job_id": job_id("earlier", n), "sha256": "d" * 64}],
            }
            for n in range(cases)
        ],
        jobs=[
            {
                "job_id": job_id(run_id, n),
                "arm": "ab"[n % 2],
                "case_id": f"case-{n // 2 % cases}",
                "repeat": n // 2 // cases,
                "seed": 2**63 + n,
            }
            for n in range(jobs)
        ],
        parameters={"size": "720x1280"},
        scorers=[{"name": "judge", "version": "1", "args": {}, "metrics": METRICS}],
        environment={"python": "3.11"},
        budget_usd=5.0,
    )


def generation(run_id: str, number: int, second: float = 1, **changes: Any) -> ev.Generation:
    """Return the outcome of one job; some fail, some cost an unknown amount."""
    failed = number % 7 == 3
    given: dict[str, Any] = {
        "status": "failed" if failed else "ok",
        "error": "server" if failed else "",
        "message": f"HTTP 500 on request {number}" if failed else "",
        "artifacts": () if failed else [{"kind": "image", "media_type": "image/png", "sha256": f"{number:064x}", "bytes": 100 + number}],
        "messages": [{"role": "user", "content": f"Draw shot {number} – 镜头 \U0001f3ac"}],
        "wire_request": {"prompt": f"Draw shot {number}"},
        "wire_response": {"id": number},
        "usage": {"input_tokens": 10, "output_tokens": 20},
        "cost_usd": None if number % 5 == 4 else 0.25,
        "cost_source": "prices",
        "latency_s": 1.5,
        "simulated": True,
        "truth": {"identity": [0.5, 0.25]},
    }
    return ev.Generation(run_id=run_id, at=at(second), job_id=job_id(run_id, number), **(given | changes))


def score(metric: str, value: float | None, scorer: str = "judge", version: str = "1", **evidence: Any) -> ev.ScoreDict:
    status = "ok" if value is not None else "failed"
    return {
        "metric": metric,
        "scorer": scorer,
        "scorer_version": version,
        "value": value,
        "status": status,
        "reason": "",
        "evidence": evidence,
    }


def scores(run_id: str, number: int, second: float = 2, shift: float = 0.0) -> ev.Scores:
    """Return the scores of one generation, with a broken rule in every third."""
    broken = number % 3 == 0
    face = None if number % 7 == 3 else 0.5 + number % 10 / 20 + shift
    return ev.Scores(
        run_id=run_id,
        at=at(second),
        job_id=job_id(run_id, number),
        scores=[
            score("face", face, faces=[{"character": "mei", "match": 0.5}]),
            score("logic", float(broken), findings=[FINDING] if broken else []),
            score("detail", 0.5),
        ],
    )


def story(run_id: str, jobs: int = 4, begin: float = 0.0) -> Iterator[ev.Event]:
    """Yield all events of a whole run, in order, a second apart."""
    yield plan(run_id, jobs, begin)
    for n in range(jobs):
        yield ev.Claim(run_id=run_id, at=at(begin + 4 * n + 1), job_id=job_id(run_id, n))
        yield generation(run_id, n, begin + 4 * n + 2)
        yield scores(run_id, n, begin + 4 * n + 3)
    yield from ratings(run_id, begin + 4 * jobs)
    yield ev.End(run_id=run_id, at=at(begin + 4 * jobs + 4), state="finished")


def ratings(run_id: str, begin: float) -> Iterator[ev.Event]:
    """Yield a queue of one pair, a vote, and the same person's second thought."""
    name = f"queue-of-{run_id}"
    item: ev.QueueItem = {
        "item": "i1", "case_id": "c0", "series": "s0", "repeat": 0, "job_a": job_id(run_id, 0), "job_b": job_id(run_id, 1), "again": "",
    }  # fmt: skip
    yield ev.Queue(
        run_id=run_id, at=at(begin + 1), queue=name, actor="ann", question="Which one?", a=f"{run_id}:a", b=f"{run_id}:b", seed=7,
        items=[item], rubric=["face"],
    )  # fmt: skip
    for second, choice, value in ((2, "left", -1.0), (3, "tie", 0.0)):
        yield ev.Rating(
            run_id=run_id, at=at(begin + second), queue=name, item="i1", rater="bo", choice=choice, left="a", value=value, ms=900,
            rubric={"face": 4},
        )  # fmt: skip


def contents(ws: Workspace, *, fresh: bool = True) -> dict[str, list[tuple[Any, ...]]]:
    """Return all tables of the log in a form that does not depend on the order of folding: no surrogate keys, rows sorted."""
    with read(ws, fresh=fresh) as con:
        return {name: sorted(con.execute(sql).fetchall(), key=repr) for name, sql in CONTENTS.items()}


def judged(run_id: str, *, decision: str = "hold", attempt: int = 1) -> ev.Judged:
    """Return a gate's event on a run."""
    return ev.Judged(
        run_id=run_id, at=at(90), template="shot/keyframe", challenger="v1:bb", champion="v1:aa", suite_hash="s", policy="p", report="r",
        decision=decision, attempt=attempt,
    )  # fmt: skip
