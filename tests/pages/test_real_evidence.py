"""The pages and the scorers agree on what evidence looks like: real pictures and clips, really judged, then shown."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runs import harness, query
from runs.importer import import_new
from runs.prepare import Order, prepare
from runs.pricing import Pricing
from runs.providers import get, reference
from runs.rescore import score_run
from runs.settings import load
from runs.starting import initialise
from runs.workspace import Workspace

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace with one shot and one clip of the embedded studio, judged by the real scorers."""
    ws = initialise(tmp_path_factory.mktemp("judged") / "drama")
    provider = get("studio", load(ws.root))
    for suite, version in (("shot", "shot/keyframe"), ("clip", "clip/motion")):
        order = Order((version,), suite, ("studio",), seed=3, limit=1, scorers=("face_consistency", "expression"))
        harness.run(ws, prepare(ws, order, reference(provider)), provider, harness.Options(pricing=Pricing(free=True)))
    if (query.scores(ws)["status"] == "unavailable").any():
        pytest.skip("the face models are not installed")
    return ws


@pytest.mark.parametrize(("stage", "charts"), [("shot", 1), ("clip", 5)])
def test_real_evidence_is_shown(app: Callable[..., AppTest], judged: Workspace, stage: str, charts: int) -> None:
    """Faces have crops and matches, expression has its charts: nothing fell through because a key has another name."""
    arm = query.arms(judged, stage=stage).iloc[0]
    address = f"{arm['run_id']}:{arm['arm']}"
    faces = "".join(part.value for part in app("examine.py", of=judged, a=address, ev="faces").get("html"))
    assert "same person: " in faces
    assert faces.count("data:image/") >= 4
    assert "<b>match " in faces
    at = app("examine.py", of=judged, a=address, ev="expression")
    assert len(at.get("vega_lite_chart") or at.get("arrow_vega_lite_chart")) == charts
    assert "asked for " in "".join(part.value for part in at.get("html"))


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> Workspace:
    """A workspace with two clips and two stills of real material, brought in from a folder and judged."""
    ws = initialise(tmp_path_factory.mktemp("imported") / "drama")
    folder = tmp_path_factory.mktemp("material")
    clips = {"clips/monalisa__lively.mp4": "lively", "clips/monalisa__ken_burns.mp4": "moved"}
    stills = {"stills/obama_1.jpg": "one", "stills/obama_2.jpg": "two"}
    for name in (*clips, *stills):
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copyfile(shared_data / "faces" / name, folder / name)
    talk = [f"{name},talk,museum,{version},lisa,true," for name, version in clips.items()]
    speech = [f"{name},{case},archive,camera,speaker,false,speaker=stills/obama_1.jpg" for name, case in stills.items()]
    for stage, rows in (("clip", talk), ("shot", speech)):
        manifest = folder / f"{stage}.csv"
        manifest.write_text("\n".join(["file,case,series,version,character,speaking,references", *rows]) + "\n", "utf-8")
        done = import_new(ws, folder, stage=stage, manifest=manifest, scorers=("face_consistency", "expression"))
        score_run(ws, done.run_id)
    if (query.scores(ws)["status"] == "unavailable").any():
        pytest.skip("the face models are not installed")
    return ws


def test_an_imported_clip_is_compared_with_another_and_shown_with_its_curves(app: Callable[..., AppTest], imported: Workspace) -> None:
    """A portrait that speaks beside the same portrait under a moving camera: no SIM mark, and the moved one is the stiff one."""
    arms = query.arms(imported, stage="clip").set_index("ref")
    a, b = (f"{row.run_id}:{row.arm}" for row in (arms.loc["clip/imported@moved"], arms.loc["clip/imported@lively"]))
    at = app("examine.py", of=imported, a=a, b=b, case="talk", ev="expression")
    told = "".join(part.value for part in at.get("html"))
    assert "SIM" not in told
    assert "stiff" in told and "lively" in told
    assert len(at.get("vega_lite_chart") or at.get("arrow_vega_lite_chart")) >= 3
    values = query.scores(imported, a.split(":")[0], metric="stiffness").set_index("arm")["value"]
    assert values[a.split(":")[1]] > 0.5 > values[b.split(":")[1]]


def test_an_imported_still_is_recognised_and_shown_with_its_crops(app: Callable[..., AppTest], imported: Workspace) -> None:
    """Two photographs of one person, one of them the reference of both."""
    arm = query.arms(imported, stage="shot").iloc[0]
    at = app("examine.py", of=imported, a=f"{arm['run_id']}:{arm['arm']}", case="two", ev="faces")
    faces = "".join(part.value for part in at.get("html"))
    assert "same person: " in faces
    assert faces.count("data:image/") >= 2
    assert query.scores(imported, metric="face_consistency")["value"].dropna().min() > 0.9
