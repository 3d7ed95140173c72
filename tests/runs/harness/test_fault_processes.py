"""What kills the app, and what networks do to a run: `workbench ui` and `workbench run` as they are, counted at the server."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import farming
import kit
import log_story as story
import midjourney_stub
import pytest
import warm
from browser import free_port
from patience import HANGS_S, until
from raw_server import listening
from samples import picture
from vendor_server import Fault, serve

from runs import query
from runs.log import catch_up
from runs.media import MediaStore
from runs.starting import initialise
from runs.verifying import verify
from runs.workspace import Workspace

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[3]
JOBS = 60


# --- the app


async def visited(port: int, until: str = "script_finished") -> None:
    """Open the app's first page as a browser does, and stay until it says this much."""
    from streamlit.proto.BackMsg_pb2 import BackMsg
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

    ask = BackMsg()
    ask.rerun_script.query_string = ""
    address = f"http://127.0.0.1:{port}/_stcore/stream"
    async with aiohttp.ClientSession() as session, session.ws_connect(address, protocols=["streamlit"], max_msg_size=0) as page:
        await page.send_bytes(ask.SerializeToString())
        async for message in page:
            if message.type is aiohttp.WSMsgType.BINARY and ForwardMsg.FromString(message.data).WhichOneof("type") == until:
                return
    raise ConnectionError("the app went away")


def visit(port: int, until: str = "script_finished") -> None:
    end = time.monotonic() + HANGS_S
    while time.monotonic() < end:
        with contextlib.suppress(aiohttp.ClientConnectionError):
            asyncio.run(asyncio.wait_for(visited(port, until), HANGS_S))
            return
        time.sleep(0.1)
    raise AssertionError("the app does not answer")


def visit_in_vain(port: int) -> None:
    with contextlib.suppress(Exception):  # it is killed meanwhile
        asyncio.run(visited(port))


def test_kill_9_of_the_app_while_a_run_writes_and_while_it_folds(tmp_path: Path) -> None:
    """The run goes on and is paid once, the log is what the journals say, and the app starts again."""
    ws = kit.workspace(tmp_path / "drama")
    ws.ensure_writable()
    port = free_port()
    ui = ["--workspace", str(ws.root), "ui", "--port", str(port)]
    parent = warm.shared()
    with farming.farm(lets=4) as farm:
        app = parent.start(ui, tmp_path / "1.log")
        visit(port)
        run = warm.popen(str(ws.root), str(farm), "direct", "run", script=Path(__file__).with_name("child.py"))
        until(lambda: len(farming.asked(farm)) > 4)
        visit(port)
        farming.let(farm, 12)
        assert parent.stop(app) == -9
        assert run.poll() is None, "the run is at work"

        told = 1
        while not killed_in_a_fold(ws, port, parent, ui, tmp_path / f"{told + 1}.log", told):
            told += 1
        assert run.poll() is None, "nobody else was at a fold"

        farming.let(farm)
        app = parent.start(ui, tmp_path / "last.log")
        visit(port)
        out, _ = run.communicate(timeout=HANGS_S)
        assert out.splitlines()[-1] == "ended finished"
        visit(port)
        parent.stop(app)
        asked = farming.asked(farm)
    assert (len(asked), set(asked.values())) == (JOBS, {1})
    assert "Traceback" not in (tmp_path / "last.log").read_text("utf-8")
    catch_up(ws)
    assert query.runs(ws).set_index("run_id")["done"].sort_values().to_list() == [JOBS, *[600] * (3 * told)]
    assert [problem for problem in verify(ws).problems if problem.what != "media"] == [], "of the told runs' pictures there are none"
    assert not list(ws.runs.glob(".fold-*"))


def killed_in_a_fold(ws: Workspace, port: int, parent: warm.Warm, ui: list[str], log: Path, turn: int) -> bool:
    """Kill the app when it has begun to fold three new runs; tell whether the fold was over before."""
    app = parent.start(ui, log)
    visit(port, "new_session")
    for n in range(3):
        story.write(ws, f"{turn}-{n}.jsonl", story.story(f"r{turn}-{n}", 600))
    looking = threading.Thread(target=visit_in_vain, args=(port,))
    looking.start()
    folding: list[Path] = []
    while not folding and looking.is_alive():
        folding = list(ws.runs.glob(".fold-*"))
        time.sleep(0.001)
    assert parent.stop(app) == -9
    looking.join()
    return bool(folding) and folding[0].exists()


# --- the network


