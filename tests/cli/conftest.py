"""The command line as a user meets it: arguments in; exit code, stdout and stderr out; a fresh workspace for each test."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

import workbench
from runs.starting import initialise


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str


Cli = Callable[..., Done]


@pytest.fixture(scope="session")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace as `init` makes it, to be copied."""
    return initialise(tmp_path_factory.mktemp("starter") / "drama").root


@pytest.fixture
def ws(starter: Path, tmp_path: Path) -> Path:
    """A workspace of the test's own."""
    return Path(shutil.copytree(starter, tmp_path / "drama"))


@pytest.fixture
def cli(ws: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Cli:
    """Run a command in the workspace, through the very entry point that the console script calls."""

    def run(*args: str, at: Path | None = None) -> Done:
        monkeypatch.chdir(at or ws)
        monkeypatch.setattr(sys, "argv", ["workbench", *args])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            workbench.main()
        told = capfd.readouterr()
        return Done(int(ended.value.code or 0), told.out, told.err)

    return run


def one_line_error(done: Done) -> str:
    """Return the error's line; fail where there is a trace, more than one error line, or something on stdout."""
    assert done.code == 1, done
    assert "Traceback" not in done.err, done.err
    assert done.out == "", done.out
    lines = [line for line in done.err.splitlines() if line.startswith("Error: ")]
    assert len(lines) == 1, done.err
    return lines[0]
