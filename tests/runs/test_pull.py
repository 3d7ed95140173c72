"""Optional models are pulled with consent, whole or not at all, and only the pinned file; from a server on loopback here."""

from __future__ import annotations

import hashlib
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from click.testing import CliRunner

import workbench
from evals import pulled
from evals.errors import ModelUnavailable, ScorerError
from evals.pulled import Pulled
from prompts.errors import UnknownName, WorkbenchError
from runs.pull import PullError, pull

CONTENT = b"a model" * 5000


class Server(http.server.BaseHTTPRequestHandler):
    """Answers with the model, or with what a broken server would send."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "http://models.example/other")
            self.end_headers()
            return
        body = {"/model": CONTENT, "/other": b"x" * len(CONTENT), "/longer": CONTENT + b"more", "/shorter": CONTENT[:-9]}.get(self.path)
        self.send_response(200 if body is not None else 404)
        self.send_header("Content-Length", str(len(CONTENT) if self.path == "/shorter" else len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    Server.asked.clear()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


def model(*urls: str) -> Pulled:
    digest = hashlib.sha256(CONTENT).hexdigest()
    return Pulled("tiny", "detector", "tiny.onnx", len(CONTENT), digest, "MIT", "https://licence.example/mit", urls, "A tiny one.")


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(pulled.VARIABLE, str(tmp_path / "models"))
    return tmp_path / "models"


def test_the_pinned_file_arrives_and_is_found(server: str, models: Path) -> None:
    wanted = model(f"{server}/gone", f"{server}/model")
    seen: list[int] = []
    place = pull(wanted, models, accepted=True, progress=seen.append)
    assert place.read_bytes() == CONTENT and sum(seen) == len(CONTENT)
    assert pulled.path("tiny", {"tiny": wanted}) == place
    assert [p.name for p in models.iterdir()] == ["tiny.onnx"]
    assert Server.asked == ["/gone", "/model"]


def test_nothing_is_asked_for_without_consent(server: str, models: Path) -> None:
    with pytest.raises(PullError, match="MIT") as error:
        pull(model(f"{server}/model"), models, accepted=False)
    assert "--accept-licence" in error.value.hint
    assert Server.asked == [] and not models.exists()


@pytest.mark.parametrize(
    ("path", "said"), [("/other", "another file"), ("/longer", "more than"), ("/shorter", "127"), ("/gone", "404"), ("/moved", "https")]
)
def test_any_other_file_is_refused_and_what_was_there_stays(server: str, models: Path, path: str, said: str) -> None:
    models.mkdir()
    (models / "tiny.onnx").write_bytes(b"the old one")
    with pytest.raises(PullError, match=said):
        pull(model(server + path), models, accepted=True)
    assert {p.name: p.read_bytes() for p in models.iterdir()} == {"tiny.onnx": b"the old one"}


def test_an_address_without_encryption_is_not_asked(models: Path) -> None:
    with pytest.raises(PullError, match="https"):
        pull(model("http://models.example/model"), models, accepted=True)


def test_a_file_that_was_changed_is_never_used(server: str, models: Path) -> None:
    wanted = model(f"{server}/model")
    place = pull(wanted, models, accepted=True)
    place.write_bytes(CONTENT[::-1])
    with pytest.raises(ModelUnavailable, match="not the tiny model that was pinned"):
        pulled.path("tiny", {"tiny": wanted})
    place.unlink()
    with pytest.raises(ModelUnavailable, match="not here") as error:
        pulled.path("tiny", {"tiny": wanted})
    assert error.value.hint == "Run: workbench models pull tiny --accept-licence"


def test_the_shipped_catalogue_is_pinned_and_licensed() -> None:
    known = pulled.catalogue()
    assert set(known) >= {"yunet", "sface", "landmarker"}
    assert all(m.licence in ("MIT", "Apache-2.0") and m.urls and all(u.startswith("https://") for u in m.urls) for m in known.values())
    with pytest.raises(UnknownName, match="yunet"):
        pulled.path("yunnet")


@pytest.mark.parametrize("change", [{"sha256": "12"}, {"file": "../x.onnx"}, {"urls": 3}, {"unknown": 1}])
def test_a_broken_catalogue_is_one_clear_error(tmp_path: Path, change: dict[str, object]) -> None:
    rows = json.loads(pulled.FILE.read_text())
    rows["yunet"] |= change
    (tmp_path / "c.json").write_text(json.dumps(rows))
    with pytest.raises(ScorerError, match=r"c\.json"):
        pulled.catalogue(tmp_path / "c.json")


def test_the_command_shows_the_licence_and_asks_for_consent(server: str, models: Path, tmp_path: Path) -> None:
    wanted = model(f"{server}/model")
    row = {k: getattr(wanted, k) for k in ("role", "file", "bytes", "sha256", "licence", "licence_url", "urls", "about")}
    file = tmp_path / "c.json"
    file.write_text(json.dumps({"tiny": row}))
    runner = CliRunner()
    refused = runner.invoke(workbench.cli, ["models", "pull", "tiny", "--catalogue", str(file)])
    assert isinstance(refused.exception, WorkbenchError) and "MIT" in str(refused.exception)
    done = runner.invoke(workbench.cli, ["models", "pull", "tiny", "--catalogue", str(file), "--accept-licence"])
    assert done.exit_code == 0, done.output
    assert "Licence MIT: https://licence.example/mit" in done.stderr
    assert done.stdout.strip() == str(models / "tiny.onnx")
    listed = runner.invoke(workbench.cli, ["models", "list", "--catalogue", str(file), "--format", "json"])
    assert {m["model"]: m["state"] for m in json.loads(listed.stdout)["models"]}["tiny"] == "here"
