"""One machine at a time works on a run, the work never waits for the store, and nothing that was shipped is paid again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import farming
import kit
import pytest
import team_kit
import warm
from patience import HANGS_S, until

from runs import query
from runs.errors import Interrupted, JournalError
from runs.harness import Options, resume, run
from runs.log import catch_up
from runs.pricing import Pricing
from runs.progress import Silent
from runs.resume import run_ids, state_of
from runs.settings import load
from runs.team import beats, lease
from runs.team.pull import pull
from runs.team.push import Pusher
from runs.workspace import Workspace

Machine = Callable[..., Workspace]
CHILD = Path(__file__).parent.parent / "harness" / "child.py"


class Telling(Silent):
    """Remembers what is said; `then` is called for each."""

    def __init__(self, then: Callable[[str], object] = lambda _: None) -> None:
        self.said: list[str] = []
        self._then = then

    def say(self, text: str) -> None:
        self.said.append(text)
        self._then(text)


def options(progress: Silent | None = None, grace_s: float = HANGS_S) -> Options:
    return Options(pricing=Pricing(free=True), progress=progress or Silent(), grace_s=grace_s)


def production(ws: Workspace) -> Workspace:
    """Give a workspace of the team something to run."""
    settings = ws.config.read_text("utf-8")
    kit.workspace(ws.root)
    ws.config.write_text(settings, "utf-8")
    return ws


def small(ws: Workspace, provider: farming.FarmDirect, cases: int = 2) -> kit.Plan:
    return kit.plan(ws, provider, series=2, cases=cases, scorers=("cost",))


@pytest.mark.slow
def test_a_machine_dies_and_another_goes_on(machine: Machine) -> None:
    """Refused while nobody has said that it is gone; then only what had not been shipped is paid again, and the dead one sees it all."""
    a, b = production(machine("a", ship_s=0.3)), production(machine("b"))
    with farming.farm(lets=40) as port:
        process = warm.popen(str(a.root), str(port), "direct", "run", script=CHILD)
        assert process.stdout is not None
        run_id = process.stdout.readline().split()[1]
        while finished(b, run_id) < 6:
            time.sleep(0.05)
            pull(b, team_kit.member(b))
        assert query.runs(b).set_index("run_id")["state"][run_id] == "running", "it lives, over there"
        process.kill()
        process.communicate()
        pull(b, team_kit.member(b))
        shipped = set(state_of(b, run_id).finished)
        paid_by_a = set(farming.asked(port))
        with pytest.raises(JournalError, match=f"The machine a works on the run {run_id}"):
            resume(b, run_id, farming.FarmDirect(port), options())
        assert set(farming.asked(port)) == paid_by_a, "nothing was paid by the one who was refused"
        lease.take(team_kit.member(b), run_id, force=True)
        farming.let(port)
        assert resume(b, run_id, farming.FarmDirect(port), options()).counts.ok == 60
        asked = farming.asked(port)
        assert len(asked) == 60
        assert {job for job, times in asked.items() if times > 1} <= paid_by_a - shipped
        assert all(asked[job] == 1 for job in shipped)
        # The dead one comes back: there is nothing left to pay, and both have the same.
        load(a.root)  # in its own process, as its own command would
        assert resume(a, run_id, farming.FarmDirect(port), options()).state == "finished"
        assert farming.asked(port) == asked
    pull(b, team_kit.member(b))
    for ws in (a, b):
        catch_up(ws)
    assert team_kit.tables(a) == team_kit.tables(b)
    assert query.runs(a)["machines"].to_list() == ["a, b"]


def test_the_store_is_down(machine: Machine, shared: Path) -> None:
    """A run goes on, says so once, and ships when the store is there again; the run of another machine is not begun meanwhile."""
    ws, other = production(machine("a")), machine("b")
    away = shared.with_name("away")
    with farming.farm() as port:
        provider = farming.FarmDirect(port)
        shared.rename(away)
        progress = Telling()
        plan = small(ws, provider)
        assert run(ws, plan, provider, options(progress)).state == "finished"
        assert sum("The run goes on" in text for text in progress.said) == 2, progress.said
        assert "`workbench team push` ships them" in progress.said[-1]
        away.rename(shared)
        assert Pusher(ws, team_kit.member(ws)).push().pieces == 1
        pull(other, team_kit.member(other))
        shared.rename(away)
        with pytest.raises(JournalError, match="is another machine's, and it cannot be taken now"):
            resume(other, plan.run_id, provider, options())


@pytest.mark.slow
def test_the_store_comes_back_in_the_middle_of_a_run(machine: Machine, shared: Path) -> None:
    """It is away until the run has said so, of its beginning and of its first piece, and back before the run is over."""
    ws = production(machine("a"))
    away = shared.with_name("away")
    shared.rename(away)

    def heard(text: str) -> None:
        if sum("The run goes on" in one for one in progress.said) == 2 and away.exists():
            away.rename(shared)
        if "answers again" in text:
            farming.let(port)

    progress = Telling(heard)
    with farming.farm(lets=6) as port:
        provider = farming.FarmDirect(port)
        assert run(ws, small(ws, provider, 8), provider, options(progress)).state == "finished"
    assert "The team's store answers again." in progress.said
    assert not any("are not on the team's store" in text for text in progress.said)


@pytest.mark.slow
def test_a_run_that_is_taken_away_stops(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beats, "EVERY_S", 0.1)
    a, b = production(machine("a")), machine("b")
    with farming.farm(lets=6) as port:
        provider = farming.FarmDirect(port)
        plan = small(a, provider, 20)

        def take() -> None:
            until(lambda: finished(a, plan.run_id))
            lease.take(team_kit.member(b), plan.run_id, force=True)

        taking = threading.Thread(target=take)
        taking.start()
        with pytest.raises(Interrupted):
            run(a, plan, provider, options(grace_s=0.2))
        taking.join()
        assert len(farming.asked(port)) < len(plan.jobs)
    assert "another machine of the team has taken the run" in query.notes(a, plan.run_id)["text"].to_list()
    with pytest.raises(JournalError, match="The machine b works"):
        lease.take(team_kit.member(a), plan.run_id)


def finished(ws: Workspace, run_id: str) -> int:
    return len(state_of(ws, run_id).finished) if run_id in run_ids(ws) else 0


def test_of_two_that_take_at_once_one_wins(machine: Machine) -> None:
    members = [team_kit.member(machine(name)) for name in "abcdef"]
    refused: list[str] = []

    def take(member: team_kit.Member) -> None:
        try:
            lease.take(member, "r")
        except JournalError as error:
            refused.append(error.message)

    threads = [threading.Thread(target=take, args=(member,)) for member in members]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 5
    holder = next(member for member in members if f"machine {member.machine} " in refused[0]) if "works on" in refused[0] else None
    number = 1
    lease.give_back(holder or members[0], "r", number)
    assert lease.take(members[5], "r") == 2
