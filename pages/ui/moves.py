"""Moving channels from the page: what the user saw goes along, and a refusal comes back as a word, a sentence and what to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from pages.ui import acting, people
from prompts.evidence import Refused, shown
from prompts.ledger import Entry
from prompts.promotion import Board
from runs import promotions
from runs.people import Action
from runs.prepare import find_version
from runs.settings import load
from runs.workspace import Workspace

Move = Callable[[Board], Entry]


@dataclass(frozen=True, slots=True)
class Hand:
    """Somebody at work in a workspace: every move is theirs, and is asked for where it is made."""

    ws: Workspace
    name: str

    def move(self, action: Action, how: Move) -> None:
        """Make a move, and say that it is made."""
        people.require(action)
        entry = how(promotions.board_of(self.ws, self.name))
        troubled = [d for d in promotions.tell(self.ws, load(self.ws.root)) if d.problem]
        hint = "".join(f"Webhook {d.url}: {d.problem}. `workbench ledger notify` tries again. " for d in troubled)
        acting.say(sentence(entry), hint, done=True)

    def promote(self, template: str, version: str, channel: str, seen: Mapping[str, str], report: Path | None, reason: str) -> None:
        """Let a channel mean a version, if it still means what the user saw."""
        channel = channel or "dev"
        settings = load(self.ws.root)

        def how(board: Board) -> Entry:
            found = find_version(self.ws, f"{template}@{version.removeprefix('v1:')}")
            problem = promotions.untested(self.ws, found) if channel == "staging" else ""
            if problem:
                raise Refused("untested", f"It does not render for its cases: {problem}", hint="`workbench render` shows the error.")
            evidence = promotions.evidence(self.ws, report) if report else None
            return board.promote(
                found, channel, evidence, reason=reason, tested=channel == "staging", allow_simulated=settings.demo, seen=seen[channel]
            )

        self.move("promote", how)

    def approve(self, report: Path, reason: str) -> None:
        """Approve the challenger of a report."""
        self.move("approve", lambda board: board.approve(promotions.evidence(self.ws, report), reason=reason))

    def override(self, template: str, version: str, reason: str) -> None:
        """Ask for a promotion past the gate, or complete what somebody else asked for."""
        self.move(
            "override", lambda board: board.override(find_version(self.ws, f"{template}@{version.removeprefix('v1:')}"), reason=reason)
        )

    def rollback(self, template: str, channel: str, to: str, reason: str) -> None:
        """Go back to a former version."""
        self.move("roll back", lambda board: board.rollback(template, channel, reason=reason, to=to))

    def freeze(self, channel: str, template: str, everything: bool | str, reason: str, *, thaw: bool) -> None:
        """Let nothing move, of one template or of all, or let things move again."""
        template = "" if everything else template
        self.move("freeze", lambda board: (board.thaw if thaw else board.freeze)(channel, template, reason=reason))

    def pin(self, template: str, series: str, reason: str) -> None:
        """Let a series keep the version that it gets now."""
        self.move("pin", lambda board: board.pin(template, series, reason=reason))

    def unpin(self, template: str, series: str, reason: str) -> None:
        """Let a series follow production again."""
        self.move("pin", lambda board: board.unpin(template, series, reason=reason))

    def canary(self, template: str, version: str, percent: float | str, reason: str) -> None:
        """Give a share of the series another version; 0 ends it."""

        def how(board: Board) -> Entry:
            return board.canary(
                find_version(self.ws, f"{template}@{version.removeprefix('v1:')}"), float(percent or 0) / 100, reason=reason
            )

        self.move("pin", how)


@dataclass(frozen=True, slots=True)
class Fold:
    """A move that unfolds where it stands: what it takes, its buttons, and what became of it.

    Not a popover: that is drawn at the end of the page, so that a keyboard passes through all of the page before it gets there.
    """

    key: str

    def button(
        self, label: str, key: str, move: Callable[..., None], *, said: Mapping[str, str], disabled: bool = False, **fixed: Any
    ) -> None:
        """Draw a button that makes a move.

        What the page shows goes along as it was drawn (`fixed`): a promotion is of what the user saw. What the user types is read
        when the button is pressed (`said`: argument -> key of its widget), since the last word may not have been drawn yet.
        """

        def pressed() -> None:
            typed = {name: st.session_state.get(widget) or "" for name, widget in said.items()}
            acting.attempt(lambda: move(**fixed, **typed), self.key)

        st.button(label, key=key, on_click=pressed, disabled=disabled)


def unfold(label: str, key: str, draw: Callable[[Fold], None], *, allowed: bool, small: bool = False) -> None:
    """Draw a move folded up, `small` as a line among others; what cannot be done now is a button that does nothing."""
    if not allowed:
        st.button(label, key=f"not/{key}", disabled=True, type="tertiary" if small else "secondary")
        return
    with st.expander(label, key=f"fold/{key}", type="compact" if small else "default"):
        draw(Fold(key))
        acting.told(key)


def sentence(entry: Entry) -> str:
    """Return in words what a line of the ledger did."""
    what, to = entry.template or "all templates", shown(entry.to)
    match entry.action:
        case "promote" | "rollback":
            return f"{entry.channel} of {what}: {shown(entry.from_)} → {to}. Line {entry.seq} of the ledger."
        case "override":
            return f"Asked for {to} in {entry.channel} past the gate. A second person completes it here."
        case "approve":
            return f"Approved {what}@{to} on report {entry.report[:12]}."
        case "pin" | "unpin":
            return f"{entry.series} {'keeps' if entry.action == 'pin' else 'no longer keeps'} {what}@{to if entry.to else 'its version'}."
        case "canary":
            return f"{int(entry.details['basis_points']) / 100:g} % of the series get {what}@{to}."
        case _:
            return f"{entry.channel} of {what}: {'frozen' if entry.action == 'freeze' else 'open'}."
