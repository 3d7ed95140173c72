"""`workbench providers` and `doctor --provider`: what is set up, what it costs, and whether it answers, without paying."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from click.testing import CliRunner

import workbench
from runs.offering import amount, offers, prices_of
from runs.prices import published
from runs.probing import FREE, probe
from runs.providers import BUILT_IN
from runs.settings import load


class Vendor(BaseHTTPRequestHandler):
    """Answers questions that are free, for one key; everything else is a call that should not have been made."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        Vendor.asked.append(self.path)
        good = self.headers.get("Authorization") == "Bearer good-key-of-the-vendor"
        if not good:
            return self.say(401, {"error": {"code": "invalid_api_key", "message": "no such key"}})
        if self.path.endswith("/bare/models"):
            return self.say(404, {"error": {"message": "no such route", "type": "not_found_error"}})
        if self.path.endswith("/models"):
            return self.say(200, {"data": [{"id": "small"}, {"id": "large"}]}, **{"x-ratelimit-remaining-requests": "42"})
        if "/tasks/" in self.path:
            return self.say(400, {"code": "Arrearage", "message": "overdue"})
        return self.say(404, {})

    def do_POST(self) -> None:
        Vendor.asked.append(f"PAID {self.path}")
        self.say(500, {})

    def say(self, status: int, body: Any, **headers: str) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        return None


@pytest.fixture
def server() -> Iterator[str]:
    Vendor.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Vendor) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()
    assert not [path for path in Vendor.asked if path.startswith("PAID")]


def settings(folder: Path, text: str) -> Any:
    (folder / "workbench.toml").write_text(text, "utf-8")
    return load(folder)


def states(folder: Path, text: str) -> dict[str, tuple[str, str]]:
    name = text.partition("[providers.")[2].partition("]")[0]
    return {c.name: (c.state, c.found) for c in asyncio.run(probe(name, settings(folder, text)))}


@pytest.mark.parametrize("kind", ["chat", "openai-images"])
def test_a_key_that_works_and_a_model_that_is_there(tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setenv("HOUSE_KEY", "good-key-of-the-vendor")
    text = f'[providers.house]\ntype = "{kind}"\nbase_url = "{server}"\napi_key_env = "HOUSE_KEY"\nmodel = "small"\nrate_per_minute = 30\n'
    found = states(tmp_path, text)
    assert {name: state for name, (state, _) in found.items()} == dict.fromkeys(
        ["settings", "key", "limits", "answer", "limits told", "model"], "ok"
    )
    assert "30 a minute" in found["limits"][1]
    assert "42" in found["limits told"][1]
    missing = states(tmp_path, text.replace('"small"', '"tiny"'))["model"]
    assert missing == ("failed", "tiny is not among 2: large, small …")


@pytest.mark.parametrize("kind", ["chat", "openai-images"])
def test_a_refused_key_and_an_empty_account_are_told_apart(tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setenv("HOUSE_KEY", "another-key-altogether")
    house = f'[providers.house]\ntype = "{kind}"\nbase_url = "{server}"\napi_key_env = "HOUSE_KEY"\nmodel = "small"\n'
    assert states(tmp_path, house)["answer"] == ("failed", "auth: no such key" + f" (key in HOUSE_KEY, base_url {server})")
    monkeypatch.setenv("HOUSE_KEY", "good-key-of-the-vendor")
    video = f'[providers.film]\npreset = "wan"\nbase_url = "{server}"\napi_key_env = "HOUSE_KEY"\n'
    state, words = states(tmp_path, video)["answer"]
    assert (state, words.partition(":")[0]) == ("failed", "quota")


def test_a_server_without_a_list_of_models_is_no_broken_one(tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOUSE_KEY", "good-key-of-the-vendor")
    found = states(tmp_path, f'[providers.house]\ntype = "chat"\nbase_url = "{server}/bare"\napi_key_env = "HOUSE_KEY"\nmodel = "small"\n')
    assert found["answer"] == ("warning", "there is no list of models, so key and model were not checked")


def test_without_a_key_nobody_is_asked(tmp_path: Path, server: str) -> None:
    text = f'[providers.house]\ntype = "chat"\nbase_url = "{server}"\napi_key_env = "HOUSE_KEY"\n'
    assert states(tmp_path, text)["key"] == ("failed", "HOUSE_KEY is not set")
    assert Vendor.asked == []


def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    state, found = states(tmp_path, '[providers.house]\ntype = "chat"\nbase_url = "http://127.0.0.1:9/v1"\n')["answer"]
    assert state == "failed"
    assert found.startswith("server: cannot connect to http://127.0.0.1:9/v1")


def test_every_free_question_belongs_to_an_adapter() -> None:
    assert FREE.keys() <= BUILT_IN.keys()


def test_all_providers_are_listed_with_what_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "planted-openai-key-000")
    found = {o.provider: o for o in offers(settings(tmp_path, '[providers.house]\npreset = "vllm"\n[providers.odd]\nmodel = "x"\n'))}
    assert (found["openai"].key, found["kling"].key, found["house"].key) == ("set", "missing", "none needed")
    assert (found["openai"].price, found["house"].price) == ("0.75 in, 4.5 out a million tokens", "free")
    assert found["openai"].as_of
    assert (found["openai"].can, found["house"].can, found["qwen"].can) == ("json_schema", "json_schema, seed", "json_object, seed")
    assert [found[name].lost for name in ("openai", "house", "studio", "kling", "suno")] == [
        "left to you", "asked again", "asked again", "looked up", "left to you",
    ]  # fmt: skip
    assert found["studio"].makes.endswith("(SIMULATED)")
    assert found["youchuan"].terms == "not accepted: off"
    assert "names no adapter" in found["odd"].problem
    assert "planted" not in str(found)


def test_prices_are_in_dollars_with_source_and_date(tmp_path: Path) -> None:
    rows = prices_of("qwen-image", settings(tmp_path, ""))
    assert rows
    assert all(p.currency == "USD" and "CNY at" in p.source and p.as_of for p in rows)
    assert all(amount(p) for p in published())


def test_the_commands(tmp_path: Path) -> None:
    settings(tmp_path, "")
    invoke = CliRunner().invoke
    listed = invoke(workbench.cli, ["-w", str(tmp_path), "providers", "--format", "json"])
    assert {"studio", "kling", "openai"} <= {row["provider"] for row in json.loads(listed.output)["providers"]}
    priced = invoke(workbench.cli, ["-w", str(tmp_path), "providers", "kling", "--format", "json"])
    assert any(row["variant"] == "pro sound" for row in json.loads(priced.output)["prices"])
    assert invoke(workbench.cli, ["-w", str(tmp_path), "doctor", "--provider", "studio"]).exit_code == 0
    assert invoke(workbench.cli, ["-w", str(tmp_path), "doctor", "--provider", "openai"]).exit_code == 1
