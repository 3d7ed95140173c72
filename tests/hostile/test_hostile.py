"""The hostile corpus: whatever comes in, the outcome is the stated one, in time, in memory, inside of the workspace, without a call out."""

from __future__ import annotations

import functools
import importlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
GROUPS = ("written_files", "model_output", "media_files", "provider_answers", "workspace_files", "own_servers")
CASES = [(group, name) for group in GROUPS for name in importlib.import_module(group).CASES]
PEAK = 500 << 20
LOOKED_UP = {"0x7f000001", "a b"}
"""Hosts in links that are names until a look-up says otherwise; the guard of the tests refuses that look-up. Nothing is connected to."""
pytestmark = pytest.mark.slow


@functools.cache
def _told(group: str, folder: str) -> dict[str, Any]:
    path = os.pathsep.join([str(HERE), str(HERE.parents[1]), str(HERE.parent / "support")])
    done = subprocess.run(
        [sys.executable, "-P", str(HERE / "child.py"), group, folder], capture_output=True, text=True, check=False, timeout=300,
        env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile")


def told(group: str, folder: Path) -> dict[str, Any]:
    return _told(group, str(folder / group))


@pytest.mark.parametrize(("group", "name"), CASES)
def test_the_outcome_is_the_stated_one(group: str, name: str, folder: Path) -> None:
    case = told(group, folder)["cases"][name]
    expected = importlib.import_module(group).CASES[name][1]
    assert re.search(expected, case["outcome"], re.DOTALL), case["outcome"]
    assert "planted-9c41" not in case["outcome"]
    assert case["cpu"] < 5


@pytest.mark.parametrize("group", GROUPS)
def test_a_group_stays_within_its_bounds(group: str, folder: Path) -> None:
    found = told(group, folder)
    assert found["peak"] < PEAK
    assert not found["touched"], "something outside of the workspace was changed"
    assert set(found["reached"]) <= LOOKED_UP


def test_there_are_at_least_two_hundred_cases() -> None:
    assert len(CASES) >= 200
