"""`workbench judge` and `calibrate`, with a model behind a server on loopback."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import chat_server
import pytest

from runs import query
from runs.workspace import Workspace
from tests.cli.conftest import Cli, one_line_error

TOML = """
[providers.bench]
type = "chat"
base_url = "{url}"
model = "judge-1"
"""


@pytest.mark.slow
def test_a_run_is_judged_and_the_judge_is_calibrated(cli: Cli, ws: Path) -> None:
    made = cli(
        "run", "--suite", "script", "--version", "script/episode", "--limit", "2", "--repeats", "1", "--no-score", "--format", "json"
    )
    run_id = json.loads(made.out)["run"]
    with chat_server.serve() as server:
        (ws / "workbench.toml").write_text((ws / "workbench.toml").read_text("utf-8") + TOML.format(url=server.base_url), "utf-8")
        rows = [{"criterion": c, "answer": "no", "quote": "", "where": "", "reason": "r"} for c in ("hook", "turn", "cliffhanger")]
        server.say(json.dumps({"answers": rows}))
        priced = ("judge", run_id, "--provider", "bench", "--price", "call=0.02", "--format", "json")
        estimate = json.loads(cli(*priced, "--dry-run").out)["estimate"][0]
        assert (estimate["questions"], estimate["cost_high_usd"]) == (4, pytest.approx(0.08))
        assert server.seen == []
        judged = cli(*priced)
        assert judged.code == 0, judged.err
        assert "$0.08" in judged.err
        assert len(server.seen) == 4
        told = json.loads(judged.out)
        means = {m["metric"]: m for m in told["means"]}
        assert (means["screenplay.hook@judge-1"]["mean"], means["screenplay.hook@judge-1"]["calibrated"]) == (0.0, False)
        assert query.run_plan(Workspace(ws), told["judge_run"])["price"] == {"call": 0.02}
        assert told["dropped"] == 0.5, "three of six criteria were not answered"
        again = cli("judge", run_id, "--resume", told["judge_run"], "--format", "json")
        assert again.code == 0, again.err
        assert len(server.seen) == 4, "nothing is asked twice"
        server.answer({"error": {"message": "Incorrect API key provided", "code": "invalid_api_key"}}, status=401)
        refused = cli("judge", run_id, "--provider", "bench", "--seed", "5", "--model", "judge-2", "--format", "json")
        assert refused.code == 1 and "refuses the key" in refused.err
        assert {mean["metric"].rpartition("@")[2] for mean in json.loads(refused.out)["means"]} <= {"judge-2"}, "not what the other said"
    jobs = query.generations(Workspace(ws), run_id)["job_id"]
    with (ws / "ratings.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("job_id", "criterion", "rater", "answer"), *((job, "hook", "wu", "no") for job in jobs)])
    shown = cli("calibrate", run_id, "ratings.csv", "--judge", "judge/screenplay@judge-1", "--format", "json")
    assert shown.code == 0, shown.err
    (hook,) = json.loads(shown.out)["criteria"]
    assert (hook["criterion"], hook["agreement"], hook["calibrated"]) == ("hook", 1.0, False)
    assert "of 40 rated scripts" in hook["reason"]
    assert json.loads((ws / "evals" / "judges.json").read_text("utf-8"))["judges"][0]["criterion"] == "hook"


def test_what_cannot_be_judged_is_one_clear_error(cli: Cli) -> None:
    cli("run", "--suite", "outline", "--version", "outline/episode", "--limit", "1", "--no-score")
    assert "judges scripts" in one_line_error(cli("judge", "last", "--provider", "studio"))
    assert "Unknown rubric 'taste'" in one_line_error(cli("judge", "last", "--rubric", "taste"))
    cli("run", "--suite", "script", "--version", "script/episode", "--limit", "1", "--no-score")
    assert "simulated, and judges nothing" in one_line_error(cli("judge", "last"))
    assert "judge" not in {run["stage"] for run in json.loads(cli("runs", "--format", "json").out)["runs"]}, "no question was asked"
