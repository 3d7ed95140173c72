"""The gate's report: everything that a promotion binds to, and the data to compute the verdict again.

One canonical JSON file, `runs/gates/<challenger>-<hash>.json`, and the same for people as Markdown and as one HTML page. The
log keeps the file's SHA-256 (`runs.events.Judged`), so a changed byte shows. What it holds:

    format, created_at, decision, simulated, template, challenger, champion, suite, policy, code, judge, provider,
    evidence (runs and arms), attempt, look, planned_units, burnt, refused, verdict, data
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evals.gate import decide
from evals.policy import Policy, parse_policy
from evals.ruling import Verdict
from prompts.errors import InputError
from prompts.evidence import Evidence
from prompts.files import write_whole
from prompts.identity import canonical_json, sha256
from runs import query
from runs.compare import Arm
from runs.events import Judged
from runs.journal import Journal
from runs.log import catch_up
from runs.trial import Trial, evidence
from runs.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

FORMAT = "workbench-gate/1"
FOLDER = "gates"
MAX_BYTES = 64 << 20
CODE = ("stats.py", "evidence.py", "looks.py", "policy.py", "gate.py", "ruling.py", "verdict_text.py")
"""The files of `evals` that make a verdict."""
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Judgement:
    """A report with what it was made from."""

    report: Json
    verdict: Verdict
    policy: Policy
    frame: pd.DataFrame

    @property
    def sha256(self) -> str:
        """Return the hash of the report's file."""
        return sha256(canonical_json(self.report))


def judge(
    ws: Workspace,
    trial: Trial,
    policy: Policy,
    *,
    name: str,
    look: int | None = None,
    planned_units: int | None = None,
    refused: Mapping[str, str] | None = None,
) -> Judgement:
    """Judge a challenger on what the log holds of it; nothing is written.

    Args:
        ws: The workspace.
        trial: The arms that are the evidence.
        policy: What must be shown.
        name: The policy's name, for the report.
        look: Which of the planned looks this is.
        planned_units: How many units there will be at the last one.
        refused: Metrics that may not be primary, and why.

    Raises:
        InputError: The evidence is no evidence; see `runs.trial` and `evals.gate`.
    """
    frame = evidence(ws, trial, policy)
    plan = query.run_plan(ws, trial.run_ids[0])
    attempt = attempt_of(ws, trial, plan["suite"]["hash"])
    told = dict(refused or {})
    verdict = decide(frame, policy, attempt=attempt, look=look, planned_units=planned_units, refused=told)
    report: Json = {
        "format": FORMAT,
        "created_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "decision": verdict.decision,
        "simulated": trial.simulated,
        "template": trial.challenger.template,
        "challenger": _arm(trial.challenger),
        "champion": _arm(trial.champion),
        "suite": plan["suite"],
        "policy": {"name": name, "hash": policy.hash, "rule": policy.model_dump(mode="json")},
        "code": code(),
        "judge": {s["name"]: s["version"] for s in plan["scorers"]},
        "provider": {**plan["provider"], "snapshots": _snapshots(frame)},
        "evidence": _arms(trial),
        "attempt": attempt,
        "look": look,
        "planned_units": planned_units,
        "refused": told,
        "burnt": _records(query.burnt(ws, trial.challenger.version, trial.run_ids)),
        "verdict": verdict.to_dict(),
        "data": _data(frame, policy),
    }  # fmt: skip
    return Judgement(_plain(report), verdict, policy, frame)


def attempt_of(ws: Workspace, trial: Trial, suite_hash: str) -> int:
    """Return which attempt on this suite these runs are: one more than how many other runs a gate has judged for the template.

    Looks at the same evidence, and judging it again, are one attempt.
    """
    return attempt_at(ws, trial.challenger.template, suite_hash, trial.run_ids[0])


def attempt_at(ws: Workspace, template: str, suite_hash: str, run_id: str = "") -> int:
    """Return which attempt a run is, or the next run would be."""
    first = query.gates(ws, template, suite_hash).drop_duplicates("run_id")["run_id"].tolist()
    return first.index(run_id) + 1 if run_id in first else len(first) + 1


