"""What the app hands out: stored media by hash, and nothing else."""

from __future__ import annotations

import asyncio
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import page_story
import pytest
from PIL import Image
from streamlit import file_util

from pages import front, guard, serve
from prompts.errors import InputError
from runs.errors import MediaError
from runs.media import MediaStore
from runs.settings import Ui
from runs.workspace import Workspace


def ask(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, path: str, method: str = "GET", **headers: str
) -> tuple[int, dict[str, str], bytes]:
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

    given = [(name.encode(), value.encode()) for name, value in {"host": "127.0.0.1:8501", **headers}.items()]
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "headers": given,
        "query_string": b"",
        "root_path": "",
    }
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
@pytest.mark.parametrize("media_type", ["image/webp", "video/webm"])
def test_a_poster_is_small_and_of_anything_that_shows(workspace: Workspace, monkeypatch: pytest.MonkeyPatch, media_type: str) -> None:
    """Pictures and the first frames of clips become small pictures for tables."""
    data = page_story.clip(10) if media_type == "video/webm" else page_story.picture(10, (900, 1600))
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


@pytest.mark.slow
@pytest.mark.parametrize(
    ("asked", "status", "first", "count"), [("bytes=0-9", 206, 0, 10), ("bytes=5-", 206, 5, None), ("bytes=-4", 206, -4, 4)]
)
def test_a_player_gets_the_part_it_asks_for(
    workspace: Workspace, stored: str, monkeypatch: pytest.MonkeyPatch, asked: str, status: int, first: int, count: int | None
) -> None:
    """Seeking in a long clip does not load all of it."""
    whole = page_story.picture(10)
    found, headers, body = ask(workspace, monkeypatch, f"/blob/{stored}", range=asked)
    begin = first % len(whole)
    assert (found, body) == (status, whole[begin : None if count is None else begin + count])
    assert headers["content-range"] == f"bytes {begin}-{begin + len(body) - 1}/{len(whole)}"
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.slow
@pytest.mark.parametrize("asked", ["bytes=999999-", "bytes=9-3", "bytes=a-b"])
def test_a_part_that_there_is_not_is_refused(workspace: Workspace, stored: str, monkeypatch: pytest.MonkeyPatch, asked: str) -> None:
    """The answer says so and holds nothing of the file."""
    status, _, body = ask(workspace, monkeypatch, f"/blob/{stored}", range=asked)
    assert status in (400, 416)
    assert b"RIFF" not in body


SCRIPTED = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'><script>alert(1)</script></svg>"


@pytest.mark.slow
@pytest.mark.parametrize("media_type", ["text/plain", "image/png", "application/json", "text/markdown"])
def test_what_would_run_is_handed_out_as_something_that_does_not(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, media_type: str
) -> None:
    """A page or a drawing with a script in it, stored under another name, keeps that name; a browser may not guess or run."""
    name = MediaStore(workspace).put(SCRIPTED, media_type).sha256
    _, headers, _ = ask(workspace, monkeypatch, f"/blob/{name}")
    assert headers["content-type"].partition(";")[0] == media_type
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    (MediaStore(workspace).path(name)).unlink()


@pytest.mark.parametrize("media_type", ["image/svg+xml", "text/html", "application/xhtml+xml", "text/xml", "application/javascript"])
def test_what_runs_cannot_be_stored(tmp_path: Path, media_type: str) -> None:
    """No kind of file that browsers run is among those that the store takes."""
    with pytest.raises(MediaError, match="Cannot store media of type"):
        MediaStore(Workspace(tmp_path)).put(SCRIPTED, media_type)


