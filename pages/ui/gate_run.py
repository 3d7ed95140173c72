"""A gate from the page: what it would take, its start as a process of its own, and how far it is."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from functools import lru_cache

import streamlit as st

from evals.suite import Suite
from pages.ui import acting, cached, order, people, preview, shell, state_of, written
from pages.ui.moves import Hand
from prompts.channels import State
from prompts.errors import WorkbenchError
from prompts.evidence import shown
from runs import gate_ahead, launching, promotions
from runs.gate_ahead import Ahead
from runs.gating import PRODUCTION, ask
from runs.prepare import registry
from runs.settings import load
from runs.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the form says: who against whom, who generates, and the most that each look may spend."""

    base: str
    candidate: str
    suite: str
    provider: str
    model: str
    budget_usd: float | None

    @property
    def arguments(self) -> list[str]:
        """Return the arguments of `workbench gate` that mean the same."""
        told = ["--base", self.base, "--candidate", self.candidate, "--suite", self.suite, "--provider", self.provider]
        told += ["--model", self.model]
        return told if self.budget_usd is None else [*told, "--budget", f"{self.budget_usd:g}"]


def draw(ws: Workspace, hand: Hand, state: State, template: str, known: dict[str, str]) -> None:
    """Draw the fold in which a gate is planned and started; nothing of it is computed while it is folded up."""
    key = f"gate/{template}"
    if not people.may("launch"):
        st.button("Run a gate…", key=f"not/{key}", disabled=True, help="Engineers may start runs.")
        return
    fold = st.expander("Run a gate…", key=f"fold/{key}", on_change="rerun")
    if not fold.open:
        return
    with fold:
        try:
            wanted = _form(ws, state, template, known)
            if wanted is not None:
                _start(ws, hand, template, wanted, known, state.version(template, PRODUCTION))
        except WorkbenchError as error:
            st.error(shell.plain(error.message))
            if error.hint:
                st.text(error.hint)
        acting.told(key)


def _form(ws: Workspace, state: State, template: str, known: dict[str, str]) -> Wanted | None:
    """Let the user choose; None where there is nothing to choose from."""
    settings, now = load(ws.root), state.version(template, PRODUCTION)
    versions = [version for version in known if version != now]
    suite = _suite(ws, template)
    if not versions or suite is None:
        st.text("There is no other version to judge." if suite else "No suite of this stage names a gate policy: see docs/gate.md.")
        return None
    columns = iter(st.columns([4, 3, 3, 2] if now else [4, 4, 3, 3, 2]))

    def version(label: str, options: list[str], name: str) -> str:
        asked = shell.asked(name, options)
        at = options.index(asked) if asked else 0
        chosen = next(columns).selectbox(label, options, at, format_func=lambda v: state_of.called(v, known), key=f"gate-{name}/{template}")
        return known.get(chosen) or f"{template}@{shown(chosen)}"

    candidate = version("Candidate", versions, "v")
    others = [one for one in versions if known.get(one) != candidate]
    if not now and not others:
        st.text("Nothing is in production, and there is no version to compare with.")
        return None
    base = PRODUCTION if now else version("Against", others, "base")
    able = order.makers(settings, suite.stage)
    if not able:
        st.text(f"No provider that is set up makes what the stage {suite.stage} needs. See docs/providers.md.")
        return None
    usual = list(able).index(settings.provider) if settings.provider in able else 0
    key = f"gate-provider/{template}"
    provider = next(columns).selectbox("Provider", list(able), usual, format_func=lambda one: order.shown(able[one]), key=key)
    model = settings.provider_settings(provider).model or provider
    model = next(columns).text_input("Model", model, key=f"gate-model/{template}/{provider}").strip() or model
    money = next(columns).number_input(
        "Budget $", 0.0, None, settings.budget_usd, format="%.2f", placeholder="none", key=f"gate-budget/{template}",
        help="Never spend more than this; where a gate has several looks, in the run of each",
    )  # fmt: skip
    return Wanted(base, candidate, suite.name, provider, model, money)


def _suite(ws: Workspace, template: str) -> Suite | None:
    """Return the suite whose gate it is: the one named like the stage, else the first of the stage that has a policy."""
    stage = next((entry.stage for entry in registry(ws).entries() if entry.template == template), "")
    fit = [one for one in written.suites(ws, written.stamp(ws)).values() if one.stage == stage and one.gate]
    return min(fit, key=lambda one: one.name != stage, default=None)


def _start(ws: Workspace, hand: Hand, template: str, wanted: Wanted, known: dict[str, str], now: str) -> None:
    with st.spinner("Rendering its prompts …", show_time=False):
        ahead = _ahead(ws, wanted, load(ws.root).model_dump_json(), written.stamp(ws), cached.stamp(ws))
    with st.container(horizontal=True, gap="large"):
        for label, figure in figures(ahead):
            st.metric(label, figure, width="content")
    against = f"what is in production, {state_of.called(now, known)}" if wanted.base == PRODUCTION else wanted.base
    st.text("\n".join([f"{wanted.candidate} against {against}.", *gate_ahead.sentences(ahead)[1:]]))
    settings = load(ws.root)
    missing = order.missing_keys(settings, wanted.provider)
    if missing:
        st.text(f"{wanted.provider} needs a key in {' and '.join(missing)}: set it in the environment, or in a file .env.")
    elif not ahead.refusal:
        at_work = launching.launched_gates(ws, template).get(ahead.name)
        alive = at_work is not None and at_work.alive
        begun = any(look.run_id for look in ahead.looks)

        def start() -> None:
            people.require("launch")
            promotions.board_of(ws, hand.name)  # refuses a name that the report could not be recorded under, before anything is paid
            launching.launch_gate(ws, template, ahead.name, wanted.arguments, hand.name)
            st.query_params.pop("report", None)
            st.query_params["v"] = next((version for version, ref in known.items() if ref == wanted.candidate), wanted.candidate)

        label = "Go on with the gate" if begun else "Start the gate"
        st.button(
            label, key=f"gate-start/{template}", on_click=acting.attempt, args=(start, f"gate/{template}"),
            disabled=alive,
        )  # fmt: skip
        if alive:
            st.caption("It is under way: see above the candidates.")
        elif not ahead.question.policy.approval.author_may_approve:
            st.caption(shell.plain(f"Run by {hand.name}, who may then not approve its report."))
    st.code(shlex.join(["workbench", "gate", *wanted.arguments]), language=None, wrap_lines=True)


def figures(ahead: Ahead) -> list[tuple[str, str]]:
    """Return the size of a gate, as (label, figure)."""
    last = ahead.looks[-1]
    unit = "Series" if ahead.question.policy.unit_column == "series" else "Cases"
    return [
        ("Policy", ahead.question.policy_name),
        ("Attempt", str(ahead.attempt)),
        (unit, str(last.units)),
        *([("Cases", str(last.cases))] if unit == "Series" else []),
        ("Looks", str(len(ahead.looks))),
        ("Generations", f"{ahead.generations:,}"),
        ("Cost", preview.usd(ahead.low_usd, ahead.high_usd)),
    ]


@lru_cache(maxsize=8)
def _ahead(ws: Workspace, wanted: Wanted, settings: str, at: str, evidence: cached.Stamp) -> Ahead:  # noqa: ARG001  part of the key
    with_flags = load(ws.root, {"provider": wanted.provider, "budget_usd": wanted.budget_usd})
    return gate_ahead.look_ahead(ws, with_flags, ask(ws, wanted.base, wanted.candidate, suite=wanted.suite), model=wanted.model)
