"""What a machine can do to a run: clocks, disks, other machines, networks that stop or never end. Each with what becomes of it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import farming
import kit
import log_story as story
import pytest
import small_disk
from patience import HANGS_S
from raw_server import listening

from prompts.errors import WorkbenchError
from runs import place, query
from runs.errors import JournalError
from runs.events import now
from runs.harness import resume, run
from runs.log import rebuild
from runs.provider import Asset, Failure
from runs.providers.download import Downloads
from runs.providers.http import Client
from runs.resume import state_of
from runs.sealing import seal_old
from runs.verifying import verify

ROOT = Path(__file__).parents[3]
MOUNTS = "22 1 0:20 / / rw - ext4 /dev/sda rw\n23 22 0:21 / {} rw,relatime shared:1 - {} server:/export rw\n"


def python(code: str, *args: object, before: list[str] | None = None) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(Path(__file__).parent), str(ROOT / "tests" / "support"), str(ROOT)])
    return subprocess.run(
        [*(before or []), sys.executable, "-P", "-c", code, *map(str, args)], capture_output=True, text=True, check=False, timeout=HANGS_S,
        env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip


# --- the clock

SAYS_AGAIN = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
import log_story as story
from runs import events
from runs.journal import Journal
from runs.log import catch_up, rebuild
from runs.resume import state_of
from runs.workspace import Workspace
ws = Workspace(Path(sys.argv[1]))
events._wall = lambda: datetime(2020, 1, 1, tzinfo=UTC)      # the clock of this machine was set back by years
state = state_of(ws, "r")
with Journal(ws, "r") as journal:
    job = story.job_id("r", 0)
    journal.append(events.Scores(run_id="r", job_id=job, scores=[story.score("face", 0.125)]))
    job = story.job_id("r", 1)
    journal.append(events.Settled(run_id="r", job_id=job, made=False, provider="p", who="ann", why="no charge", task_id=""))
    journal.append(events.End(run_id="r", state="finished"))
catch_up(ws)
print(events.now())
"""


def test_a_clock_that_was_set_back_does_not_make_later_words_earlier(tmp_path: Path) -> None:
    """Scores said again win, a person's word counts, and the run's last state is its last one."""
    ws = story.workspace(tmp_path / "drama")
    story.write(ws, "a.jsonl", [story.plan("r", 2), *(e for n in (0, 1) for e in (story.generation("r", n, 5), story.scores("r", n, 6)))])
    done = python(SAYS_AGAIN, ws.root)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() > story.at(6)
    scores = query.scores(ws, "r").set_index(["job_id", "metric"])["value"]
    assert scores[(story.job_id("r", 0), "face")] == 0.125
    state = state_of(ws, "r")
    assert story.job_id("r", 1) not in state.finished, "it is open again, as ann said"
    assert list(query.runs(ws)["state"]) == ["finished"]


