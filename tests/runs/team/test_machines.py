"""Machines that die while they ship, on a real S3 server: nothing that was shipped is lost, nothing comes twice, all have the same."""

from __future__ import annotations

import contextlib
import multiprocessing
import random
import socket
import threading
import time
from collections import Counter
from pathlib import Path

import log_story as story
import pytest
import s3_server
import team_kit
from patience import HANGS_S

from runs import query
from runs.journal import own_files, read
from runs.log import catch_up
from runs.media import MediaStore
from runs.team.errors import StoreDown
from runs.team.pull import pull
from runs.team.push import Pusher
from runs.workspace import Workspace

NAMES = ("ann", "bo", "cy")
DEATHS = 4
FORKS = multiprocessing.get_context("forkserver")
pytestmark = pytest.mark.slow


def begin(ws: Workspace, run_id: str, jobs: int) -> tuple[multiprocessing.process.BaseProcess, multiprocessing.connection.Connection]:
    here, there = FORKS.Pipe(duplex=False)
    process = FORKS.Process(target=team_kit.work, args=(ws.root, run_id, jobs, there), daemon=True)
    process.start()
    there.close()
    return process, here


def promised(told: multiprocessing.connection.Connection) -> set[int]:
    found: set[int] = set()
    try:
        while True:
            found.add(told.recv())
    except EOFError:
        return found


def test_killed_while_shipping(s3: str, bucket: str, tmp_path: Path) -> None:
    """12 deaths on three machines, and one that ends well; afterwards equal tables, every promise kept, all artifacts to be had."""
    FORKS.set_forkserver_preload(["team_kit"])
    machines = [team_kit.workspace(tmp_path, name, f"s3://{bucket}/drama", s3) for name in NAMES]
    kept: dict[str, set[int]] = {}
    for death in range(DEATHS):
        at_work = [(f"{ws.root.name}-{death}", *begin(ws, f"{ws.root.name}-{death}", 400)) for ws in machines]
        for _, process, told in at_work:
            assert told.poll(HANGS_S)
            time.sleep(random.uniform(0, 0.4))
            process.kill()
        for run_id, process, told in at_work:
            process.join()
            kept[run_id] = promised(told)
        for ws in random.sample(machines, 2):
            pull(ws, team_kit.member(ws))
    process, told = begin(machines[0], "whole", 20)
    kept["whole"] = promised(told)
    process.join(HANGS_S)
    assert process.exitcode == 0
    assert "whole" in runs_on_store(machines[0])
    for ws in machines:
        Pusher(ws, team_kit.member(ws)).push()
    for ws in machines:
        pull(ws, team_kit.member(ws))
        catch_up(ws)
    tables = [team_kit.tables(ws) for ws in machines]
    assert tables[0] == tables[1] == tables[2]
    assert tables[0]["ingest_error"] == []
    found = Counter((run, job) for run, job, *_ in tables[0]["generation"])
    assert set(found.values()) == {1}
    assert {(run, story.job_id(run, n)) for run, numbers in kept.items() for n in numbers} <= set(found)
    assert len(kept) == 3 * DEATHS + 1
    assert all(kept.values())
    check_media(machines[2])


def runs_on_store(ws: Workspace) -> set[str]:
    """Return the runs that a machine had shipped before anybody pushed by hand."""
    member = team_kit.member(ws)
    names = {entry.name.split("/")[2] for entry in member.store.list(f"journals/{member.machine}/")}
    return {record.event["run_id"] for path in own_files(ws) if path.stem in names for record in read(path, max_bytes=1).records[:1]}


def check_media(ws: Workspace) -> None:
    """Fetch what other machines have made: it is what its name says, and then it is here."""
    made = query.generations(ws)
    others = made[~made["run_id"].str.startswith(ws.root.name)]["artifact"].dropna().unique()
    assert len(others) > 10
    store = MediaStore(ws)
    for sha256 in random.sample(list(others), 10):
        assert store.local(sha256) is None
        assert store.read(sha256).startswith(b"\x89PNG")
        assert store.local(sha256) is not None
    assert [problem for problem in MediaStore(ws).verify() if not problem.left_over] == []


