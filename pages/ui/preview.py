"""What one case makes of a version: the prompt, its size and price, and what the checks of prompts say about it."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from evals.case import Case
from evals.checks.prompt import Prompt
from evals.checks.registry import lint
from evals.checks.targets import target, targets, usual
from evals.score import Finding
from pages.ui import brief, shell
from pages.ui.text import findings_html
from prompts.errors import TemplateError, WorkbenchError
from prompts.render import Rendered, render
from prompts.version import Version
from runs.quote import quote
from runs.settings import Settings, load, presets
from runs.workspace import Workspace

TALLEST = 640
"""Pixels of one message; a longer one scrolls in its box."""
LINE = 21


def draw(ws: Workspace, version: Version, of_stage: Sequence[Case]) -> None:
    """Draw the prompt of a chosen case."""
    settings = load(ws.root)
    ids = [case.id for case in of_stage]
    if not ids:
        st.text(f"There is no case of stage {version.stage} to render with.")
        return
    left, middle, right = st.columns([2, 1, 1])
    chosen = shell.choose(left, "Case", "case", ids, usual=ids[0])
    by = shell.choose(middle, "Priced at", "by", providers(settings), usual=settings.provider)
    aim = target_of(right, version.stage)
    case = next(case for case in of_stage if case.id == chosen)
    words, beside = st.columns([8, 5], gap="medium")
    try:
        rendered = render(version, case.inputs)
    except WorkbenchError as error:
        with words:
            broken(error)
        return
    with words:
        messages(rendered)
    with beside:
        st.text(size(rendered))
        st.text(price(ws, settings, by or settings.provider, version, case))
        findings(lint(Prompt.of_case(rendered.text, version.stage, case.inputs, target(aim) if aim else None)))
        if version.stage != "judge":
            st.subheader("The case")
            brief.draw({"inputs": case.inputs})


def providers(settings: Settings) -> list[str]:
    """Return the names of all providers that the workspace knows."""
    return sorted({settings.provider, *settings.providers, *presets()})


def target_of(where: st.delta_generator.DeltaGenerator, stage: str) -> str | None:
    """Let the user say which model the prompts are for; nothing for stages that chat models do."""
    names = [name for name, one in targets().items() if stage in one.stages]
    if not names:
        return None
    default = usual(stage)
    return shell.choose(where, "Checked for", "target", names, usual=default.name if default else names[0])


def messages(rendered: Rendered) -> None:
    """Draw the messages as plain text, each with its role."""
    for message in rendered.messages:
        st.caption(message.role)
        lines = sum(1 + len(line) // 95 for line in message.content.split("\n"))
        st.code(message.content, language=None, wrap_lines=True, height=TALLEST if lines * LINE > TALLEST else "content")


def size(rendered: Rendered) -> str:
    """Return how long a prompt is."""
    return f"{rendered.characters:,} characters, about {rendered.tokens:,} tokens"


def price(ws: Workspace, settings: Settings, by: str, version: Version, case: Case) -> str:
    """Return in words what one generation would cost at a provider."""
    try:
        found = quote(ws, settings, by, version, case)
    except WorkbenchError as error:
        return f"At {by}: {error}"
    return f"{found.model} at {by}: {usd(found.low_usd, found.high_usd)}"


def usd(low: float | None, high: float | None) -> str:
    """Return a range of money in words; what is not known, or not bounded, is said to be so."""
    if low is None and high is None:
        return "price unknown"
    if high == 0:
        return "free"
    if high is None:
        return f"${low:.2g} and what the answer costs, which nothing bounds: set max_tokens"
    low = min(low or 0.0, high)
    return f"${high:.2g}" if f"{low:.2g}" == f"{high:.2g}" else f"${low:.2g} to ${high:.2g}"


def findings(found: Sequence[Finding]) -> None:
    """Draw what the checks say, or that they say nothing."""
    if not found:
        st.text("✓ The checks of prompts find nothing.")
        return
    rows = [{"check": f.check, "severity": f.severity, "message": f.message, "quote": f.quote, "where": f.where} for f in found]
    st.html(findings_html(rows))


def broken(error: WorkbenchError, source: str = "") -> None:
    """Say why a template cannot be used: file and line, and the message in the place that it is about."""
    from pages.ui.source import source_html

    st.error(shell.plain(error.message))
    if error.hint:
        st.text(error.hint)
    if isinstance(error, TemplateError) and error.line and source:
        words = error.message.removeprefix(f"{error.path}:{error.line}: ")
        st.html(source_html(source, line=error.line, message=words, around=12))
