"""A generator on loopback that counts what it is asked for and answers as it is told to: run as a process of its own.

`python farm.py` prints its port. Orders hold two texts that the tests script it with: `space` (whose order it is, so that
counts of two runs stay apart) and the prompt, in which words such as `FAULT:500x2` say what shall go wrong:

    FAULT:500x2       the first two calls are answered with 500
    FAULT:429x1       … with 429 and Retry-After: 0.2
    FAULT:401  FAULT:402  FAULT:400  FAULT:refuse     every call is answered so
    FAULT:lost        the submit is taken in, and its answer never sent
    FAULT:never       the task runs for ever
    FAULT:html  FAULT:truncated  FAULT:bomb  FAULT:empty      what comes back is not what was asked for
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import json
import os
import re
import sys
from collections import Counter
from typing import Any

from aiohttp import web

DELAY_S = float(os.environ.get("FARM_DELAY_S", "0.02"))
_FAULT = re.compile(r"FAULT:(\w+?)(?:x(\d+))?\b")


def picture(prompt: str, fault: str = "") -> bytes:
    from PIL import Image

    data = io.BytesIO()
    red, green, blue = hashlib.sha256(prompt.encode()).digest()[:3]
    image = Image.new("1", (9000, 8000)) if fault == "bomb" else Image.new("RGB", (16, 28), (red, green, blue))
    image.save(data, "PNG")
    return data.getvalue()


def output(prompt: str, kind: str, fault: str) -> bytes:
    data = picture(prompt, fault) if kind == "image" else json.dumps({"title": hashlib.sha256(prompt.encode()).hexdigest()}).encode()
    if fault == "truncated":
        return data[:40]
    return {"html": b"<html>over quota</html>", "empty": b""}.get(fault, data)


class Farm:
    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.tasks: dict[str, dict[str, Any]] = {}
        self.by_key: dict[str, str] = {}
        self.log: list[tuple[str, float]] = []
        self.running: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.lets = int(os.environ.get("FARM_LETS", "1000000"))
        """Calls that are answered, and tasks that end; later ones wait until more are let through."""
        self.more = asyncio.Condition()

    def count(self, order: dict[str, Any]) -> web.Response | None:
        """Count a call; return the faulty answer that it has been ordered to get, if any."""
        name = f"{order['space']}/{order['key']}"
        self.calls[name] += 1
        self.log.append((name, asyncio.get_running_loop().time()))
        fault, times = self.fault(order)
        if times and self.calls[name] > times:
            return None
        if fault == "429":
            return web.json_response({"error": "slow down"}, status=429, headers={"Retry-After": "0.2"})
        if fault == "refuse":
            return web.json_response({"error": "content policy"}, status=451)
        return web.json_response({"error": f"told to: {fault}"}, status=int(fault)) if fault.isdigit() else None

    def fault(self, order: dict[str, Any]) -> tuple[str, int]:
        found = _FAULT.search(order["prompt"])
        return (found[1], int(found[2] or 0)) if found else ("", 0)

    async def generate(self, request: web.Request) -> web.Response:
        order = await request.json()
        if (faulty := self.count(order)) is not None:
            return faulty
        whose = {"", order["space"]}  # all together, and each space by itself
        for space in whose:
            self.running[space] += 1
            self.most[space] = max(self.most[space], self.running[space])
        number = self.calls.total()
        await asyncio.sleep(DELAY_S)
        async with self.more:
            await self.more.wait_for(lambda: number <= self.lets)
        self.running.subtract(whose)
        return web.json_response({"data": base64.b64encode(output(order["prompt"], order["kind"], self.fault(order)[0])).decode()})

    async def submit(self, request: web.Request) -> web.Response:
        order = await request.json()
        if (faulty := self.count(order)) is not None:
            return faulty
        task = f"task-{len(self.tasks)}"
        self.tasks[task] = {**order, "number": self.calls.total(), "ready": asyncio.get_running_loop().time() + DELAY_S}
        self.by_key[f"{order['space']}/{order['key']}"] = task
        if self.fault(order)[0] == "lost" and request.transport is not None:
            request.transport.abort()
        return web.json_response({"id": task})

    async def poll(self, request: web.Request) -> web.Response:
        task = self.tasks.get(request.match_info["task"])
        if task is None:
            return web.json_response({}, status=404)
        fault = self.fault(task)[0]
        if fault == "never" or task["number"] > self.lets or asyncio.get_running_loop().time() < task["ready"]:
            return web.json_response({"state": "running"})
        if fault == "failed":
            return web.json_response({"state": "failed"})
        return web.json_response({"state": "done", "data": base64.b64encode(output(task["prompt"], task["kind"], fault)).decode()})

    async def find(self, request: web.Request) -> web.Response:
        return web.json_response({"id": self.by_key.get(f"{request.query['space']}/{request.query['key']}")})

    async def let(self, request: web.Request) -> web.Response:
        async with self.more:
            self.lets = int(request.query["calls"])
            self.more.notify_all()
        return web.json_response({})

    async def counts(self, request: web.Request) -> web.Response:
        mine = {k.partition("/")[2]: n for k, n in self.calls.items() if k.startswith(f"{request.query['space']}/")}
        return web.json_response({"calls": mine, "most": self.most[request.query["space"]], "log": self.log})


async def main() -> None:
    farm, app = Farm(), web.Application()
    app.add_routes([
        web.post("/generate", farm.generate), web.post("/submit", farm.submit), web.get("/tasks/{task}", farm.poll),
        web.get("/find", farm.find), web.get("/counts", farm.counts), web.get("/let", farm.let),
    ])  # fmt: skip
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.to_thread(sys.stdin.read)  # until whoever started this is gone


if __name__ == "__main__":
    asyncio.run(main())
