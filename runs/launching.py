"""Runs and gates as processes of their own: started, stopped and resumed from the app, and alive without it.

    launch(ws, run_id, ["--suite", "shot", "--version", "shot/keyframe@plain", "--version", "shot/keyframe"])
    stop(ws, run_id)                                # as Ctrl-C does: what is in flight may finish
    resume(ws, run_id)

A process is `python -m workbench run …` in a session of its own, so that neither a closed browser nor a stopped server reaches it.
What it prints goes to `runs/launched/<run>.log`. That file is locked by the process for as long as it lives, from before it
begins, so that two clicks start one run: the second one finds the lock taken.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from prompts.errors import InputError
from runs import machine, secrets
from runs.errors import JournalError
from runs.journal import files, header, is_live
from runs.resume import run_ids
from runs.workspace import Workspace

CODE = Path(__file__).resolve().parent.parent
FOLDER = "launched"
TAIL_BYTES = 8 << 10
PATIENCE_S = 30.0
"""How long those are waited for who look whether a process is alive; each looks for microseconds."""
RUN_ID = re.compile(r"[0-9]{8}-[0-9]{6}-[0-9a-f]{6}")
"""As `runs.plan.new_run_id` makes them."""


@dataclass(frozen=True, slots=True)
class Launched:
    """What is known of the process that was launched for a run: whether it lives, and the end of what it printed."""

    alive: bool
    said: str


def launch(ws: Workspace, run_id: str, arguments: Sequence[str]) -> bool:
    """Start a new run under an id that was chosen before; `arguments` are those of `workbench run`.

    Returns:
        Whether it was started now; False where it has been before.

    Raises:
        InputError: The id is not one of ours.
        JournalError: The folder cannot be written.
    """
    if not RUN_ID.fullmatch(run_id):
        raise InputError(f"{run_id[:80]!r} is no id of a run.")
    if output_path(ws, run_id).exists() or run_id in run_ids(ws):
        return False
    return _spawn(ws, run_id, ["run", "--run-id", run_id, *arguments])


def launch_gate(ws: Workspace, template: str, name: str, arguments: Sequence[str], actor: str) -> bool:
    """Start the gate of a version of a template, or go on with it; `arguments` are those of `workbench gate`.

    Args:
        ws: The workspace.
        template: Whose version it judges.
        name: What names the gate by all that decides its runs (`runs.gating.begun`): of one name one process works at a time.
        arguments: What is asked.
        actor: Who starts it, and so may not approve its report.

    Returns:
        False where a process is at work on it already.

    Raises:
        JournalError: The folder cannot be written.
    """
    return _spawn(ws, _gate_id(template, name), ["gate", *arguments], {"WORKBENCH_ACTOR": actor}, anew=True)


def launched_gates(ws: Workspace, template: str) -> dict[str, Launched]:
    """Return what is known of the processes that were launched for gates of a template, by the gate's name, the newest first."""
    paths = [(path.stat().st_mtime, path) for path in (ws.runs / FOLDER).glob(f"{_gate_id(template, '*')}.log")]
    found = {path.stem.rpartition("-")[2]: launched(ws, path.stem) for _, path in sorted(paths, reverse=True)}
    return {name: one for name, one in found.items() if one is not None}


def gate_output(ws: Workspace, template: str, name: str) -> Path:
    """Return where the process of a gate prints to."""
    return output_path(ws, _gate_id(template, name))


def _gate_id(template: str, name: str) -> str:
    return f"gate-{hashlib.sha256(template.encode()).hexdigest()[:8]}-{name}"


def resume(ws: Workspace, run_id: str, *, retry_failed: bool = False, resend: bool = False) -> bool:
    """Start a process that does what is missing of a run, once more what failed, and again what was not answered.

    Returns:
        False where a process is at work on it already.

    Raises:
        JournalError: The folder cannot be written.
    """
    if workers(ws, run_id):
        return False
    asked = [flag for flag, given in (("--retry-failed", retry_failed), ("--resend", resend)) if given]
    return _spawn(ws, run_id, ["run", "--resume", run_id, *asked])


def stop(ws: Workspace, run_id: str, *, at_once: bool = False) -> list[int]:
    """Ask the processes that work on a run to stop, and return the ids of those that were asked now.

    A process is asked once, whoever clicks how often: a second signal would make it leave at once, with calls in flight that may be
    paid. `at_once` asks for just that.

    Raises:
        JournalError: A process on another machine does, or one of somebody else, or the folder cannot be written.
    """
    asked = []
    for pid, path in workers(ws, run_id):
        if _mark(ws, path) or at_once:
            _ask(pid, path)
            asked.append(pid)
    return asked


def stopping(ws: Workspace, run_id: str) -> bool:
    """Tell whether a live process of a run has been asked to stop from here."""
    return any(_mark_path(ws, path).exists() for _, path in workers(ws, run_id))


def _mark_path(ws: Workspace, journal: Path) -> Path:
    return ws.runs / FOLDER / f"{journal.stem}.stopping"


