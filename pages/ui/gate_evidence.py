"""A gate's report on the page: the decision in words, its rules, whether it still holds, and what can be done with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from pages.ui import badges, cached, people, shell, state_of
from pages.ui.moves import Fold, Hand, unfold
from pages.ui.palette import palette
from pages.ui.rules import rules, rules_html
from prompts.channels import State
from prompts.errors import WorkbenchError
from prompts.evidence import Refused
from prompts.ledger import Entry
from runs import promotions, report, report_text
from runs.workspace import Workspace

_DECISION_COLOURS = ("blue", "orange", "gray")


def columns() -> dict[str, Any]:
    """Return how the list of candidates is drawn."""
    return {
        "Decision": st.column_config.MultiselectColumn(options=list(state_of.DECISIONS.values()), color=list(_DECISION_COLOURS)),
        "Evidence": badges.provider_column(),
        "Attempt": st.column_config.TextColumn(help="Each attempt on a suite has to clear a higher bar"),
    }


def draw(ws: Workspace, hand: Hand, state: State, entry: Entry, known: dict[str, str]) -> None:
    """Draw a report's evidence, and the moves that it may justify."""
    path = state_of.path_of(ws, entry)
    try:
        found = report.load(path)
        listed = rules(found)
        words, remarks, bound = report_text.headline(found), report_text.remarks(found), report_text.bound_to(found)
    except WorkbenchError as error:
        st.error(shell.plain(error.message))
        if error.hint:
            st.text(error.hint)
        return
    unit = "series" if str(found["policy"]["rule"]["unit"]).startswith("series") else "cases"
    with st.container(border=True):
        _badges(ws, path, entry, found)
        st.text(shell.unbroken(words))
        st.html(rules_html(listed, palette(), unit=unit))
        st.caption("Stroke: the interval at this attempt's level. Dashed: no change. Thin line: the margin, or the least gain asked for.")
        _fallen(found)
        with st.expander("Attempts, burnt cases, and what the report is bound to"):
            for remark in remarks:
                st.text(remark)
            st.dataframe(pd.DataFrame(bound, columns=["what", "value"]), hide_index=True, alt="What the report is bound to")
        _actions(hand, state, entry, path, known, passed=found["decision"] == "promote")


def _badges(ws: Workspace, path: Path, entry: Entry, found: dict[str, Any]) -> None:
    word, told = _proof(str(ws.root), str(path), cached.stamp(ws))
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if found["simulated"]:
            st.badge(
                badges.SIMULATED,
                color="orange",
                help="Only a demo workspace (demo = true in workbench.toml) promotes on simulated evidence.",
            )
        st.badge(word or "computed again: the same", color="green" if not word else "red")
        about = [f"attempt {found['attempt']}", f"{state_of.age(found['created_at'])} old", f"policy {found['policy']['name']}"]
        st.caption(shell.plain(" · ".join([*about, f"suite {found['suite']['name']}", f"report {entry.report[:12]}"])))
    if word:
        st.text(told)


@st.cache_data(ttl=60, max_entries=16, show_spinner="Computing the verdict again from the log …")
def _proof(root: str, path: str, at: cached.Stamp) -> tuple[str, str]:  # noqa: ARG001  part of the key
    """Return the word and the sentence of what does not hold any more; both empty where all of it does."""
    try:
        promotions.evidence(Workspace(Path(root)), Path(path))
    except Refused as error:
        return error.reason, " ".join((error.message, error.hint or ""))
    except WorkbenchError as error:
        return "unreadable", str(error)
    return "", ""


def _fallen(found: dict[str, Any]) -> None:
    fallen = found["verdict"]["fallen"]
    if not fallen:
        return
    st.text("Cases that clearly fell: look at them before you approve.")
    first = found["evidence"][0]
    a, b = f"{first['run']}:{first['champion']}", f"{first['run']}:{first['challenger']}"
    frame = pd.DataFrame(fallen)[["series", "case", "metric", "champion", "challenger", "failures"]]
    frame["look"] = [shell.link("case", a=a, b=b, case=case) for case in frame["case"]]
    frame = frame.rename(columns={"champion": "before", "challenger": "after", "failures": "failed outputs"}).rename(columns=str.capitalize)
    st.dataframe(frame, hide_index=True, column_config={"Look": st.column_config.LinkColumn(display_text="look")}, alt="Cases that fell")


def _actions(hand: Hand, state: State, entry: Entry, path: Path, known: dict[str, str], *, passed: bool) -> None:
    """Offer approval, promotion and override; what production means on the page goes along, so that nothing newer is overwritten."""
    seen = state.version(entry.template, "production")
    key = entry.report[:12]
    approvers = state.approvals.get((entry.to, entry.report, entry.policy), set())
    told = f"Approved by {', '.join(sorted(approvers))}." if approvers else "Nobody has approved it yet."
    st.caption(shell.plain(told if passed else "It did not pass: only an override by two people brings it to production."))
    asked = state_of.overrides(state, entry.template).get(entry.to, "")
    if asked:
        st.text(
            f"{asked} has asked to bring it past the gate. "
            + ("A second person completes that." if asked == hand.name else "It takes one more person: complete it here, or leave it.")
        )

    def approve(fold: Fold) -> None:
        st.text(f"{state_of.called(entry.to, known)}, on this report and this policy only.")
        st.text_input("Reason (may be empty)", key=f"approve-reason/{key}", max_chars=500)
        fold.button("Approve", f"approve/{key}", hand.approve, said={"reason": f"approve-reason/{key}"}, report=path)

    def promote(fold: Fold) -> None:
        now = state_of.called(seen, known) if seen else "nothing"
        then = state_of.called(entry.to, known)
        st.text(f"{then} is in production now." if seen == entry.to else f"In production now: {now}\nAfterwards: {then}")
        st.text_input("Reason (may be empty)", key=f"promote-reason/{key}", max_chars=500)
        fold.button(
            "Promote", f"promote/{key}", hand.promote, said={"reason": f"promote-reason/{key}"}, template=entry.template,
            version=entry.to, channel="production", seen={"production": seen}, report=path,
        )  # fmt: skip

    left, middle, right = st.columns(3, gap="small")
    with left:
        unfold("Approve…", f"approve/{key}", approve, allowed=passed and people.may("approve"))
    with middle:
        unfold("Promote to production…", f"promote/{key}", promote, allowed=passed and people.may("promote"))
    with right:
        unfold(
            "Complete the override…" if asked and asked != hand.name else "Override the gate…",
            f"override/{key}",
            lambda fold: _override(fold, hand, asked, entry, known),
            allowed=people.may("override"),
        )


def _override(fold: Fold, hand: Hand, asked: str, entry: Entry, known: dict[str, str]) -> None:
    st.text(f"{state_of.called(entry.to, known)} past the gate, by two people. It is called unproven until it passes one.")
    key = entry.report[:12]
    st.text_input("Reason", key=f"override-reason/{key}", max_chars=500)
    label = "Complete the override" if asked and asked != hand.name else "Ask for an override"
    fold.button(
        label, f"override/{key}", hand.override, said={"reason": f"override-reason/{key}"}, template=entry.template, version=entry.to,
        disabled=bool(asked) and asked == hand.name,
    )  # fmt: skip
