"""The candidates of a template: what gates have judged of it, the evidence, and what to type for a version that none has judged."""

from __future__ import annotations

import shlex

import streamlit as st

from pages.ui import gate_evidence, shell, state_of
from pages.ui.moves import Hand
from prompts.channels import State
from prompts.evidence import shown
from prompts.ledger import Entry
from runs import query
from runs.prepare import registry
from runs.workspace import Workspace


def draw(ws: Workspace, hand: Hand, state: State, template: str, known: dict[str, str], *, at_work: bool) -> None:
    """Draw the list of what gates have judged, and the report that is asked for: by its digits, the newest of a version, or what waits.

    Where there is none it says how to come by one, unless a gate is `at_work`.
    """
    st.subheader("Candidates")
    gates = query.gates(ws, template)
    attempts = {
        str(report): (int(attempt), None if look is None or look != look else int(look))
        for report, attempt, look in zip(
            gates["report"], gates["attempt"], gates["look"].astype(object).where(gates["look"].notna(), None), strict=True
        )
    }
    frame = state_of.candidates(state, template, attempts, known)
    wanted = shell.asked("v", list(known))
    judged = [e for e in state.gates.values() if e.template == template]
    newest = max((e for e in judged if e.to == wanted), key=lambda e: e.seq, default=None)
    # Nobody asked for another one: what passed its gate and waits to be promoted is what people come here for.
    waits = None if wanted else max(state_of.waiting(state, template), key=lambda e: e.seq, default=None)
    if frame.empty or (wanted and newest is None):
        what = state_of.called(wanted, known) if wanted else "a version of this template"
        st.text(f"No gate has judged {what} yet." + ("" if at_work else " Run one below, or on the command line:"))
        if not at_work:
            st.code(command(ws, state, template, wanted, st.query_params.get("base")), language="shell", wrap_lines=True)
    if frame.empty:
        return
    event = st.dataframe(
        frame if frame["Approved by"].any() else frame.drop(columns="Approved by"),
        key=f"candidates/{template}/{len(frame)}",
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        column_config=gate_evidence.columns(),
        placeholder="–",
        alt="Judged candidates, newest first",
    )
    if event.selection.rows:
        st.query_params["report"] = str(frame["Report"].iloc[event.selection.rows[0]])
    shown_first = newest or waits
    asked = st.query_params.get("report") or (shown_first.report if shown_first else None)
    if asked is None:
        st.caption("Tick a report to see its evidence.")
        return
    found: list[Entry] = [e for e in judged if e.report.startswith(asked)]
    if len(found) != 1:
        st.warning(shell.plain(f"The ledger knows no report {asked} of this template."))
        return
    gate_evidence.draw(ws, hand, state, found[0], known)


def command(ws: Workspace, state: State, template: str, candidate: str | None, base: str | None) -> str:
    """Return the command that lets a gate judge a version, against production or, where there is none yet, against `base`."""
    files = {version.id: version.ref for version in registry(ws).versions(template)} if template in registry(ws).templates() else {}

    def named(version: str) -> str:
        return files.get(version, f"{template}@{shown(version)}")

    against = "production" if state.version(template, "production") else named(base) if base else f"{template}@LABEL"
    return shlex.join(["workbench", "gate", "--base", against, "--candidate", named(candidate) if candidate else template])
