"""`workbench gate` on the embedded studio: run, verdict, report, and whether a report can be changed without being noticed."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

import workbench
from prompts.errors import InputError
from prompts.ledger import Ledger
from runs import query
from runs.harness import Options
from runs.log import rebuild
from runs.report import evidence_for_promotion
from runs.workspace import Workspace
from tests.cli.conftest import Cli, one_line_error

pytestmark = pytest.mark.slow
BASE, CANDIDATE = "script/episode@plain", "script/episode"
AGAIN = ("gate", "--base", BASE, "--candidate", CANDIDATE, "--run", "last")


@pytest.fixture(scope="module")
def gated(starter: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which a gate has been run once."""
    root = shutil.copytree(starter, tmp_path_factory.mktemp("gated") / "drama")
    asked = ["-q", "-w", str(root), "gate", "--base", BASE, "--candidate", CANDIDATE]
    assert workbench.cli.main(asked, standalone_mode=False) == 0
    return Path(root)


@pytest.fixture
def ws(gated: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may spoil."""
    return Path(shutil.copytree(gated, tmp_path / "drama"))


def report_of(root: Path) -> Path:
    return next(iter(sorted((root / "runs" / "gates").glob("*.json"))))


def test_a_gate_leaves_a_report_in_three_forms_a_log_entry_and_a_line_in_the_ledger(ws: Path) -> None:
    report = json.loads(report_of(ws).read_text("utf-8"))
    assert report["decision"] == "promote"
    assert report["simulated"] is True
    assert {path.suffix for path in (ws / "runs" / "gates").iterdir()} == {".json", ".md", ".html"}
    logged = query.gates(Workspace(ws))
    evidence = evidence_for_promotion(report_of(ws))
    assert logged["report"].tolist() == [evidence.report]
    assert [entry.report for entry in Ledger(ws / "prompts").entries() if entry.action == "gate"] == [evidence.report]
    assert (evidence.challenger, evidence.champion) == (report["challenger"]["version"], report["champion"]["version"])


def test_only_cases_of_the_gate_split_are_evidence(ws: Path) -> None:
    generations = query.generations(Workspace(ws))
    assert set(generations["split"]) == {"gate"}
    assert set(generations["repeat"]) == {0, 1}


def test_a_report_is_verified_from_its_data_and_from_the_log(ws: Path, cli: Cli) -> None:
    assert cli("gate", "verify", str(report_of(ws))).code == 0
    rebuild(Workspace(ws))
    assert cli("gate", "verify", str(report_of(ws))).code == 0


def test_limits_are_kept_where_the_settings_say_for_a_gate_too(ws: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or a gate and a run at the same time would each take the whole of an account."""
    settings = ws / "workbench.toml"
    settings.write_text(f'limits_folder = "shared"\n{settings.read_text("utf-8")}', "utf-8")
    kept: list[Path | None] = []

    def enough(_ws: Any, _question: Any, _provider: Any, options: Options, *_: Any) -> None:
        kept.append(options.accounts)
        raise InputError("enough")

    monkeypatch.setattr("runs.gating.in_a_run", enough)
    one_line_error(cli("gate", "--base", BASE, "--candidate", CANDIDATE))
    assert kept == [Path("shared")]


def test_a_version_is_not_compared_with_itself_at_a_price(ws: Path, cli: Cli) -> None:
    """A build asks for each change, also for one that leaves the template as it is in production."""
    runs = query.runs(Workspace(ws))
    for asked in ((), ("--dry-run",)):
        told = one_line_error(cli("gate", "--base", CANDIDATE, "--candidate", CANDIDATE, *asked))
        assert "is the version that it would be compared with" in told
    assert len(query.runs(Workspace(ws))) == len(runs)


class TestTampering:
    def changed(self, ws: Path, change: Callable[[Any], None]) -> str:
        path = report_of(ws)
        report = json.loads(path.read_text("utf-8"))
        change(report)
        path.write_text(json.dumps(report, sort_keys=True, ensure_ascii=False, separators=(",", ":")), "utf-8")
        return str(path)

    def value(self, report: Any) -> None:
        report["data"]["rows"][0][report["data"]["columns"].index("logic")] = 0.123

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            ("value", "1 generations differ between report and log: challenger"),
            (lambda r: r.update(decision="hold"), "the decision is promote, in the report hold"),
            (lambda r: r["policy"]["rule"].update(alpha=0.2), "The policy in the report is not the one of its hash"),
            (lambda r: r["challenger"].update(version="v1:" + "0" * 64), "The challenger in the log is"),
            (lambda r: r["suite"].update(hash="0" * 64), "The suite in the log is another one"),
            (lambda r: r["verdict"].update(units=99), "The file is not the one that the gate wrote"),
            (lambda r: r.update(created_at="2027-01-01T00:00:00Z"), "The file is not the one that the gate wrote"),
            (lambda r: r["code"].update(sha256="0" * 64), "computed by other code"),
        ],
    )
    def test_what_was_changed_is_named(self, ws: Path, cli: Cli, change: Any, words: str) -> None:
        done = cli("gate", "verify", self.changed(ws, self.value if change == "value" else change))
        assert done.code == 1
        assert words in done.out
        assert "The file is not the one that the gate wrote" in done.out

    def test_a_changed_score_in_the_log_is_named(self, ws: Path, cli: Cli) -> None:
        """A journal line with other scores, as scoring again would append it."""
        from runs.events import Scores
        from runs.journal import Journal

        workspace = Workspace(ws)
        job = query.generations(workspace).iloc[0]
        score = {"metric": "logic", "scorer": "logic", "scorer_version": "9", "value": 0.5, "status": "ok", "reason": "", "evidence": {}}
        with Journal(workspace, job["run_id"]) as journal:
            journal.append(Scores(run_id=job["run_id"], job_id=job["job_id"], scores=[score]))  # type: ignore[list-item]
        done = cli("gate", "verify", str(report_of(ws)))
        assert done.code == 1
        assert "1 generations differ between report and log" in done.out

    @pytest.mark.parametrize("text", ["", "{}", '{"format": "workbench-gate/1"}', "[1]"])
    def test_what_is_no_report_is_one_clear_error(self, ws: Path, cli: Cli, text: str) -> None:
        path = ws / "runs" / "gates" / "other.json"
        path.write_text(text, "utf-8")
        assert one_line_error(cli("gate", "verify", str(path)))


