"""Blocking work of many tasks in few threads: everybody gets his own result, nobody waits for the slow one, none is lost."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import kit
import pytest
from patience import HANGS_S

from runs import together
from runs.requests import Requests
from runs.together import BATCH_S, SHARE, SLOW_S, Together


def run(main: Callable[[], Any]) -> Any:
    return asyncio.run(main())


def test_a_hundred_tasks_share_a_few_threads_and_each_gets_its_own_answer() -> None:
    def halve(n: int) -> float:
        if n % 7 == 0:
            raise ValueError(n)
        return n / 2

    async def main() -> None:
        half = Together(halve)
        found = await asyncio.gather(*(half(n) for n in range(100)), return_exceptions=True)
        assert [f for f in found if not isinstance(f, ValueError)] == [n / 2 for n in range(100) if n % 7]
        assert [f.args[0] for f in found if isinstance(f, ValueError)] == list(range(0, 100, 7))
        assert half.batches <= 3

    run(main)


def test_work_that_waits_for_a_disk_is_shared_by_several_threads_at_once() -> None:
    """Four that wait for each other can only end where each has a thread of its own."""
    meet = threading.Barrier(4, timeout=HANGS_S)

    async def main() -> None:
        work = Together(lambda _: meet.wait(), threads=4)
        assert sorted(await asyncio.gather(*(work(n) for n in range(8)))) == [0, 0, 1, 1, 2, 2, 3, 3]
        assert 4 <= work.batches <= 8

    run(main)


def test_a_task_that_is_cancelled_takes_no_other_with_it() -> None:
    begun = threading.Event()

    def wait(n: int) -> int:
        begun.set()
        time.sleep(BATCH_S / 4)
        return n

    async def main() -> None:
        work = Together(wait)
        tasks = [asyncio.create_task(work(n)) for n in range(6)]
        await asyncio.to_thread(begun.wait)
        tasks[0].cancel()
        tasks[3].cancel()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert [f for f in found if not isinstance(f, asyncio.CancelledError)] == [1, 2, 4, 5]
        assert await work(9) == 9

    run(main)


def test_a_prompt_is_rendered_once_for_all_repeats_and_again_when_it_was_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is remembered is the prompt alone: key, seed and model are each job's own."""
    import runs.requests

    made: list[str] = []
    real = runs.requests.render_all

    def counted(wanted: Any) -> Any:
        made.extend(version.id for version, _ in wanted)
        return real(wanted)

    monkeypatch.setattr(runs.requests, "render_all", counted)
    ws = kit.workspace(tmp_path)
    plan = kit.plan(ws, kit_provider(), series=1, cases=1, repeats=3)
    requests = Requests(ws, plan)
    assert requests.at_hand(plan.jobs[0]) is None, "nothing is rendered where it must not wait"
    first = [requests.of(job) for job in plan.jobs]
    assert len(made) == 2, "two versions of one case"
    assert [requests.at_hand(job) for job in plan.jobs] == first
    assert len({r.key for r in first}) == 6
    assert len({r.messages for r in first}) == 2
    monkeypatch.setattr(runs.requests, "REMEMBERED", 1)
    other = kit.plan(ws, kit_provider(), series=1, cases=2, repeats=2)
    requests = Requests(ws, other)
    assert [requests.of(job).messages for job in other.jobs]
    assert len(made) == 2 + len(other.jobs), "nothing fits, so nothing is kept"
    monkeypatch.undo()
    monkeypatch.setattr(runs.requests, "render_all", counted)
    requests, made[:] = Requests(ws, other), []
    requests.ahead(other.jobs)
    assert len(made) == 4, "each of two versions for each of two cases"
    assert [requests.of(job) for job in other.jobs] == [requests.at_hand(job) for job in other.jobs]
    assert len(made) == 4


def kit_provider() -> Any:
    from runs.providers.studio import StudioProvider

    return StudioProvider()


def test_light_work_is_done_at_once_and_goes_to_threads_for_a_while_after_it_had_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a clock of its own, which only the work moves: a busy machine is slow at any moment."""
    where: list[bool] = []
    clock = SimpleNamespace(now=100.0, monotonic=lambda: clock.now)
    monkeypatch.setattr(together, "time", clock)

    def work(seconds: float) -> None:
        where.append(threading.current_thread() is threading.main_thread())
        clock.now += seconds

    async def main() -> None:
        store = Together(work, light=lambda seconds: seconds < 1)
        for seconds in (0, SLOW_S / 2, 5 * SLOW_S, 0):
            await store(seconds)
        clock.now += 4.9 * SLOW_S / SHARE
        await store(0)
        clock.now += 0.2 * SLOW_S / SHARE
        await store(0)

    run(main)
    assert where == [True, True, True, False, False, True]
