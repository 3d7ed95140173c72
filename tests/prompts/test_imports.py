"""Importing `prompts` is cheap: a command line that renders must not wait for data frames and web servers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = (
    "pandas",
    "streamlit",
    "duckdb",
    "openai",
    "langchain",
    "langchain_core",
    "numpy",
    "scipy",
    "PIL",
    "skimage",
    "av",
    "rich",
    "asyncio",
)
MODULES = sorted(f"prompts.{path.stem}" for path in (ROOT / "prompts").glob("*.py") if path.stem != "__init__")


def _loaded(code: str) -> set[str]:
    command = [
        sys.executable,
        "-S",
        "-c",
        f"import sys; sys.path[:0] = {[str(ROOT), *[p for p in sys.path if 'site-packages' in p]]!r}; {code}; print(*sys.modules)",
    ]
    return {name.split(".")[0] for name in subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()}


@pytest.mark.parametrize("module", MODULES)
def test_a_module_loads_nothing_heavy(module: str) -> None:
    """Each module alone, in a fresh process."""
    assert _loaded(f"import {module}") & set(HEAVY) == set()


def test_the_rendering_process_loads_next_to_nothing() -> None:
    """It starts while somebody waits for it: Jinja, and neither pydantic nor YAML."""
    assert _loaded("import prompts.worker") & {*HEAVY, "pydantic", "yaml", "subprocess", "difflib"} == set()
