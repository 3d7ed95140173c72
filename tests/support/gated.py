"""A demo workspace in which a candidate has passed a gate, for the tests of the page that promotes."""

from __future__ import annotations

from pathlib import Path

import pytest

import workbench
from runs.starting import initialise
from runs.workspace import Workspace

TEMPLATE = "script/episode"
BASE, CANDIDATE = f"{TEMPLATE}@plain", TEMPLATE
ANN, BO = "ann@studio", "bo@studio"


def build(root: Path) -> Workspace:
    """Make the workspace; Ann runs the gate."""
    ws = initialise(root)
    config = root / "workbench.toml"
    config.write_text("demo = true\n" + config.read_text("utf-8"), "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_ACTOR", ANN)
        asked = ["-q", "-w", str(root), "gate", "--base", BASE, "--candidate", CANDIDATE]
        assert workbench.cli.main(asked, standalone_mode=False) == 0
    return ws
