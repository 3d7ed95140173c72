"""Prompts over HTTP: only with a token, only its channels, only what is proved; and a client that outlives the server."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from patience import HANGS_S
from promotions import Studio

from prompts.errors import InputError, UnknownName
from prompts.export import export
from prompts.remote import RemotePrompts
from prompts.render import render
from prompts.serving import application
from prompts.store import ExportError

TOKEN, DEV = "production-token-1", "developers-token-2"
Ask = Callable[..., tuple[int, dict[str, str], bytes]]


@contextlib.contextmanager
def served(folder: Path, port: int = 0) -> Iterator[int]:
    """Serve a template folder on loopback; give the port."""
    import uvicorn

    app = application(folder, {TOKEN: ["production"], DEV: ["dev", "staging", "production"]})
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
    with socket.create_server(("127.0.0.1", port), reuse_port=False) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(HANGS_S)


@pytest.fixture
def stocked(studio: Studio) -> Studio:
    """Return a studio with something in production and something else in dev."""
    studio.in_production(studio.plain)
    studio.ann.promote(studio.better, "dev")
    return studio


@pytest.fixture
def ask(stocked: Studio) -> Iterator[Ask]:
    """Return a function that asks a running server."""
    with served(stocked.folder) as port:

        def get(path: str, token: str | None = TOKEN, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=HANGS_S)
            sent = {**({"Authorization": f"Bearer {token}"} if token else {}), **{k.replace("_", "-"): v for k, v in headers.items()}}
            connection.request(method, path, headers=sent)
            answer = connection.getresponse()
            found = answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
            connection.close()
            return found

        yield get


def test_the_version_that_a_series_gets(ask: Ask, stocked: Studio) -> None:
    status, headers, body = ask("/v1/prompts/shot/a?series=paper-wife")
    assert (status, headers["x-workbench-why"]) == (200, "production")
    assert headers["etag"] == f'"{stocked.plain.id}"'
    assert "max-age=60" in headers["cache-control"]
    assert json.loads(body)["sources"] == dict(stocked.plain.closure)


def test_who_has_it_is_not_sent_it_again(ask: Ask, stocked: Studio) -> None:
    status, _, body = ask("/v1/prompts/shot/a", if_none_match=f'"x", W/"{stocked.plain.id}"')
    assert (status, body) == (304, b"")


@pytest.mark.parametrize(
    ("path", "token", "status"),
    [
        ("/v1/prompts/shot/a", None, 401),
        ("/v1/prompts/shot/a", "wrong", 401),
        ("/v1/prompts/shot/a?channel=dev", TOKEN, 403),
        ("/v1/prompts?channel=dev", TOKEN, 403),
        ("/v1/prompts/shot/a?channel=latest", DEV, 404),
        ("/v1/prompts/shot/b", TOKEN, 404),
        ("/v1/prompts/..%2F..%2Fetc/passwd", TOKEN, 404),
        ("/v1/prompts/shot/a?series=" + "x" * 500, TOKEN, 400),
        ("/", TOKEN, 404),
    ],
)
def test_refused(ask: Ask, path: str, token: str | None, status: int) -> None:
    assert ask(path, token)[0] == status


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_it_is_read_only(ask: Ask, method: str) -> None:
    assert ask("/v1/prompts/shot/a", method=method)[0] == 405


def test_a_token_for_developers_sees_dev(ask: Ask, stocked: Studio) -> None:
    assert json.loads(ask("/v1/prompts?channel=dev", DEV)[2])["templates"] == {"shot/a": stocked.better.id}
    assert json.loads(ask("/v1/prompts")[2])["templates"] == {"shot/a": stocked.plain.id}


def test_nothing_is_served_while_the_ledger_is_in_doubt(ask: Ask, stocked: Studio) -> None:
    path = stocked.folder / "ledger.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"ann@studio", b"eve@studio", 1))
    assert ask("/v1/prompts/shot/a")[0] == 503
    assert ask("/healthz", None)[0] == 503
    path.write_bytes(whole)
    assert ask("/v1/prompts/shot/a")[0] == 200


def test_a_short_or_missing_token_serves_nothing(stocked: Studio) -> None:
    for tokens in ({}, {"short": ["production"]}):
        with pytest.raises(ValueError, match="16 characters"):
            application(stocked.folder, tokens)


def _client(port: int, **more: Path) -> RemotePrompts:
    return RemotePrompts(f"http://127.0.0.1:{port}", TOKEN, **more)


def _forget(client: RemotePrompts) -> None:
    """Let a minute pass."""
    client._again_at = 0.0
    for known in client._known.values():
        known.fresh_until = 0.0


def test_the_client_goes_on_without_the_server(stocked: Studio, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    with served(stocked.folder) as port:
        client = _client(port, cache=cache)
        prompt = client.get("shot/a", series="paper-wife")
        assert (prompt.version, prompt.source) == (stocked.plain.id, "fresh")
        assert prompt.render({"who": "梅"}) == render(stocked.plain, {"who": "梅"}).as_json()
        with pytest.raises(UnknownName):
            client.get("shot/b")
    _forget(client)
    assert client.get("shot/a", series="paper-wife").source == "stale"
    anew = _client(port, cache=cache)
    assert anew.get("shot/a", series="paper-wife").source == "stale"
    with pytest.raises(ExportError, match="can be had"):
        anew.get("shot/a", series="another")
    (file,) = cache.iterdir()
    file.write_bytes(file.read_bytes().replace(b"picture", b"Picture"))
    with pytest.raises(ExportError, match="can be had"):
        _client(port, cache=cache).get("shot/a", series="paper-wife")


def test_a_promotion_reaches_the_client_and_the_packaged_export_is_the_last_resort(stocked: Studio, tmp_path: Path) -> None:
    export(stocked.folder, "production", tmp_path / "packaged")
    with served(stocked.folder) as port:
        client = _client(port, fallback=tmp_path / "packaged")
        assert client.get("shot/a").version == stocked.plain.id
        stocked.in_production(stocked.better, stocked.plain)
        assert client.get("shot/a").version == stocked.plain.id, "asked at most once a minute"
        _forget(client)
        assert client.get("shot/a").version == stocked.better.id
    prompt = _client(port, fallback=tmp_path / "packaged").get("shot/a")
    assert (prompt.version, prompt.source) == (stocked.plain.id, "fallback")


def test_a_token_never_travels_in_clear_beyond_this_machine() -> None:
    with pytest.raises(InputError, match="in clear"):
        RemotePrompts("http://prompts.studio", TOKEN)
    with pytest.raises(InputError, match="no web address"):
        RemotePrompts("https://user:secret@prompts.studio", TOKEN)
