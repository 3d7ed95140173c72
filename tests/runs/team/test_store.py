"""The same promises from every kind of store: a folder, a real S3 server, and what fsspec knows."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from patience import HANGS_S

from prompts.errors import WorkspaceError
from runs import secrets
from runs.settings import load
from runs.team.errors import Missing, StoreDown, TeamError, TooLong
from runs.team.store import Options, Store, open_store

NOWHERE = "http://127.0.0.1:9"


@pytest.fixture(params=["file", "s3", "fsspec"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "s3":
        url = f"s3://{request.getfixturevalue('bucket')}/drama"
        return open_store(url, Options(endpoint=request.getfixturevalue("s3"), timeout_s=HANGS_S))
    if request.param == "fsspec":
        return open_store(f"memory://team-{uuid.uuid4().hex}")
    return open_store(f"file://{tmp_path}")


def test_what_every_store_does(store: Store, tmp_path: Path) -> None:
    big = bytes(range(256)) * 40_000  # more than one part of an upload
    (tmp_path / "big.bin").write_bytes(big)
    assert list(store.list("a/")) == []
    assert store.create("a/b/one", b"1")
    assert not store.create("a/b/one", b"2")
    assert store.get("a/b/one", 10) == b"1"
    store.put("a/b/one", b"three")
    store.put_file("a/big", tmp_path / "big.bin")
    assert b"".join(store.stream("a/big")) == big
    assert {(entry.name, entry.size) for entry in store.list("a/")} == {("a/b/one", 5), ("a/big", len(big))}
    assert all(entry.at for entry in store.list("a/")) or "memory" in store.url
    assert (store.size("a/big"), store.size("a/none")) == (len(big), None)
    with pytest.raises(TooLong):
        store.get("a/big", 1000)
    store.delete(["a/big", "a/never"])
    for ask in (lambda: store.get("a/big", 10), lambda: list(store.stream("a/big"))):
        with pytest.raises(Missing):
            ask()
    for name in ("../out", "a/../../out", "/etc/passwd", ".hidden", "a//b", ""):
        with pytest.raises(TeamError, match="no name of the team's store"):
            store.put(name, b"x")


@pytest.mark.parametrize("store", ["file", "s3"], indirect=True)
def test_of_twenty_that_create_one_wins(store: Store) -> None:
    assert store.decides
    with ThreadPoolExecutor(20) as many:
        won = list(many.map(lambda n: store.create("leases/r/1", b"%d" % n), range(20)))
    assert sum(won) == 1
    assert store.get("leases/r/1", 10) == b"%d" % won.index(True)


@pytest.mark.parametrize(
    "ask",
    [lambda s: s.put("a", b""), lambda s: s.get("a", 9), lambda s: list(s.list("a/")), lambda s: s.size("a"), lambda s: s.create("a", b"")],
)
def test_a_server_that_does_not_answer(ask: Callable[[Store], object], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, f"planted-{name}")
    with pytest.raises(StoreDown, match="does not answer") as caught:
        ask(open_store("s3://bucket/drama", Options(endpoint=NOWHERE, timeout_s=1)))
    assert "planted" not in str(caught.value)


def test_addresses_that_are_none(tmp_path: Path) -> None:
    for url, words in (
        ("bucket", "no address"),
        ("s3://", "no address"),
        ("nosuch://x", "cannot be used"),
        ("sftp://host/x", "cannot be used"),
    ):
        with pytest.raises(TeamError, match=words):
            open_store(url)
    for line in ('store = "s3://key:word@bucket/x"', 'store = "bucket"', 'machine = "../x"', "ship_s = 0", 'secret_key = "x"'):
        (tmp_path / "workbench.toml").write_text(f"[team]\n{line}\n")
        with pytest.raises(WorkspaceError, match="team"):
            load(tmp_path)


def test_keys_come_from_the_env_file_and_are_masked(tmp_path: Path) -> None:
    (tmp_path / "workbench.toml").write_text('[team]\nstore = "s3://bucket/x"\n')
    (tmp_path / ".env").write_text("AWS_ACCESS_KEY_ID=planted-id-12345\nAWS_SECRET_ACCESS_KEY=planted-secret-12345\n")
    load(tmp_path)
    from runs.team.objects import _config

    found = _config("s3://bucket/x", Options(endpoint=NOWHERE))
    assert found["aws_access_key_id"] == "planted-id-12345"
    assert "planted" not in secrets.redact("refused: planted-id-12345 and planted-secret-12345")
