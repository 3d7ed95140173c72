"""What goes on beside the work on a run: its journal is shipped every few seconds, and the others hear that this machine lives.

    with shipping(ws, run_id, new=False, say=progress.say) as hold: …

The work never waits for the store. Where that does not answer, the journal grows here and is shipped later: by this process, by the next
one, or by `workbench team push`.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from prompts.errors import WorkbenchError
from runs.errors import JournalError
from runs.journal import own_files
from runs.lines import header
from runs.team import beats, lease
from runs.team.errors import StoreDown
from runs.team.member import Member, member_of
from runs.team.pull import pull
from runs.team.push import Pusher
from runs.workspace import Workspace

SOON_S = 3.0
LAST_S = 60.0
"""How long the end of a run waits for the store."""
SLOWEST_S = 60.0
"""How long between two tries while the store does not answer."""
Say = Callable[[str], None]


@dataclass(slots=True)
class Hold:
    """A run that is held; `lost` is called where another machine takes it away."""

    lost: Say = lambda reason: None  # noqa: ARG005


@contextlib.contextmanager
def shipping(ws: Workspace, run_id: str, *, new: bool, say: Say) -> Iterator[Hold]:
    """Hold a run against the team's other machines and ship what is journalled of it, for the time of the block; nothing without a team.

    Args:
        ws: the workspace.
        run_id: the run.
        new: the run begins only now; otherwise what others did of it is fetched first.
        say: told once what is wrong with the store, and when it is well again.

    Raises:
        JournalError: another machine works on the run.
        TeamError, WorkspaceError: the store cannot be used as it is set up.
    """
    member, hold = member_of(ws), Hold()
    if member is None:
        yield hold
        return
    number = lease.taken(member, run_id, elsewhere=lambda: not new and lease.elsewhere(ws, run_id), say=say)
    if number and not new:
        pull(ws, member)
    beside = _Beside(ws, member, run_id, number, say, hold)
    beside.start()
    try:
        yield hold
    finally:
        beside.finish()


class _Beside(threading.Thread):
    def __init__(self, ws: Workspace, member: Member, run_id: str, number: int, say: Say, hold: Hold) -> None:
        super().__init__(name="shipping", daemon=True)
        self._member, self._run_id, self._number = member, run_id, number
        self._say, self._hold = say, hold
        self._pusher = Pusher(ws, member)
        self._since = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
        self._over = threading.Event()
        self._down = False
        self._refused = ""
        self._lost = False
        self._beat_at = 0.0

    def run(self) -> None:
        pause = self._member.settings.ship_s
        while not self._over.wait(pause):
            self._try(self._round)
            pause = min(2 * pause, SLOWEST_S) if self._down else self._member.settings.ship_s
        self._try(self._last)

    def finish(self) -> None:
        self._over.set()
        # Somebody who does not want to wait loses nothing: what is left is shipped later.
        with contextlib.suppress(KeyboardInterrupt):
            self.join(SOON_S)
            if self.is_alive():
                self._say("Shipping the rest to the team's store; Ctrl-C leaves it for later.")
                self.join(LAST_S)
        waiting = self._pusher.waiting()
        if left := sum(waiting.get(path.stem, 0) for path in self._journals()):
            self._say(f"{left} bytes of the journal are not on the team's store yet: `workbench team push` ships them.")

    def _try(self, step: Callable[[], None]) -> None:
        try:
            step()
        except StoreDown as error:
            if not self._down:
                self._say(f"{error.message} The run goes on, and is shipped later.")
            self._down = True
        except WorkbenchError as error:
            if error.message != self._refused:
                self._say(str(error))
            self._refused = error.message
        else:
            if self._down:
                self._say("The team's store answers again.")
            self._down = False

    def _round(self) -> None:
        if not self._number:
            self._take()
        # Said first, so that whoever fetches a piece of a run has also heard that it lives.
        if time.monotonic() - self._beat_at >= beats.EVERY_S:
            self._beat()
            if self._number and lease.is_lost(self._member, self._run_id, self._number):
                self._give_up()
        self._ship()

    def _take(self) -> None:
        """Take the run now, where the store did not answer at its beginning."""
        if not self._lost:
            try:
                self._number = lease.take(self._member, self._run_id)
            except JournalError:
                self._give_up()

    def _give_up(self) -> None:
        self._number, self._lost = 0, True
        self._hold.lost("another machine of the team has taken the run")

    def _last(self) -> None:
        self._ship()
        self._pusher.push()  # what a process before this one has left, too
        self._beat()
        if self._number:
            lease.give_back(self._member, self._run_id, self._number)

    def _ship(self) -> None:
        if journals := self._journals():
            self._pusher.push(journals)

    def _journals(self) -> list[Path]:
        """Return what was journalled of the run since it was taken; a journal's name begins with the moment of its birth."""
        born = [path for path in own_files(self._pusher.ws) if path.name >= self._since]
        return [path for path in born if (header(path) or {}).get("run_id") == self._run_id]

    def _beat(self) -> None:
        beats.beat(self._member, beats.own(self._pusher.ws))
        self._beat_at = time.monotonic()
