"""What the tests of the team log share: a folder as store, and a real S3 server where one can be had."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import s3_server
import team_kit

from runs.workspace import Workspace

# A run that somebody counts: the harness's own test kit.
sys.path.append(str(Path(__file__).parent.parent / "harness"))

Machine = Callable[..., Workspace]


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """The store of the team: a folder."""
    folder = tmp_path / "shared"
    folder.mkdir()
    return folder


@pytest.fixture
def machine(tmp_path: Path, shared: Path) -> Machine:
    """Make a workspace that belongs to the team."""

    def make(name: str, **settings: object) -> Workspace:
        return team_kit.workspace(tmp_path, name, f"file://{shared}", **settings)

    return make


@pytest.fixture(scope="package")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an S3 server."""
    with s3_server.serve(tmp_path_factory.mktemp("s3")) as url:
        yield url


@pytest.fixture
def bucket(s3: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> str:
    """The name of an empty bucket, with keys for it in the environment."""
    for name, value in s3_server.KEYS.items():
        monkeypatch.setenv(name, value)
    made = f"drama-{os.getpid()}-{abs(hash(request.node.nodeid)) % 10**8}"
    s3_server.make_bucket(s3, made)
    return made
