"""The near end of the rendering process: start it, ask it, kill it.

The process gets an empty environment (no secret can leak into a prompt), its own session (Ctrl-C does not reach it), no
current folder on its path, and a pipe. It lives for many renderings and ends with this program, however that ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

START_SECONDS = 30.0
"""How long a fresh process may take to load on a busy machine."""
MAX_ANSWER_BYTES = 16 << 20
CHUNK_BYTES = 1 << 16
HEAD = 4
"""Bytes of a frame that tell how long the rest is."""


class ProcessEnded(Exception):
    """The process is gone; `code` is minus the signal that ended it, or its exit code."""

    def __init__(self, code: int | None) -> None:
        super().__init__(f"the rendering process ended with {code}")
        self.code = code


class ProcessStuck(Exception):
    """No answer came in time."""


class RenderProcess:
    """One running worker; used by one thread at a time."""

    def __init__(self, memory_bytes: int) -> None:
        code_root = str(Path(__file__).resolve().parent.parent)
        # -P: the current folder, perhaps a workspace with a folder prompts/ of its own, must not be imported from.
        command = [sys.executable, "-P", "-s", "-m", "prompts.worker", str(memory_bytes)]
        environment = {"PYTHONPATH": code_root, "PYTHONHASHSEED": "0", "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd="/",
            start_new_session=True,
            bufsize=0,
        )
        self.sent: set[str] = set()  # keys of the versions that this process holds
        self.owner = os.getpid()
        self.pid = self._process.pid
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                os.set_blocking(pipe.fileno(), False)
        try:
            self._receive(time.monotonic() + START_SECONDS, 1)
        except BaseException:
            self.kill()
            raise

    def ask(self, requests: Sequence[tuple[Mapping[str, Any], bytes]], seconds: float) -> list[Any]:
        """Send requests and return their answers, in order.

        Args:
            requests: what is asked, at least one thing of it, and the inputs, which are JSON already.
            seconds: how long all the answers may take.

        Raises:
            ProcessEnded: The process died.
            ProcessStuck: Not all the answers within so many seconds; the caller kills it.
        """
        deadline = time.monotonic() + seconds
        frames = bytearray()
        for left, (request, inputs) in zip(reversed(range(len(requests))), requests, strict=True):
            # The process answers when it has read the last one: else both could wait for the other to read.
            asked = {**request, "more": True} if left else request
            body = b'%s,"inputs":%s}' % (json.dumps(asked, allow_nan=False).encode()[:-1], inputs)
            frames += len(body).to_bytes(HEAD) + body
        self._send(frames, deadline)
        return self._receive(deadline, len(requests))

    def kill(self) -> None:
        """End the process and wait for its end; safe to repeat."""
        if self.owner != os.getpid():
            return  # a fork's copy: the process belongs to the parent
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _send(self, data: bytearray, deadline: float) -> None:
        pipe = self._process.stdin
        assert pipe is not None  # noqa: S101  Popen was asked for it
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[os.write(pipe.fileno(), rest) :]
            except BlockingIOError:
                self._wait(pipe.fileno(), select.POLLOUT, deadline)
            except BrokenPipeError:
                raise ProcessEnded(self._process.wait()) from None

    def _receive(self, deadline: float, n: int) -> list[Any]:
        """Return so many answers. Nothing follows them in the pipe before the next request, so whatever is there belongs to them."""
        answers: list[Any] = []
        taken, place = bytearray(), 0
        while len(answers) < n:
            size = int.from_bytes(taken[place : place + HEAD]) if len(taken) >= place + HEAD else 0
            if size > MAX_ANSWER_BYTES:
                raise ProcessStuck
            if not size or len(taken) < place + HEAD + size:
                taken += self._read(deadline)
                continue
            answers.append(json.loads(taken[place + HEAD : place + HEAD + size]))
            place += HEAD + size
        return answers

    def _read(self, deadline: float) -> bytearray:
        pipe = self._process.stdout
        assert pipe is not None  # noqa: S101  Popen was asked for it
        while True:
            self._wait(pipe.fileno(), select.POLLIN, deadline)
            with contextlib.suppress(BlockingIOError):
                if piece := os.read(pipe.fileno(), CHUNK_BYTES):
                    return bytearray(piece)
                raise ProcessEnded(self._process.wait())

    def _wait(self, descriptor: int, event: int, deadline: float) -> None:
        poll = select.poll()
        poll.register(descriptor, event)
        if not poll.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise ProcessStuck
