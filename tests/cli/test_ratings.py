"""People's votes from the command line: a queue, votes from a file, and what they say."""

from __future__ import annotations

import json
from pathlib import Path

import log_story as story
import pytest

from runs.workspace import Workspace
from tests.cli.conftest import Cli, one_line_error


@pytest.fixture(autouse=True)
def _somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_ACTOR", "ann@studio")


@pytest.fixture
def rated(cli: Cli, ws: Path, tmp_path: Path) -> str:
    """Return a queue on which two people have voted."""
    (ws / "runs" / "journals").mkdir()
    story.write(Workspace(ws), "a.jsonl", [story.plan("r", 48, cases=24), *(story.generation("r", n, 1 + n) for n in range(48))])
    made = cli("ratings", "queue", "r:a", "r:b", "--criterion", "face")
    assert made.code == 0, made
    name = made.out.strip()
    table = tmp_path / "votes.csv"
    rows = [f"i{n:04d},{who},{'b' if n % 4 else 'a'}" for n in range(1, 15) for who in ("ann", "bo")]
    table.write_text("\n".join(["item,rater,prefer", *rows]))
    assert "28 new votes" in cli("ratings", "import", name, str(table)).err
    return name


def test_what_people_say(cli: Cli, rated: str) -> None:
    done = cli("ratings", "show", rated, "--format", "json")
    assert done.code == 0, done
    (row,) = json.loads(done.out)["preference"]
    assert row["raters"] == 2
    assert row["preference"] > 0.2
    assert row["alpha"] == 1.0
    assert json.loads(cli("ratings", "list", "--format", "json").out)["queues"][0]["queue"] == rated
    assert len(cli("ratings", "export", rated, "--format", "csv").out.splitlines()) == 29


def test_versions_are_ranked_by_votes(cli: Cli, rated: str) -> None:
    ranking = json.loads(cli("ratings", "rank", "--format", "json").out)["ranking"]
    assert [row["name"] for row in ranking] == ["shot/keyframe@bbbbbb", "shot/keyframe@aaaaaa"]
    assert rated


def test_mistakes_are_one_line(cli: Cli, ws: Path, tmp_path: Path) -> None:
    assert "no vote yet" in one_line_error(cli("ratings", "rank"))
    assert "q-none" in one_line_error(cli("ratings", "show", "q-none"))
    assert "cannot be read" in one_line_error(cli("ratings", "import", "q-none", str(tmp_path / "none.csv")))
    assert ws
