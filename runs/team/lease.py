"""Leases: of all machines of a team, one at a time works on a run, and one walks a chain.

    leases/<run>/000001.json             taken by creating it: of two machines one can
    leases/<run>/000001.free             given back
    leases/chain-<name>/000001.json      a chain's, likewise

On one machine locks of the kernel keep processes apart, and fall with their process. A lease outlives its machine, so a person says that
a machine is gone: `workbench team take RUN`. What that machine had not shipped by then is not known to anybody else.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import orjson

from runs.errors import JournalError
from runs.events import now
from runs.journal import files, header
from runs.team.errors import Missing, StoreDown, TeamError
from runs.team.member import Member
from runs.workspace import Workspace

_CHAIN = "chain-"
_NAME = re.compile(r"(\d{6})\.(json|free)")


def of_chain(name: str) -> str:
    """Return what a chain is called here, in place of a run's id."""
    return f"{_CHAIN}{name}"


def take(member: Member, run_id: str, *, force: bool = False) -> int:
    """Take a run for this machine; return the lease's number.

    Args:
        member: this machine's place in the team.
        run_id: the run.
        force: take it from a machine of which a person says that it is gone.

    Raises:
        JournalError: another machine has it.
        StoreDown, TeamError: the store does not answer or refuses.
    """
    number, free = _newest(member, run_id)
    if number and not free:
        holder = _holder(member, run_id, number)
        if holder == member.machine:  # a process of this machine that is over, or our lock on the run would not be ours
            return number
        if not force:
            raise JournalError(
                f"The machine {holder} works on the {_what(run_id)}.",
                hint=f"Go on there. If that machine is gone for good: `{_command(run_id)}`.",
            )
    data = orjson.dumps({"machine": member.machine, "at": now()})
    if not member.store.create(_name(run_id, number + 1), data):
        raise JournalError(f"Another machine has just taken the {_what(run_id)}.", hint="Look with `workbench team status`.")
    return number + 1


def give_back(member: Member, run_id: str, number: int) -> None:
    """Let other machines take the run; errors as the store's."""
    member.store.put(f"{_folder(run_id)}{number:06d}.free", b"{}")


def is_lost(member: Member, run_id: str, number: int) -> bool:
    """Tell whether another machine has taken the run since; errors as the store's."""
    return _newest(member, run_id)[0] > number


def taken(member: Member, run_id: str, *, elsewhere: Callable[[], bool], say: Callable[[str], None]) -> int:
    """Take a run that this process is about to work on, if the store answers; 0 where it does not and nobody else can have the run.

    Args:
        member: this machine's place in the team.
        run_id: the run, or a chain (`of_chain`).
        elsewhere: asked where the store does not answer: whether another machine has done something of it.
        say: told that the store does not answer.

    Raises:
        JournalError: another machine has it, or may have it.
        TeamError: the store refuses.
    """
    try:
        return take(member, run_id)
    except StoreDown as error:
        if elsewhere():
            raise JournalError(
                f"The {_what(run_id)} is another machine's, and it cannot be taken now. {error.message}", hint=error.hint
            ) from None
        kind = _what(run_id).partition(" ")[0]
        say(f"{error.message} The {kind} goes on; it is shipped when the store answers, and no other machine is kept from it meanwhile.")
        return 0


def elsewhere(ws: Workspace, run_id: str) -> bool:
    """Tell whether another machine has written a journal of a run."""
    return any(path.is_relative_to(ws.team) and (header(path) or {}).get("run_id") == run_id for path in files(ws))


def _newest(member: Member, run_id: str) -> tuple[int, bool]:
    """Return the number of the newest lease, 0 where there is none, and whether it was given back."""
    taken: set[int] = set()
    free: set[int] = set()
    for entry in member.store.list(_folder(run_id)):
        if found := _NAME.fullmatch(entry.name.rpartition("/")[2]):
            (taken if found[2] == "json" else free).add(int(found[1]))
    newest = max(taken, default=0)
    return newest, newest in free


def _holder(member: Member, run_id: str, number: int) -> str:
    try:
        return str(orjson.loads(member.store.get(_name(run_id, number), 10_000))["machine"])[:60]
    except (Missing, ValueError, KeyError, TypeError):
        raise TeamError(
            f"The lease of the {_what(run_id)} on the store cannot be read.", hint="`workbench team take` takes it anew."
        ) from None


def _what(run_id: str) -> str:
    return f"chain {run_id.removeprefix(_CHAIN)}" if run_id.startswith(_CHAIN) else f"run {run_id}"


def _command(run_id: str) -> str:
    name = run_id.removeprefix(_CHAIN)
    return f"workbench team take {'--chain ' if name != run_id else ''}{name}"


def _name(run_id: str, number: int) -> str:
    return f"{_folder(run_id)}{number:06d}.json"


def _folder(run_id: str) -> str:
    return f"leases/{run_id}/"
