"""The channels of a template as cards with their moves, the series that get something else, and moves by hand."""

from __future__ import annotations

import streamlit as st

from pages.ui import people, shell, state_of
from pages.ui.moves import Fold, Hand, unfold
from prompts.canary import MOST
from prompts.channels import CHANNELS, State


def channels(hand: Hand, state: State, template: str, known: dict[str, str]) -> None:
    """Draw a card a channel: what it means, since when, and what can be done with it."""
    for column, channel in zip(st.columns(len(CHANNELS), gap="small"), reversed(CHANNELS), strict=True):
        with column.container(border=True, height="stretch", gap="xsmall"):
            _card(hand, state, template, channel, known)


def _card(hand: Hand, state: State, template: str, channel: str, known: dict[str, str]) -> None:
    pointer, frozen = state.pointers.get((template, channel)), state.is_frozen(template, channel)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.text(channel)
        if frozen:
            st.badge("frozen", color="blue")
        if pointer and state.is_unproven(template, pointer.version):
            st.badge("unproven", color="orange", help="It got here past the gate and has passed none since.")
    # Without an anchor: its sign would take a line of its own in a narrow card.
    name = state_of.called(pointer.version, known) if pointer else "nothing"
    st.subheader(shell.plain(name).replace("@", "\u200b@"), anchor=False)  # in a narrow card it breaks there, and not within a word
    if pointer:
        st.caption(
            shell.plain(
                f"since {pointer.time[:16].replace('T', ' ')} UTC, by {pointer.actor}; before: {state_of.called(pointer.previous, known)}"
            )
        )
    key = f"{template}/{channel}"
    if pointer:
        earlier = state_of.former(state, template, channel)

        def back(fold: Fold) -> None:
            st.selectbox("To", earlier, format_func=lambda version: state_of.called(version, known), key=f"rollback-to/{key}")
            st.text_input("Reason", key=f"rollback-reason/{key}", max_chars=500)
            said = {"to": f"rollback-to/{key}", "reason": f"rollback-reason/{key}"}
            fold.button("Roll back", f"rollback/{key}", hand.rollback, said=said, template=template, channel=channel)

        unfold("Roll back…", f"rollback/{key}", back, allowed=bool(earlier) and people.may("roll back"), small=True)
    label = "Thaw…" if frozen else "Freeze…"

    def freeze(fold: Fold) -> None:
        st.toggle("Of all templates", key=f"freeze-all/{key}")
        st.text_input("Reason", key=f"freeze-reason/{key}", max_chars=500)
        said = {"everything": f"freeze-all/{key}", "reason": f"freeze-reason/{key}"}
        fold.button(label[:-1], f"freeze/{key}", hand.freeze, said=said, channel=channel, template=template, thaw=frozen)

    unfold(label, f"freeze/{key}", freeze, allowed=people.may("freeze"), small=True)


def series(hand: Hand, state: State, template: str, known: dict[str, str]) -> None:
    """Draw which series get something else than production, and how to change that."""
    st.subheader("Series")
    canary = state.canaries.get(template)
    if canary:
        st.text(f"Canary: {canary.basis_points / 100:g} % of the series get {state_of.called(canary.version, known)}.")
    pins = {name: version for (t, name), version in state.pins.items() if t == template}
    if pins:
        st.dataframe(
            {"Series": list(pins), "keeps": [state_of.called(v, known) for v in pins.values()]}, hide_index=True, alt="Pinned series"
        )
    if not canary and not pins:
        st.text("Every series gets production's version.")
    now = state.version(template, "production")
    allowed = bool(now) and people.may("pin")

    def pin(fold: Fold) -> None:
        st.text_input("Series", key=f"pin/{template}", max_chars=200)
        st.text_input("Reason", key=f"pin-reason/{template}", max_chars=500)
        said = {"series": f"pin/{template}", "reason": f"pin-reason/{template}"}
        fold.button("Keep what it gets now", f"pin-now/{template}", hand.pin, said=said, template=template)
        fold.button("Follow production again", f"unpin/{template}", hand.unpin, said=said, template=template)

    def share(fold: Fold) -> None:
        others = [version for version in known if version != now]
        st.selectbox("Version", others, format_func=lambda v: state_of.called(v, known), key=f"canary-version/{template}")
        st.number_input("Per cent of the series; 0 ends it", 0.0, 100 * MOST, 5.0, 1.0, key=f"canary-share/{template}")
        st.text_input("Reason", key=f"canary-reason/{template}", max_chars=500)
        said = {name: f"canary-{key}/{template}" for name, key in (("version", "version"), ("percent", "share"), ("reason", "reason"))}
        fold.button("Set", f"canary/{template}", hand.canary, said=said, template=template, disabled=not others)

    unfold("Pin a series…", f"pin/{template}", pin, allowed=allowed)
    unfold("Canary…", f"canary/{template}", share, allowed=allowed)


def by_hand(hand: Hand, state: State, template: str, known: dict[str, str], asked: str | None = None) -> None:
    """Draw the moves that need no gate: to dev, and to staging where the version renders for its cases; `asked` is offered first."""
    st.subheader("To dev or staging")
    st.text("dev needs nothing, staging that the version renders for its cases.")

    def move(fold: Fold) -> None:
        first = list(known).index(asked) if asked in known else 0
        st.selectbox("Version", list(known), first, format_func=lambda v: state_of.called(v, known), key=f"move-version/{template}")
        st.segmented_control("To", ["dev", "staging"], default="dev", key=f"move-channel/{template}", required=True)
        seen = {channel: state.version(template, channel) for channel in ("dev", "staging")}
        st.text("\n".join(f"{channel} means now: {state_of.called(version, known)}" for channel, version in seen.items()))
        st.text_input("Reason (may be empty)", key=f"move-reason/{template}", max_chars=500)
        said = {name: f"move-{name}/{template}" for name in ("version", "channel", "reason")}
        fold.button("Move", f"move/{template}", hand.promote, said=said, template=template, seen=seen, report=None)

    unfold("Move a version…", f"move/{template}", move, allowed=bool(known) and people.may("promote"))
