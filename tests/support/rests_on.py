"""What a finding rests on, and what an edit has touched: so that it can be told whether one fault hides another.

An edit touches an id where it changes, adds or takes away fields of its own: a beat's actors and changes are the beat's, its lines
are theirs. A finding rests on

- the innermost id that it is about, and every id that its message names;
- what these are made of and carried by: a shot's beats and lines, a line's shots;
- what lies between them, where it names several of a kind: the shots between two that cut badly, the lines of a monologue;
- of an id that nothing uses (C07), on everything that uses it after the edit; of a scene without a shot that shows where it
  plays (S11), on its shots; of the whole script, on the fields that are summed up.

What rests on nothing that was touched must still be found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from evals.score import Finding

Json = dict[str, Any]
Case = tuple[Json, Json]
"""A case's inputs and a storyboard."""
Touched = Mapping[str, set[str]]
_ID = re.compile(r"[\w-]+")
SUMMED = {
    "T01": {"duration"},
    "T04": {"emotion"},
    "T06": {"text", "speaker"},
    "C06": {"name", "aliases", "present", "speaker", "actors", "changes"},
}
"""Findings about the whole script, and the fields that decide them."""


def touched(before: Case, after: Case) -> Touched:
    """Return the ids that an edit has touched, each with the fields that differ; `id` where it came or went, `order` if it moved."""
    old, new = (_by_id(*case) for case in (before, after))
    out: dict[str, set[str]] = {}
    for name in old.keys() | new.keys():
        pairs = list(zip(old.get(name, []), new.get(name, []), strict=False))
        changed = {field for a, b in pairs for field in a.keys() | b.keys() if a.get(field) != b.get(field)}
        if len(old.get(name, [])) != len(new.get(name, [])):
            changed.add("id")
        if changed:
            out[name] = changed
    for a, b in zip(before[1]["shots"], after[1]["shots"], strict=True):
        if a["id"] != b["id"]:
            out.setdefault(a["id"], set()).add("order")
    return out


def _by_id(inputs: Json, board: Json) -> dict[str, list[Json]]:
    """Return everything that has an id, with its own fields only; several where an id stands twice."""
    out: dict[str, list[Json]] = {}
    for name, fields in _objects(inputs, board):
        out.setdefault(name, []).append(fields)
    return out


def _objects(inputs: Json, board: Json) -> Iterator[tuple[str, Json]]:
    for scene in board["scenes"]:
        yield scene["id"], {k: v for k, v in scene.items() if k != "beats"}
        for beat in scene["beats"]:
            yield beat["id"], {k: v for k, v in beat.items() if k != "lines"}
            yield from ((line["id"], line) for line in beat["lines"])
    for things in (board["shots"], *(inputs[kind] for kind in ("characters", "locations", "props", "facts"))):
        yield from ((thing["id"], thing) for thing in things)


def hidden_by_right(finding: Finding, edit: Touched, before: Case, after: Case) -> bool:
    """Tell whether an edit has touched anything that a finding rests on."""
    if finding.where == ("script",) and finding.check in SUMMED:
        return any(fields & SUMMED[finding.check] for fields in edit.values())
    inner = finding.where[1] if finding.where[-1].endswith("_prompt") else finding.where[-1]
    on = {inner, *_ID.findall(finding.message)}
    for _, board in (before, after):
        on |= _around(on, board) | _between(on, board)
    if finding.check == "S11" and "where:" in finding.cause:
        on |= {shot["id"] for shot in before[1]["shots"] if shot["scene"] in on}
    if finding.check == "C07":
        idle = finding.cause.split(":")[-1]
        on |= {name for name, fields in _objects(*after) if idle in _ID.findall(str(fields))}
    return bool(on & edit.keys())


def _around(on: set[str], board: Json) -> set[str]:
    """Return the beats and lines of shots, and the shots of lines."""
    of_shots = {name for shot in board["shots"] if shot["id"] in on for name in (*shot["beats"], *shot["lines"])}
    return of_shots | {shot["id"] for shot in board["shots"] if on & set(shot["lines"])}


def _between(on: set[str], board: Json) -> set[str]:
    """Return what lies between the first and the last that are named of each kind; of lines also their beats."""
    beats = [beat for scene in board["scenes"] for beat in scene["beats"]]
    kinds = ([s["id"] for s in board["shots"]], [s["id"] for s in board["scenes"]], [b["id"] for b in beats])
    told = [(line["id"], beat["id"]) for beat in beats for line in beat["lines"]]
    out: set[str] = set()
    for ids in kinds:
        at = [i for i, name in enumerate(ids) if name in on]
        out |= set(ids[at[0] : at[-1] + 1]) if len(at) > 1 else set()
    at = [i for i, (line, _) in enumerate(told) if line in on]
    return out | ({name for pair in told[at[0] : at[-1] + 1] for name in pair} if len(at) > 1 else set())
