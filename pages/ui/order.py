"""The form of Launch: what to run, where, how often, for how much money; all of it stands in the address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from evals.suite import SPLITS, Suite
from pages.ui import address, known, shell
from prompts.channels import State
from runs import secrets
from runs.offering import Offer, offers, prices_of
from runs.prepare import Order
from runs.probing import key_names
from runs.provider import KIND_OF_STAGE
from runs.settings import Settings
from runs.workspace import Workspace

BY_HAND = ("manual", "replay")
"""Not launched from here: people and recordings answer on the command line."""
MOST_REPEATS = 1000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the form says: an order, who does it, and what it costs where the user names that (`NAME=USD` each).

    `missing` are variables that hold no key yet.
    """

    order: Order
    provider: str
    missing: tuple[str, ...]
    prices: tuple[str, ...] = ()

    @property
    def arguments(self) -> list[str]:
        """Return the arguments of `workbench run` that mean the same."""
        order = self.order
        told = ["--suite", order.suite]
        told += [word for version in order.versions for word in ("--version", version)]
        told += ["--provider", self.provider, *(word for model in order.models for word in ("--model", model))]
        told += ["--repeats", str(order.repeats)]
        given = {"--split": order.split, "--limit": order.limit, "--budget": order.budget_usd}
        told += [str(word) for name, value in given.items() if value is not None for word in (name, value)]
        return told + [word for price in self.prices for word in ("--price", price)]


def ask(ws: Workspace, settings: Settings, suites: Mapping[str, Suite], state: State) -> Wanted | None:
    """Draw the form; None until there is enough to plan."""
    suite_at, provider_at, models_at = st.columns([3, 3, 5])
    if picked := st.session_state.pop("_open_suite", None):  # before the widget, so that it follows the address
        st.query_params["suite"] = picked
    name = shell.choose(suite_at, "Suite", "suite", list(suites), placeholder="Choose one, or click it below")
    if name is None:
        _offer(suites)
        return None
    stage = suites[name].stage
    able = makers(settings, stage)
    usual = settings.provider if settings.provider in able else next(iter(able), None)
    provider = shell.choose(
        provider_at, "Provider", "provider", list(able), usual=usual, forget=["models"], format_func=lambda one: shown(able[one])
    )
    if provider is None:
        st.text(f"No provider that is set up makes what the stage {stage} needs. See docs/providers.md.")
        return None
    with models_at:
        models = _models(settings, provider)
    versions = _versions(ws, stage, state)
    repeats, split, limit, budget, prices = _sizes(settings, able[provider])
    if len(versions) < 2 or not models:
        st.text("Choose two or more versions, and a model. With one version, A/A runs it against itself: that shows how much chance does.")
        return None
    order = Order(
        versions=versions,
        suite=name,
        models=models,
        repeats=repeats,
        seed=settings.seed,
        split=next((one for one in SPLITS if one == split), None),
        limit=limit,
        parameters=settings.call_parameters(provider),
        budget_usd=budget,
    )
    return Wanted(order, provider, missing_keys(settings, provider), prices)


def _offer(suites: Mapping[str, Suite]) -> None:
    frame = pd.DataFrame(
        [
            {
                "Stage": one.stage,
                "Suite": name,
                "Series": len(one.series.explore) + len(one.series.gate),
                "Gate policy": one.gate or "",
                "Scorers": ", ".join(scorer.name.replace("_", " ") for scorer in one.scorers),
                "For": one.description,
            }
            for name, one in suites.items()
        ]
    )
    config: dict[str, Any] = {
        "Suite": st.column_config.ButtonColumn(type="tertiary", alignment="left", key="_suite_row", on_click=_picked, width=150),
        "Series": st.column_config.NumberColumn(width=60),
        "Gate policy": st.column_config.TextColumn(width=150),
        "Scorers": st.column_config.TextColumn(width=300),
        "For": st.column_config.TextColumn(width=480),
    }
    st.dataframe(frame, hide_index=True, height="content", column_config=config, alt="Suites")
    st.caption("A suite says which cases are generated and which scorers judge them. Suites are files in evals/suites/.")


def _picked() -> None:
    st.session_state["_open_suite"] = st.session_state["_suite_row"]["label"]