def workbench(ws: Workspace, *words: str) -> None:
    """Run a command to its good end."""
    process = warm.popen("--workspace", str(ws.root), *words, cwd=ws.root, env={**os.environ, "MIDJOURNEY_PROXY_API_SECRET": "s"})
    _, err = process.communicate(timeout=HANGS_S)
    assert "Traceback" not in err, err
    assert process.returncode == 0, err


HEADS = (
    b"",
    b"HTTP/1.1 200 OK\r\nX-Slow: ",
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
)
ANSWER = json.dumps({"choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "{}"}}], "model": "m"}).encode()


@contextlib.contextmanager
def trickling() -> Iterator[tuple[str, list[bytes]]]:
    """A server whose first answers never end: before their status, in their headers, in their body, in chunks. The others are whole."""
    asked: list[bytes] = []
    mutex = threading.Lock()

    def serve(connection: socket.socket, over: threading.Event) -> None:
        request = b""
        while b"\r\n\r\n" not in request or len(request.partition(b"\r\n\r\n")[2]) < length(request):
            request += connection.recv(1 << 16)
        with mutex:
            asked.append(request)
            number = len(asked) - 1
        if number >= len(HEADS):
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {len(ANSWER)}\r\n\r\n"
            connection.sendall(head.encode() + ANSWER)
            return
        connection.sendall(HEADS[number])
        while not over.wait(0.02):
            connection.sendall((b"", b" ", b" ", b"1\r\n \r\n")[number])

    with listening(serve) as address:
        yield address, asked


def length(request: bytes) -> int:
    head = request.partition(b"\r\n\r\n")[0].lower()
    return int(head.partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)


def test_a_provider_that_answers_slowly_for_ever_ends_at_the_limit_of_a_whole_call_and_is_not_asked_again(tmp_path: Path) -> None:
    """Each byte comes in time; four answers never do. They may have been billed, and take no other job with them.

    The usual limit of a call is beyond what this test has.
    """
    ws = initialise(tmp_path / "drama")
    with trickling() as (address, asked):
        ws.config.write_text(
            f'provider = "house"\n[providers.house]\ntype = "chat"\nbase_url = "{address}"\nmodel = "m"\ntimeout_s = 4\n', "utf-8"
        )
        words = ("run", "--suite", "script", "--version", "script/episode", "--limit", "6", "--no-score", "--format", "json")
        workbench(ws, *words)
        rows = query.generations(ws)
        assert rows["status"].value_counts().to_dict() == {"failed": len(HEADS), "ok": len(rows) - len(HEADS)}
        assert set(rows.loc[rows["status"] == "failed", "error"]) == {"timeout"}
        assert len(rows) > len(HEADS)
        assert len(asked) == len(rows), "a call that may have been taken is not sent twice"
        workbench(ws, "run", "--resume", "last", "--format", "json")
        assert len(asked) == len(rows), "nor when the run is gone on with"
    assert list(query.runs(ws)["state"]) == ["finished"]
    assert verify(ws).problems == []


def test_a_network_that_is_cut_in_the_middle_of_downloads_costs_no_second_task_and_leaves_nothing_half(tmp_path: Path) -> None:
    """Cut in the middle of a picture three times, and once before it begins: fetched again until it is whole."""
    ws = initialise(tmp_path / "drama")
    with serve(midjourney_stub.Proxy()) as proxy:
        ws.config.write_text(
            f'provider = "midjourney-proxy"\n[providers.midjourney-proxy]\nbase_url = "{proxy.base_url}/mj"\nrate_per_minute = 60000\n'
            'options = { poll_s = 0.05, accept_terms = true, images = "whole" }\n',
            "utf-8",
        )
        half = Fault(200, picture(), {"Content-Type": "image/png"}, cut=True)
        proxy.fault("GET /files/mj-", half, half, half, Fault(drop=True))
        words = ("run", "--suite", "shot", "--version", "shot/keyframe@plain", "--limit", "3", "--no-score", "--format", "json")
        workbench(ws, *words)
        rows = query.generations(ws)
        assert set(rows["status"]) == {"ok"}
        tasks = len(proxy.tasks)
        assert tasks == len(proxy.calls("POST")) == len(rows) >= 3, "paid once each"
        assert len(proxy.calls("GET", "/files/mj-")) == tasks + 4, "and fetched until it was whole"
    kept = {MediaStore(ws).read(sha256) for sha256 in rows["artifact"]}
    assert kept == {picture(f"mj-{n}.png") for n in range(1, tasks + 1)}
    assert verify(ws).problems == []