@pytest.mark.slow
def test_media_of_a_team_are_for_those_who_signed_in(workspace: Workspace, stored: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link to a picture is no way around the door: neither without a cookie, nor with one that is not signed."""
    monkeypatch.setenv("WORKBENCH_UI__VIEWERS", '["*@example.com"]')
    assert ask(workspace, monkeypatch, f"/blob/{stored}")[0] == 403
    assert ask(workspace, monkeypatch, f"/poster/{stored}")[0] == 403
    forged = '{"is_logged_in": true, "email": "chen@example.com", "email_verified": true}'
    assert ask(workspace, monkeypatch, f"/blob/{stored}", cookie=f"_streamlit_user={forged}")[0] == 403
    assert ask(workspace, monkeypatch, f"/blob/{stored}", cookie=f"_streamlit_user={cookie(forged)}")[0] == 200
    stranger = forged.replace("example.com", "example.org")
    assert ask(workspace, monkeypatch, f"/blob/{stored}", cookie=f"_streamlit_user={cookie(stranger)}")[0] == 403


def cookie(claims: str) -> str:
    """Return a cookie as Streamlit signs one after a log-in."""
    from streamlit.web.server.server_util import get_cookie_secret
    from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

    return create_signed_value(get_cookie_secret(), "_streamlit_user", claims).decode()


@pytest.mark.slow
def test_another_name_for_this_machine_gets_nothing(workspace: Workspace, stored: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stranger's page that lets its own name point here (DNS rebinding) reads nothing."""
    from streamlit import config

    monkeypatch.setattr(config, "get_option", lambda name: ["127.0.0.1"] if name == "server.allowedHosts" else None)
    assert ask(workspace, monkeypatch, f"/blob/{stored}")[0] == 200
    assert ask(workspace, monkeypatch, f"/blob/{stored}", host="evil.example.org:8501")[0] == 403


def test_a_cookie_that_is_broken_is_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read as no cookie at all."""
    from starlette.requests import Request

    monkeypatch.setattr("streamlit.auth_util.get_cookie_with_chunks", lambda *_: b"[1]")
    assert guard.claims(Request({"type": "http", "headers": []})) == {}


# Who can reach it


TEAM = Ui(hosts=("workbench.example.com",), viewers=("*@example.com",))


def test_the_app_opens_to_a_network_only_with_a_login_or_knowingly(tmp_path: Path) -> None:
    """The address alone is refused, with both ways named."""
    with pytest.raises(InputError, match=r"nobody would have to sign in.*--no-login"):
        serve.options(tmp_path, Ui(), "0.0.0.0")
    assert serve.options(tmp_path, Ui(), "0.0.0.0", no_login=True)["server.allowedHosts"] == ["*"]
    assert serve.options(tmp_path, Ui(), "127.0.0.1")["server.allowedHosts"] == ["127.0.0.1", "localhost", "::1"]


@pytest.mark.parametrize(
    ("secrets", "said"),
    [
        (None, "the log-in is not set up"),
        ("[auth]\nredirect_uri = 'https://x/oauth2callback'\n", "the log-in is not set up"),
        ("[auth\n", "the log-in is not set up"),
        ("[auth]\nredirect_uri = 'https://x/oauth2callback'\ncookie_secret = 'xxx'\n", "too short"),
    ],
)
def test_people_without_a_login_are_refused_at_the_start(tmp_path: Path, secrets: str | None, said: str) -> None:
    """A list that nobody checks must not look as if it kept anybody out."""
    if secrets is not None:
        (tmp_path / ".streamlit").mkdir()
        (tmp_path / ".streamlit" / "secrets.toml").write_text(secrets)
    with pytest.raises(InputError, match=said):
        serve.options(tmp_path, TEAM, "127.0.0.1")


def test_a_team_is_served_under_its_name(tmp_path: Path) -> None:
    """Names are those of this machine and those that the settings list; the log-in's secrets are the workspace's own."""
    (tmp_path / ".streamlit").mkdir()
    path = tmp_path / ".streamlit" / "secrets.toml"
    path.write_text(f"[auth]\nredirect_uri = 'https://workbench.example.com/oauth2callback'\ncookie_secret = '{'x' * 40}'\n")
    found = serve.options(tmp_path, TEAM, "0.0.0.0")
    assert found["server.allowedHosts"] == ["127.0.0.1", "localhost", "::1", "workbench.example.com"]
    assert found["secrets.files"] == [str(path)]


def test_the_settings_keep_the_app_on_this_machine() -> None:
    """Both ways to start it read one file: bound to loopback, no statistics, no mail address asked for."""
    settings = serve.settings()
    assert settings["server.address"] == "127.0.0.1"
    assert settings["server.allowedHosts"] == ["127.0.0.1", "localhost", "::1"]
    assert settings["server.enableXsrfProtection"] is True
    assert settings["server.enableCORS"] is True
    assert settings["browser.gatherUsageStats"] is False
    assert settings["server.headless"] is True


def test_each_page_of_the_app_begins_with_our_html(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Streamlit's own with one line more, at each address that the navigation knows."""
    named = re.findall(r'st\.Page\("\w+\.py", title="\w+", (?:default=True|url_path="(\w+)")', Path(serve.ROUTER).read_text("utf-8"))
    assert sorted(named) == sorted(front.PATHS)
    for path in front.PATHS:
        status, headers, body = ask(workspace, monkeypatch, f"/{path}")
        assert (status, headers["content-type"], headers["cache-control"]) == (200, "text/html; charset=utf-8", "no-cache")
        assert body.decode().count(front.SCRIPT) == 1
    theirs = Path(file_util.get_static_dir(), "index.html").read_text("utf-8")
    assert body.decode().replace(front.SCRIPT, "") == theirs


# The focus


def luminance(colour: Sequence[float]) -> float:
    """Return the relative luminance of WCAG 2.2."""
    linear = (value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in colour)
    return sum(part * value for part, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("look", ["light", "dark"])
def test_the_ring_around_what_has_the_focus_stands_out_from_the_page(look: str) -> None:
    """Streamlit draws it in half of the primary colour; three to one is what WCAG 2.2 (1.4.11) asks of it."""
    theme = serve.settings()
    page, primary = (
        [int(theme[f"theme.{look}.{name}"][n : n + 2], 16) / 255 for n in (1, 3, 5)] for name in ("backgroundColor", "primaryColor")
    )
    ring = [(a + b) / 2 for a, b in zip(page, primary, strict=True)]
    bright, dark = sorted((luminance(page), luminance(ring)), reverse=True)
    assert (bright + 0.05) / (dark + 0.05) >= 3
