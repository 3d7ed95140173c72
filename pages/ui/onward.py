"""What comes after a comparison: let people judge the same pairs blind, and bring B to production."""

from __future__ import annotations

from pages.ui import cached, people, shell
from runs.compare import Pair
from runs.workspace import Workspace


def draw(ws: Workspace, pair: Pair) -> None:
    """Draw the links."""
    queue = cached.queue(ws, pair.a.address, pair.b.address)
    if queue:
        shell.page_link("review.py", "Blind review of these →", queue=queue)
    elif people.may("queue"):
        shell.page_link("review.py", "Blind review of these →", a=pair.a.address, b=pair.b.address)
    if pair.b.template and pair.b.version != pair.a.version:
        shell.page_link("promote.py", "Promote B →", template=pair.b.template, v=pair.b.version, base=pair.a.version)
