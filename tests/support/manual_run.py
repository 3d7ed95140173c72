"""A small run that is made by hand: two versions of a template over a few shots of one series."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from evals.case import CaseSpec, SeriesFile, resolve
from prompts.story import Character, Location, Series, Shot, Visible
from prompts.version import build
from runs.events import CasePlan, VersionPlan
from runs.media import MediaStore
from runs.newcases import PROVIDER
from runs.plan import Plan, make
from runs.prepare import as_plan
from runs.workspace import Workspace

PLAIN = "---\nstage: {stage}\ninputs:\n  shot: mapping\nreferences: true\n---\nA still, 9:16: {{{{ shot.action }}}}\n"
RICH = (
    "---\nstage: {stage}\ninputs:\n  shot: mapping\nmodel:\n  stylize: 200\n---\n"
    "{{% block system %}}Be a photographer.{{% endblock %}}{{% block user %}}Close on {{{{ shot.action }}}}{{% endblock %}}\n"
)


def workspace(root: Path) -> Workspace:
    """Make an empty workspace."""
    root.mkdir(parents=True, exist_ok=True)
    (root / "workbench.toml").write_text("")
    ws = Workspace(root)
    ws.ensure_writable()
    return ws


def picture(path: Path, colour: Any = "red", size: tuple[int, int] = (90, 160)) -> Path:
    """Write a picture of one colour."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path


def plan(ws: Workspace, actions: Sequence[str] = ("Mei opens the well.", "雨中的井"), *, stage: str = "shot", repeats: int = 1) -> Plan:
    """Make the plan: two versions x these shots."""
    reference = MediaStore(ws).put_file(picture(ws.root / "reference.png", "blue"))
    cases = [_case(f"shot-{n}", action, stage) for n, action in enumerate(actions)]
    for case in cases:
        case["references"] = {"mei": [{"sha256": reference.sha256, "media_type": reference.media_type}]}
    return make(
        stage=stage, suite={"name": "wells", "hash": "h"}, cases=cases,
        versions=[_version("plain", PLAIN, stage), _version("rich", RICH, stage)],
        provider=PROVIDER, models=["midjourney"], repeats=repeats, seed=3,
    )  # fmt: skip


def _version(label: str, source: str, stage: str) -> VersionPlan:
    files: Mapping[str, str] = {f"{stage}/still@{label}.j2": source.format(stage=stage)}
    return as_plan(build(f"{stage}/still", f"{stage}/still@{label}", f"{stage}/still@{label}.j2", files.get))


def _case(case_id: str, action: str, stage: str) -> CasePlan:
    shot = Shot(id=case_id, location="well", daypart="night", size="closeup", action=action, visible=[Visible(who="mei")])
    kind: Any = stage
    spec = CaseSpec(id=case_id, stage=kind, shot=shot)
    file = SeriesFile(
        series=Series(id="wells", title="The Well", language="en", genre=[], logline=""), characters=[Character(id="mei", name="Mei")],
        locations=[Location(id="well", name="well")], cases=[spec],
    )  # fmt: skip
    case = resolve(file, spec, Path())
    return {"case_id": case.id, "series": "wells", "split": "explore", "hash": case.hash, "inputs": dict(case.inputs), "references": {}}
