"""`workbench race` on the embedded studio: real rounds, losers that cost nothing more, and a race that goes on after a death."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
import warm
from paid import paid

from runs import query
from runs.workspace import Workspace
from tests.cli.conftest import Cli, one_line_error

pytestmark = pytest.mark.slow
BASE = "script/episode@plain"
VARIANTS = ("script/episode", "script/episode@short", "script/episode@bare")
RACE = ("race", "--base", BASE, *(word for ref in VARIANTS for word in ("--version", ref)), "--cases", "6")


@pytest.fixture
def ws(ws: Path) -> Path:
    """A workspace with three variants: the good one, the good one with a line more, and the champion with a line more."""
    folder = ws / "prompts" / "script"
    good, plain = ((folder / name).read_text("utf-8") for name in ("episode.j2", "episode@plain.j2"))
    (folder / "episode@short.j2").write_text(good.replace("{% endblock", "Keep every line short.\n{% endblock", 1), "utf-8")
    (folder / "episode@bare.j2").write_text(plain + "\nKeep every line short.\n", "utf-8")
    return ws


def test_the_better_half_goes_on_and_losers_cost_nothing_more(ws: Path, cli: Cli) -> None:
    done = cli(*RACE, "--format", "json")
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert told["finalist"] in VARIANTS[:2]
    assert "This is not evidence" in done.err
    made = query.generations(Workspace(ws))
    assert set(made["split"]) == {"explore"}
    by_ref = Counter(made["ref"])
    assert by_ref["script/episode@bare"] == 6, "the worst variant is out after the first round"
    assert by_ref[told["finalist"]] == by_ref[BASE] > 6

    again = cli(*RACE, "--format", "json")
    assert json.loads(again.out) == told
    assert len(query.generations(Workspace(ws))) == len(made), "nothing is paid twice"
    assert "kept, run" in again.err


def test_a_race_that_was_cut_off_goes_on_in_the_same_round(ws: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second round dies between the race's file and the run: it begins that round anew, and only that."""
    from runs import harness

    real, calls = harness.run, []

    def dies(*args: object, **named: object) -> object:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(*args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(harness, "run", dies)
    assert cli(*RACE).code == 130
    first = set(query.runs(Workspace(ws))["run_id"])
    assert len(first) == 1
    assert cli(*RACE).code == 0
    runs = query.runs(Workspace(ws))
    assert first < set(runs["run_id"])
    assert len(runs) == 2


def test_killed_inside_a_round_it_goes_on_and_no_job_is_done_twice(ws: Path, cli: Cli) -> None:
    """Killed with some of the first round's generations in the journal, and again in the second round."""
    workspace = Workspace(ws)
    jobs = 4 * 6  # of the first round: three variants and the champion
    for made in (5, jobs + 4):
        process = warm.popen(str(made - len(paid(workspace))), "-q", "-w", str(ws), *RACE, script=warm.DIES)
        process.communicate()
        assert process.returncode == -9, "it ended before it was killed"
        assert made <= len(paid(workspace)) < (jobs if made < jobs else 2 * jobs)
    before = paid(workspace)
    assert jobs < len(before), "it died in the second round"

    done = cli(*RACE, "--format", "json")
    assert done.code == 0, done.err
    assert "Round 1: kept, run" in done.err
    assert "Round 2: going on with run" in done.err
    after = paid(workspace)
    assert set(after.values()) == {1}
    assert before.keys() < after.keys()
    runs = query.runs(workspace)
    assert len(runs) == 2
    assert set(runs["state"]) == {"finished"}
    assert len(after) == runs["jobs"].sum()


def test_with_gate_the_finalist_goes_on_to_the_gate(ws: Path, cli: Cli) -> None:
    done = cli(*RACE, "--gate", "--format", "json")
    assert done.code == 0, done.err
    told = json.loads(done.out)
    report = json.loads(next((ws / "runs" / "gates").glob("*.json")).read_text("utf-8"))
    assert (report["challenger"]["ref"], report["champion"]["ref"]) == (told["finalist"], BASE)
    assert told["gate"]["decision"] == report["decision"] == "promote"
    assert told["gate"]["report"] == f"runs/gates/{next((ws / 'runs' / 'gates').glob('*.json')).name}"
    assert report["burnt"] == [], "the race saw no case of the gate"


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--version", "script/episode"), "at least two variants"),
        (("--version", "script/episode", "--version", "script/episode"), "the same version"),
        (("--version", "script/episode", "--version", BASE), "the same version"),
        (("--version", "script/episode", "--version", "script/nothing"), "script/nothing"),
    ],
)
def test_what_is_no_race_is_one_clear_error(cli: Cli, args: tuple[str, ...], words: str) -> None:
    assert words in one_line_error(cli("race", "--base", BASE, *args))
