"""How a template stands: what its channels mean, which candidates a gate has judged, and how it came to be so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd

from pages.ui import badges
from prompts.channels import CHANNELS, State
from prompts.evidence import MAX_AGE, shown
from prompts.ledger import Entry
from runs.report import FOLDER
from runs.workspace import Workspace

DECISIONS: Mapping[str, str] = {"promote": "▲ promote", "hold": "▼ hold", "insufficient": "○ too little"}
HISTORY = ("Line", "When", "Who", "What", "Channel", "From", "To", "Series", "Why", "Hash")


def templates(state: State, known: Sequence[str]) -> list[str]:
    """Return every template that has a file, a channel or a judged candidate."""
    moved = {template for template, _ in state.pointers} | {entry.template for entry in state.gates.values()}
    return [*known, *sorted(moved - set(known))]


def overview(state: State, names: Sequence[str], known: Mapping[str, str]) -> pd.DataFrame:
    """Return a row a template: what each channel means, and what is special about production; `known` says what versions are called."""
    return pd.DataFrame(
        [
            {
                "Template": name,
                **{channel: called(state.version(name, channel), known) for channel in reversed(CHANNELS)},
                "Waiting": len({entry.to for entry in waiting(state, name)}),
                "Marks": " · ".join(marks(state, name)),
                "Pins": sum(template == name for template, _ in state.pins),
            }
            for name in names
        ]
    )


def marks(state: State, template: str) -> list[str]:
    """Return what is special about a template's production."""
    found = ["frozen"] if state.is_frozen(template, "production") else []
    found += ["unproven"] if state.is_unproven(template, state.version(template, "production")) else []
    found += [f"override asked by {who}" for who in overrides(state, template).values()]
    canary = state.canaries.get(template)
    return found + ([f"canary {shown(canary.version)} {canary.basis_points / 100:g} %"] if canary else [])


def overrides(state: State, template: str) -> dict[str, str]:
    """Return which versions somebody has asked to bring past the gate to what is in production now, and who; a second person is wanted."""
    now = state.version(template, "production")
    return {to: who for (name, channel, seen, to), who in state.overrides.items() if (name, channel, seen) == (template, "production", now)}


def waiting(state: State, template: str) -> list[Entry]:
    """Return the passed reports that still speak of what is in production now, or of anything where nothing is."""
    now = state.version(template, "production")
    passed = [e for e in state.gates.values() if e.template == template and e.details.get("decision") == "promote"]
    return [entry for entry in passed if entry.to != now and now in ("", entry.from_)]


def candidates(state: State, template: str, attempts: Mapping[str, tuple[int, int | None]], names: Mapping[str, str]) -> pd.DataFrame:
    """Return a row a judged report, the newest first.

    Args:
        state: the proved state.
        template: whose.
        attempts: which attempt and look a report was, by its hash.
        names: what versions are called, by id.
    """
    rows = []
    for entry in sorted((e for e in state.gates.values() if e.template == template), key=lambda e: -e.seq):
        attempt, look = attempts.get(entry.report, (None, None))
        rows.append({
            "Version": called(entry.to, names),
            "Against": called(entry.from_, names),
            "Decision": [DECISIONS.get(str(entry.details.get("decision")), "?")],
            "Evidence": [badges.provider(bool(entry.details.get("simulated")))],
            "Attempt": f"{attempt or '?'}{f', look {look}' if look else ''}",
            "Approved by": ", ".join(sorted(state.approvals.get((entry.to, entry.report, entry.policy), ()))),
            "Age": age(entry.time),
            "Gate run by": entry.actor,
            "Report": entry.report[:12],
        })  # fmt: skip
    return pd.DataFrame(rows)


def path_of(ws: Workspace, entry: Entry) -> Path:
    """Return where the file of a recorded report lies, or should."""
    return ws.runs / FOLDER / f"{entry.to.removeprefix('v1:')[:8]}-{entry.report[:12]}.json"


def age(time: str, now: datetime | None = None) -> str:
    """Return how old a report is, and whether it is too old to promote on."""
    passed = (now or datetime.now(UTC)) - datetime.fromisoformat(time)
    told = f"{passed.days} d" if passed.days else f"{passed.seconds // 3600} h" if passed.seconds >= 3600 else f"{passed.seconds // 60} min"
    return f"{told}, too old" if passed > MAX_AGE else told


def history(entries: Sequence[Entry], template: str) -> pd.DataFrame:
    """Return the ledger's lines about a template, and those about all, the newest first."""
    rows = [
        (
            e.seq, e.time, e.actor, _what(e), e.channel, shown_or_none(e.from_), shown_or_none(e.to), e.series,
            e.reason or str(e.details.get("summary", "")), e.hash[:12],
        )
        for e in reversed(entries)
        if e.template in (template, "")
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(HISTORY))


def former(state: State, template: str, channel: str) -> list[str]:
    """Return the versions that a channel meant before, the one that a rollback goes to first."""
    pointer = state.pointers.get((template, channel))
    if pointer is None:
        return []
    earlier = [v for v in dict.fromkeys(reversed(state.former[template, channel])) if v != pointer.version]
    return sorted(earlier, key=lambda version: version != pointer.previous)


def called(version: str, names: Mapping[str, str]) -> str:
    """Return what people call a version: its file's label, and its first digits."""
    label = names.get(version, "")
    return f"{label} ({shown(version)})" if label else shown_or_none(version)


def shown_or_none(version: str) -> str:
    """Return a version's first digits, or a dash."""
    return shown(version) if version else "–"


def _what(entry: Entry) -> str:
    if entry.action == "gate":
        return f"gate: {entry.details.get('decision', '?')}"
    if entry.action == "canary":
        return f"canary {int(entry.details.get('basis_points', 0)) / 100:g} %"
    return "promote (override)" if entry.details.get("override") else entry.action