def test_a_clock_that_is_set_back_during_a_run_never_runs_backwards(monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import UTC, datetime

    from runs import events

    before = now()
    monkeypatch.setattr(events, "_wall", lambda: datetime(2001, 1, 1, tzinfo=UTC))
    later = [now() for _ in range(5)]
    assert [before, *later] == sorted({before, *later})
    monkeypatch.undo()
    assert now() > later[-1]


@pytest.mark.parametrize(
    "lie", ["9999-12-31T23:59:59.999999Z", "2026-99-99T99:99:99.999999Z", "tomorrow", "", "2026-13-01T00:00:00.000000Z"]
)
def test_a_journal_that_lies_about_its_time_carries_nobody_along(lie: str) -> None:
    from runs.events import not_before

    not_before(lie)
    assert now() < "2100"


# --- other machines


def test_a_workspace_on_a_network_share_is_refused_before_anything_is_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ws = kit.workspace(tmp_path / "share" / "drama")
    mounts = tmp_path / "mountinfo"
    monkeypatch.setattr(place, "MOUNTS", mounts)
    with farming.farm() as port:
        provider = farming.FarmDirect(port)
        plan = kit.plan(ws, provider, series=1, cases=1)
        for kind in ("nfs4", "cifs", "fuse.sshfs"):
            mounts.write_text(MOUNTS.format(tmp_path / "share", kind))
            with pytest.raises(JournalError, match=rf"network share \({kind}\)"):
                run(ws, plan, provider)
        assert not list(ws.journals.iterdir()) and not farming.asked(port)
        mounts.write_text(MOUNTS.format(tmp_path / "other", "nfs4"))
        assert run(ws, plan, provider).state == "finished"


def test_the_kernel_is_asked_what_a_folder_lies_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = subprocess.run(["stat", "-f", "-c", "%T", str(tmp_path)], capture_output=True, text=True, check=True).stdout.strip()
    if known.split("/")[0] in {"ext2", "xfs", "btrfs", "tmpfs", "overlayfs", "zfs"}:
        assert place.file_system(tmp_path) in {known, "ext3", "ext4", "ext2", "overlay"}
    odd = tmp_path / "two words"
    odd.mkdir()
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS.format(str(odd).replace(" ", r"\040"), "nfs") + "garbage\n\n1 2 3 - x\n")
    monkeypatch.setattr(place, "MOUNTS", mounts)
    assert (place.file_system(odd / "deep"), place.file_system(tmp_path)) == ("nfs", "ext4")
    mounts.unlink()
    assert place.file_system(odd) == ""


OTHER_MACHINE = """
import socket, sys, time
from pathlib import Path
import log_story as story
from runs.lines import SCHEMA, encode
from runs.workspace import Workspace
ws = Workspace(Path(sys.argv[1]))
head = {"type": "journal", "schema": SCHEMA, "run_id": "theirs", "at": story.at(0), "host": socket.gethostname(), "pid": 7}
lines = [encode(e) for e in (head, story.plan("theirs"), story.generation("theirs", 0))]
(ws.journals / f"20260301-{socket.gethostname()}.jsonl").write_bytes(b"".join(lines))      # its lock does not reach this kernel
print(socket.gethostname())
"""


def test_two_machines_on_one_folder_are_refused_with_the_name_of_the_other(tmp_path: Path) -> None:
    ws = kit.workspace(tmp_path)
    ws.ensure_writable()
    other = python(OTHER_MACHINE, ws.root, before=["unshare", "--uts", "sh", "-c", 'hostname cutting-room && exec "$@"', "sh"])
    if other.returncode:
        pytest.skip("a second host name needs rights that this process does not have")
    assert other.stdout.strip() == "cutting-room" != socket.gethostname()
    with farming.farm() as port:
        provider = farming.FarmDirect(port)
        plan = kit.plan(ws, provider, series=1, cases=1)
        with pytest.raises(JournalError, match=r"The machine cutting-room is writing .* shared over a network\. Run on one machine"):
            run(ws, plan, provider)
        assert not farming.asked(port)
        (theirs,) = ws.journals.iterdir()
        os.utime(theirs, (time.time() - 90, time.time() - 90))
        assert run(ws, plan, provider).state == "finished", "it broke off long ago"
        assert set(query.runs(ws)["run_id"]) == {"theirs", plan.run_id}, "and what it did can be read here"


