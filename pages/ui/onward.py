"""What comes after a comparison: let people judge the same pairs blind, and bring B to production."""

from __future__ import annotations

from pages.ui import people, shell
from runs import query
from runs.compare import Pair
from runs.workspace import Workspace


def draw(ws: Workspace, pair: Pair) -> None:
    """Draw the links."""
    queue = queue_of(ws, pair.a.address, pair.b.address)
    if queue:
        shell.page_link("review.py", "Blind review of these →", queue=queue)
    elif people.may("queue"):
        shell.page_link("review.py", "Blind review of these →", a=pair.a.address, b=pair.b.address)
    if pair.b.template and pair.b.version != pair.a.version:
        shell.page_link("promote.py", "Promote B →", template=pair.b.template, v=pair.b.version, base=pair.a.version)


def queue_of(ws: Workspace, a: str, b: str) -> str | None:
    """Return the newest queue over the pairs of two arms, whichever of them was called the baseline."""
    queues = query.queues(ws)
    fits = ((queues["a"] == a) & (queues["b"] == b)) | ((queues["a"] == b) & (queues["b"] == a))
    return next(iter(queues.loc[fits, "queue"]), None)
