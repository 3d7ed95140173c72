"""What the user writes in an editor: noticed by the bytes of the files, and read once for each state of them.

at = stamp(ws)                  # changes when a template, case, suite or pointer file does
cases(ws, at), suites(ws, at)
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

import streamlit as st

from evals.case import Case, load_cases
from evals.suite import Suite, load_suite, suite_names
from prompts.errors import WorkbenchError
from prompts.registry import MAX_FILE_BYTES
from runs.workspace import Workspace

LOOK_EVERY_S = 1.0
SUFFIXES = (".j2", ".yaml", ".yml", ".json", ".toml")
DEEPEST = 6
"""Levels of folders that are looked into."""


def stamp(ws: Workspace) -> str:
    """Return a hash over names and contents of everything that is written by hand. A file that is merely touched changes nothing."""
    digest = hashlib.sha256()
    for folder in (ws.prompts, ws.evals / "cases", ws.evals / "suites", ws.evals / "gates"):
        for path in sorted(_files(folder, DEEPEST)):
            digest.update(f"{path}\0{_content(path)}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def notice(ws: Workspace, at: str) -> None:
    """Draw the page anew as soon as a file is another one than at `at`; until then nothing on the page moves."""
    st.fragment(_look, run_every=LOOK_EVERY_S)(ws, at)


def _look(ws: Workspace, at: str) -> None:
    if stamp(ws) != at:
        st.rerun()


def _files(folder: Path, deep: int) -> Iterator[str]:
    """Yield the plain files that a user writes; nothing is followed out of the workspace."""
    try:
        with os.scandir(folder) as found:
            entries = list(found)
    except OSError:
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            if deep and entry.name != "promoted":
                yield from _files(Path(entry.path), deep - 1)
        elif entry.name.endswith(SUFFIXES):
            yield entry.path


def _content(path: str) -> str:
    try:
        found = Path(path).stat()
    except OSError:
        return "gone"
    if not stat.S_ISREG(found.st_mode) or found.st_size > MAX_FILE_BYTES:
        return f"{found.st_size} {found.st_mtime_ns}"
    return _hash(path, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


@lru_cache(maxsize=4096)
def _hash(path: str, *_as_it_is: int) -> str:
    try:
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    except OSError:
        return "unreadable"


def cases(ws: Workspace, at: str) -> tuple[Case, ...]:
    """Return all cases of the workspace, as they were at a stamp.

    Raises:
        InputError: A file of cases is malformed; with its line.
    """
    return _cases(ws.evals / "cases", at)


def suites(ws: Workspace, at: str) -> dict[str, Suite]:
    """Return the suites that can be read, by name; `workbench run` says what is wrong with the others."""
    return _suites(ws.evals / "suites", at)


class CaseKey:
    """Cases as the key of a cache: two with the same hashes are the same."""

    def __init__(self, cases: Iterable[Case]) -> None:
        self.cases = tuple(cases)
        self._hashes = tuple(case.hash for case in self.cases)

    def __hash__(self) -> int:
        return hash(self._hashes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CaseKey) and self._hashes == other._hashes


@lru_cache(maxsize=2)
def _cases(folder: Path, _at: str) -> tuple[Case, ...]:
    return tuple(load_cases(folder))


@lru_cache(maxsize=2)
def _suites(folder: Path, _at: str) -> dict[str, Suite]:
    found: dict[str, Suite] = {}
    for name in suite_names(folder):
        try:
            found[name] = load_suite(name, folder)
        except WorkbenchError:
            continue
    return found
