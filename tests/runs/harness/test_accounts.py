"""One account, several processes: its limits hold over all of them, also when one is killed."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import clockwork
import farming
import pytest
import warm
from patience import HANGS_S, until

from runs import accounts
from runs.accounts import Account, account_of, folder
from runs.providers.studio import StudioProvider
from runs.settings import ProviderSettings

HOLDER = """
import asyncio, sys, pathlib
from runs.accounts import Account
async def main():
    async with Account(pathlib.Path(sys.argv[1]), concurrency=3).slot(int(sys.argv[2])):
        print("held", flush=True)
        await asyncio.to_thread(sys.stdin.read)
asyncio.run(main())
"""

Timed = Callable[[Coroutine[Any, Any, Any]], Any]


def run(main: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(main)


def holder(path: Path, weight: int) -> subprocess.Popen[str]:
    """Start a process that holds slots until it is killed."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    process = subprocess.Popen([sys.executable, "-P", "-c", HOLDER, str(path), str(weight)], text=True, env=env, **pipes)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


@pytest.fixture
def timed(monkeypatch: pytest.MonkeyPatch) -> Timed:
    """How to run what waits for time alone: by a clock that moves only while everybody waits, for accounts too."""
    monkeypatch.setattr(accounts, "time", SimpleNamespace(time=lambda: 1e9 + asyncio.get_running_loop().time()))
    return clockwork.run


class Named:
    """As much of a provider as an account needs."""

    simulated = False

    def __init__(self, **config: Any) -> None:
        self.config = ProviderSettings(type="chat", **config)
        self.concurrency = self.config.concurrency


def test_a_killed_process_frees_its_slots(tmp_path: Path) -> None:
    """Two of three slots are held elsewhere: one more fits, two do not until the holder is gone."""
    path = tmp_path / "account"
    other = holder(path, 2)

    async def main() -> None:
        account = Account(path, concurrency=3)
        async with asyncio.timeout(HANGS_S), account.slot(1):
            pass
        waiting = asyncio.create_task(held(account, 2))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        os.kill(other.pid, signal.SIGKILL)
        async with asyncio.timeout(HANGS_S):
            await waiting

    async def held(account: Account, weight: int) -> None:
        async with account.slot(weight):
            pass

    try:
        run(main())
    finally:
        other.kill()
        other.communicate()


def test_a_pause_holds_for_all_who_share_the_account(tmp_path: Path, timed: Timed) -> None:
    async def main() -> Any:
        one, two = Account(tmp_path / "account", concurrency=2), Account(tmp_path / "account", concurrency=2)
        one.pause(0.3)
        one.pause(0.1)  # a shorter one does not shorten it
        async with two.slot():
            return asyncio.get_running_loop().time()

    assert 0.3 <= timed(main()) < 0.3 + 2 * accounts.LOOK_S[1]


def test_a_rate_holds_over_all_who_share_the_account(tmp_path: Path, timed: Timed) -> None:
    async def main() -> list[float]:
        both = [Account(tmp_path / "account", concurrency=5, per_minute=60 / 0.05) for _ in range(2)]
        times: list[float] = []

        async def one(account: Account) -> None:
            async with account.slot():
                times.append(asyncio.get_running_loop().time())

        await asyncio.gather(*(one(a) for a in both * 3))
        return times

    times = sorted(timed(main()))
    assert len(times) == 6
    assert all(b - a >= 0.05 - 1e-6 for a, b in itertools.pairwise(times))


def test_heavy_requests_that_fill_the_account_neither_starve_nor_block_each_other(tmp_path: Path, timed: Timed) -> None:
    async def main() -> int:
        both = [Account(tmp_path / "account", concurrency=4) for _ in range(2)]
        in_use = most = 0

        async def one(account: Account, weight: int) -> None:
            nonlocal in_use, most
            async with account.slot(weight):
                in_use += weight
                most = max(most, in_use)
                await asyncio.sleep(0.005)
                in_use -= weight

        async with asyncio.timeout(20):
            await asyncio.gather(*(one(both[n % 2], 3 if n % 3 == 0 else 1) for n in range(24)))
        return most

    assert timed(main()) == 4


