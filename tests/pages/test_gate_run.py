"""A gate from Promote: what it would take is said before, it runs as a process of its own, and its report comes to the candidates."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from gated import ANN, TEMPLATE

from prompts import channels
from prompts.ledger import Ledger
from runs import gating, launching
from runs.workspace import Workspace
from tests.pages.test_promote import words

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest

pytestmark = pytest.mark.slow
Open = Callable[..., "AppTest"]
START = f"gate-start/{TEMPLATE}"


@pytest.fixture
def ws(passed: Workspace, tmp_path: Path) -> Workspace:
    return Workspace(Path(shutil.copytree(passed.root, tmp_path / "drama")))


def unfolded(app: Open, ws: Workspace, template: str = TEMPLATE) -> AppTest:
    """Open Promote, and unfold what a gate takes."""
    at = app("promote.py", of=ws, template=template, person=ANN)
    assert not [one for one in at.button if one.key == START], "nothing is planned before it is asked for"
    at.session_state[f"fold/gate/{template}"] = True
    at.run()
    assert not at.exception
    return at


def test_what_a_gate_takes_is_said_before_it_is_started(app: Open, ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """13 series, 26 cases, two versions, two repeats; the second attempt; a budget that cannot be kept offers no start."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-abcdefghijklmnopqrstuv")
    at = unfolded(app, ws)
    figures = {metric.label: metric.value for metric in at.metric}
    assert figures == {
        "Policy": "script", "Attempt": "2", "Series": "13", "Cases": "26", "Looks": "1", "Generations": "104", "Cost": "free",
    }  # fmt: skip
    assert "moves production in a demo workspace only" in words(at)
    assert at.code[-1].value == (f"workbench gate --base production --candidate {TEMPLATE} --suite script --provider studio --model studio")
    at.selectbox(key=f"gate-provider/{TEMPLATE}").set_value("openai").run()
    at.number_input(key=f"gate-budget/{TEMPLATE}").set_value(2.0).run()
    assert "No budget can be kept" in words(at)
    assert not [one for one in at.button if one.key == START]


def test_where_nothing_is_in_production_it_is_asked_against_what(app: Open, ws: Workspace) -> None:
    at = unfolded(app, ws, "shot/keyframe")
    (against,) = (one for one in at.selectbox if one.label == "Against")
    assert "shot/keyframe@plain" in against.value or "shot/keyframe@plain" in " ".join(against.options)
    assert "--base shot/keyframe@" in at.code[-1].value


def test_a_gate_is_a_process_of_its_own_whose_report_comes_to_the_candidates(app: Open, ws: Workspace) -> None:
    """It is run in the name of whoever acts here, who may then not approve it."""
    at = unfolded(app, ws)
    at.button(key=START).click().run()
    assert not at.exception
    assert "A gate is under way" in words(at)
    assert at.button(key=START).disabled
    at.query_params["v"] = channels.load(ws.prompts)[0].version(TEMPLATE, "production")
    at.run()
    assert ("No gate has judged" in words(at), "Run one below" in words(at)) == (True, False), "one is at work"
    del at.query_params["v"]
    (name,) = launching.launched_gates(ws, TEMPLATE)
    end = time.monotonic() + 120
    while launching.launched_gates(ws, TEMPLATE)[name].alive and time.monotonic() < end:
        time.sleep(0.2)
    at.run()
    assert not at.exception
    assert "under way" not in words(at)
    assert "without a verdict" not in words(at)
    assert at.dataframe[0].value["Attempt"].tolist() == ["2", "1"]
    assert not gating.under_way(ws, name).steps()
    newest = [entry for entry in Ledger(ws.prompts).entries() if entry.action == "gate"][-1]
    assert newest.actor == ANN


def test_a_gate_that_ends_without_a_verdict_says_why(app: Open, ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(of: Workspace, template: str, name: str, arguments: list[str], actor: str) -> bool:
        path = launching.gate_output(of, template, name)
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"Error: The provider is away. {len(arguments)} words of {actor}\n", "utf-8")
        return True

    monkeypatch.setattr(launching, "launch_gate", broken)
    at = unfolded(app, ws)
    at.text_input(key="person").set_value("").run()
    at.button(key=START).click().run()
    assert "It is not known who you are" in words(at)
    at.text_input(key="person").set_value(ANN).run()
    at.button(key=START).click().run()
    assert "ended without a verdict" in words(at)
    assert "The provider is away" in words(at)
    assert not at.button(key=START).disabled
