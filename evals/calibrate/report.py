"""The tables that `workbench calibrate` prints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from evals.calibrate import clips, emotions, faults, people, scripts, series
from evals.calibrate.folder import Labelled


@dataclass(frozen=True, slots=True)
class Table:
    """A titled table."""

    title: str
    rows: list[dict[str, Any]]


def report(labelled: Labelled, tick: Callable[[], None]) -> list[Table]:
    """Run the scorers over labelled material and return the tables that have rows.

    Args:
        labelled: See `folder.read`.
        tick: Called after each picture, clip or script; there are as many as `labelled.files`.

    Raises:
        ModelUnavailable: A face model is not installed.
        ScorerError: A labelled script is none.
    """
    tables: list[Table] = []
    if labelled.pictures:
        found, apart = people.rows_of(*people.measure(labelled.pictures, tick))
        tables += [Table("Faces found", found), Table("People told apart", apart)]
    if labelled.clips:
        measured = clips.measure(labelled.clips, tick)
        unread = [{"clip": m.clip.path.name, "problem": m.problem} for m in measured if m.problem]
        tables += [
            Table("Stiffness by variant", clips.by_variant(measured)),
            Table("Said to move in one half of the face only", clips.by_half(measured)),
            Table("Amplitude and blinks", clips.in_order(measured)),
        ]
        tables.append(Table("Clips that could not be measured", unread))
    if labelled.shots:
        tables.append(Table("Odd shots of series", series.measure(labelled.shots, tick)))
    if labelled.emotions:
        tables.append(Table("Emotions", emotions.measure(labelled.emotions, tick)))
    if labelled.faults:
        tables.append(Table("Faults of clips", faults.measure(labelled.faults, tick)))
    if labelled.scripts:
        tables.append(Table("Findings in scripts", scripts.measure(labelled.scripts, tick)))
    return [table for table in tables if table.rows]