def save(ws: Workspace, judgement: Judgement) -> Path:
    """Write the report into `runs/gates` and its hash into the log; return the JSON file.

    Raises:
        WorkspaceError, JournalError: The workspace cannot be written.
    """
    report, digest = judgement.report, judgement.sha256
    folder = ws.runs / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{report['challenger']['version'].removeprefix('v1:')[:8]}-{digest[:12]}.json"
    write_whole(path, canonical_json(report))
    run = report["evidence"][0]["run"]
    with Journal(ws, run) as journal:
        journal.append(
            Judged(
                run_id=run, template=report["template"], challenger=report["challenger"]["version"],
                champion=report["champion"]["version"], suite_hash=report["suite"]["hash"], policy=report["policy"]["hash"],
                report=digest, decision=report["decision"], attempt=report["attempt"], look=report["look"],
            )
        )  # fmt: skip
    catch_up(ws)
    return path


def load(path: Path) -> Json:
    """Read a report's JSON file.

    Raises:
        InputError: It is missing, or no such report.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path} is larger than any report.")
        data = json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from None
    except ValueError:
        raise InputError(f"{path} is not JSON.", hint="Give the .json file that `workbench gate` wrote.") from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise InputError(f"{path} is no gate report of format {FORMAT}.")
    return data


def verify(ws: Workspace, path: Path) -> list[str]:
    """Return what does not hold of a report any more, in words; empty where all of it does.

    The file is compared with its hash in the log, the verdict is computed again from the file's own data, and then again from
    the log, with what lies there now.

    Raises:
        InputError: It is no report.
    """
    report = load(path)
    try:
        policy = parse_policy(report["policy"]["rule"], "the report's policy")
        return [*_against_log(ws, path, report), *_again(report, policy), *_from_log(ws, report, policy)]
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise InputError(f"{path} is not whole: {type(error).__name__} at {error}.") from None


def evidence_for_promotion(path: Path) -> Evidence:
    """Return what a promotion needs to know of a report.

    Raises:
        InputError: It is no report.
    """
    report, raw = load(path), path.read_bytes()
    approval = report["policy"]["rule"]["approval"]
    return Evidence(
        template=report["template"],
        challenger=report["challenger"]["version"],
        champion=report["champion"]["version"],
        decision=report["decision"],
        report=sha256(raw),
        policy=report["policy"]["hash"],
        created_at=datetime.fromisoformat(report["created_at"]),
        simulated=report["simulated"],
        reviewers=approval["reviewers"],
        author_may_approve=approval["author_may_approve"],
        human_pairs_min=approval["human_pairs_min"],
        suite=report["suite"]["name"],
        summary=report["verdict"]["reasons"][0][:200] if report["verdict"]["reasons"] else "",
    )


def code() -> Json:
    """Return what computes verdicts: the package's version and a hash over the files that do."""
    folder = Path(decide.__code__.co_filename).parent
    text = b"".join((folder / name).read_bytes() for name in CODE)
    return {"version": metadata.version("microdrama-workbench"), "sha256": hashlib.sha256(text).hexdigest()}


def frame_of(report: Json) -> pd.DataFrame:
    """Return the evidence that a report holds."""
    import pandas as pd

    return pd.DataFrame(report["data"]["rows"], columns=report["data"]["columns"])


def _against_log(ws: Workspace, path: Path, report: Json) -> list[str]:
    digest = sha256(path.read_bytes())
    known = query.gates(ws, report["template"])
    if digest in set(known["report"]):
        return []
    return ["The file is not the one that the gate wrote: the log knows no report with its hash."]


def _again(report: Json, policy: Policy) -> list[str]:
    found = []
    if policy.hash != report["policy"]["hash"]:
        found.append("The policy in the report is not the one of its hash.")
    if report["code"]["sha256"] != code()["sha256"]:
        found.append("The verdict is computed by other code now than when the report was made.")
    verdict = decide(
        frame_of(report), policy, attempt=report["attempt"], look=report["look"], planned_units=report["planned_units"],
        refused=report["refused"],
    )  # fmt: skip
    return [*found, *_changes(report, verdict, "the report's data")]


