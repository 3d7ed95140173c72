"""Webhooks: tell other programs what the ledger says, signed, in order, at least once.

    POST https://ops.studio/hooks/prompts
    X-Workbench-Event: promote
    X-Workbench-Delivery: 9c41…                    the ledger line's hash: the same at every try
    X-Workbench-Timestamp: 1795600443
    X-Workbench-Signature: v1=<HMAC-SHA256(secret, "1795600443." + body)>

    {"action":"promote","actor":"chen@studio","channel":"production","from":"v1:81…","seq":7,"template":"shot/keyframe", …}

How far each address has been told is kept in `runs/webhooks.json`. What could not be delivered is delivered with the next
move, or by `workbench ledger notify`: a receiver that is down misses nothing and stops nobody.
"""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from prompts.errors import InputError, WorkbenchError
from prompts.files import held, write_whole
from prompts.identity import canonical_json
from prompts.ledger import Entry, Ledger
from prompts.web import Unreachable, check_url, send
from runs import secrets
from runs.delivery import Webhook
from runs.workspace import Workspace

FILE = "webhooks.json"
TIMEOUT_S = 5.0
TRIES = 3
PAUSE_S = 0.5


@dataclass(frozen=True, slots=True)
class Delivery:
    """How far one address has been told; `problem` is empty where it knows everything."""

    url: str
    told: int
    waiting: int
    problem: str = ""


def notify(ws: Workspace, hooks: Sequence[Webhook]) -> list[Delivery]:
    """Tell every address what it has not been told yet, in the ledger's order; never raises for what a receiver does.

    Raises:
        LedgerError: the ledger was changed.
        WorkspaceError: how far they were told cannot be written.
    """
    if not hooks:
        return []
    entries = Ledger(ws.prompts).entries()
    ws.runs.mkdir(parents=True, exist_ok=True)
    with held(ws.runs / ".webhooks.lock"):
        known = _positions(ws)
        done = []
        for hook in hooks:
            done.append(_tell(hook, entries, known))
            write_whole(ws.runs / FILE, json.dumps(known, sort_keys=True, indent=1).encode() + b"\n")
    return done


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """Return the signature of a message: a receiver computes it again and compares; an old timestamp is a replay."""
    return "v1=" + hmac.new(secret.encode(), timestamp.encode() + b"." + body, sha256).hexdigest()


def _tell(hook: Webhook, entries: Sequence[Entry], known: dict[str, int]) -> Delivery:
    told = known.get(hook.url, 0)
    due = [entry for entry in entries if entry.seq > told]
    problem = ""
    for place, entry in enumerate(due):
        if entry.action in hook.actions:
            problem = _deliver(hook, entry)
            if problem:
                waiting = sum(later.action in hook.actions for later in due[place:])
                return Delivery(hook.url, told, waiting, problem)
        told = known[hook.url] = entry.seq
    return Delivery(hook.url, told, 0)


def _deliver(hook: Webhook, entry: Entry) -> str:
    """Deliver one line; return what went wrong after the last try."""
    try:
        url, key = check_url(hook.url), secrets.secret(hook.secret_env)
        if key is None:
            raise InputError(f"The environment variable {hook.secret_env} is not set: nothing can be signed.")
    except WorkbenchError as error:
        return error.message
    body = canonical_json({name: value for name, value in entry.as_json().items() if name != "prev"})
    problem = ""
    for number in range(TRIES):
        if number:
            time.sleep(PAUSE_S * 2 ** (number - 1))
        stamp = str(int(time.time()))
        headers = {
            "Content-Type": "application/json", "X-Workbench-Event": entry.action, "X-Workbench-Delivery": entry.hash,
            "X-Workbench-Timestamp": stamp, "X-Workbench-Signature": sign(key, stamp, body),
        }  # fmt: skip
        try:
            status = send(url, headers=headers, body=body, timeout_s=TIMEOUT_S, limit=1 << 16).status
        except Unreachable as error:
            problem = str(secrets.redact(str(error)))
            continue
        if 200 <= status < 300:
            return ""
        problem = f"it answers {status}"
        if status < 500 and status not in {408, 425, 429}:
            break
    return problem


def _positions(ws: Workspace) -> dict[str, int]:
    try:
        found = json.loads((ws.runs / FILE).read_bytes())
        return {str(url): int(seq) for url, seq in found.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}  # told again rather than never: the delivery id is the same
