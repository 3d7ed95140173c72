"""kill -9 at random moments of a run in a real process, resumed until it is done: the tables are those of a run that was left alone."""

from __future__ import annotations

import random
import time
from pathlib import Path

import farming
import kit
import pandas as pd
import pytest
import warm

from runs import query
from runs.resume import state_of
from runs.settling import ask_again, doubtful
from runs.workspace import Workspace

JOBS = 60
KILLS = 6
TIMES = ["run_id", "created_at", "latency_s", "scored_at", "at"]

pytestmark = pytest.mark.slow


class Child:
    """One process that works on a run."""

    def __init__(self, ws: Workspace, port: int, shape: str, space: str, run_id: str = "") -> None:
        words = [str(ws.root), str(port), shape, space, run_id]
        self.process = warm.popen(*words[: None if run_id else -1], script=Path(__file__).with_name("child.py"))
        said = self.process.stdout.readline().split()
        assert said[:1] == ["begun"], self.process.communicate()
        self.run_id = said[1]
        self.began = time.monotonic()

    def finish(self) -> float:
        """Wait for the end; return the seconds since it began."""
        out, err = self.process.communicate(timeout=120)
        assert (self.process.returncode, out.strip()) == (0, "ended finished"), (out, err)
        return time.monotonic() - self.began

    def kill(self) -> bool:
        """Kill it; return whether it was still alive."""
        alive = self.process.poll() is None
        self.process.kill()
        self.process.communicate()
        return alive


def tables(ws: Workspace, run_id: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the generations and scores of a run without what time has to do with."""
    generations, scores = query.generations(ws, run_id), query.scores(ws, run_id)
    return (
        generations.drop(columns=TIMES, errors="ignore").sort_values("job_id").reset_index(drop=True),
        scores.drop(columns=TIMES, errors="ignore").sort_values(["job_id", "metric"]).reset_index(drop=True),
    )


@pytest.mark.parametrize("shape", ["direct", "tasks"])
def test_a_run_killed_at_random_moments_ends_like_one_that_was_left_alone(tmp_path: Path, shape: str) -> None:
    ws = kit.workspace(tmp_path)
    rng = random.Random(shape)
    kills = runs = 0
    with farming.farm(delay_s=0.03) as port:
        whole = Child(ws, port, shape, "whole")
        seconds = whole.finish()
        expected = tables(ws, whole.run_id)
        assert len(expected[0]) == JOBS
        assert set(farming.asked(port, "whole").values()) == {1}
        while kills < KILLS:
            runs += 1
            space, run_id, mine, made = f"killed-{runs}", "", 0, dict[str, int]()
            while kills + mine < KILLS:
                child = Child(ws, port, shape, space, run_id)
                run_id = child.run_id
                time.sleep(rng.uniform(0, 0.8 * seconds))
                mine += child.kill()
                # What is finished now is never asked for again.
                asked = farming.asked(port, space)
                finished = state_of(ws, run_id).finished
                made |= {job: asked[job] for job, done in finished.items() if job not in made and done.status == "ok"}
            kills += mine
            Child(ws, port, shape, space, run_id).finish()
            if shape == "direct":
                # Nothing is asked twice by itself; then a person has it asked again.
                asked, doubts = farming.asked(port, space), {row.job_id for row in doubtful(ws, run_id)}
                assert set(asked.values()) <= {1} and set(expected[0]["job_id"]) - asked.keys() <= doubts
                ask_again(ws, run_id, who="mei")
                Child(ws, port, shape, space, run_id).finish()
                assert all(calls <= 1 + (job in doubts) for job, calls in farming.asked(port, space).items())
            for mine_frame, frame in zip(tables(ws, run_id), expected, strict=True):
                pd.testing.assert_frame_equal(mine_frame, frame)
            asked = farming.asked(port, space)
            assert set(asked) == set(expected[0]["job_id"])
            assert {job: asked[job] for job in made} == made
            if shape == "tasks":
                assert set(asked.values()) == {1}
