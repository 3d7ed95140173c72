"""What the app hands out: stored media by hash, and nothing else."""

from __future__ import annotations

import asyncio
import io
from typing import Any

import page_story
import pytest
from PIL import Image

from pages import serve
from runs.media import MediaStore
from runs.workspace import Workspace


def ask(workspace: Workspace, monkeypatch: pytest.MonkeyPatch, path: str, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
    """Ask our routes for a path, exactly as given, without a server between; return status, headers and body."""
    from starlette.applications import Starlette

    monkeypatch.setenv("WORKBENCH_WORKSPACE", str(workspace.root))
    answer: dict[str, Any] = {"body": b""}

    requests = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> dict[str, Any]:
        if not requests:
            await asyncio.sleep(3600)  # the client does not hang up; the answer's end cancels this
        return requests.pop()

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            answer.update(status=message["status"], headers={k.decode(): v.decode() for k, v in message["headers"]})
        answer["body"] += message.get("body", b"")

    scope = {"type": "http", "method": method, "path": path, "raw_path": path.encode(), "headers": [], "query_string": b"", "root_path": ""}
    asyncio.run(Starlette(routes=serve.routes())(scope, receive, send))
    return answer["status"], answer["headers"], answer["body"]


@pytest.fixture
def stored(workspace: Workspace) -> str:
    return MediaStore(workspace).put(page_story.picture(10), "image/webp").sha256


@pytest.mark.slow
def test_an_artifact_is_handed_out_by_its_hash(workspace: Workspace, stored: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As what it is, for ever, and so that a browser runs nothing of it."""
    status, headers, body = ask(workspace, monkeypatch, f"/blob/{stored}")
    assert (status, headers["content-type"], body) == (200, "image/webp", page_story.picture(10))
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert "immutable" in headers["cache-control"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../../workbench.toml",
        "..%2f..%2fworkbench.toml",
        "/etc/passwd",
        "%00",
        "a" * 63,
        "a" * 65,
        "0" * 64,
        "{stored}.webp",
        "{stored}/",
        "{STORED}",
        " {stored}",
        "{stored}\n",
        "{stored}%00",
        "../blob/{stored}",
        "{short}",
        "é" * 64,
        "x" * 5000,
    ],
)
def test_nothing_else_is(workspace: Workspace, stored: str, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Paths, pieces of a hash, other cases and odd signs name nothing."""
    path = "/blob/" + name.format(stored=stored, STORED=stored.upper(), short=stored[:12])
    status, _, body = ask(workspace, monkeypatch, path)
    assert status in (307, 404), path
    assert b"RIFF" not in body


@pytest.mark.slow
@pytest.mark.parametrize(("data", "media_type"), [(page_story.picture(10, (900, 1600)), "image/webp"), (page_story.clip(10), "video/webm")])
def test_a_poster_is_small_and_of_anything_that_shows(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, data: bytes, media_type: str
) -> None:
    """Pictures and the first frames of clips become small pictures for tables."""
    name = MediaStore(workspace).put(data, media_type).sha256
    status, headers, body = ask(workspace, monkeypatch, f"/poster/{name}")
    assert (status, headers["content-type"]) == (200, "image/webp")
    assert headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert max(Image.open(io.BytesIO(body)).size) <= 256


@pytest.mark.slow
@pytest.mark.parametrize(
    ("data", "media_type"), [(b"no picture", "image/png"), (b"\x1a\x45\xdf\xa3 no clip", "video/webm"), (b"{}", "text/plain")]
)
def test_what_does_not_show_has_no_poster(workspace: Workspace, monkeypatch: pytest.MonkeyPatch, data: bytes, media_type: str) -> None:
    """A broken file, or a text, is answered with 404 and not with an error of the server."""
    name = MediaStore(workspace).put(data, media_type).sha256
    assert ask(workspace, monkeypatch, f"/poster/{name}")[0] == 404
    assert ask(workspace, monkeypatch, "/poster/..%2f..%2fworkbench.toml")[0] == 404


@pytest.mark.slow
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_it_is_only_read(workspace: Workspace, stored: str, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    """The route changes nothing."""
    assert ask(workspace, monkeypatch, f"/blob/{stored}", method)[0] == 405


def test_the_settings_keep_the_app_on_this_machine() -> None:
    """Both ways to start it read one file: bound to loopback, no statistics, no mail address asked for."""
    settings = serve.settings()
    assert settings["server.address"] == "127.0.0.1"
    assert settings["browser.gatherUsageStats"] is False
    assert settings["server.headless"] is True
