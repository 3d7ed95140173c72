"""The tables that `workbench calibrate` prints."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from evals.calibrate import clips, people, series
from evals.calibrate.folder import Labelled


@dataclass(frozen=True, slots=True)
class Table:
    """A titled table."""

    title: str
    rows: list[dict[str, Any]]


def report(labelled: Labelled, tick: Callable[[], None]) -> list[Table]:
    """Run the face and expression pipeline over labelled material and return the tables that have rows.

    Args:
        labelled: See `folder.read`.
        tick: Called after each picture or clip; there are as many as `labelled` holds.

    Raises:
        ModelUnavailable: A face model is not installed.
    """
    tables: list[Table] = []
    if labelled.pictures:
        found, apart = people.rows_of(*people.measure(labelled.pictures, tick))
        tables += [Table("Faces found", found), Table("People told apart", apart)]
    if labelled.clips:
        measured = clips.measure(labelled.clips, tick)
        unread = [{"clip": m.clip.path.name, "problem": m.problem} for m in measured if m.problem]
        tables += [Table("Stiffness by variant", clips.by_variant(measured)), Table("Amplitude and blinks", clips.in_order(measured))]
        tables.append(Table("Clips that could not be measured", unread))
    if labelled.shots:
        tables.append(Table("Odd shots of series", series.measure(labelled.shots, tick)))
    return [table for table in tables if table.rows]
