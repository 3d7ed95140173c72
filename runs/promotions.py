"""Promotion in a workspace: who is at work, what was tested, which report proves it, and who is told afterwards.

The rules are `prompts.promotion`'s; this module gives them what they need to know.
"""

from __future__ import annotations

import getpass
import os
import subprocess
from dataclasses import replace
from pathlib import Path

from evals.case import load_cases
from prompts import channels
from prompts.errors import InputError, TemplateError, WorkbenchError
from prompts.evidence import Evidence, Refused
from prompts.kept import kept
from prompts.ledger import Ledger, LedgerError, head
from prompts.promotion import Board
from prompts.render import render
from prompts.version import Version
from runs.settings import Settings
from runs.webhooks import Delivery, notify
from runs.workspace import Workspace

OTHER_CODE = "computed by other code"
"""What a report's verification says after an upgrade: the numbers may be the same, but nobody has looked."""


def actor(ws: Workspace, settings: Settings) -> str:
    """Return who is at work: the setting `actor` (or WORKBENCH_ACTOR), else git's user.email here, else the login name.

    It is what somebody says of themselves. Where that is not enough, put the app behind a log-in, and sign commits.
    """
    return settings.actor or _git_email(ws) or _login()


def board(ws: Workspace, settings: Settings) -> Board:
    """Return the workspace's channels in the hands of whoever is at work.

    Raises:
        InputError: it is not known who that is.
    """
    return board_of(ws, actor(ws, settings))


def board_of(ws: Workspace, name: str) -> Board:
    """Return the workspace's channels in somebody's hands; in a team they are one board for all machines.

    Raises:
        InputError: the name is none.
        TeamError: the team's store cannot be used as it is set up.
    """
    from runs.team.ledger import arbiter_of

    return Board(ws.prompts, name, arbiter_of(ws))


def evidence(ws: Workspace, report: Path) -> Evidence:
    """Return what a gate's report proves, after computing it again from the log.

    Raises:
        InputError: it is no report.
        Refused: it does not come out the same, or its policy says something else by now.
    """
    from runs.report import evidence_for_promotion, load, verify

    problems = verify(ws, report)
    moved = [problem for problem in problems if OTHER_CODE in problem]
    if others := [problem for problem in problems if problem not in moved]:
        raise Refused("tampered-report", others[0], hint="Run the gate again.")
    if moved:
        raise Refused("stale-report", moved[0], hint="Judge the same runs again: `workbench gate … --run RUN`.")
    policy = load(report)["policy"]
    if (now := _policy_hash(ws, str(policy["name"]))) != policy["hash"]:
        what = "is gone" if not now else "was changed"
        raise Refused("tampered-policy", f"The policy {policy['name']} {what} since the gate was run.", hint="Run the gate again.")
    found = evidence_for_promotion(report)
    return replace(found, human_pairs=blind_pairs(ws, found.champion, found.challenger))


def newest_report(ws: Workspace, version: Version) -> Path | None:
    """Return the newest report in which a version is the challenger; None where there is none."""
    from runs.report import FOLDER, load

    found: list[tuple[str, Path]] = []
    for path in sorted((ws.runs / FOLDER).glob("*.json")):
        try:
            report = load(path)
            if report["challenger"]["version"] == version.id:
                found.append((str(report["created_at"]), path))
        except (InputError, KeyError, TypeError):
            continue  # not a report: `approve` and `promote` say so where one is named
    return max(found)[1] if found else None


def blind_pairs(ws: Workspace, champion: str, challenger: str) -> int:
    """Return how many pairs of two versions people have judged blind."""
    from evals.votes import preferences
    from runs import query

    arms = query.arms(ws)
    version = {f"{run}:{arm}": str(v) for run, arm, v in zip(arms["run_id"], arms["arm"], arms["version"], strict=True)}
    total = 0
    queues = query.queues(ws)
    for name, a, b in zip(queues["queue"], queues["a"], queues["b"], strict=True):
        if {version.get(a), version.get(b)} == {champion, challenger}:
            total += len(preferences(query.ratings(ws, str(name))))
    return total


def untested(ws: Workspace, version: Version) -> str:
    """Return why a version cannot be called tested; empty where it renders for every case of its stage.

    A judge is tried on the cases of scripts, which it is shown.
    """
    stage = "script" if version.stage == "judge" else version.stage
    cases = [case for case in load_cases(ws.evals / "cases") if case.stage == stage]
    if not cases:
        return f"there is no case of stage {stage}"
    for case in cases:
        try:
            render(version, case.inputs)
        except (TemplateError, InputError) as error:
            return f"{case.id}: {error}"
    return ""


def verify(ws: Workspace) -> list[str]:
    """Return everything about ledger, pointers and kept versions that is not as it was written; empty where all is well."""
    try:
        state, _ = channels.load(ws.prompts)
    except LedgerError as error:
        return [error.message]
    problems = []
    wanted = {(t, p.version) for (t, _), p in state.pointers.items()} | {(t, v) for (t, _), v in state.pins.items()}
    wanted |= {(t, canary.version) for t, canary in state.canaries.items()}
    for template, version in sorted(wanted):
        try:
            kept(ws.prompts, template, version)
        except WorkbenchError as error:
            problems.append(str(error))
    return problems


def ledger_head(ws: Workspace) -> str:
    """Return the ledger's head as people copy it: `seq:hash`."""
    found = head(Ledger(ws.prompts).entries())
    return f"{found['seq']}:{found['hash']}"


def tell(ws: Workspace, settings: Settings) -> list[Delivery]:
    """Tell the webhooks what is new."""
    return notify(ws, settings.webhooks)


def _policy_hash(ws: Workspace, name: str) -> str:
    from evals.policy import find_policy, load_policy

    try:
        return load_policy(find_policy(name, ws.evals)).hash
    except WorkbenchError:
        return ""


def _git_email(ws: Workspace) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(ws.root), "config", "user.email"],
            capture_output=True,
            text=True,
            timeout=5,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


def _login() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return str(os.getuid())
