"""The shape of the project: what import-linter cannot say, said here."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("prompts", "evals", "runs", "pages")
FRONT_DOOR_LINES = 300
MODULE_LINES = 400


def modules() -> list[Path]:
    return sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


def imported(path: Path) -> set[str]:
    tree = ast.parse(path.read_text("utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    return names | {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}


def test_nothing_imports_the_front_door() -> None:
    assert [str(path) for path in modules() if "workbench" in imported(path)] == []


def test_the_front_door_only_wires() -> None:
    assert len((ROOT / "workbench.py").read_text("utf-8").splitlines()) <= FRONT_DOOR_LINES


def test_no_module_holds_two_ideas() -> None:
    assert [str(path) for path in modules() if len(path.read_text("utf-8").splitlines()) > MODULE_LINES] == []


def test_no_page_shadows_a_module() -> None:
    """The router's folder is first on the path of a page, so a page named like a library would replace it."""
    import sys

    pages = {path.stem for path in (ROOT / "pages").glob("*.py")} - {"__init__"}
    taken = set(sys.stdlib_module_names) | {"streamlit", "pandas", "altair", "duckdb", "jinja2", "openai", "langchain", "numpy"}
    assert not pages & taken


def test_the_models_are_pinned_as_the_program_looks_for_them() -> None:
    """In the file that `make` installs, and in the extra that others read."""
    import tomllib

    from evals.faces.models import MODELS

    wanted = {model.package for model in MODELS.values()}
    pinned = {line for line in (ROOT / ".ci" / "models.in").read_text("utf-8").splitlines() if not line.startswith("#")}
    extra = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]["models"]
    assert pinned == set(extra) == wanted


def test_every_command_has_a_module() -> None:
    from importlib import import_module

    import click

    from workbench import COMMANDS

    for target, _ in COMMANDS.values():
        module, name = target.split(":")
        assert isinstance(getattr(import_module(module), name), click.Command), target
