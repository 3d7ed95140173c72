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
GROUPS = ("templates", "written_files", "model_output", "media_files", "provider_answers", "workspace_files", "own_servers")
CASES = [(group, name) for group in GROUPS for name in importlib.import_module(group).CASES]
PEAK, CPU_S = 500 << 20, 5.0
LOOKED_UP = {"link: 'http://0x7f000001/'": ["0x7f000001"], "link: 'http://a b/'": ["a b"]}
"""Hosts in links that are names until a look-up says otherwise; the guard of the tests refuses that look-up. Nothing is connected to."""
pytestmark = pytest.mark.slow


@functools.cache
def _told(group: str, folder: str) -> dict[str, Any]:
    path = os.pathsep.join([str(HERE), str(HERE.parents[1]), str(HERE.parent / "support")])
    # What is compiled on the way would be written outside of the workspace too.
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-P", str(HERE / "child.py"), group, folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, env=environment)
    assert done.returncode == 0, done.stderr[-3000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile")


@pytest.mark.parametrize(("group", "name"), CASES)
def test_the_outcome_is_the_stated_one_within_all_bounds(group: str, name: str, folder: Path) -> None:
    case = _told(group, str(folder / group))[name]
    expected = importlib.import_module(group).CASES[name][1]
    assert re.search(expected, case["outcome"], re.DOTALL), case["outcome"]
    assert "planted-9c41" not in case["outcome"]
    assert case["cpu"] < CPU_S
    assert case["peak"] < PEAK, f"{case['peak'] >> 20} MB"
    assert case["touched"] == [], "something outside of the workspace was opened, changed or started"
    assert case["reached"] == LOOKED_UP.get(name, [])


def test_there_are_at_least_two_hundred_cases_over_all_groups() -> None:
    assert len(CASES) >= 300
    assert all(sum(group == of for of, _ in CASES) >= 25 for group in GROUPS)


def test_what_a_case_does_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bounds would be worth nothing if a case could hide: each of these breaks one of them, between cases that break none."""
    found = _told("hiding", str(tmp_path / "hiding"))
    assert found["harmless"]["touched"] == found["harmless again"]["touched"] == []
    assert found["writes"]["touched"] and found["reads"]["touched"] and found["starts"]["touched"]
    assert found["calls"]["reached"] == ["192.0.2.1"]
    assert found["eats"]["peak"] > PEAK > found["harmless again"]["peak"]
    assert found["feeds a child"]["peak"] > PEAK
    assert found["burns"]["cpu"] > 1 > found["harmless again"]["cpu"]