class TestAttempts:
    def test_judging_the_same_runs_again_is_the_same_attempt(self, ws: Path, cli: Cli) -> None:
        assert "Attempt 1 on this suite" in cli(*AGAIN).out

    def test_another_run_is_another_attempt_at_a_lower_level(self, ws: Path, cli: Cli) -> None:
        cli("run", "--suite", "script", "--split", "gate", "--version", BASE, "--version", CANDIDATE, "--repeats", "1", "--seed", "99")
        done = cli(*AGAIN)
        assert "Attempt 2 on this suite: each p had to be below 0.0122" in done.out

    def test_a_dry_run_says_what_the_next_one_takes_and_leaves_nothing(self, ws: Path, cli: Cli) -> None:
        journals = sorted((ws / "runs" / "journals").iterdir())
        done = cli("gate", "--base", BASE, "--candidate", CANDIDATE, "--dry-run")
        assert done.code == 0
        assert "Attempt 2 on this suite, at the one-sided level 0.0122" in done.out
        assert "13 series, 26 cases; 104 generations to make, free." in done.out
        assert sorted((ws / "runs" / "journals").iterdir()) == journals
        assert not list((ws / "runs" / "gates-under-way").glob("*.json"))

    def test_only_looking_is_no_attempt(self, ws: Path, cli: Cli) -> None:
        before = len(query.gates(Workspace(ws)))
        assert cli(*AGAIN, "--no-save").code == 0
        assert len(query.gates(Workspace(ws))) == before


