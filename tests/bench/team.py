"""Print what sharing costs a team: shipping beside a run, shipping and fetching in bulk, looking where there is nothing new.

    python tests/bench/team.py [--jobs 3000] [--journals 300] [--dir DIR]

On a folder, and on an S3 server on loopback where one can be had (moto, whose own work is most of the time there). Compared with the
same work without a team, and with folding the same lines.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

import log_story as story
import s3_server
import team_kit

from runs.harness import only_one
from runs.journal import Journal
from runs.log import catch_up
from runs.media import MediaStore
from runs.team import lease
from runs.team.pull import pull
from runs.team.push import Pusher
from runs.workspace import Workspace


@contextlib.contextmanager
def timed() -> Iterator[list[float]]:
    """Put the seconds and the seconds of CPU that the block took into the list."""
    took: list[float] = []
    begin, cpu = time.perf_counter(), time.process_time()
    yield took
    took += [time.perf_counter() - begin, time.process_time() - cpu]


def write(ws: Workspace, run_id: str, jobs: int, *, pause_s: float) -> None:
    """Journal a run with a picture a job."""
    store = MediaStore(ws)
    with only_one(ws, run_id, new=True), Journal(ws, run_id) as journal:
        journal.append(story.plan(run_id, jobs))
        for n in range(jobs):
            made = store.put(team_kit.picture(n), "image/png")
            artifact = {"kind": "image", "media_type": "image/png", "sha256": made.sha256, "bytes": 70}
            journal.append(story.generation(run_id, n, n + 1, status="ok", artifacts=[artifact]), story.scores(run_id, n, n + 2))
            time.sleep(pause_s)


def beside(folder: Path, url: str, endpoint: str, jobs: int) -> None:
    """CPU of a run's process, alone and shipping every second."""
    with timed() as alone:
        write(story.workspace(folder / "alone"), "r", jobs, pause_s=0.002)
    ws = team_kit.workspace(folder, "shipping", url, endpoint, ship_s=1.0)
    with timed() as shared:
        write(ws, "r", jobs, pause_s=0.002)
    print(
        f"  a run of {jobs} jobs with a picture each, shipped every second: {shared[1] / alone[1]:.2f} x the CPU of one that is not,"
        f" {1e3 * (shared[1] - alone[1]) / jobs:.2f} ms a job more"
    )


def bulk(folder: Path, url: str, endpoint: str, jobs: int) -> None:
    """Shipping, fetching and folding a large journal."""
    here, there = (team_kit.workspace(folder, name, url, endpoint) for name in ("here", "there"))
    path = story.write(here, "a.jsonl", story.story("bulk", 10 * jobs))
    size = path.stat().st_size / 1e6
    with timed() as shipped:
        Pusher(here, team_kit.member(here)).push()
    with timed() as fetched:
        pull(there, team_kit.member(there))
    with timed() as folded:
        catch_up(there)
    print(
        f"  a journal of {size:.0f} MB: shipped at {size / shipped[0]:.0f} MB/s, fetched at {size / fetched[0]:.0f} MB/s;"
        f" both together {(shipped[1] + fetched[1]) / folded[1]:.2f} x the CPU of folding it"
    )


def looking(folder: Path, url: str, endpoint: str, journals: int) -> None:
    """Fetching where there is nothing new, by how many journals there are; and taking a run."""
    here, there = (team_kit.workspace(folder, name, url, endpoint) for name in ("many", "looker"))
    told: list[str] = []
    for step in (journals // 10, journals):
        for n in range(len(list(here.journals.iterdir())), step):
            story.write(here, f"{n:05d}.jsonl", [story.plan(f"r{n}", 4)])
        Pusher(here, team_kit.member(here)).push()
        pull(there, team_kit.member(there))
        with timed() as took:
            pull(there, team_kit.member(there))
        told.append(f"{1e3 * took[0]:.0f} ms with {step} journals")
    member = team_kit.member(there)
    with timed() as took:
        for n in range(50):
            lease.take(member, f"run-{n}")
    print(f"  a look where there is nothing new: {', '.join(told)}; taking a run: {1e3 * took[0] / 50:.1f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=3000)
    parser.add_argument("--journals", type=int, default=300)
    parser.add_argument("--dir", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.dir) as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        (folder / "store").mkdir()
        kinds = [("a folder", f"file://{folder / 'store'}", "")]
        try:
            endpoint = stack.enter_context(s3_server.serve(folder))
            os.environ.update(s3_server.KEYS)
            s3_server.make_bucket(endpoint, "bench")
            kinds.append(("an S3 server on loopback", "s3://bench/drama", endpoint))
        except BaseException as error:  # noqa: BLE001  pytest's way to say that it cannot be had
            print(f"no S3 server: {error}")
        for number, (kind, url, endpoint) in enumerate(kinds):
            print(f"{kind}:")
            for part in (beside, bulk):
                part(folder / f"{number}-{part.__name__}", url, endpoint, given.jobs)
            looking(folder / f"{number}-looking", url, endpoint, given.journals)


if __name__ == "__main__":
    main()
