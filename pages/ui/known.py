"""The versions of a template that are known, from its files and from the log: where each is used, promoted, or broken.

A page calls a version by its reference: `shot/keyframe` (the working file), `shot/keyframe@plain` (a labelled copy), or
`shot/keyframe@3fa9c1` (one that only the log keeps).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from prompts import channels
from prompts.channels import CHANNELS, State
from prompts.errors import TemplateError, WorkbenchError
from prompts.identity import SCHEME, SHORT
from prompts.registry import Entry, Registry
from prompts.version import Version, from_closure
from runs import query
from runs.prepare import registry
from runs.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Known:
    """One version. `where` says what it is kept as; `version` is None where `problem` says why it cannot be used."""

    ref: str
    where: str
    version: Version | None = None
    problem: TemplateError | None = None
    path: str = ""
    id: str = ""
    runs: int = 0
    last_used: Any = None
    promoted: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """Return how a list calls it: the reference and what it is."""
        return f"{self.ref} · {self.where}"


def templates(ws: Workspace) -> dict[str, str]:
    """Return the stages of all templates by name, those of files first; a template of which only the log knows comes last."""
    found = {entry.template: entry.stage for entry in registry(ws).entries()}
    used = query.versions(ws)
    return {**found, **{name: stage for name, stage in zip(used["template"], used["stage"], strict=True) if name not in found}}


def promotions(ws: Workspace) -> tuple[State, str]:
    """Return what the channels mean, and why it cannot be said where the ledger does not prove it."""
    try:
        return channels.load(ws.prompts)[0], ""
    except WorkbenchError as error:
        return State(), str(error)


def known(ws: Workspace, template: str, state: State) -> list[Known]:
    """Return the versions of one template: the working file, labelled copies, then what only the log keeps, last used first."""
    files = registry(ws)
    used = query.versions(ws)
    used = used[used["template"] == template].set_index("version")
    of_files = [_of_file(files, entry) for entry in files.entries() if entry.template == template]
    there = {one.id for one in of_files}
    stored = query.stored_versions(ws, template)
    rest = [version for version in used.index if version in stored and version not in there]
    of_log = [_of_log(template, version, stored[version], list(stored)) for version in rest]
    return [_with_use(one, used, state, template) for one in [*of_files, *of_log]]


def overview(ws: Workspace, state: State) -> pd.DataFrame:
    """Return a row a template: stage, what it is for, what there is of it, what production means, and what is broken."""
    files, used = registry(ws), query.versions(ws)
    # A run of two versions of a template is one run of it.
    runs = query.arms(ws).groupby("template")["run_id"].nunique()
    rows = []
    for template, stage in templates(ws).items():
        of = [_of_file(files, entry) for entry in files.entries(stage) if entry.template == template]
        ids = {one.id for one in of}
        logged = used[used["template"] == template]
        labels = [one.ref.partition("@")[2] or "working file" for one in of]
        older = int((~logged["version"].isin(ids)).sum())
        production = state.version(template, "production")
        rows.append(
            {
                "Stage": stage,
                "Template": template,
                "For": next((one.version.front_matter.description for one in of if one.version), ""),
                "Versions": ", ".join(labels + ([f"{older} in the log"] if older else [])),
                "Runs": int(runs.get(template, 0)),
                "Production": _named(production, of) if production else "",
                "Broken": "; ".join(str(one.problem) for one in of if one.problem),
            }
        )
    return pd.DataFrame(rows, columns=["Stage", "Template", "Versions", "Production", "Runs", "For", "Broken"])


def table(versions: Sequence[Known]) -> pd.DataFrame:
    """Return the versions of a template as people read them."""
    same = _same(versions)
    return pd.DataFrame(
        {
            "Version": [one.ref for one in versions],
            "Kept as": [one.where + (f", the same as {same[one.ref]}" if one.ref in same else "") for one in versions],
            "Hash": [short(one.id) for one in versions],
            "Promoted": [list(one.promoted) for one in versions],
            "Runs": [one.runs for one in versions],
            "Last used": [one.last_used for one in versions],
            "Problem": [str(one.problem) if one.problem else "" for one in versions],
        }
    ).astype({"Last used": "datetime64[us]"})


def short(version: str) -> str:
    """Return the digits of a version's hash that people see."""
    return version.removeprefix(f"{SCHEME}:")[:SHORT]


def _same(versions: Sequence[Known]) -> Mapping[str, str]:
    """Return which file holds what another one holds too."""
    first: dict[str, str] = {}
    for one in versions:
        first.setdefault(one.id, one.ref)
    return {one.ref: first[one.id] for one in versions if one.id and first[one.id] != one.ref}


def _of_file(files: Registry, entry: Entry) -> Known:
    where = "labelled copy" if entry.label else "working file"
    try:
        version = files.load(entry)
    except TemplateError as error:
        return Known(entry.ref, where, problem=error, path=entry.path)
    return Known(entry.ref, where, version, path=entry.path, id=version.id)


def _of_log(template: str, version_id: str, closure: Mapping[str, str], ids: Sequence[str]) -> Known:
    ref = f"{template}@{_prefix(version_id, ids)}"
    try:
        return Known(ref, "in the log", from_closure(template, version_id, closure), id=version_id)
    except TemplateError as error:
        return Known(ref, "in the log", problem=error, id=version_id)


def _prefix(version_id: str, ids: Sequence[str]) -> str:
    """Return as many digits as tell a version from the others."""
    digits, others = version_id.removeprefix(f"{SCHEME}:"), [i.removeprefix(f"{SCHEME}:") for i in ids if i != version_id]
    return next((digits[:n] for n in range(SHORT, len(digits)) if not any(o.startswith(digits[:n]) for o in others)), digits)


def _with_use(one: Known, used: pd.DataFrame, state: State, template: str) -> Known:
    runs: Any = used["runs"].get(one.id, 0)
    promoted = _promoted(one.id, state, template)
    return replace(one, runs=int(runs), last_used=used["last_used"].get(one.id), promoted=promoted)


def _promoted(version: str, state: State, template: str) -> tuple[str, ...]:
    if not version:
        return ()
    said: list[str] = [channel for channel in reversed(CHANNELS) if state.version(template, channel) == version]
    pins = sum(of == template and pinned == version for (of, _), pinned in state.pins.items())
    canary = state.canaries.get(template)
    said += [f"pinned by {pins} series"] if pins else []
    return (*said, f"canary {canary.basis_points / 100:g} %") if canary and canary.version == version else tuple(said)


def _named(version: str, of: Sequence[Known]) -> str:
    return next((one.ref for one in of if one.id == version), short(version))
