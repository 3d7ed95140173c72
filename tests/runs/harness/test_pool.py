"""The worker pool: real processes, really killed."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import calls
import pytest
from patience import HANGS_S, until

from runs.pool import Pool, TaskFailed, WorkerDied, close_shared, shared


@pytest.fixture
def pool() -> Iterator[Pool]:
    with Pool(workers=2) as pool:
        yield pool


def gone(pid: int) -> bool:
    """Say whether a process has ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_no_process_starts_before_the_first_call(pool: Pool) -> None:
    assert pool.pids == ()


def test_calls_run_in_at_most_two_processes_that_are_not_this_one(pool: Pool) -> None:
    pids = {f.result() for f in [pool.submit(calls.pid, i) for i in range(8)]}
    assert 1 <= len(pids) <= 2
    assert os.getpid() not in pids
    assert set(pool.pids) == pids


def test_results_come_back_to_their_own_calls(pool: Pool) -> None:
    futures = [pool.submit(calls.double, i) for i in range(50)]
    assert [f.result() for f in futures] == [2 * i for i in range(50)]


def test_an_exception_in_a_worker_arrives_with_its_words_and_the_worker_lives_on(pool: Pool) -> None:
    with pytest.raises(TaskFailed, match="ValueError: a broken scorer") as caught:
        pool.submit(calls.fail, "a broken scorer").result()
    assert "in fail" in caught.value.traceback
    before = pool.pids
    assert pool.submit(calls.double, 2).result() == 4
    assert set(before) <= set(pool.pids)


def test_a_result_that_cannot_travel_is_a_failed_call(pool: Pool) -> None:
    with pytest.raises(TaskFailed, match="pickle"):
        pool.submit(calls.unpicklable).result()


def test_a_killed_worker_is_replaced_and_its_call_made_again(pool: Pool, tmp_path: Path) -> None:
    assert pool.submit(calls.die_once, str(tmp_path / "marker")).result() == "alive"


def test_a_call_that_always_kills_its_worker_is_given_up_with_the_workers_last_words(pool: Pool) -> None:
    with pytest.raises(WorkerDied, match=r"died 3 times: signal 9, out of memory, perhaps"):
        pool.submit(calls.die).result()


def test_the_others_do_not_notice_a_worker_that_dies(pool: Pool, tmp_path: Path) -> None:
    dying = pool.submit(calls.die_once, str(tmp_path / "marker"))
    others = [pool.submit(calls.double, i) for i in range(20)]
    assert [f.result() for f in others] == [2 * i for i in range(20)]
    assert dying.result() == "alive"


def test_a_call_that_hangs_is_stopped_at_its_limit(pool: Pool) -> None:
    async def main() -> None:
        with pytest.raises(WorkerDied, match="longer than 0 s"):
            await pool.call(calls.sleep, 10 * HANGS_S, limit_s=0.3)
        assert await pool.call(calls.double, 3) == 6

    asyncio.run(main())


def test_workers_use_one_thread_each_whatever_their_parent_has(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert pool.submit(calls.environment, "OMP_NUM_THREADS").result() == "1"
    assert os.environ["OMP_NUM_THREADS"] == "7"


@pytest.mark.parametrize(("set_by_the_user", "expected"), [("", "1"), ("3", "3")])
def test_a_command_uses_one_thread_unless_the_user_says_otherwise(set_by_the_user: str, expected: str) -> None:
    program = "\n".join([
        "import os, sys, workbench",
        "sys.argv = ['workbench', '--version']",
        "try: workbench.main()",
        "except SystemExit: print(os.environ['OMP_NUM_THREADS'])",
    ])  # fmt: skip
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    if set_by_the_user:
        environment["OMP_NUM_THREADS"] = set_by_the_user
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split()[-1] == expected


def test_a_fresh_worker_has_loaded_nothing_heavy(pool: Pool) -> None:
    for name in ("numpy", "pandas", "duckdb", "PIL", "pydantic", "streamlit"):
        assert not pool.submit(calls.loaded, name).result(), name


def test_closing_ends_workers_in_the_middle_of_a_call(tmp_path: Path) -> None:
    pool = Pool(workers=1)
    future = pool.submit(calls.sleep_and_mark, 10 * HANGS_S, str(tmp_path / "pid"))
    until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
    (pid,) = pool.pids
    start = time.monotonic()
    pool.close()
    assert time.monotonic() - start < HANGS_S
    until(lambda: gone(pid))
    with pytest.raises(WorkerDied):
        future.result()


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_workers_die_with_their_parent_in_the_middle_of_a_call(tmp_path: Path, how: signal.Signals) -> None:
    marker = tmp_path / "pid"
    code = f"import calls; from runs.pool import Pool; Pool(1).submit(calls.sleep_and_mark, {10 * HANGS_S}, {str(marker)!r}).result()"
    path = os.pathsep.join([str(Path(__file__).parent), *[p for p in sys.path if p]])
    parent = subprocess.Popen([sys.executable, "-P", "-c", code], env={**os.environ, "PYTHONPATH": path}, stderr=subprocess.DEVNULL)
    while not marker.exists() or not marker.read_text():
        assert parent.poll() is None
        time.sleep(0.02)
    pid = int(marker.read_text())
    parent.send_signal(how)
    if how == signal.SIGINT:
        # The interpreter waits for its threads before it leaves; a second signal is what an impatient user sends.
        time.sleep(0.5)
        parent.kill()
    parent.wait()
    until(lambda: gone(pid))


def test_a_process_has_one_shared_pool_and_a_new_one_after_it_was_closed() -> None:
    first = shared()
    assert shared() is first
    assert first.workers == 2
    close_shared()
    assert shared().submit(calls.double, 4).result() == 8
    assert shared() is not first
