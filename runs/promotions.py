"""Promotion in a workspace: who is at work, what was tested, which report proves it, and who is told afterwards.

The rules are `prompts.promotion`'s; this module gives them what they need to know.
"""

from __future__ import annotations

import getpass
import os
import subprocess

from evals.case import load_cases
from prompts import channels
from prompts.errors import InputError, TemplateError, WorkbenchError
from prompts.kept import kept
from prompts.ledger import Ledger, LedgerError, head
from prompts.promotion import Board
from prompts.render import render
from prompts.version import Version
from runs.settings import Settings
from runs.webhooks import Delivery, notify
from runs.workspace import Workspace


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
    return Board(ws.prompts, actor(ws, settings))


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