def test_who_gives_up_waits_no_longer(tmp_path: Path, timed: Timed) -> None:
    async def main() -> None:
        closed = asyncio.Event()
        first = Account(tmp_path / "account", concurrency=1)
        second = Account(tmp_path / "account", concurrency=1, given_up=closed.is_set)

        async def through() -> None:
            async with second.slot():
                pass

        async with first.slot():
            waiting = asyncio.create_task(through())
            await asyncio.sleep(0.05)
            assert not waiting.done()
            closed.set()
            async with asyncio.timeout(2):
                await waiting

    timed(main())


def test_an_account_is_an_address_a_key_and_a_kind_and_its_file_tells_none_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONE_KEY", "planted-key-number-one")
    monkeypatch.setenv("TWO_KEY", "planted-key-number-two")
    here: dict[str, Any] = {"base_url": "http://one.example/v1", "api_key_env": "ONE_KEY"}
    providers = [
        (Named(**here), "image"), (Named(**{**here, "base_url": "http://one.example/v1/"}), "image"),  # the same
        (Named(**{**here, "api_key_env": "TWO_KEY"}), "image"), (Named(**here), "video"),
        (Named(**{**here, "base_url": "http://two.example"}), "image"),
        (Named(**here, account="team"), "image"), (Named(base_url="http://x.example", account="team"), "image"),  # the same again
    ]  # fmt: skip

    async def main() -> None:
        for provider, kind in providers:
            account = account_of(provider, kind, tmp_path)  # type: ignore[arg-type]
            assert account is not None
            account.pause(0.01)
            await account.__aexit__(None, None, None)

    run(main())
    files = sorted(p for p in tmp_path.iterdir() if p.name != "salt")
    assert len(files) == 5
    for path in files:
        told = path.name.encode() + path.read_bytes()
        assert not any(text in told for text in (b"planted", b"one.example", b"team"))


def test_what_is_nobodys_account_is_not_counted(tmp_path: Path) -> None:
    assert account_of(StudioProvider(), "image", tmp_path) is None
    assert account_of(Named(), "text", tmp_path) is None  # type: ignore[arg-type]


def test_the_folder_is_the_users_own_and_outside_of_any_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    assert folder() == tmp_path / "state/microdrama-workbench/accounts"
    assert folder().stat().st_mode & 0o777 == 0o700


@pytest.mark.slow
@pytest.mark.parametrize("weight", [1, 2])
def test_two_runs_of_two_workspaces_share_an_accounts_slots_also_when_one_is_killed(tmp_path: Path, weight: int) -> None:
    """The server counts: never more at once than the account has, and as soon as one run is gone the other has them all.

    It answers one call of the first run less than would end it, so that this one still works when it is killed.
    """
    slots = 4
    with farming.farm(lets=16 - slots // weight + 1) as port:  # of 16 jobs

        def begun(name: str) -> warm.Process:
            words = (str(tmp_path / name), str(port), name, str(slots), str(weight))
            process = warm.popen(*words, script=Path(__file__).with_name("crowd.py"))
            assert process.stdout.readline() == "begun\n"
            return process

        one, two = begun("one"), begun("two")
        until(lambda: farming.asked(port, "one") and farming.asked(port, "two"))
        assert (one.poll(), two.poll()) == (None, None)
        assert farming.most_at_once(port) <= slots // weight
        one.kill()
        one.communicate()
        # The server still works on calls of the dead, so from here on it counts by whose they are.
        until(lambda: farming.most_at_once(port, "two") == slots // weight)
        farming.let(port)
        out, _ = two.communicate(timeout=HANGS_S)
        assert out == "ended finished\n"
        assert set(farming.asked(port, "two").values()) == {1}
        assert farming.most_at_once(port, "two") == slots // weight
