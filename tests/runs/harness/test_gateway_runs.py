"""Whole runs through gateways: settings from the file, the real harness, stubs on loopback, the log."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kit
import midjourney_stub
import music_stub
import pytest
from vendor_server import Fault, Vendor, serve

from runs import query
from runs.errors import ProviderError
from runs.harness import Options, resume, run
from runs.plan import Plan, request_key
from runs.pricing import Pricing
from runs.provider import Tasks
from runs.providers import BUILT_IN, get
from runs.retry import Retry
from runs.settings import load, presets
from runs.workspace import Workspace

KEY = "planted-key-0123456789"
MUSIC = "---\nstage: music\n---\nStrings for {{ series.title }}, episode {{ episode.number }}.\n"


@pytest.fixture
def ws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("GATE_KEY", KEY)
    made = kit.workspace(tmp_path / "drama")
    kit.put(made, "music/theme.j2", MUSIC)
    return made


@pytest.fixture
def options(tmp_path: Path) -> Options:
    return Options(retry=Retry(base_s=0.01), pricing=Pricing(free=True), accounts=tmp_path / "accounts")


@pytest.fixture
def proxy() -> Iterator[midjourney_stub.Proxy]:
    with serve(midjourney_stub.Proxy()) as running:
        yield running


@pytest.fixture
def suno() -> Iterator[music_stub.SunoApi]:
    with serve(music_stub.SunoApi()) as running:
        yield running


def opened(ws: Workspace, name: str, server: Vendor, path: str = "", extra: str = "") -> Any:
    """Make a provider as the command line does: from a table over its preset."""
    ws.config.write_text(
        f'provider = "{name}"\n[providers.{name}]\nbase_url = "{server.base_url}{path}"\napi_key_env = "GATE_KEY"\n'
        f"rate_per_minute = 60000\noptions = {{ poll_s = 0.005{extra} }}\n"
    )
    return get(name, load(ws.root))


def planned(ws: Workspace, provider: Any, stage: str, version: str, cases: int = 3) -> Plan:
    return kit.plan(ws, provider, stage, versions=[version], series=1, cases=cases)


def rows(ws: Workspace, plan: Plan) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = query.generations(ws, plan.run_id).to_dict("records")
    return found


def test_a_run_with_midjourney_keeps_four_pictures_of_each_job(ws: Workspace, options: Options, proxy: midjourney_stub.Proxy) -> None:
    provider = opened(ws, "midjourney-proxy", proxy, "/mj", ", accept_terms = true")
    plan = planned(ws, provider, "shot", "shot/keyframe@plain")
    result = run(ws, plan, provider, options)
    assert (result.state, result.counts.ok) == ("finished", 3)
    assert sorted(t["state"] for t in proxy.tasks.values()) == sorted(request_key(plan.run_id, j["job_id"]) for j in plan.jobs)
    assert all("--seed" in t["prompt"] and t["prompt"].endswith("--v 7") for t in proxy.tasks.values())
    assert len(list(ws.media.rglob("*.png"))) == 12


def test_a_process_that_died_while_handing_in_finds_its_task(ws: Workspace, options: Options, proxy: midjourney_stub.Proxy) -> None:
    provider = opened(ws, "midjourney-proxy", proxy, "/mj", ", accept_terms = true")
    plan = planned(ws, provider, "shot", "shot/keyframe@plain")
    proxy.fault("POST /mj/submit/imagine", Fault(after=True), Fault(after=True), Fault(after=True))
    assert run(ws, plan, provider, options).counts.ok == 3
    assert len(proxy.tasks) == 3


def test_it_does_not_run_before_the_terms_are_accepted(ws: Workspace, options: Options, proxy: midjourney_stub.Proxy) -> None:
    provider = opened(ws, "midjourney-proxy", proxy, "/mj")
    with pytest.raises(ProviderError, match="is off"):
        run(ws, planned(ws, provider, "shot", "shot/keyframe@plain"), provider, options)
    assert proxy.seen == []


def test_an_injection_costs_nothing_and_is_named_in_the_log(ws: Workspace, options: Options, proxy: midjourney_stub.Proxy) -> None:
    kit.put(ws, "shot/evil.j2", "---\nstage: shot\n---\na nurse --chaos 100 {{ episode.number }}\n")
    provider = opened(ws, "midjourney-proxy", proxy, "/mj", ", accept_terms = true")
    plan = planned(ws, provider, "shot", "shot/evil", cases=1)
    run(ws, plan, provider, options)
    (row,) = rows(ws, plan)
    assert (row["status"], row["error"]) == ("failed", "invalid_request") and "`--`" in row["message"]
    assert proxy.seen == []


def test_a_run_of_music_keeps_both_songs(ws: Workspace, options: Options, suno: music_stub.SunoApi) -> None:
    provider = opened(ws, "suno", suno)
    plan = planned(ws, provider, "music", "music/theme")
    assert run(ws, plan, provider, options).counts.ok == 3
    assert {r["status"] for r in rows(ws, plan)} == {"ok"}
    assert len(list(ws.media.rglob("*.mp3"))) == 2, "the stub gives every task the same two songs"
    assert len(suno.tasks) == 3


def test_no_credits_end_the_run_and_leave_its_jobs_open(ws: Workspace, options: Options, suno: music_stub.SunoApi) -> None:
    """429 in the body is "no money" here, whatever HTTP means by it."""
    provider = opened(ws, "suno", suno)
    plan = planned(ws, provider, "music", "music/theme", cases=12)
    suno.fault("POST /api/v1/generate", *[Fault(200, {"code": 429, "msg": "Insufficient credits"})] * 10)
    result = run(ws, plan, provider, options)
    assert (result.state, result.counts.ok, suno.tasks) == ("failed", 0, {})
    assert "no money left" in result.reason
    suno._faults.clear()
    assert resume(ws, plan.run_id, provider, options).counts.ok == 12


def test_too_fast_is_waited_out(ws: Workspace, options: Options, suno: music_stub.SunoApi) -> None:
    provider = opened(ws, "suno", suno)
    plan = planned(ws, provider, "music", "music/theme")
    suno.fault("POST /api/v1/generate", *[Fault(200, {"code": code, "msg": "slow down"}) for code in (405, 430)])
    assert run(ws, plan, provider, options).counts.ok == 3
    assert len(suno.calls("POST")) == 5


def test_no_key_is_in_what_a_run_leaves_behind(ws: Workspace, options: Options, suno: music_stub.SunoApi) -> None:
    provider = opened(ws, "suno", suno)
    plan = planned(ws, provider, "music", "music/theme", cases=2)
    suno.fault("POST /api/v1/generate", Fault(200, {"code": 400, "msg": f"the key {KEY} sends nonsense"}))
    run(ws, plan, provider, options)
    kept = [path for path in ws.root.rglob("*") if path.is_file()]
    assert kept and not [path for path in kept if KEY.encode() in path.read_bytes()]


@pytest.mark.parametrize("name", [n for n, p in presets().items() if p["type"] not in ("replay", "comfyui")])
def test_every_preset_makes_a_provider(ws: Workspace, name: str) -> None:
    kind = presets()[name]["type"]
    assert kind in BUILT_IN
    provider = get(name, load(ws.root))
    assert isinstance(provider, Tasks) or hasattr(provider, "generate")
