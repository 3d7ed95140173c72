"""A cluster of this machine alone, started for a command: old scores are made again in it, and nothing of it is left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from commands import SCORER, done, run, scores, workbench

pytest.importorskip("ray", reason="Ray is not installed: make cluster")


@pytest.mark.slow
def test_scoring_again_on_a_cluster_of_our_own_gives_the_same_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = set(Path("/tmp").glob("wb-*"))
    (ws := tmp_path / "w").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / ("long" * 20)))  # no place for sockets
    (tmp_path / ("long" * 20)).mkdir()
    monkeypatch.setenv("RAY_memory_monitor_refresh_ms", "0")
    done(workbench("init", ".", cwd=ws))
    (ws / "evals/scorers").mkdir(exist_ok=True)
    (ws / "evals/scorers/slow.py").write_text(SCORER)
    name = "20261126-000000-cccccc"
    done(workbench(*run(2), "--run-id", name, cwd=ws))
    first = scores(ws, name)
    done(workbench("score", name, "--allow-scorer-files", "--engine", "ray", cwd=ws))
    assert len(scores(ws, name)) == 2 * len(first) == 8
    assert by_job(scores(ws, name)) == by_job(first), "the later ones are those that count"
    assert set(Path("/tmp").glob("wb-*")) <= before


def by_job(events: list[dict[str, Any]]) -> dict[str, Any]:
    return {event["job_id"]: event["scores"] for event in events}
