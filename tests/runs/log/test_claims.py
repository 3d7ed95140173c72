"""Claims: one worker a run, on this machine, and nothing left behind by the dead."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from patience import until
from warm import Process

from runs.begun import Begun
from runs.claims import Claims, alone
from runs.errors import JournalError
from runs.harness import Options
from runs.plan import Plan
from runs.providers.studio import StudioProvider
from runs.workspace import Workspace

Start = Callable[..., Process]


def test_a_claim_is_won_once_and_can_be_given_back(ws: Workspace) -> None:
    with Claims(ws) as claims:
        assert claims.try_claim("r/1")
        assert not claims.try_claim("r/1")
        assert claims.try_claim("r/2")
        claims.release("r/1")
        assert claims.try_claim("r/1")


def test_the_steps_of_a_race_are_begun_by_one(ws: Workspace) -> None:
    """The other is told so before it has planned anything."""

    def planned() -> Plan:
        raise AssertionError("it began")

    path = ws.runs / "races" / "x.json"
    with alone(ws, f"begun/{path}", "Round 1"), pytest.raises(JournalError, match="Round 1 is being worked on by another process"):
        Begun(path).run(ws, "1", "Round 1", planned, StudioProvider(), Options(), print)
    with pytest.raises(AssertionError, match="it began"):
        Begun(path).run(ws, "1", "Round 1", planned, StudioProvider(), Options(), print)


def test_two_users_in_one_process_keep_apart(ws: Workspace) -> None:
    with Claims(ws) as one:
        with Claims(ws) as two:
            assert one.try_claim("r/1")
            assert not two.try_claim("r/1")
            assert two.try_claim("r/2")
            two.release("r/1")
        assert not one.try_claim("r/1"), "the other's release and close took nothing from this one"
        assert one.try_claim("r/2"), "closing gives back"


def test_another_process_sees_a_claim_until_its_holder_is_killed(ws: Workspace, start: Start) -> None:
    holder = start("claim", ws.root, "r/1", 0)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "True\n"
    with Claims(ws) as claims:
        assert not claims.try_claim("r/1")
        holder.kill()
        holder.wait()
        until(lambda: claims.try_claim("r/1"))


def test_closing_one_of_two_users_keeps_the_other_users_claim_in_the_eyes_of_other_processes(ws: Workspace, start: Start) -> None:
    """POSIX drops all locks of a process when it closes any descriptor of the file."""
    with Claims(ws) as one:
        one.try_claim("r/1")
        Claims(ws).close()
        other = start("claim", ws.root, "r/1", 0)
        assert other.stdout is not None
        assert other.stdout.readline() == "False\n"


def test_a_forked_child_has_none_of_the_claims(ws: Workspace) -> None:
    with Claims(ws) as claims:
        claims.try_claim("r/1")
        child = os.fork()
        if child == 0:
            claims.close()
            own = Claims(ws)
            os._exit(2 * own.try_claim("r/1") + (not own.try_claim("r/2")))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert not claims.try_claim("r/1")
