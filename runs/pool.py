"""A few processes for work that needs a whole core each: rendering of the studio, scoring of pictures.

    with Pool(workers=2) as pool:
        pool.submit(render, "a prompt").result()

Processes start with the first call that needs them and load only what that call imports. A worker that dies (out of
memory, a crash in a codec) takes nobody's result with it: its call alone is made again in a fresh process, a bounded
number of times. Workers ignore the terminal's Ctrl-C and die with their parent, so that none is ever left behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, ParamSpec, Self, TypeVar

from prompts.errors import WorkbenchError
from runs import one_thread

P = ParamSpec("P")
T = TypeVar("T")

ATTEMPTS = 3
"""How often a call is made whose worker dies under it."""

QUIET = {"TF_CPP_MIN_LOG_LEVEL": "2", "GLOG_minloglevel": "2", "PYTHONWARNINGS": "ignore"}


class TaskFailed(WorkbenchError):
    """A call raised in its worker; `traceback` is where."""

    def __init__(self, message: str, traceback: str = "") -> None:
        super().__init__(message)
        self.traceback = traceback


class WorkerDied(WorkbenchError):
    """A worker process died, or had to be killed, under a call that was tried often enough."""


class Pool:
    """Calls in worker processes, at most `workers` at a time, in the order of submission."""

    def __init__(self, workers: int = 2) -> None:
        self.workers = workers
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="pool")
        self._mine = threading.local()
        self._all: set[_Worker] = set()
        self._lock = threading.Lock()
        self._closed = False

    def submit(self, function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> Future[T]:
        """Call a module's function in a worker.

        Returns:
            A future that gives the result, or raises TaskFailed (the call raised) or WorkerDied (its process died
            `ATTEMPTS` times).
        """
        if named:
            raise TypeError("a call in a worker takes positional arguments only")
        return self._threads.submit(self._call, function, arguments, None)

    async def call(self, function: Callable[..., T], *arguments: Any, limit_s: float | None = None) -> T:
        """Call a module's function in a worker and wait for it without blocking the event loop.

        Args:
            function: a function of a module, called by position.
            arguments: what it is given; must be picklable.
            limit_s: seconds after which the worker is killed and `WorkerDied` raised; None for no limit.
        """
        return await asyncio.wrap_future(self._threads.submit(self._call, function, arguments, limit_s))

    @property
    def pids(self) -> tuple[int, ...]:
        """Return the process ids of the workers that live."""
        with self._lock:
            return tuple(sorted(w.pid for w in self._all if w.alive))

    def close(self) -> None:
        """End all workers at once; calls that run or wait are given up."""
        self._closed = True
        self._threads.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            for worker in self._all:
                worker.kill()
        self._threads.shutdown(wait=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _call(self, function: Callable[..., T], arguments: tuple[Any, ...], limit_s: float | None) -> T:
        reason = ""
        for _ in range(ATTEMPTS):
            worker = self._worker()
            try:
                good, *answer = worker.exchange((function, arguments), limit_s)
            except TimeoutError:
                self._drop(worker)
                raise WorkerDied(f"{function.__name__} took longer than {limit_s:.0f} s and was stopped.") from None
            except (EOFError, OSError):
                reason = worker.last_words()
                self._drop(worker)
                continue
            if good:
                result: T = answer[0]
                return result
            raise TaskFailed(*answer)
        raise WorkerDied(f"The worker of {function.__name__} died {ATTEMPTS} times{': ' if reason else ''}{reason}.")

    def _worker(self) -> _Worker:
        """Return this thread's worker, a new one if there is none."""
        worker: _Worker | None = getattr(self._mine, "worker", None)
        if worker is not None and worker.alive:
            return worker
        with self._lock:
            # Checked under the lock that `close` takes, so that no worker starts behind its back.
            if self._closed:
                raise WorkerDied("The pool is closed.")
            self._mine.worker = worker = _Worker()
            self._all.add(worker)
        return worker

    def _drop(self, worker: _Worker) -> None:
        worker.kill()
        self._mine.worker = None
        with self._lock:
            self._all.discard(worker)


class _Worker:
    """One process and the socket to it."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the worker; has no name
        with theirs:
            # A command of our own instead of multiprocessing's: that one would run the caller's main module again in
            # each worker. `-P` keeps the current folder, perhaps a workspace with folders of our names, off the path.
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", f"from runs.worker import main; main({theirs.fileno()})"],
                stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=self._errors, pass_fds=(theirs.fileno(),),
                env=_environment(), start_new_session=True,
            )  # fmt: skip
        self._connection = Connection(ours.detach())
        self.pid = self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def exchange(self, call: tuple[Callable[..., Any], tuple[Any, ...]], limit_s: float | None) -> tuple[Any, ...]:
        self._connection.send(call)
        if limit_s is not None and not self._connection.poll(limit_s):
            raise TimeoutError
        answer: tuple[Any, ...] = self._connection.recv()
        return answer

    def last_words(self) -> str:
        """Say how the process ended, with the last line it wrote."""
        code = self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read()[-2000:].decode(errors="replace").strip().splitlines()
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        return f"{how}, {lines[-1][:200]}" if lines else how

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()


def _environment() -> dict[str, str]:
    path = os.pathsep.join(p for p in sys.path if p)
    return {**os.environ, **one_thread.for_a_worker(), **QUIET, "PYTHONPATH": path}


_shared: Pool | None = None
_keepers = 0
_size = 2


def size(workers: int | None = None) -> int:
    """Return how many workers the shared pool has; say it with `workers`, 0 for one a core, before the pool is made."""
    global _size  # noqa: PLW0603
    if workers is not None:
        _size = workers or os.cpu_count() or 1
    return _size


def shared() -> Pool:
    """Return the process's one pool, which rendering and scoring share; made anew after `close_shared`."""
    global _shared  # noqa: PLW0603 - the point is that there is one
    if _shared is None or _shared._closed:
        _shared = Pool(_size)
    return _shared


@contextlib.contextmanager
def kept() -> Iterator[None]:
    """Keep the shared pool's workers, and the models that they have loaded, over several runs."""
    global _keepers  # noqa: PLW0603
    _keepers += 1
    try:
        yield
    finally:
        _keepers -= 1
        close_shared()


def close_shared() -> None:
    """End the shared pool's workers, if there are any and nobody keeps them."""
    if _shared is not None and not _keepers:
        _shared.close()
