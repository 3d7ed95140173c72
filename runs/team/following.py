"""Keeping up: what the app does beside its pages, fetching what others ship and shipping what people do in it.

    follow(find)        for ever, in a thread of its own
    standing()          in a few words, for the page

Ratings and reports of gates are journalled by the app itself, so it ships too. A store that does not answer is asked less often.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from prompts.errors import WorkbenchError
from runs.journal import own_files
from runs.team import ledger
from runs.team.member import Member, member_of
from runs.team.pull import pull
from runs.team.push import Pusher
from runs.workspace import Workspace

UNASKED_S = 30.0
"""How often to look whether a workspace has joined a team."""
SLOWEST_S = 120.0
_standing: tuple[str, float, str] = ("", 0.0, "")


def follow(find: Callable[[], Workspace], *, over: threading.Event | None = None) -> None:
    """Fetch and ship, every `fetch_s` seconds, until it is over; errors are told by `standing` and tried again."""
    over = over or threading.Event()
    pause, pusher = 0.0, None
    while not over.wait(pause):
        try:
            ws = find()
            member = member_of(ws)
            if member is None:
                pause, pusher = UNASKED_S, None
                continue
            if pusher is None or pusher.member is not member:
                pusher = Pusher(ws, member)
            _once(ws, member, pusher)
            pause = member.settings.fetch_s
        except WorkbenchError as error:
            _tell(_standing[0], _standing[1], error.message)
            pause = min(max(2 * pause, 1.0), SLOWEST_S)


def standing() -> str:
    """Say when the others were last heard of; empty where there is no team."""
    url, at, wrong = _standing
    if wrong:
        return f"The team's runs are as of {int(time.time() - at)} s ago. {wrong}" if at else wrong
    return f"With the runs of the team on {url}." if url else ""


def _once(ws: Workspace, member: Member, pusher: Pusher) -> None:
    if files := own_files(ws):
        pusher.push(files)
    pull(ws, member)
    ledger.catch_up(ws, member)
    _tell(member.store.url, time.time(), "")


def _tell(url: str, at: float, wrong: str) -> None:
    global _standing  # noqa: PLW0603  written by the one thread that follows
    _standing = (url, at, wrong)
