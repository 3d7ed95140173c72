"""Faults of disk and network during whole runs, counted where it is paid: at the server."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import farming
import kit
import midjourney_stub
import pytest
import small_disk
from samples import picture
from vendor_server import Fault, Seen, Vendor, serve

from runs import query
from runs.harness import Options, resume, run
from runs.pricing import Pricing
from runs.providers import get
from runs.retry import Retry
from runs.settings import load
from runs.verifying import verify
from runs.workspace import Workspace

pytestmark = pytest.mark.slow
JOBS, CONCURRENCY = 60, 4


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 96 MB."""
    with small_disk.mounted(tmp_path / "disk", 96) as folder:
        yield folder


def child(ws: Workspace, port: int, shape: str, run_id: str = "") -> subprocess.Popen[str]:
    """Begin or go on with a run in a process of its own; return it when it has begun."""
    path = os.pathsep.join([str(Path(__file__).parent), *[p for p in sys.path if p]])
    command = [sys.executable, "-P", str(Path(__file__).with_name("child.py")), str(ws.root), str(port), shape, "run"]
    return subprocess.Popen(
        [*command, *([run_id] if run_id else [])], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip


@pytest.mark.parametrize("shape", ["tasks", "direct"])
def test_a_disk_that_fills_up_in_the_middle_of_a_run_stops_it_in_words_and_nothing_is_paid_twice(disk: Path, shape: str) -> None:
    ws = kit.workspace(disk / "drama")
    filler = disk / "filler"
    with farming.farm(delay_s=0.05) as port:
        process = child(ws, port, shape)
        assert process.stdout is not None
        words = process.stdout.readline().split()
        assert words[:1] == ["begun"], process.communicate()
        run_id = words[1]
        while sum(farming.asked(port).values()) < JOBS // 6:
            time.sleep(0.01)
        with filler.open("wb", buffering=0) as file:
            for size in (1 << 20, 1 << 16, 1 << 12):
                try:
                    while True:
                        file.write(bytes(size))
                except OSError:
                    continue
        _, said = process.communicate(timeout=120)
        assert process.returncode != 0
        assert "disk is full" in said and "Traceback" not in said, said[-2000:]
        before = farming.asked(port)
        assert 0 < len(before) < JOBS, "it was stopped in the middle"
        filler.unlink()
        again = child(ws, port, shape, run_id)
        out, said = again.communicate(timeout=120)
        assert out.split()[-2:] == ["ended", "finished"], said[-2000:]
        asked = farming.asked(port)
    assert list(query.generations(ws, run_id)["status"]) == ["ok"] * JOBS, "nothing is lost"
    assert set(asked) == set(query.generations(ws, run_id)["job_id"])
    if shape == "tasks":
        assert set(asked.values()) == {1}, "each task was handed in once"
    else:
        # What was in flight when nothing could be written any more is the most that can be called again.
        assert sum(asked.values()) - JOBS <= 2 * CONCURRENCY
    assert not list(verify(ws).problems)


def opened(ws: Workspace, name: str, server: Vendor, path: str, lines: str) -> Any:
    ws.config.write_text(
        f'provider = "{name}"\n[providers.{name}]\nbase_url = "{server.base_url}{path}"\nrate_per_minute = 60000\n{lines}\n'
    )
    return get(name, load(ws.root))


def options(folder: Path) -> Options:
    return Options(retry=Retry(base_s=0.01), pricing=Pricing(free=True), accounts=folder / "accounts")


def test_a_network_that_is_cut_in_downloads_of_a_run_costs_no_second_task_and_leaves_nothing_half(tmp_path: Path) -> None:
    ws = kit.workspace(tmp_path / "drama")
    with serve(midjourney_stub.Proxy()) as proxy:
        provider = opened(ws, "midjourney-proxy", proxy, "/mj", 'options = { poll_s = 0.005, accept_terms = true, images = "whole" }')
        plan = kit.plan(ws, provider, "shot", versions=["shot/keyframe@plain"], series=1, cases=3)
        half = Fault(200, picture(), {"Content-Type": "image/png"}, cut=True)
        proxy.fault("GET /files/mj-", half, half, half, Fault(drop=True))
        result = run(ws, plan, provider, options(tmp_path))
        assert (result.state, result.counts.ok) == ("finished", 3)
        assert len(proxy.tasks) == len(proxy.calls("POST")) == 3, "paid once each"
        assert len(proxy.calls("GET", "/files/mj-")) == 3 + 4, "and fetched until it was whole"
    kept = [path for path in ws.media.rglob("*") if path.is_file()]
    assert len(kept) == 3
    assert {path.read_bytes() for path in kept} == {picture(f"mj-{n}.png") for n in (1, 2, 3)}


class Slow(Vendor):
    """A chat server that never ends its answer to one of the prompts."""

    def answer(self, seen: Seen) -> Any:
        if "Series 1" in str(seen.body):
            return Fault(200, {}, delay=60)
        return {"choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "{}"}}], "model": "m"}


def test_a_provider_that_never_answers_one_job_takes_no_other_with_it_and_is_not_asked_again(tmp_path: Path) -> None:
    ws = kit.workspace(tmp_path / "drama")
    with serve(Slow()) as server:
        provider = opened(ws, "vllm", server, "", 'model = "m"\ntimeout_s = 1.0\n')
        plan = kit.plan(ws, provider, versions=["script/episode@plain"], series=3, cases=1)
        began = time.monotonic()
        result = run(ws, plan, provider, options(tmp_path))
        assert time.monotonic() - began < 20
        assert (result.state, result.counts.ok, result.counts.failed) == ("finished", 2, 1)
        rows = query.generations(ws, plan.run_id).set_index("case_id")
        assert (rows.loc["s1-script-0", "status"], rows.loc["s1-script-0", "error"]) == ("failed", "timeout")
        assert resume(ws, plan.run_id, provider, options(tmp_path)).counts.ok == 2
        assert len(server.calls("POST")) == 3, "it may have been billed, so it is not asked again by itself"