def test_killed_while_fetching(tmp_path: Path) -> None:
    """8 moments: what is there is a beginning of what was shipped, and the next fetch makes it whole."""
    FORKS.set_forkserver_preload(["team_kit"])
    (tmp_path / "store").mkdir()
    here, there = (team_kit.workspace(tmp_path, name, f"file://{tmp_path / 'store'}") for name in ("here", "there"))
    own = [story.write(here, f"{n}.jsonl", story.story(f"r{n}", 100)) for n in range(4)]
    Pusher(here, team_kit.member(here)).push()
    for _ in range(8):
        told, said = FORKS.Pipe(duplex=False)
        process = FORKS.Process(target=team_kit.fetch_for_ever, args=(there.root, said), daemon=True)
        process.start()
        said.close()
        for _ in range(random.randrange(1, 4)):
            assert told.poll(HANGS_S)
            told.recv()
        time.sleep(random.uniform(0, 0.02))
        process.kill()
        process.join()
        for path in own:
            fetched = there.team / "here" / path.name
            assert not fetched.exists() or path.read_bytes().startswith(fetched.read_bytes())
        pull(there, team_kit.member(there))
        assert [(there.team / "here" / path.name).read_bytes() == path.read_bytes() for path in own] == [True] * 4
    catch_up(here)
    catch_up(there)
    assert team_kit.tables(here) == team_kit.tables(there)


FIRST_CUT = 300


class Cutting(threading.Thread):
    """A way to the server that is cut, again and again, after some thousand bytes."""

    def __init__(self, url: str, budget: int) -> None:
        super().__init__(daemon=True)
        self._target = ("127.0.0.1", int(url.rpartition(":")[2]))
        self._budget = budget
        self._dice = random.Random(7)
        self._door = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._door.getsockname()[1]}"
        self.cuts = 0

    def run(self) -> None:
        while True:
            try:
                client, _ = self._door.accept()
            except OSError:
                return
            # The first way is always cut within its first request.
            left = self._dice.randrange(self._budget) if self.cuts else FIRST_CUT
            threading.Thread(target=self._pass_on, args=(client, left), daemon=True).start()

    def _pass_on(self, client: socket.socket, left: int) -> None:
        with client, socket.create_connection(self._target) as server:
            both = (client, server), (server, client)
            threads = [threading.Thread(target=self._copy, args=(*pair, left), daemon=True) for pair in both]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    def _copy(self, source: socket.socket, target: socket.socket, left: int) -> None:
        try:
            while data := source.recv(1 << 14):
                target.sendall(data[:left])
                left -= len(data)
                if left <= 0:
                    self.cuts += 1
                    break
        except OSError:
            pass
        if left <= 0:
            for end in (source, target):
                with contextlib.suppress(OSError):  # closed by the other thread
                    end.shutdown(socket.SHUT_RDWR)

    def stop(self) -> None:
        self._door.close()


def test_connections_that_are_cut(s3: str, bucket: str, tmp_path: Path) -> None:
    """Requests end in the middle, both ways; shipping and fetching are begun again until all is through, and all is right."""
    cutting = Cutting(s3, 60_000)
    cutting.start()
    here, there = (team_kit.workspace(tmp_path, name, f"s3://{bucket}/d", cutting.url) for name in ("here", "there"))
    store = MediaStore(here)
    for run in range(3):
        made = [store.put(team_kit.picture(100 * run + n), "image/png") for n in range(5)]
        artifacts = [{"kind": "image", "media_type": "image/png", "sha256": m.sha256, "bytes": 70} for m in made]
        story.write(here, f"{run}.jsonl", [*story.story(f"r{run}", 60), story.generation(f"r{run}", 1, 500, artifacts=artifacts)])
    for step in (lambda: Pusher(here, team_kit.member(here)).push(), lambda: pull(there, team_kit.member(there))):
        for _ in range(60):
            try:
                step()
                break
            except StoreDown:
                continue
        else:
            pytest.fail("it never got through")
    cutting.stop()
    assert cutting.cuts > 0
    catch_up(here)
    catch_up(there)
    assert team_kit.tables(here) == team_kit.tables(there)


def test_planted_keys_are_written_nowhere(s3: str, bucket: str, tmp_path: Path) -> None:
    ws = team_kit.workspace(tmp_path, "here", f"s3://{bucket}/keys", s3)
    story.write(ws, "a.jsonl", story.story("r", 2))
    Pusher(ws, team_kit.member(ws)).push()
    pull(ws, team_kit.member(ws))
    catch_up(ws)
    written = b"".join(path.read_bytes() for path in ws.root.rglob("*") if path.is_file())
    shown = repr(team_kit.member(ws)) + repr(team_kit.member(ws).store)
    for value in s3_server.KEYS.values():
        assert value.encode() not in written
        assert value not in shown
