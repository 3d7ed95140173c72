"""Launch: choose what to run, see what it takes and what it can show, and start it as a process of its own."""

from __future__ import annotations

from functools import lru_cache

import streamlit as st

from pages.ui import acting, forecast, known, order, people, shell, written
from pages.ui.forecast import GUESS
from pages.ui.order import Wanted
from prompts.errors import WorkbenchError
from runs import launching, query
from runs.dryrun import DryRun, dry_run
from runs.offering import offers
from runs.plan import new_run_id
from runs.settings import Settings, load
from runs.workspace import Workspace

NEWEST_PILOTS = 20
_STARTED = "launch/started"


def main() -> None:
    """Draw the page."""
    ws = shell.workspace()
    if started := st.session_state.pop(_STARTED, None):
        st.switch_page("watch.py", query_params={"id": started})
    st.header("Launch")
    at = written.stamp(ws)
    settings = load(ws.root)
    suites = written.suites(ws, at)
    if not suites:
        st.text("There is no suite in evals/suites/ that can be read. “workbench init” makes some; see docs/cases.md.")
        return
    state, _ = known.promotions(ws)
    wanted = order.ask(ws, settings, suites, state)
    if wanted is None:
        return
    pilots = _pilots(ws, wanted)
    asked = shell.asked("pilot", pilots)  # its widget stands below, with what follows from it
    usual = asked or _measured(ws, settings, wanted)
    try:
        with st.spinner("Rendering its prompts …", show_time=False):
            try:
                found = _dry(_Plan(ws, settings, wanted, usual, at))
            except WorkbenchError:
                if asked or usual == GUESS:
                    raise
                usual = GUESS  # nobody asked for a pilot that was not scored with what the policy asks for
                found = _dry(_Plan(ws, settings, wanted, usual, at))
    except WorkbenchError as error:
        st.error(shell.plain(error.message))
        if error.hint:
            st.text(error.hint)
        return
    forecast.size(found)
    _start(ws, wanted, found)
    forecast.effects(found, pilots, usual)


def _pilots(ws: Workspace, wanted: Wanted) -> list[str]:
    """Return the runs that can tell how much the metrics vary, newest first, after the guess."""
    runs = query.runs(ws)
    return [GUESS, *runs.loc[(runs["suite"] == wanted.order.suite) & (runs["done"] > 0), "run_id"].head(NEWEST_PILOTS)]


def _measured(ws: Workspace, settings: Settings, wanted: Wanted) -> str:
    """Return the newest finished run of the suite, simulated only if this one will be: it knows better than a guess how metrics vary."""
    simulated = any("SIMULATED" in one.makes for one in offers(settings) if one.provider == wanted.provider)
    runs = query.runs(ws)
    of = runs[
        (runs["suite"] == wanted.order.suite) & (runs["state"] == "finished") & runs["arms"].fillna("").str.contains(", ", regex=False)
    ]
    of = of[of["simulated"].fillna(value=False).astype(bool) == simulated]
    return str(of["run_id"].iloc[0]) if len(of) else GUESS


class _Plan:
    """All that a dry run depends on, as the key of a cache."""

    def __init__(self, ws: Workspace, settings: Settings, wanted: Wanted, pilot: str, at: str) -> None:
        self.ws, self.settings, self.wanted, self.pilot = ws, settings, wanted, "" if pilot == GUESS else pilot
        self.at = at
        self.key = repr((ws.root, settings.model_dump_json(), wanted.order, wanted.provider, wanted.prices, pilot, at))

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Plan) and self.key == other.key


@lru_cache(maxsize=8)
def _dry(plan: _Plan) -> DryRun:
    wanted, cases = plan.wanted, written.cases(plan.ws, plan.at)
    return dry_run(plan.ws, plan.settings, wanted.provider, wanted.order, known=cases, pilot=plan.pilot, prices=wanted.prices)


def _start(ws: Workspace, wanted: Wanted, found: DryRun) -> None:
    """Draw Start. The run's id is chosen before the click, so that two clicks start one run."""
    if wanted.missing:
        names = " and ".join(wanted.missing)
        st.text(f"{wanted.provider} needs a key in {names}: set it in the environment, or in a file .env beside workbench.toml.")
    elif not people.may("launch"):
        st.text("Engineers may start runs.")
    elif not found.refusal:
        run_id = st.session_state.setdefault("_run_id", new_run_id())

        def start() -> None:
            people.require("launch")
            launching.launch(ws, run_id, wanted.arguments)
            st.session_state[_STARTED] = run_id

        acting.told()
        acting.button("Start", start, key=f"start-{run_id}", shortcut="Ctrl+Enter")
        if launching.launched(ws, run_id) is not None:  # whoever comes back to this page wants another run
            del st.session_state["_run_id"]
            st.rerun()
    st.code(order.command(wanted.arguments), language=None, wrap_lines=True)


main()
