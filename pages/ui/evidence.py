"""The reasons behind scores, one view each: faces, expression, logic, what changed in the prompt, the raw call."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from pages.ui import origins, proofs, shell
from pages.ui.diff import rendered_diff, template_diff
from pages.ui.expression import draw_expression
from pages.ui.faces import faces_html
from pages.ui.palette import palette
from pages.ui.series import Sighting, sightings
from pages.ui.text import findings_html, waived
from prompts.errors import InputError
from runs import query
from runs.workspace import Workspace

Sides = Sequence[Mapping[str, Any]]
MOST = 20_000
"""Characters of one text of a call that are shown."""
MANY, FINDINGS = 6, 420
"""More broken rules than this scroll, in so many pixels."""


@dataclass(frozen=True, slots=True)
class View:
    """One kind of evidence: its name on the page, whether a case has it, and how it is drawn."""

    title: str
    fits: Callable[[Sides], bool]
    draw: Callable[[Workspace, Sides], None]


def of_metric(side: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return the evidence of the first of some metrics that has any."""
    for name in names:
        for score in side.get("scores", []):
            if score["metric"] == name and score["evidence"]:
                return dict(score["evidence"])
    return {}


def of_scorer(sides: Sides, metric: str | None) -> str:
    """Return the view that shows why a metric is what it is; empty where none is about it."""
    scorers = {str(score.get("scorer")) for side in sides for score in side.get("scores", []) if score["metric"] == metric}
    if any(score["metric"] == metric for side in sides for score in proofs.faults(side)):
        return "faults"
    known = {"face_consistency": "faces", "contract": "logic", "schema": "logic"}
    return next(("judge" if name.startswith("judge/") else known.get(name, name) for name in sorted(scorers)), "")


def _has(*names: str) -> Callable[[Sides], bool]:
    return lambda sides: any(of_metric(side, *names) for side in sides)


def _faces(ws: Workspace, sides: Sides) -> None:
    drawn = []
    for side in sides:
        evidence = of_metric(side, "face_consistency")
        strips = sightings(ws, side["arm"], side, side["links"]) if evidence else {}
        drawn.append((side["letter"], evidence, strips))
    _draw_faces(drawn)


def _matched(evidence: Mapping[str, Any]) -> bool:
    return bool(evidence.get("threshold")) and any(face.get("match") is not None for face in evidence.get("faces", []))


def _draw_faces(sides: Sequence[tuple[str, Mapping[str, Any], Mapping[str, Sequence[Sighting]]]]) -> None:
    """Draw the faces of each side, given as (label, evidence, the same people in the series)."""
    colours = palette()
    for column, (label, evidence, strips) in zip(st.columns(len(sides), gap="medium"), sides, strict=True):
        with column.container(border=True, height="stretch"):
            if evidence.get("expected"):
                st.html(faces_html(evidence, strips, colours, label=f"{label}  "))
            else:
                st.text(f"{label}: no faces were compared.")
    for threshold in [evidence["threshold"] for _, evidence, _ in sides if _matched(evidence)][:1]:
        st.caption(
            f"Match: cosine similarity with the reference. At {threshold['match']:.2f} (the tick) a face is as likely that person as "
            "somebody else; solid frames lie above, dashed ones below."
        )
        if threshold.get("source"):
            st.caption(shell.plain(f"Where the tick comes from: {threshold['source']}"))


def _expression(_ws: Workspace, sides: Sides) -> None:
    draw_expression([(side["letter"], of_metric(side, "expression")) for side in sides])


def _logic(_ws: Workspace, sides: Sides) -> None:
    for column, side in zip(st.columns(len(sides), gap="medium"), sides, strict=True):
        findings = side.get("findings") or []
        scores = [score for score in side.get("scores", []) if score["metric"] == "logic"]
        with column:
            if findings:
                with st.container(height=FINDINGS if len(findings) > MANY else "content", border=len(findings) > MANY):
                    st.html(findings_html(findings))
                if sum(map(waived, findings)) > int(of_metric(side, "logic").get("waived") or 0):
                    st.caption("The score is from before that was said. `workbench score RUN` counts again.")
            elif not scores:
                st.text(f"{side['letter']}: logic was not judged.")
            else:
                told = (
                    "no rule is broken."
                    if scores[0]["status"] == "ok"
                    else f"{scores[0]['status']}: {shell.shortened(scores[0]['reason'])}"
                )
                st.text(f"{side['letter']}: {told}")


