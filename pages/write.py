"""Write: what templates there are, what each version says, changes and costs. Editing stays in the editor; the page follows the files."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from pages.ui import drafts, known, people, preview, shell, written
from pages.ui.drafts import VIEWS
from pages.ui.known import Known
from prompts.channels import State
from prompts.errors import TemplateError, UnknownName
from runs.workspace import Workspace

PROMOTED = ["production", "staging", "dev"]


def main() -> None:
    """Draw the page."""
    ws = shell.workspace()
    at = written.stamp(ws)
    written.notice(ws, at)
    title, choice = st.columns([7, 4], vertical_alignment="bottom")
    title.header("Write")
    state, unproven = known.promotions(ws)
    if unproven:
        st.warning(shell.plain(unproven))
    names = known.templates(ws)
    asked = st.query_params.get("name")
    if asked and asked not in names:
        raise UnknownName("template", asked, names)
    if not names:
        st.text("There is no template in prompts/ yet. Make one there, such as prompts/shot/keyframe.j2; this page shows it at once.")
        return
    # Picked in the table of the last run; before the widgets, so that they follow the address.
    if picked := st.session_state.pop("_open_template", None):
        st.query_params.from_dict({"name": picked})
    name = shell.choose(choice, "Template", "name", list(names), placeholder="Choose one, or click it below")
    if name is None:
        _overview(ws, state)
        return
    versions = known.known(ws, name, state)
    _table(versions)
    with st.container(horizontal=True, vertical_alignment="center"):
        shown = [one for one in versions if one.ref == st.query_params.get("v")]
        path = next((one.path for one in (*shown, *versions) if one.path), "")
        st.caption(
            shell.plain(f"Edit prompts/{path} in your editor; what you save is shown here at once." if path else "Only the log has it.")
        )
        onward = st.container(horizontal=True, horizontal_alignment="right", width="content")
    base, chosen = _version(ws, at, versions)
    if base and chosen and people.may("launch"):
        with onward:
            _launch(ws, at, versions[0], base, chosen)


def _overview(ws: Workspace, state: State) -> None:
    frame = known.overview(ws, state)
    frame = frame.drop(columns=[name for name in ("Production", "Broken") if not frame[name].any()])
    st.dataframe(
        frame,
        hide_index=True,
        height="content",
        column_config={
            "Template": st.column_config.ButtonColumn(type="tertiary", alignment="left", key="_template", on_click=_picked, width=170),
            "For": st.column_config.TextColumn(width=560),
            "Versions": st.column_config.TextColumn(width=190),
            "Production": st.column_config.TextColumn(width=160),
            "Runs": st.column_config.NumberColumn(width=60),
        },
        placeholder="–",
        alt="Templates by stage",
    )
    st.caption("Templates are files in prompts/, written in your editor and kept in git. What you save is shown here at once.")


def _picked() -> None:
    st.session_state["_open_template"] = st.session_state["_template"]["label"]


def _table(versions: Sequence[Known]) -> None:
    frame = known.table(versions)
    empty = [name for name in ("Promoted", "Problem") if not frame[name].any()]
    st.dataframe(
        frame.drop(columns=empty),
        hide_index=True,
        height="content",
        column_config={
            "Version": st.column_config.ButtonColumn(type="tertiary", alignment="left", key="_version_row", on_click=_opened, width=230),
            "Promoted": st.column_config.MultiselectColumn(options=PROMOTED, color=["green", "orange", "blue"], width=170),
            "Runs": st.column_config.NumberColumn(width=60, help="Runs that used just this text"),
            "Last used": st.column_config.DatetimeColumn(format="D MMM HH:mm", help="UTC"),
            "Hash": st.column_config.TextColumn(width=80, help="What a version is: the hash of its whole text"),
        },
        placeholder="–",
        alt="Versions of this template",
    )


def _opened() -> None:
    st.query_params["v"] = st.session_state["_version_row"]["label"]
    st.query_params.pop("base", None)  # what it is usually compared with


def _launch(ws: Workspace, at: str, one: Known, base: str, chosen: str) -> None:
    """Offer to run what is compared here."""
    stage = one.version.stage if one.version else ""
    suite = next((name for name, suite in written.suites(ws, at).items() if suite.stage == stage), None)
    if suite:
        shell.page_link("launch.py", f"Launch {base} against {chosen} →", suite=suite, v=[base, chosen])


def _version(ws: Workspace, at: str, versions: Sequence[Known]) -> tuple[str | None, str | None]:
    """Draw one version in the way that the address says; return what can be run of it: the version it is compared with, and itself."""
    by_ref = {one.ref: one for one in versions}
    asked = st.query_params.get("v")
    if asked and asked not in by_ref:
        raise UnknownName("version", asked, by_ref)
    row = st.container(horizontal=True, vertical_alignment="bottom")  # wraps where it is narrow
    shown = {ref: one.shown for ref, one in by_ref.items()}
    ref = shell.choose(row, "Version", "v", list(by_ref), usual=versions[0].ref, format_func=shown.__getitem__, width=290)
    one = by_ref[ref or versions[0].ref]
    others = [other for other in by_ref if other != one.ref]
    base = shell.choose(row, "Compared with", "base", others, usual=_base(one, versions), format_func=shown.__getitem__, width=290)
    st.session_state["_show"] = shell.asked("show", list(VIEWS)) or "prompt"
    view = row.segmented_control(
        "View", list(VIEWS), format_func=VIEWS.__getitem__, key="_show", on_change=shell.keep, args=("show",), label_visibility="collapsed"
    )
    if one.version is None:
        preview.broken(one.problem or TemplateError("It cannot be used."), drafts.source_of(ws, one))
        return None, None
    usable = base is not None and by_ref[base].version is not None
    drafts.draw(ws, at, view or "prompt", one.version, by_ref[base].version if base else None)
    return base if usable else None, one.ref


def _base(one: Known, versions: Sequence[Known]) -> str | None:
    """Return what a version is usually compared with: production's, else the next one of the list that says something else."""
    others = [other for other in versions if other.ref != one.ref and other.version and other.id != one.id]
    return next((o.ref for o in others if "production" in o.promoted), others[0].ref if others else None)


main()
