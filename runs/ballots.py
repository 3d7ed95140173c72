"""Votes as tables, in and out: for people who rate in a spreadsheet or with a tool of their own.

    item,rater,choice            or     item,rater,prefer
    i0001,ann,left                      i0001,ann,b

`choice` is what was seen (`left`, `right`, `tie`, `both_bad`), with the sides that this queue gives to this person; `prefer` names
the arm (`a`, `b`, `tie`, `both_bad`). A file is taken in whole or not at all, and taking it in twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prompts.errors import InputError
from runs import query
from runs.ratings import CHOICES, Ballot, view
from runs.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

MAX_BYTES = 64 << 20
COLUMNS = ("item", "rater", "choice", "prefer", "ms", "reason")
PREFERRED = ("a", "b", "tie", "both_bad")


def read_table(path: Path) -> pd.DataFrame:
    """Return a file of votes as text columns.

    Raises:
        InputError: it is no CSV with the columns `item`, `rater`, and `choice` or `prefer`.
    """
    import pandas as pd

    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path} is larger than {MAX_BYTES >> 20} MiB.")
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error
    except (ValueError, pd.errors.ParserError) as error:
        raise InputError(f"{path} is no table: {str(error).splitlines()[0]}.", hint="Write CSV in UTF-8.") from None
    lacking = {"item", "rater"} - set(frame.columns)
    if lacking or not {"choice", "prefer"} & set(frame.columns):
        raise InputError(f"{path} lacks a column.", hint=f"It needs item, rater, and choice or prefer; it has {', '.join(frame.columns)}.")
    return frame


def take_in(ws: Workspace, queue: str, table: pd.DataFrame) -> int:
    """Vote as a table says; return how many votes were new.

    Raises:
        UnknownName: there is no such queue.
        InputError: a row that makes no sense, with its number; nothing was taken in.
    """
    found = query.queue(ws, queue)
    rows = [_checked(found, number, row) for number, row in enumerate(table.to_dict("records"), start=2)]
    known = query.ratings(ws, queue)
    said = {(row.item, row.rater): row.choice for row in known.itertuples()}
    new = [row for row in rows if said.get((row["item"], row["rater"])) != row["choice"]]
    with ExitStack() as stack:
        ballots = {rater: stack.enter_context(Ballot(ws, queue, rater)) for rater in dict.fromkeys(row["rater"] for row in new)}
        for row in new:
            ballots[row["rater"]].cast(row["item"], row["choice"], ms=row["ms"], reason=row["reason"])
    return len(new)


def _checked(queue: Mapping[str, Any], number: int, row: Mapping[Any, Any]) -> dict[str, Any]:
    given = {name: str(row.get(name) or "").strip() for name in COLUMNS}
    shown = next((s for s in view(queue, given["rater"]) if s.item == given["item"]), None)
    if shown is None:
        raise InputError(f"Line {number}: the queue {queue['queue']} has no item {given['item']!r}.")
    if not given["rater"]:
        raise InputError(f"Line {number}: who rated is missing.")
    choice = given["choice"] or _seen(given["prefer"], shown.left_arm)
    if choice not in CHOICES:
        wrong = given["choice"] or given["prefer"]
        raise InputError(f"Line {number}: {wrong!r} is no vote.", hint=f"choice: {', '.join(CHOICES)}; prefer: {', '.join(PREFERRED)}.")
    if given["ms"] and not (given["ms"].isdecimal() and len(given["ms"]) <= 9):
        raise InputError(f"Line {number}: {given['ms']!r} is no time in milliseconds.")
    return {**given, "choice": choice, "ms": int(given["ms"]) if given["ms"] else None}


def _seen(prefer: str, left: str) -> str:
    return ("left" if prefer == left else "right") if prefer in ("a", "b") else prefer
