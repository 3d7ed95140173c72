"""Import cost is a feature: looking at help must not load what does the work."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = {
    "streamlit",
    "pandas",
    "openai",
    "langchain",
    "langchain_core",
    "duckdb",
    "numpy",
    "scipy",
    "skimage",
    "dlib",
    "kornia_rs",
    "ai_edge_litert",
    "av",
    "PIL",
    "ray",
}
COMMANDS = [
    "init",
    "demo",
    "templates",
    "render",
    "diff",
    "run",
    "score",
    "import",
    "compare",
    "runs",
    "show",
    "log",
    "config",
    "schema",
    "models",
    "doctor",
]
PROGRAM = """
import sys, json, workbench
sys.argv = ["workbench", *{args!r}]
try:
    workbench.main()
except SystemExit:
    pass
print("\\n" + json.dumps(sorted({{m.split(".")[0] for m in sys.modules}})))
"""


def loaded_by(*args: str) -> set[str]:
    done = subprocess.run([sys.executable, "-c", PROGRAM.format(args=list(args))], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


def test_help_loads_nothing_heavy() -> None:
    assert not loaded_by("--help") & HEAVY


@pytest.mark.parametrize("command", COMMANDS)
def test_a_commands_help_loads_nothing_heavy(command: str) -> None:
    assert not loaded_by(command, "--help") & HEAVY


def test_importing_the_front_door_does_not_load_streamlit() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import workbench, sys; print('streamlit' in sys.modules)"], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"


def test_a_run_on_this_machine_loads_nothing_of_the_cluster() -> None:
    program = """
import sys
from pathlib import Path
import runs.cli.run, runs.harness, runs.rescore
from runs import engine, settings
engine.choose(settings.load(Path("/nowhere")))
with engine.used():
    print([m for m in sys.modules if m.split(".")[0] == "ray" or m.startswith("runs.cluster")])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
