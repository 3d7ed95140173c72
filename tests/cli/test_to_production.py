"""From a gate's report to production and back, with nothing but commands; every file on the way is proved."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import workbench
from tests.cli.conftest import Cli

pytestmark = pytest.mark.slow
BASE, CANDIDATE = "script/episode@plain", "script/episode"
MARK = "demo = true\n"


@pytest.fixture(scope="module")
def gated(starter: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo workspace in which Ann has run a gate once."""
    root = Path(shutil.copytree(starter, tmp_path_factory.mktemp("gated") / "drama"))
    config = root / "workbench.toml"
    config.write_text(MARK + config.read_text("utf-8"), "utf-8")
    asked = ["-q", "-w", str(root), "gate", "--base", BASE, "--candidate", CANDIDATE]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_ACTOR", "ann@studio")
        assert workbench.cli.main(asked, standalone_mode=False) == 0
    return root


@pytest.fixture
def ws(gated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it that a test may spoil, with Ann at work."""
    monkeypatch.setenv("WORKBENCH_ACTOR", "ann@studio")
    return Path(shutil.copytree(gated, tmp_path / "drama"))


@pytest.fixture
def report(ws: Path) -> Path:
    (found,) = (ws / "runs" / "gates").glob("*.json")
    return found


def _as(monkeypatch: pytest.MonkeyPatch, who: str) -> None:
    monkeypatch.setenv("WORKBENCH_ACTOR", who)


def _approved(cli: Cli, monkeypatch: pytest.MonkeyPatch, report: Path) -> None:
    _as(monkeypatch, "bo@studio")
    assert cli("approve", str(report)).code == 0
    _as(monkeypatch, "ann@studio")


def test_the_whole_way(cli: Cli, ws: Path, report: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    unapproved = cli("promote", CANDIDATE, "--to", "production")
    assert unapproved.code == 3
    assert "1 approval needed" in unapproved.err
    own = cli("approve", str(report))
    assert (own.code, "Ask a colleague" in own.err) == (3, True)
    _approved(cli, monkeypatch, report)
    done = cli("promote", CANDIDATE, "--to", "production", "--reason", "better endings")
    assert done.code == 0, done
    (row,) = json.loads(cli("channels", "--format", "json").out)["channels"]
    assert (row["template"], row["unproven"]) == ("script/episode", False)
    assert cli("export", str(tmp_path / "out")).code == 0
    again = cli("promote", CANDIDATE, "--to", "production")
    assert (again.code, "already" in again.err) == (3, True)
    assert cli("ledger", "verify").code == 0


def test_simulated_evidence_is_refused_outside_a_demo(cli: Cli, ws: Path, report: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = ws / "workbench.toml"
    config.write_text(config.read_text("utf-8").removeprefix(MARK), "utf-8")
    _approved(cli, monkeypatch, report)
    refused = cli("promote", CANDIDATE, "--to", "production")
    assert (refused.code, "simulated outputs" in refused.err) == (3, True)


def test_an_edited_template_is_another_version(cli: Cli, ws: Path, report: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _approved(cli, monkeypatch, report)
    template = ws / "prompts" / "script" / "episode.j2"
    template.write_text(template.read_text("utf-8") + "\n{# one more thought #}\n", "utf-8")
    no_report = cli("promote", CANDIDATE, "--to", "production")
    assert (no_report.code, "workbench gate" in no_report.err) == (3, True)
    named = cli("promote", CANDIDATE, "--to", "production", "--report", str(report))
    assert (named.code, "another version" in named.err) == (3, True)


def test_one_changed_byte_of_the_report_is_refused(cli: Cli, ws: Path, report: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _approved(cli, monkeypatch, report)
    report.write_bytes(report.read_bytes().replace(b'"simulated":true', b'"simulated":true ', 1))
    refused = cli("promote", CANDIDATE, "--to", "production")
    assert (refused.code, "not the one that the gate wrote" in refused.err) == (3, True)


def test_a_changed_policy_is_refused(cli: Cli, ws: Path, report: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _approved(cli, monkeypatch, report)
    policy = ws / "evals" / "gates" / "script.toml"
    policy.write_text(policy.read_text("utf-8").replace("min_units = 8", "min_units = 9"), "utf-8")
    refused = cli("promote", CANDIDATE, "--to", "production")
    assert (refused.code, "policy script was changed" in refused.err) == (3, True)


def test_when_production_has_moved_the_report_is_stale(cli: Cli, ws: Path, report: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    third = ws / "prompts" / "script" / "episode@third.j2"
    third.write_text((ws / "prompts" / "script" / "episode.j2").read_text("utf-8") + "\n{# third #}\n", "utf-8")
    for who in ("ann@studio", "bo@studio"):
        _as(monkeypatch, who)
        assert cli("promote", "script/episode@third", "--to", "production", "--override", "--reason", "deadline").code == 0
    _approved(cli, monkeypatch, report)
    refused = cli("promote", CANDIDATE, "--to", "production")
    assert (refused.code, "in production is" in refused.err) == (3, True)
