"""The same work begun by several processes in the same moment: one does it, the others are told so, and nothing is paid twice."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import farming
import kit
import maker
import pytest

from runs import query
from runs.journal import Journal

pytestmark = pytest.mark.slow
REFUSED = "is being worked on by"


def at_once(script: str, arguments: list[str], how_many: int) -> list[tuple[int, str, str]]:
    """Start so many processes with one script, together; return how each ended and what it said."""
    path = os.pathsep.join([str(Path(__file__).parent), *[p for p in sys.path if p]])
    go, begin = os.pipe()
    # Each is held back until all have been started: what they load takes longer than what they race for.
    held = "import os, runpy, sys; import maker, kit; os.read(int(sys.argv.pop(1)), 1); runpy.run_path(sys.argv[0], run_name='__main__')"
    words = [
        sys.executable,
        "-P",
        "-c",
        f"import sys; sys.argv[0] = {str(Path(__file__).with_name(script))!r}; {held}",
        str(go),
        *arguments,
    ]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    started = [
        subprocess.Popen(words, text=True, pass_fds=[go], env={**os.environ, "PYTHONPATH": path}, **pipes)  # type: ignore[call-overload]
        for _ in range(how_many)
    ]
    os.close(go)
    os.write(begin, b"!" * how_many)
    os.close(begin)
    ended = [process.communicate(timeout=120) for process in started]
    return [(process.returncode, *said) for process, said in zip(started, ended, strict=True)]


def test_a_run_resumed_by_two_processes_is_done_by_one(tmp_path: Path) -> None:
    ws = kit.workspace(tmp_path)
    with farming.farm(delay_s=0.02) as port:
        plan = kit.plan(ws, farming.FarmTasks(port, space="two"), series=5, repeats=2)
        with Journal(ws, plan.run_id) as journal:
            journal.append(plan.event)
        ends = at_once("child.py", [str(ws.root), str(port), "tasks", "two", plan.run_id], 2)
        asked = farming.asked(port, "two")
    assert sum("ended finished" in out for _, out, _ in ends) >= 1
    assert all(code == 0 or REFUSED in err for code, _, err in ends), ends
    assert dict(asked) == dict.fromkeys(plan.by_id, 1)


def test_a_chain_walked_by_two_processes_is_made_once(tmp_path: Path) -> None:
    """They find no run of its first stage, both of them."""
    ws = maker.workspace(tmp_path / "drama")
    with farming.farm(delay_s=0.02) as port:
        ends = at_once("chain_child.py", [str(ws.root), str(port), "two"], 2)
        asked = farming.asked(port, "two")
    assert sum("ended" in out for _, out, _ in ends) >= 1
    assert all(code == 0 or REFUSED in err for code, _, err in ends), ends
    assert set(asked.values()) == {1}
    assert query.runs(ws)["stage"].is_unique
