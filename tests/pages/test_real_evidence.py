"""The pages and the scorers agree on what evidence looks like: real pictures and clips, really judged, then shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from runs import harness, query
from runs.prepare import Order, prepare
from runs.pricing import Pricing
from runs.providers import get, reference
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
