"""Of all machines of a team, one at a time walks a chain; whoever walks it has fetched what the others did of it.

    with walking(ws, "pilot", say) as still_ours:
        still_ours()            # before each stage

A chain is several runs, and which ones there are decides what is paid: two machines that begin one at the same moment would each find
nothing of it. So its name is a lease, as a run's id is. It is given back when all that was journalled here lies on the store.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from runs import query
from runs.errors import JournalError
from runs.team import lease
from runs.team.errors import StoreDown, TeamError
from runs.team.member import Member, member_of
from runs.team.pull import pull
from runs.team.push import Pusher
from runs.workspace import Workspace

Say = Callable[[str], None]


@contextlib.contextmanager
def walking(ws: Workspace, chain: str, say: Say) -> Iterator[Callable[[], None]]:
    """Hold a chain against the team's other machines for the time of the block; nothing without a team.

    Args:
        ws: the workspace.
        chain: the chain's name.
        say: told what the user should know of the store.

    Yields:
        What raises a `JournalError` where another machine has taken the chain meanwhile.

    Raises:
        JournalError: another machine walks the chain.
        TeamError, WorkspaceError: the store cannot be used as it is set up.
    """
    member = member_of(ws)
    if member is None:
        yield lambda: None
        return
    held = _Held(ws, member, chain, say)
    held.take()
    try:
        yield held.check
    finally:
        held.give_back()


class _Held:
    def __init__(self, ws: Workspace, member: Member, chain: str, say: Say) -> None:
        self._ws, self._member, self._chain, self._say = ws, member, chain, say
        self._key = lease.of_chain(chain)
        self._number = 0

    def take(self) -> None:
        self._number = lease.taken(self._member, self._key, elsewhere=self._elsewhere, say=self._say)
        if self._number:
            pull(self._ws, self._member)

    def _elsewhere(self) -> bool:
        return any(lease.elsewhere(self._ws, run_id) for run_id in query.chain_runs(self._ws, self._chain))

    def check(self) -> None:
        try:
            if not self._number:  # the store did not answer before
                self._number = lease.take(self._member, self._key)
                pull(self._ws, self._member)
            elif lease.is_lost(self._member, self._key, self._number):
                self._number = 0
                raise JournalError(
                    f"Another machine of the team has taken the chain {self._chain}.", hint="What was made here stays, and is shipped."
                )
        except StoreDown:
            return

    def give_back(self) -> None:
        """Ship what is left, then let others have the chain: they would pay for what they cannot know of."""
        if not self._number:
            return
        try:
            Pusher(self._ws, self._member).push()
            lease.give_back(self._member, self._key, self._number)
        except (StoreDown, TeamError) as error:
            self._say(f"{error.message} The chain {self._chain} stays this machine's: once more with `workbench chain {self._chain}`.")