class TestBurntCases:
    def test_runs_that_a_gate_judged_burn_nothing(self, ws: Path) -> None:
        assert json.loads(report_of(ws).read_text("utf-8"))["burnt"] == []

    def test_a_version_that_was_scored_on_a_gate_case_before_has_burnt_it(self, ws: Path, cli: Cli) -> None:
        """A peek at two gate cases, then a gate."""
        few = ("--version", BASE, "--version", CANDIDATE, "--repeats", "1", "--limit", "3")
        peek = ("run", "--suite", "script", "--split", "gate", "--limit", "2", "--repeats", "1", "--seed", "5")
        assert cli(*peek, "--version", CANDIDATE).code == 0
        assert cli("run", "--suite", "script", "--split", "gate", *few, "--seed", "6").code == 0
        done = cli(*AGAIN, "--format", "json")
        burnt = json.loads(done.out)["burnt"]
        assert len(burnt) == 2
        assert "2 gate cases are burnt for this version" in cli(*AGAIN, "--no-save").out

    def test_a_version_that_was_made_after_its_parent_was_seen_there_inherits_it(self, ws: Path, cli: Cli) -> None:
        few = ("--version", BASE, "--version", CANDIDATE, "--repeats", "1", "--limit", "3")
        peek = ("run", "--suite", "script", "--split", "gate", "--limit", "1", "--repeats", "1", "--seed", "5")
        assert cli(*peek, "--version", CANDIDATE).code == 0
        path = ws / "prompts" / "script" / "episode.j2"
        path.write_text(path.read_text("utf-8").replace("{% endblock", "Keep every line short.\n{% endblock", 1), "utf-8")
        assert cli("run", "--suite", "script", "--split", "gate", *few, "--seed", "6").code == 0
        assert len(json.loads(cli(*AGAIN, "--format", "json").out)["burnt"]) == 1


class TestForms:
    def test_the_page_stands_alone_and_holds_the_report(self, ws: Path) -> None:
        text = report_of(ws).with_suffix(".html").read_text("utf-8")
        assert re.findall(r"""(?:src|href)\s*=\s*["'](?!data:)""", text) == []
        assert "http" not in re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL).replace("http-equiv", "")
        assert text.count("<svg") == 1
        embedded = re.search(r'<script type="application/json" id="report">(.*?)</script>', text, re.DOTALL)
        assert embedded
        assert json.loads(embedded[1]) == json.loads(report_of(ws).read_text("utf-8"))

    def test_markdown_is_for_a_pull_request_and_says_no_p_value(self, ws: Path, cli: Cli) -> None:
        text = cli(*AGAIN, "--format", "md").out
        assert text.startswith("# Gate: script/episode against script/episode@plain")
        assert "Simulated outputs" in text
        assert "p =" not in text
        assert "95 % chance" not in text

    def test_junit_has_a_test_for_each_metric(self, ws: Path, cli: Cli) -> None:
        suite = ET.fromstring(cli(*AGAIN, "--format", "junit").out)
        assert [case.get("name") for case in suite] == ["decision", "logic", "cost_usd", "schema"]
        assert suite.get("failures") == "0"


class TestExitCodes:
    def test_no_gain_is_three(self, ws: Path, cli: Cli) -> None:
        """The arms the other way round: what was better is worse."""
        done = cli("gate", "--base", CANDIDATE, "--candidate", BASE, "--run", "last")
        assert done.code == 3
        assert "HOLD." in done.out
        failures = ET.fromstring(cli("gate", "--base", CANDIDATE, "--candidate", BASE, "--run", "last", "--format", "junit").out)
        assert int(failures.get("failures") or 0) >= 2

    def test_too_little_is_four(self, ws: Path, cli: Cli) -> None:
        cli("run", "--suite", "script", "--split", "gate", "--limit", "4", "--version", BASE, "--version", CANDIDATE, "--repeats", "1")
        assert cli(*AGAIN).code == 4

    def test_nothing_in_production_is_an_error_that_says_so(self, cli: Cli) -> None:
        assert "No version of script/episode is in production" in one_line_error(cli("gate", "--candidate", CANDIDATE, "--run", "last"))

    def test_production_is_what_the_channel_means(self, ws: Path, cli: Cli) -> None:
        from prompts.promotion import Board
        from runs.prepare import find_version

        version = find_version(Workspace(ws), BASE)
        for actor in ("chen@studio", "li@studio"):
            Board(ws / "prompts", actor).override(version, reason="the first one")
        done = cli("gate", "--candidate", CANDIDATE, "--run", "last")
        assert done.code == 0, done.err

    def test_a_policy_for_metrics_that_were_not_scored_is_an_error(self, ws: Path, cli: Cli) -> None:
        (ws / "evals" / "gates" / "other.toml").write_text('[primary.beauty]\ndirection = "up"\nworst = 0\n', "utf-8")
        assert "no scores of beauty" in one_line_error(cli(*AGAIN, "--policy", "other"))