def _mark(ws: Workspace, journal: Path) -> bool:
    """Note that the writer of a journal was asked to stop; False where it had been before."""
    path = _mark_path(ws, journal)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(exist_ok=False)
    except FileExistsError:
        return False
    except OSError as error:
        raise JournalError(f"Cannot write {path}: {os.strerror(error.errno or 0)}.", hint="Is the folder writable?") from error
    return True


def workers(ws: Workspace, run_id: str) -> list[tuple[int, Path]]:
    """Return the live processes of a run with the journals that they write.

    Raises:
        JournalError: One of them is on another machine.
    """
    found = []
    for path in files(ws):
        head = header(path)
        if head is None or head.get("run_id") != run_id or not is_live(path):
            continue
        if not machine.is_ours(str(head.get("host"))):
            raise JournalError(f"The run {run_id} is being worked on by {head.get('host')}.", hint="Stop it on that machine.")
        found.append((int(head["pid"]), path))
    return found


def launched(ws: Workspace, run_id: str) -> Launched | None:
    """Return what is known of a run's process that was launched here; None where none was. Keys are removed."""
    path = output_path(ws, run_id)
    try:
        with path.open("rb") as file:
            alive = not _lock(file.fileno(), fcntl.LOCK_SH)
            # At once: who looks must not be taken for a process that works, by somebody who is about to start one.
            fcntl.flock(file.fileno(), fcntl.LOCK_UN)
            file.seek(max(0, path.stat().st_size - TAIL_BYTES))
            text = file.read(TAIL_BYTES).decode("utf-8", "replace")
    except OSError:
        return None
    return Launched(alive, str(secrets.redact(text)))


def output_path(ws: Workspace, run_id: str) -> Path:
    """Return where a launched process prints to."""
    return ws.runs / FOLDER / f"{run_id}.log"


def _spawn(ws: Workspace, run_id: str, arguments: Sequence[str], more: Mapping[str, str] | None = None, *, anew: bool = False) -> bool:
    """Start a process, with `more` in its environment; `anew` forgets what one before it has printed."""
    path = output_path(ws, run_id)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        out = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise JournalError(f"Cannot write {path}: {os.strerror(error.errno or 0)}.", hint="Is the folder writable?") from error
    try:
        # The lock belongs to the open file, which the child inherits: it is free again when the child has ended.
        if not _alone(out):
            return False
        if anew:
            os.ftruncate(out, 0)
        # -P: the workspace holds folders named like our packages, and nothing of it may ever be imported.
        command = [sys.executable, "-P", "-m", "workbench", "--workspace", str(ws.root), *arguments]
        environment = _environment() | dict(more or {})
        process = subprocess.Popen(
            command, cwd=ws.root, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
        )
    finally:
        os.close(out)
    # Somebody has to take note of its end, or it stays as a zombie until the server ends.
    threading.Thread(target=process.wait, daemon=True, name=f"reaper of {run_id}").start()
    return True


def _environment() -> dict[str, str]:
    """Return our own environment, in which the code can be found from any folder."""
    known = [str(CODE), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(dict.fromkeys(known)), "PYTHONUNBUFFERED": "1"}


def _alone(descriptor: int) -> bool:
    """Take the lock of the one who works; False where somebody has it.

    Those who only watch share it for a moment, and on a busy machine a moment can be long: they are waited for. Whoever works shares it
    with nobody, which tells them apart.
    """
    until = time.monotonic() + PATIENCE_S
    while not _lock(descriptor, fcntl.LOCK_EX):
        shared = _lock(descriptor, fcntl.LOCK_SH)
        fcntl.flock(descriptor, fcntl.LOCK_UN)  # two who ask at once must not wait for each other
        if not shared or time.monotonic() >= until:
            return False
        time.sleep(0.02)
    return True


def _lock(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _ask(pid: int, journal: Path) -> None:
    """Send the signal of an orderly stop to the process that writes a journal, and to no other one of the same number."""
    try:
        process = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else -1  # names this very process, also after its end
        try:
            if not (is_live(journal) and _writes(pid, journal)):
                return  # it has ended meanwhile
            if process >= 0:
                signal.pidfd_send_signal(process, signal.SIGTERM)
            else:
                os.kill(pid, signal.SIGTERM)
        finally:
            if process >= 0:
                os.close(process)
    except ProcessLookupError:
        return
    except PermissionError:
        raise JournalError(f"Process {pid} belongs to somebody else.", hint="Ask them to stop the run.") from None


def _writes(pid: int, journal: Path) -> bool:
    """Tell whether a process has a journal open; where the system does not say, its lock has to do."""
    folder = Path(f"/proc/{pid}/fd")
    if not folder.parent.parent.joinpath("self").exists():
        return True
    wanted = journal.stat()
    for entry in folder.iterdir():
        try:
            found = entry.stat()
        except OSError:
            continue
        if (found.st_dev, found.st_ino) == (wanted.st_dev, wanted.st_ino):
            return True
    return False
