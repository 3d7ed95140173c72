"""Channels from the command line: what moves, what is refused with which exit code, what reaches production."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from patience import HANGS_S

from prompts.store import PromptStore
from tests.cli.conftest import Cli, one_line_error

PLAIN, BETTER = "shot/keyframe@plain", "shot/keyframe"


@pytest.fixture(autouse=True)
def _somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_ACTOR", "ann@studio")


def _as(monkeypatch: pytest.MonkeyPatch, who: str) -> None:
    monkeypatch.setenv("WORKBENCH_ACTOR", who)


def _overridden(cli: Cli, monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    """Bring a version to production past the gate."""
    for who in ("ann@studio", "bo@studio"):
        _as(monkeypatch, who)
        assert cli("promote", version, "--to", "production", "--override", "--reason", "first version").code == 0


def test_a_version_goes_to_staging_when_it_renders_for_its_cases(cli: Cli, ws: Path) -> None:
    done = cli("promote", BETTER, "--to", "staging")
    assert done.code == 0, done
    assert re.fullmatch(r"1:[0-9a-f]{64}\n", done.out)
    (ws / "prompts" / "shot" / "broken.j2").write_text("---\nstage: shot\n---\n{{ nobody_gives_this }}\n")
    refused = cli("promote", "shot/broken", "--to", "staging")
    assert refused.code == 3
    assert "does not render" in refused.err


def test_production_wants_evidence(cli: Cli) -> None:
    done = cli("promote", BETTER, "--to", "production")
    assert (done.code, done.out) == (3, "")
    assert "workbench gate" in done.err
    assert "Traceback" not in done.err


def test_an_override_takes_a_second_person(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = cli("promote", PLAIN, "--to", "production", "--override", "--reason", "deadline")
    assert asked.code == 0
    assert "second person" in asked.err
    assert json.loads(cli("channels", "--format", "json").out)["channels"] == []
    _as(monkeypatch, "bo@studio")
    assert cli("promote", PLAIN, "--to", "production", "--override", "--reason", "agreed").code == 0
    (row,) = json.loads(cli("channels", "--format", "json").out)["channels"]
    assert (row["channel"], row["unproven"], row["by"]) == ("production", True, "bo@studio")


def test_roll_back_freeze_pin_and_canary(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    _overridden(cli, monkeypatch, PLAIN)
    _overridden(cli, monkeypatch, BETTER)
    assert cli("pin", "shot/keyframe", "painted-skin", "--reason", "episode 1 is shot").code == 0
    assert cli("rollback", "shot/keyframe").code == 1, "a reason is needed"
    assert cli("rollback", "shot/keyframe", "--reason", "faces drift").code == 0
    assert cli("canary", BETTER, "0.05").code == 0
    (row,) = json.loads(cli("channels", "shot/keyframe", "--format", "json").out)["channels"]
    assert row["pins"] == 1
    assert row["canary"].endswith("5 %")
    assert cli("freeze", "production", "--reason", "delivery").code == 0
    refused = cli("promote", BETTER, "--to", "production", "--override", "--reason", "x")
    assert (refused.code, "frozen" in refused.err) == (3, True)
    assert cli("thaw", "production", "--reason", "delivered").code == 0
    assert cli("unpin", "shot/keyframe", "painted-skin").code == 0
    told = json.loads(cli("ledger", "show", "shot/keyframe", "--format", "json").out)["ledger"]
    assert [row["action"] for row in told][:3] == ["unpin", "canary", "rollback"]
    assert told[2]["reason"] == "faces drift"


def test_a_changed_ledger_or_kept_version_is_named(cli: Cli, ws: Path) -> None:
    cli("promote", BETTER, "--to", "dev")
    head = cli("ledger", "verify")
    assert head.code == 0
    cli("promote", PLAIN, "--to", "dev")
    assert cli("ledger", "verify", "--head", head.out.strip()).code == 0
    assert cli("ledger", "verify", "--head", "1:" + "0" * 64).code == 1
    (kept, *_) = (ws / "prompts" / "promoted").glob("*.json")
    whole = kept.read_bytes()
    for file in (ws / "prompts" / "promoted").glob("*.json"):
        file.write_bytes(file.read_bytes().replace(b"Vertical", b"vertical").replace(b"stage: shot", b"stage:  shot"))
    assert cli("ledger", "verify").code == 1
    kept.write_bytes(whole)
    ledger = ws / "prompts" / "ledger.jsonl"
    ledger.write_bytes(ledger.read_bytes().replace(b"ann@studio", b"eve@studio", 1))
    done = cli("ledger", "verify")
    assert (done.code, "was changed: line 1" in done.err) == (1, True)
    one_line_error(cli("promote", BETTER, "--to", "dev"))


def test_what_is_exported_is_what_production_plays(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _overridden(cli, monkeypatch, BETTER)
    done = cli("export", str(tmp_path / "out"))
    assert done.code == 0, done
    prompt = PromptStore(tmp_path / "out").get("shot/keyframe")
    assert prompt.version[3:9] in cli("channels").out
    one_line_error(cli("export", str(tmp_path / "out2"), "--channel", "staging"))


def test_nobody_is_served_without_a_token(cli: Cli, ws: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Nobody may read" in one_line_error(cli("serve-prompts"))
    (ws / "workbench.toml").write_text('[serve.tokens]\nPROMPTS_TOKEN = ["production"]\n')
    assert "PROMPTS_TOKEN is not set" in one_line_error(cli("serve-prompts"))
    monkeypatch.setenv("PROMPTS_TOKEN", "short")
    told = one_line_error(cli("serve-prompts"))
    assert "shorter than 16" in told


@pytest.mark.slow
def test_serving_for_real(cli: Cli, ws: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The very command, as a process of its own, asked over a socket and ended by a signal."""
    _overridden(cli, monkeypatch, BETTER)
    with (ws / "workbench.toml").open("a") as file:
        file.write('\n[serve.tokens]\nPROMPTS_TOKEN = ["production"]\n')
    token = "a-token-for-production"
    command = [sys.executable, "-m", "workbench", "--workspace", str(ws), "serve-prompts", "--port", "0"]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, cwd=root, env={**os.environ, "PROMPTS_TOKEN": token}, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        url = server.stderr.readline().split()[-1]
        assert url.startswith("http://127.0.0.1:")
        request = urllib.request.Request(f"{url}/shot/keyframe", headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=HANGS_S) as answer:
            assert json.loads(answer.read())["version"].startswith("v1:")
        server.send_signal(signal.SIGINT)
        server.communicate(timeout=HANGS_S)


def test_only_a_demo_is_marked_as_one(cli: Cli, ws: Path, tmp_path: Path) -> None:
    from runs.settings import load
    from runs.starting import initialise

    assert load(initialise(tmp_path / "try", demo=True).root).demo
    assert not load(ws).demo
