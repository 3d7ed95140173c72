"""What a generation costs beside the bare openai client, promptfoo and Inspect: the same calls to the same server on loopback.

    python tests/bench/peers.py [CALLS] [DELAY_MS]...       1,000 calls, answered at once and after 20 ms, if none are named
    PEER_PROMPTFOO=…/bin/promptfoo PEER_INSPECT=…/bin/python python tests/bench/peers.py 5000

Each runs as a process of its own with 50 calls at once. CPU and peak memory are the whole process's, its start, its records on disk
and its workers included. A peer that is not installed is left out; both are installed apart from this project.

Only the workbench makes a file for each answer; what the disk takes for one is printed beside it. On ext4 that is 0.03 ms, and ten times
as much for minutes after thousands of files were deleted near by, because the kernel then passes over each of their inodes. Name a quiet
place by TMPDIR.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests/runs/harness")]
AT_ONCE = 50
PROMPT = "Write episode {} of a drama about a lost ring. Two people, one room, and a door that stays shut."
INSPECT = f"""
import sys
from inspect_ai import Task, eval
from inspect_ai.dataset import Sample
from inspect_ai.model import get_model
from inspect_ai.solver import generate
url, calls, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
model = get_model("openai-api/stub/m", base_url=url, api_key="none")
cases = [Sample(input={PROMPT!r}.format(n)) for n in range(calls)]
task = Task(dataset=cases, solver=generate())
log, = eval(task, model=model, max_connections={AT_ONCE}, max_samples={AT_ONCE}, display="none", log_dir=folder, score=False)
assert log.status == "success" and log.results.completed_samples == calls, log.status
"""


@dataclass(frozen=True)
class Cost:
    """CPU seconds, and the highest memory of any one process in megabytes."""

    cpu_s: float
    peak_mb: float


async def serve(delay_s: float) -> None:
    """Answer every chat call with a text of its own; print the port first."""
    from aiohttp import web

    said = "INT. ROOM - NIGHT. The ring is gone. " * 8 + "Take NUMBER."
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": said}}
    usage = {"prompt_tokens": 30, "completion_tokens": 80, "total_tokens": 110}
    before, after = json.dumps(
        {"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage}
    ).split("NUMBER")
    takes = itertools.count(1)

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        await asyncio.sleep(delay_s)
        return web.Response(text=f"{before}{next(takes)}{after}", content_type="application/json")

    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


async def bare(url: str, calls: int) -> None:
    """Call with the openai client on aiohttp and keep nothing."""
    from openai import AsyncOpenAI, DefaultAioHttpClient

    todo = iter(range(calls))
    async with AsyncOpenAI(api_key="none", base_url=url, max_retries=0, http_client=DefaultAioHttpClient()) as client:

        async def work() -> None:
            for n in todo:
                await client.chat.completions.create(model="m", messages=[{"role": "user", "content": PROMPT.format(n)}])

        await asyncio.gather(*(work() for _ in range(AT_ONCE)))


def workbench(url: str, calls: int, folder: Path, *, repeats: bool) -> None:
    """Do a run of as many jobs: planned, journalled, stored, folded into the log; of 25 cases, or each job with a prompt of its own."""
    import kit

    from runs.harness import Options, run
    from runs.pricing import Pricing
    from runs.providers.chat import ChatProvider
    from runs.settings import ProviderSettings

    ws = kit.workspace(folder)
    chat = ChatProvider("house", ProviderSettings(type="chat", base_url=url, model="m", concurrency=AT_ONCE))
    versions = ["script/episode@plain", "script/episode@strict"]
    size = {"cases": 5, "repeats": calls // 50} if repeats else {"cases": calls // 10, "repeats": 1}
    plan = kit.plan(ws, chat, versions=versions, series=5, scorers=(), **size)
    result = run(ws, plan, chat, Options(pricing=Pricing(free=True), accounts=folder / "accounts"))
    assert result.counts.ok == calls, result


def promptfoo(folder: Path, url: str, calls: int) -> list[str]:
    """Write a configuration and return the arguments that run it."""
    provider: dict[str, Any] = {"id": "openai:chat:m", "config": {"apiBaseUrl": url, "apiKey": "none"}}
    tests = [{"vars": {"prompt": PROMPT.format(n)}} for n in range(calls)]
    config = folder / "promptfooconfig.json"
    config.write_text(json.dumps({"prompts": ["{{prompt}}"], "providers": [provider], "tests": tests}))
    return ["eval", "-c", str(config), "--no-cache", "--no-table", "--no-progress-bar", "-j", str(AT_ONCE)]


def cost(command: list[str], folder: Path) -> Cost:
    """Run a command to its end and return what it took."""
    quiet = {"PROMPTFOO_DISABLE_TELEMETRY": "1", "PROMPTFOO_DISABLE_UPDATE": "1", "PROMPTFOO_CONFIG_DIR": str(folder), "HOME": str(folder)}
    with (folder / "output.txt").open("w+") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, cwd=folder, env=os.environ | quiet)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            output.seek(0)
            raise SystemExit(f"{command[0]} failed: {output.read()[-2000:]}")
    return Cost(used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def contestants(url: str, calls: int, folder: Path) -> dict[str, list[str]]:
    """Return the command of each that is installed."""
    me = [sys.executable, __file__]
    found = {"bare": [*me, "--bare", url, str(calls)]}
    for how in ("each", "repeats"):
        found[f"workbench, {how}"] = [*me, f"--workbench-{how}", url, str(calls), str(folder / how)]
    if tool := shutil.which(os.environ.get("PEER_PROMPTFOO", "promptfoo")):
        version = subprocess.run([tool, "--version"], capture_output=True, text=True, check=False).stdout.split()
        found[f"promptfoo {version[0] if version else ''}"] = [tool, *promptfoo(folder, url, calls)]
    if python := shutil.which(os.environ.get("PEER_INSPECT", "inspect-python")):
        ask = "from importlib.metadata import version as v; print(v('inspect-ai'))"
        version = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=False).stdout.split()
        found[f"inspect {version[0] if version else ''}"] = [python, "-c", INSPECT, url, str(calls), str(folder / "inspect")]
    return found


def beside(folder: Path, files: int = 500) -> str:
    """Return what the disk takes for a small file beside those that a run has made."""
    media = next(folder.rglob("runs/media"), None)
    if media is None:
        return ""
    began = time.process_time()
    for n in range(files):
        (media / f"file-{n}").write_bytes(b"x")
    return f"  {1000 * (time.process_time() - began) / files:.2f} ms for a file"


def compare(calls: int, delay_ms: int) -> None:
    """Print a row for each; the server is a process of its own and counts for nobody."""
    server = subprocess.Popen([sys.executable, __file__, "--serve", str(delay_ms / 1000)], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        url = f"http://127.0.0.1:{int(server.stdout.readline())}/v1"
        first: Cost | None = None
        with tempfile.TemporaryDirectory(prefix="peers-") as folder:
            for name, command in contestants(url, calls, Path(folder)).items():
                took = cost(command, Path(folder))
                first = first or took
                print(
                    f"{calls:>7} calls of {delay_ms:>2} ms  {name:<18} {1000 * took.cpu_s / calls:7.2f} ms CPU each"
                    f"  {took.cpu_s / first.cpu_s:5.2f} x  {took.peak_mb:6.0f} MB at the peak"
                    f"{beside(Path(folder) / name.removeprefix('workbench, '))}",
                    flush=True,
                )
    finally:
        server.terminate()
        server.wait()


def main(calls: int = 1000, *delays_ms: int) -> None:
    if calls % 50:
        raise SystemExit("The number of calls must be a multiple of 50: 2 versions of 25 cases.")
    for delay_ms in delays_ms or (0, 20):
        compare(calls, delay_ms)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["--serve", delay]:
            asyncio.run(serve(float(delay)))
        case ["--bare", url, calls]:
            asyncio.run(bare(url, int(calls)))
        case ["--workbench-each" | "--workbench-repeats" as how, url, calls, folder]:
            workbench(url, int(calls), Path(folder), repeats=how.endswith("repeats"))
        case numbers:
            main(*map(int, numbers))
