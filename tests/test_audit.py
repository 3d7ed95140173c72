"""`make audit`: what is pinned is looked up in the published advisories, and it is always said whether that could be done."""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from patience import HANGS_S

AUDIT = Path(__file__).parents[1] / ".ci" / "audit.py"
ADVISORY = {
    "id": "PYSEC-2026-7", "aliases": ["CVE-2026-1234"], "summary": "anybody may", "schema_version": "1.0.0",
    "affected": [{"package": {"name": "leaky", "ecosystem": "PyPI"},
                  "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.4"}]}]}],
}  # fmt: skip


class Database(http.server.BaseHTTPRequestHandler):
    """Speaks as OSV does: one advisory, on one version of one package."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        bad = asked == {"package": {"name": "leaky", "ecosystem": "PyPI"}, "version": "1.3"}
        body = json.dumps({"vulns": [ADVISORY]} if bad else {}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return None


@pytest.fixture
def osv() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Database) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v1/query"
        server.shutdown()


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "lock.txt"
    pinned = ("leaky==1.3", "sound==2.0 ; sys_platform == 'nowhere'", "safe==3.1")
    path.write_text("".join(f"{line} \\\n    --hash=sha256:{'0' * 64}\n" for line in pinned))
    return path


def audit(*arguments: object) -> tuple[int, str]:
    pytest.importorskip("pip_audit")
    done = subprocess.run(
        [sys.executable, str(AUDIT), *map(str, arguments)], capture_output=True, text=True, check=False, timeout=HANGS_S,
        env={**os.environ, "NO_PROXY": "*"},
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@pytest.mark.slow
def test_an_advisory_fails_with_package_version_id_and_what_mends_it_unless_it_is_allowed_for_a_reason(
    osv: str, lock: Path, tmp_path: Path
) -> None:
    code, said = audit("--osv", osv, lock)
    assert code == 1
    assert "leaky 1.3: CVE-2026-1234 PYSEC-2026-7, fixed in 1.4" in said
    assert "2 packages looked up: 1 advisories, 0 allowed" in said
    allow = tmp_path / "allow.toml"
    allow.write_text('[[allow]]\nid = "CVE-2026-1234"\nreason = "that part is not used"\n[[allow]]\nid = "CVE-1"\nreason = "gone"\n')
    code, said = audit("--osv", osv, "--allow", allow, lock)
    assert code == 0
    assert "0 advisories, 1 allowed" in said
    assert "CVE-1 is allowed and not there any more" in said


@pytest.mark.slow
def test_where_nobody_can_be_asked_it_passes_and_says_that_nothing_was_checked(lock: Path) -> None:
    code, said = audit("--osv", "http://127.0.0.1:9/v1/query", lock)
    assert code == 0
    assert said.startswith("audit: NOT CHECKED. The advisories cannot be reached:")


def test_an_allowance_needs_a_reason(lock: Path, tmp_path: Path) -> None:
    allow = tmp_path / "allow.toml"
    allow.write_text('[[allow]]\nid = "CVE-2026-1234"\nreason = " "\n')
    code, said = audit("--allow", allow, lock)
    assert code == 1 and "needs an id and a reason" in said


@pytest.mark.parametrize(
    ("printed", "error", "code", "says"),
    [
        ('{"dependencies": [{"name": "a", "skip_reason": "not found"}]}', "", 0, "NOT CHECKED. The index has no advisories"),
        ("", "ServiceError", 0, "NOT CHECKED. The advisories cannot be reached"),
        ("", "usage: pip-audit: error: unrecognized arguments", 1, "pip-audit failed"),
        ('{"dependencies": [{"name": "a", "version": "1", "vulns": []}, {"name": "b", "skip_reason": "?"}]}', "", 0, "1 unknown"),
    ],
)
def test_nothing_found_is_not_the_same_as_nothing_known(
    printed: str, error: str, code: int, says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import runpy

    module = runpy.run_path(str(AUDIT))
    module["main"].__globals__["asked"] = lambda *_: subprocess.CompletedProcess([], 0, printed, error)
    monkeypatch.setattr(sys, "argv", ["audit.py"])
    assert module["main"]() == code
    assert says in capsys.readouterr().out
