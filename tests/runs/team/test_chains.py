"""Of two machines that begin one chain at the same moment one walks it; nothing of it is paid twice, whoever goes on."""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Callable
from pathlib import Path

import farming
import maker
import pytest
import team_kit
import warm
from patience import HANGS_S

from evals.chain import load_chain
from runs import query
from runs.chain import walk
from runs.errors import JournalError
from runs.team import lease
from runs.team.chains import walking
from runs.team.pull import pull
from runs.workspace import Workspace

Machine = Callable[..., Workspace]
CHILD = Path(__file__).parent.parent / "harness" / "chain_child.py"
CHAIN = """name: pilot
episodes: [appeal-below/e03, painted-skin/e01]
stages:
  outline: {version: outline/episode, scorers: []}
  script: {version: script/episode, scorers: []}
"""


def production(machine: Machine, name: str) -> Workspace:
    ws = machine(name, ship_s=0.3)
    settings = ws.config.read_text("utf-8")
    made = maker.workspace(ws.root.with_name(f"{name}-starter"), CHAIN)
    for folder in ("prompts", "evals"):
        (made.root / folder).rename(ws.root / folder)
    ws.config.write_text(settings, "utf-8")
    return ws


def begun(ws: Workspace, port: int) -> warm.Process:
    return warm.popen(str(ws.root), str(port), "run", script=CHILD)


def again(ws: Workspace, port: int) -> list[tuple[str, str, int]]:
    return [(r.stage, r.state, r.counts.ok) for r in walk(ws, load_chain("pilot", ws.evals / "chains"), maker.Seen(port, "run"))]


@pytest.mark.slow
def test_two_machines_begin_one_chain_at_the_same_moment(machine: Machine) -> None:
    """One is refused with the name of the other; afterwards it takes over what that one has made. Counted at the server."""
    machines = {name: production(machine, name) for name in ("a", "b")}
    with farming.farm(lets=0) as port:
        children = {name: begun(ws, port) for name, ws in machines.items()}
        while all(child.poll() is None for child in children.values()):  # the one that got it waits for answers
            time.sleep(0.02)
        farming.let(port)
        told = {name: (*child.communicate(timeout=HANGS_S), child.returncode) for name, child in children.items()}
        winner, loser = sorted(told, key=lambda name: told[name][2])
        assert told[winner][0].split()[-3:] == ["ended", "outline:finished:2/2", "script:finished:2/2"], told
        assert told[loser][2] != 0, told
        assert any(
            said in told[loser][1] for said in (f"The machine {winner} works on the chain pilot", "has just taken the chain pilot")
        ), told
        paid = farming.asked(port)
        assert (len(paid), set(paid.values())) == (4, {1})
        assert again(machines[loser], port) == [("outline", "finished", 2), ("script", "finished", 2)]
        assert farming.asked(port) == paid, "it has what the other made"
        assert query.runs(machines[loser])["machines"].to_list() == [winner] * 2


@pytest.mark.slow
def test_a_machine_that_dies_in_a_chain_keeps_it_until_somebody_says_so(machine: Machine) -> None:
    a, b = production(machine, "a"), production(machine, "b")
    with farming.farm(lets=2) as port:
        child = begun(a, port)
        while len(query.chain_runs(b, "pilot")) < 2:  # the second stage's run was shipped, and its calls are not answered
            pull(b, team_kit.member(b))
            time.sleep(0.1)
        child.kill()
        child.communicate()
        paid = farming.asked(port)
        with pytest.raises(JournalError, match=r"The machine a works on the chain pilot.*`workbench team take --chain pilot`"):
            again(b, port)
        assert farming.asked(port) == paid, "nothing was paid by the one who was refused"
        member = team_kit.member(b)
        lease.take(member, lease.of_chain("pilot"), force=True)
        with contextlib.redirect_stderr(io.StringIO()), pytest.raises(JournalError, match=r"The machine a works on the run"):
            again(b, port)
        for run_id in query.chain_runs(b, "pilot"):
            with contextlib.suppress(JournalError):
                lease.take(member, run_id, force=True)
        farming.let(port)
        assert again(b, port) == [("outline", "finished", 2), ("script", "finished", 2)]
        asked = farming.asked(port)
        assert len(asked) == 4
        assert {job for job, times in asked.items() if times > 1} <= set(list(paid)[2:]), "only what was in flight when it died"


def test_a_chain_is_held_only_as_long_as_nobody_takes_it_away(machine: Machine, shared: Path) -> None:
    a, b = machine("a"), machine("b")
    said: list[str] = []
    with walking(a, "pilot", said.append) as still_ours:
        still_ours()
        with pytest.raises(JournalError, match="The machine a works on the chain pilot"), walking(b, "pilot", said.append):
            pass
        lease.take(team_kit.member(b), lease.of_chain("pilot"), force=True)
        with pytest.raises(JournalError, match="has taken the chain pilot"):
            still_ours()
    lease.give_back(team_kit.member(b), lease.of_chain("pilot"), 2)
    away = shared.with_name("away")
    shared.rename(away)
    with walking(a, "pilot", said.append) as still_ours:
        still_ours()
        assert len(said) == 1 and "The chain goes on" in said[0], "it does not wait for the store"
        away.rename(shared)
        still_ours()
        with pytest.raises(JournalError, match="The machine a works on the chain pilot"), walking(b, "pilot", said.append):
            pass
    with walking(b, "pilot", said.append):
        shared.rename(away)
    assert "stays this machine's" in said[-1], "what it made is known to nobody yet"
    away.rename(shared)
    with pytest.raises(JournalError, match="The machine b works on the chain pilot"), walking(a, "pilot", said.append):
        pass
    with walking(b, "pilot", said.append):
        pass
    with walking(a, "pilot", said.append):
        pass