# --- the disk


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own, to be mounted again read-only."""
    with small_disk.mounted(tmp_path / "disk", 128) as folder:
        yield folder


@pytest.mark.slow
def test_a_read_only_disk_is_refused_before_anything_is_sent_and_can_be_read(disk: Path) -> None:
    ws = kit.workspace(disk / "drama")
    with farming.farm() as port:
        provider = farming.FarmDirect(port)
        plan = kit.plan(ws, provider, series=2, cases=1, scorers=("cost", "schema"))
        result = run(ws, plan, provider)
        paid = farming.asked(port)
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        before = {p: p.stat().st_mtime_ns for p in disk.rglob("*")}
        for attempt in (
            lambda: resume(ws, result.run_id, provider),
            lambda: rebuild(ws),
            lambda: verify(ws),
            lambda: seal_old(ws, older_than_s=-60),
        ):
            with pytest.raises(WorkbenchError, match=r"(?i)read-only|not allowed"):
                attempt()
        shown = python("import workbench; workbench.main()", "-w", ws.root, "runs", "--format", "csv")
        assert (shown.returncode, shown.stderr) == (0, "")
        assert f"{result.run_id}," in shown.stdout
        assert farming.asked(port) == paid
        assert {p: p.stat().st_mtime_ns for p in disk.rglob("*")} == before


# --- the network


@contextlib.contextmanager
def dripping(head: bytes, drop: bytes = b" ", every_s: float = 0.02, stop_after: int | None = None) -> Iterator[tuple[str, list[bytes]]]:
    """A server that answers with a head, then a drop again and again, for ever or until it hangs up; gives its address and the requests."""
    asked: list[bytes] = []

    def serve(connection: socket.socket, over: threading.Event) -> None:
        asked.append(connection.recv(1 << 16))
        connection.sendall(head)
        sent = 0
        while not over.wait(every_s) and sent != stop_after:
            connection.sendall(drop)
            sent += 1
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # a reset and no farewell

    with listening(serve) as address:
        yield address, asked


HEADS = {
    "before its status": b"",
    "in its headers": b"HTTP/1.1 200 OK\r\nX-Slow: ",
    "in its body": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n",
    "in chunks": b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
}


def _drop(where: str) -> bytes:
    return b"1\r\n \r\n" if where == "in chunks" else b"" if where == "before its status" else b" "


@pytest.mark.parametrize("where", HEADS)
def test_an_adapter_s_call_that_is_answered_slowly_for_ever_ends_at_its_time_limit(where: str) -> None:
    """Each byte comes in time; the answer never does. It may have been billed, so it is not sent again by itself."""

    async def ask(address: str) -> Failure | None:
        async with Client(address, auth=dict, timeout_s=0.5) as client:
            return (await client.call("POST", "/v1/x", json={})).failure

    with dripping(HEADS[where], _drop(where)) as (address, asked):
        began = time.monotonic()
        failure = asyncio.run(ask(address))
        assert failure is not None and failure.error == "timeout"
        assert time.monotonic() - began < HANGS_S, "long before the usual limit"
        assert len(asked) == 1, "a call that may have been taken is not sent twice"


def _fetched(address: str, timeout_s: float) -> Asset | Failure:
    async def fetch() -> Asset | Failure:
        async with Downloads(address, timeout_s=timeout_s) as downloads:
            return await downloads.fetch(f"{address}/film.mp4", "video")

    return asyncio.run(fetch())


FILM_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: 1000000\r\n\r\n\0\0\0\x18ftypisom"


def test_a_download_that_never_ends_ends_at_its_time_limit() -> None:
    with dripping(FILM_HEAD) as (address, _):
        began = time.monotonic()
        got = _fetched(address, 0.5)
        assert isinstance(got, Failure) and (got.error, got.code) == ("server", "cut_off")
        assert time.monotonic() - began < HANGS_S


@pytest.mark.parametrize(
    "head", [FILM_HEAD, FILM_HEAD.replace(b"Content-Length: 1000000", b"Transfer-Encoding: chunked").partition(b"\0")[0]]
)
def test_a_network_that_is_cut_in_the_middle_of_a_download_leaves_nothing_half(head: bytes) -> None:
    with dripping(head, b"1\r\n \r\n" if b"chunked" in head else b" ", 0.001, stop_after=20) as (address, _):
        got = _fetched(address, 20)
        assert isinstance(got, Failure) and (got.error, got.code) == ("server", "cut_off")


def test_a_resumed_run_is_not_kept_out_by_its_own_machine(tmp_path: Path) -> None:
    """A process of this host that died a moment ago is no other machine."""
    ws = kit.workspace(tmp_path)
    with farming.farm() as port:
        provider = farming.FarmDirect(port)
        plan = kit.plan(ws, provider, series=1, cases=1)
        run(ws, plan, provider)
        assert resume(ws, plan.run_id, provider).state == "finished"
