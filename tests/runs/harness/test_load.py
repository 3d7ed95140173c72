"""Many hands on one workspace at once: eight runs, each a process of its own, and two readers that look as the app does."""

from __future__ import annotations

from pathlib import Path

import farming
import kit
import pytest
import warm

from runs import query
from runs.log import catch_up
from runs.verifying import verify

RUNS, JOBS = 8, 60
READER = """
import sys
from pathlib import Path
from runs import query
from runs.workspace import Workspace
ws, newest = Workspace(Path(sys.argv[1])), 0
while True:
    done = len(query.generations(ws))
    assert done >= newest, "a generation was gone again"
    newest = done
    print(done, flush=True)
"""


@pytest.mark.slow
def test_eight_runs_and_two_readers_at_once_disturb_nobody(tmp_path: Path) -> None:
    """No error on either side; every call counted at the server once; the log is what the journals say."""
    ws = kit.workspace(tmp_path)
    child, reader = Path(__file__).with_name("child.py"), tmp_path / "reader.py"
    reader.write_text(READER)
    with farming.farm(delay_s=0.02) as port:
        runs = [warm.popen(str(ws.root), str(port), "direct", f"run-{n}", script=child) for n in range(RUNS)]
        readers = [warm.popen(str(ws.root), script=reader) for _ in range(2)]
        try:
            ends = [(run.communicate(timeout=240), run.returncode) for run in runs]
            assert [code for _, code in ends] == [0] * RUNS, ends
            assert all(out.splitlines()[-1] == "ended finished" for (out, _), _ in ends), ends
            assert [one.poll() for one in readers] == [None, None], "a reader met no error"
        finally:
            for one in (*runs, *readers):
                one.kill()
        for one in readers:
            out, err = one.communicate()
            assert err == "" and len(out.splitlines()) > 1
        asked = [farming.asked(port, f"run-{n}") for n in range(RUNS)]
    assert [(len(keys), set(keys.values())) for keys in asked] == [(JOBS, {1})] * RUNS, "nothing was paid twice, nothing was left out"
    catch_up(ws)
    frame = query.runs(ws)
    assert (list(frame["state"]), list(frame["ok"])) == (["finished"] * RUNS, [JOBS] * RUNS)
    found = verify(ws)
    assert found.problems == []
    assert found.journals == RUNS
