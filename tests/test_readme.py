"""The README is what a newcomer does first: its tree is the tree, its commands are the two that set everything up."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")
PACKAGES = ("prompts", "evals", "runs", "pages")
MAX_LINES = 150


def tree() -> set[str]:
    """Return the paths of the annotated tree."""
    block = next(b for b in re.findall(r"```\n(.*?)```", README, re.DOTALL) if b.startswith("workbench.py"))
    found, parent = set(), ""
    for line in block.splitlines():
        name = line.split()[0].rstrip("/")
        if line.startswith(" "):
            found.add(f"{parent}/{name}")
        else:
            parent = name
            found.add(name)
    return found


def test_every_path_in_the_tree_is_there() -> None:
    assert [path for path in sorted(tree()) if not (ROOT / path).exists()] == []


def test_every_folder_of_the_packages_is_in_the_tree() -> None:
    folders = {
        f"{package}/{folder.name}"
        for package in PACKAGES
        for folder in (ROOT / package).iterdir()
        if folder.is_dir() and not folder.name.startswith(("_", "."))
    }
    assert folders <= tree()


def test_it_is_short() -> None:
    assert len(README.splitlines()) <= MAX_LINES


def test_the_two_commands_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    assert {"demo", "test", "check", "bench"} <= targets
    assert "make demo " in README and "make test " in README