def with_verdicts(ws: Workspace, side: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the findings of a generation, each with what people say of it now as `said`: verdict, who and why, or None."""
    try:
        said = query.said_of(ws, side)
    except InputError as error:
        st.text(f"What people said of findings cannot be read: {error}")
        return list(side["findings"])
    return [{**f, "said": waiver.model_dump() if waiver else None} for f, waiver in zip(side["findings"], said, strict=True)]


def _length(side: Mapping[str, Any]) -> float:
    """Return how long a clip is, in seconds: as its scorers saw it, or until the last fault of it."""
    usage = side.get("usage") or {}
    ends = [end for score in proofs.faults(side) for _, end in proofs.moments(score["evidence"])]
    return float(usage.get("seconds") or max(ends, default=0.0))


def _columns_of(sides: Sides, html: Callable[[Mapping[str, Any]], str], none: str) -> None:
    for column, side in zip(st.columns(len(sides), gap="medium"), sides, strict=True):
        with column:
            drawn = html(side)
            if drawn:
                st.text(side["letter"])
                st.html(drawn)
            else:
                st.text(f"{side['letter']}: {none}")


def _faults(_ws: Workspace, sides: Sides) -> None:
    colours = palette()
    _columns_of(
        sides, lambda s: proofs.faults_html(proofs.faults(s), colours, _length(s)) if proofs.faults(s) else "", "nothing was looked for."
    )


def _originality(ws: Workspace, sides: Sides) -> None:
    def html(side: Mapping[str, Any]) -> str:
        found = proofs.reuse(side)
        mine = str(side.get("artifact") or "") if str(side.get("media_type")).startswith("image/") else None
        elsewhere = [str(source.get("sha256")) for source in (one.get("source") or {} for one in found) if mine and not source.get("job")]
        if not elsewhere:
            return proofs.reuse_html(found, mine) if found else ""
        from runs.originality_page import kept  # reads pictures and the catalogue, which few cases need

        return proofs.reuse_html(found, mine, kept(ws, elsewhere))

    _columns_of(sides, html, "nothing like it in the catalogue.")


def _judges(_ws: Workspace, sides: Sides) -> None:
    _columns_of(sides, lambda side: proofs.judge_html(proofs.judged(side)) if proofs.judged(side) else "", "no model judged it.")


def _origins(ws: Workspace, sides: Sides) -> None:
    for column, side in zip(st.columns(len(sides), gap="medium"), sides, strict=True):
        with column:
            if origins.has(side):
                origins.draw(ws, side)


def _diff(ws: Workspace, sides: Sides) -> None:
    a, b = sides
    st.subheader("As rendered for this case")
    rendered_diff(a, b)
    _variables(sides)
    st.subheader("Template")
    template_diff(ws, a["arm"], b["arm"])


def _variables(sides: Sides) -> None:
    """Draw what the case gave to the template, a line a variable: the same for both arms."""
    inputs: Mapping[str, Any] = next((side["inputs"] for side in sides if side.get("inputs")), {})
    if inputs:
        with st.expander("What the case gives to the template"):
            values = [shell.shortened(json.dumps(value, ensure_ascii=False), MOST) for value in inputs.values()]
            frame = pd.DataFrame({"Variable": list(inputs), "Value": values})
            st.dataframe(frame, hide_index=True, height="content", alt="Variables of the case", column_config={"Variable": _narrow()})


def _narrow() -> Any:
    return st.column_config.TextColumn(width=140)


def _prompt(_ws: Workspace, sides: Sides) -> None:
    for message in sides[0]["messages"]:
        st.text(message["role"])
        st.code(clipped(message["content"]), language=None, wrap_lines=True)
    _variables(sides)


def clipped(value: Any) -> Any:
    """Return JSON in which no text is longer than a browser can be given; what is left out is said."""
    if isinstance(value, str):
        return value if len(value) <= MOST else f"{value[:MOST]} … {len(value) - MOST:,} more characters"
    if isinstance(value, Mapping):
        return {name: clipped(one) for name, one in value.items()}
    return [clipped(one) for one in value] if isinstance(value, list) else value


def _raw(_ws: Workspace, sides: Sides) -> None:
    names = ("job_id", "seed", "status", "error", "message", "model_resolved", "attempts", "latency_s", "cost_usd", "cost_source", "usage")
    for column, side in zip(st.columns(len(sides), gap="medium"), sides, strict=True):
        with column:
            st.text(side["letter"])
            st.json(clipped({name: side.get(name) for name in names}), expanded=True)
            st.text("request as sent, secrets removed")
            st.json(clipped(side.get("wire_request") or {}), expanded=1)
            st.text("answer")
            st.json(clipped(side.get("wire_response") or {}), expanded=1)


VIEWS: Mapping[str, View] = {
    "faces": View("Faces", _has("face_consistency"), _faces),
    "expression": View("Expression", _has("expression"), _expression),
    "logic": View("Logic", lambda sides: any(s.get("stage") == "script" for s in sides), _logic),
    "faults": View("Faults", lambda sides: any(proofs.faults(side) for side in sides), _faults),
    "originality": View("Originality", _has("originality"), _originality),
    "judge": View("Judges", lambda sides: any(proofs.judged(side) for side in sides), _judges),
    "diff": View("Prompt diff", lambda sides: len(sides) > 1 and all(s.get("messages") for s in sides), _diff),
    "prompt": View("Prompt", lambda sides: len(sides) == 1 and bool(sides[0].get("messages")), _prompt),
    "lineage": View("Lineage", lambda sides: any(origins.has(side) for side in sides), _origins),
    "raw": View("Raw", lambda sides: any(s.get("job_id") for s in sides), _raw),
}
