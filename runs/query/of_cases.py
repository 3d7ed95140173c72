"""What the cases of runs are about, for slices: who is in them, what they feel, how large the shot is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from runs.log import read
from runs.query.frames import TEXT, Columns, loaded
from runs.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

CASE_TRAITS: Columns = {"case_id": TEXT, "series": TEXT, "trait": TEXT, "value": TEXT}
TRAITS = ("series", "episode", "character", "emotion", "shot size", "camera move", "speaking", "split")
"""By what cases can be told apart, in the order in which it is offered."""


def case_traits(ws: Workspace, run_ids: Sequence[str] | None = None) -> pd.DataFrame:
    """Return what the cases of some runs, or of all, are about: a row a case, trait (`TRAITS`) and value. Columns: `CASE_TRAITS`.

    A case with two people has two rows of `character`; one that says nothing of a trait has none.
    """
    import pandas as pd

    with read(ws) as con:
        found: list[tuple[Any, ...]] = con.execute(
            """
            select distinct c.case_id, c.series, c.split, c.inputs from case_ c
            where $1 is null or c.case_key in (select j.case_key from job j join run r using (run_key) where list_contains($1, r.run_id))
            order by c.case_id
            """,
            [None if run_ids is None else list(run_ids)],
        ).fetchall()
    # The same case may be in several of the runs.
    rows: set[tuple[str, str, str, str]] = set()
    for case, series, split, inputs in found:
        told = {"series": [series], "split": [split], **_of_inputs(loaded(inputs) or {})}
        rows |= {(case, series, trait, value) for trait, values in told.items() for value in values if value}
    order = {trait: n for n, trait in enumerate(TRAITS)}
    kept = sorted(rows, key=lambda row: (row[0], order[row[2]], row[3]))
    return pd.DataFrame(kept, columns=list(CASE_TRAITS)).astype(dict(CASE_TRAITS))


def _of_inputs(inputs: Mapping[str, Any]) -> dict[str, list[str]]:
    shot, character = _mapping(inputs.get("shot")), _mapping(inputs.get("character"))
    people = [_mapping(person) for person in inputs.get("people") or ()]
    return {
        "episode": [str(_mapping(inputs.get("episode")).get("id") or "")],
        "shot size": [_words(shot.get("size"))],
        "camera move": [_words(shot.get("move"))],
        "character": [str(_mapping(who).get("id") or "") for who in (character, *(person.get("character") for person in people))],
        "emotion": [_words(person.get("emotion")) for person in people],
        "speaking": ["somebody speaks" if person.get("speaking") else "silent" for person in people],
    }


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _words(value: Any) -> str:
    return str(value).replace("_", " ") if value else ""