def makers(settings: Settings, stage: str) -> dict[str, Offer]:
    """Return the providers that are set up and make what a stage needs, by name."""
    kind = KIND_OF_STAGE[stage]
    return {
        o.provider: o for o in offers(settings) if not o.problem and o.provider not in BY_HAND and kind in o.makes.replace(",", "").split()
    }


def shown(offer: Offer) -> str:
    """Return how a list calls a provider."""
    marks = ["SIM"] if "SIMULATED" in offer.makes else []
    marks += ["key missing"] if offer.key == "missing" else []
    return " · ".join([offer.provider, *marks])


def missing_keys(settings: Settings, provider: str) -> tuple[str, ...]:
    """Return the names of the variables that a provider's keys are looked for in and that hold none."""
    return tuple(name for name in key_names(settings.provider_settings(provider)) if secrets.secret(name) is None)


def _models(settings: Settings, provider: str) -> list[str]:
    """Let the user name models, several with commas between; those whose price is known are named in the help."""
    usual = settings.provider_settings(provider).model or provider
    priced = sorted({p.model for p in prices_of(provider, settings) if p.model != "*"})
    about = (
        f"With commas: each makes arms of its own. Prices are known for {', '.join(priced)}."
        if priced
        else "With commas: arms of their own."
    )
    st.query_params.setdefault("models", usual)  # the settings may name another one tomorrow
    words = address.text(st, "Models", "models", help=shell.plain(about))
    return list(dict.fromkeys(filter(None, map(str.strip, words.split(",")))))


def _versions(ws: Workspace, stage: str, state: State) -> list[str]:
    """Let the user choose versions of all templates of a stage; links bring some along."""
    of = {one.ref: one for name, its in known.templates(ws).items() if its == stage for one in known.known(ws, name, state) if one.version}
    key = f"versions-{stage}"
    # What a link brings along is taken once: afterwards the widget is the truth, and the address follows it.
    asked = [ref for ref in st.query_params.get_all("v") if ref in of]
    if key not in st.session_state:
        st.session_state[key] = asked
    left, right = st.columns([9, 2], vertical_alignment="bottom")
    # Pills: the chips of a multiselect are white on a light blue in the dark look, too faint to read.
    chosen = list(left.pills("Versions", list(of), selection_mode="multi", wrap=True, key=key, format_func=lambda ref: of[ref].shown))
    st.query_params["v"] = chosen
    if len(chosen) > 1:
        told = f"A, the baseline: {chosen[0]}. B: {chosen[1]}." + (f" Further: {', '.join(chosen[2:])}." if len(chosen) > 2 else "")
        st.caption(shell.plain(f"{told} Which is clicked first comes first."))
    same = address.toggle(right, "A/A", "aa", help="Run one version against itself: what differs is chance.")
    return chosen * 2 if same and len(chosen) == 1 else chosen


def _sizes(settings: Settings, offer: Offer) -> tuple[int, str, int | None, float | None, tuple[str, ...]]:
    free = "SIMULATED" in offer.makes
    repeats, split, limit, budget, *price = st.columns(4 if free else 5)
    times = address.number(repeats, "Repeats", "repeats", 1, MOST_REPEATS, settings.repeats, help="Generations of each case and version")
    part = address.one(split.selectbox, "Split", "split", ["all", *SPLITS], "all", help="`gate` decides; do not tune on it.")
    most = address.number(limit, "At most cases", "limit", 1, None, None, placeholder="all", help="Spread over as many series as there are")
    money = address.number(
        budget, "Budget $", "budget", 0.0, None, settings.budget_usd, placeholder="none", format="%.2f", help="Never spend more than this"
    )
    prices = () if free else _prices(price[0])
    return int(times or settings.repeats), part, None if most is None else int(most), None if money is None else float(money), prices


def _prices(column: Any) -> tuple[str, ...]:
    """Let the user name what calls cost, for a model that no table knows; goes before all tables, as on the command line."""
    about = "For all calls, before every price table: `image=0.07`, or `input=0.75 output=4.5 max_output=2000` (tokens by the million)."
    words = address.text(column, "Price $", "price", placeholder="from the tables", help=about)
    return tuple(dict.fromkeys(words.replace(",", " ").split()))


def command(arguments: Sequence[str]) -> str:
    """Return the command line that does the same."""
    import shlex

    return shlex.join(["workbench", "run", *arguments])
