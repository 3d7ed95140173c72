"""What a template declares: its inputs, and the contracts that its prompt states and a scorer checks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from evals.case import Case
from prompts.version import Version

LANGUAGES: Mapping[str, str] = {"en": "In an English series", "zh": "In a Chinese series"}
EXAMPLE_CHARS = 120


def draw(version: Version, case: Case | None) -> None:
    """Draw the declarations of a version, with what a case gives for each input."""
    front = version.front_matter
    if front.description:
        st.text(front.description)
    st.text(" · ".join(facts(version)))
    st.subheader("Inputs")
    frame = inputs(version, case.inputs if case else {})
    if frame.empty:
        st.text("It takes no input.")
    else:
        st.dataframe(frame, hide_index=True, height="content", placeholder="–", alt="Inputs")
    st.subheader("Contracts")
    frame = contracts(version)
    if frame.empty:
        st.text("It declares none. A contract is stated in the prompt and checked in what comes back: see docs/templates.md.")
    else:
        st.dataframe(frame, hide_index=True, height="content", alt="Contracts")


def facts(version: Version) -> list[str]:
    """Return what else the front matter says, a few words each."""
    front = version.front_matter
    told = [f"stage {front.stage}", f"output: {front.output}" if front.output else "output: as the model gives it"]
    told += ["reference pictures are sent along"] if front.references else []
    return told + [f"{name} {json.dumps(value, ensure_ascii=False)}" for name, value in front.model.items()]


def inputs(version: Version, given: Mapping[str, Any]) -> pd.DataFrame:
    """Return a row an input: its type, whether it must be there, and what a case gives for it."""
    return pd.DataFrame(
        [
            {
                "Input": name,
                "Type": one.type,
                "Required": "yes" if one.required else "no",
                "For example": _short(given[name]) if name in given else None,
                "Description": one.description,
            }
            for name, one in version.front_matter.inputs.items()
        ],
        columns=["Input", "Type", "Required", "For example", "Description"],
    )


def contracts(version: Version) -> pd.DataFrame:
    """Return a row a rule: its sentence in both languages, as prompts state it."""
    rules = [version.front_matter.contracts.clauses(language) for language in LANGUAGES]
    rows = [{"Rule": pair[0].key, **_said(pair)} for pair in zip(*rules, strict=True)]
    return pd.DataFrame(rows, columns=["Rule", *LANGUAGES.values()])


def _said(pair: Sequence[Any]) -> dict[str, str]:
    return {label: clause.text for label, clause in zip(LANGUAGES.values(), pair, strict=True)}


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= EXAMPLE_CHARS else f"{text[:EXAMPLE_CHARS]}…"