def _from_log(ws: Workspace, report: Json, policy: Policy) -> list[str]:
    trial = _trial(ws, report)
    frame = evidence(ws, trial, policy)
    found = _differing(report["data"], _plain(_data(frame, policy)))
    for side, arm in (("challenger", trial.challenger), ("champion", trial.champion)):
        if arm.version != report[side]["version"]:
            found.append(f"The {side} in the log is {arm.version}, in the report {report[side]['version']}.")
    plan = query.run_plan(ws, trial.run_ids[0])
    if plan["suite"] != report["suite"]:
        found.append("The suite in the log is another one than in the report.")
    verdict = decide(
        frame, policy, attempt=report["attempt"], look=report["look"], planned_units=report["planned_units"], refused=report["refused"]
    )
    return [*found, *_changes(report, verdict, "the log")]


def _trial(ws: Workspace, report: Json) -> Trial:
    from runs.compare import find_arms

    pairs = [find_arms(ws, f"{e['run']}:{e['champion']}", f"{e['run']}:{e['challenger']}") for e in report["evidence"]]
    return Trial(tuple(a for a, _ in pairs), tuple(b for _, b in pairs))


def _changes(report: Json, verdict: Verdict, source: str) -> list[str]:
    """Return where a verdict that was computed again is another one."""
    now, then = _plain(verdict.to_dict()), report["verdict"]
    if verdict.decision != report["decision"]:
        return [f"From {source} the decision is {verdict.decision}, in the report {report['decision']}."]
    parts = [name for name in now if now[name] != then.get(name)]
    return [f"From {source} the verdict differs in {', '.join(parts)}."] if parts else []


def _differing(then: Json, now: Json) -> list[str]:
    if then == now:
        return []
    place = [then["columns"].index(name) for name in ("arm", "series", "case", "repeat")]
    old, new = ({tuple(row[i] for i in place): row for row in side["rows"]} for side in (then, now))
    changed = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
    named = "; ".join(" ".join(str(part) for part in key) for key in changed[:5])
    return [f"{len(changed)} generations differ between report and log: {named}{' …' if len(changed) > 5 else ''}."]


def _data(frame: pd.DataFrame, policy: Policy) -> Json:
    metrics = [name for name in dict.fromkeys([*policy.primary, *policy.guardrails, *policy.hard]) if name not in ("cost_usd", "latency_s")]
    columns = [
        "arm",
        "series",
        "case",
        "repeat",
        "status",
        *metrics,
        "cost_usd",
        "latency_s",
        "model",
        "model_resolved",
        "run_id",
        "job_id",
    ]
    columns += ["artifact", "media_type"]
    return {"columns": columns, "rows": [list(row) for row in frame[columns].itertuples(index=False, name=None)]}


def _snapshots(frame: pd.DataFrame) -> list[str]:
    return sorted({str(name) for name in frame["model_resolved"].dropna() if name})


def _arm(arm: Arm) -> Json:
    return {"version": arm.version, "ref": arm.ref, "model": arm.model}


def _arms(trial: Trial) -> list[Json]:
    pairs = zip(trial.champions, trial.challengers, strict=True)
    return [{"run": b.run_id, "champion": a.arm, "challenger": b.arm} for a, b in pairs]


def _records(frame: pd.DataFrame) -> list[Json]:
    return [{str(k): v for k, v in row.items()} for row in frame.to_dict("records")]


def _plain(value: Any) -> Any:
    """Turn a value into what JSON knows; what is unknown is null."""
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, str | bool | int):
        return value
    if hasattr(value, "isoformat"):
        return value.isoformat() if value == value else None
    if hasattr(value, "item"):
        return _plain(value.item())
    return value if isinstance(value, float) and value == value and abs(value) != float("inf") else None
