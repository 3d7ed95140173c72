"""What a chain would take, told before it is run: never less than it then takes, and nothing for what is there already."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import farming
import maker
import pytest
from click.testing import CliRunner

import workbench
from evals.chain import load_chain
from prompts.errors import InputError
from runs.chain import walk
from runs.chain_outlook import Outlook, outlook
from runs.prices import Price
from runs.pricing import Pricing
from runs.workspace import Workspace

pytestmark = pytest.mark.slow
PRICED = Pricing(lambda *_: Price(model="*", kind="call", call=0.1))


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with farming.farm(delay_s=0.0) as port:
        yield port


def chain(ws: Workspace) -> Any:
    return load_chain("pilot", ws.evals / "chains")


def test_no_stage_takes_more_than_was_told_and_what_is_made_costs_nothing(tmp_path: Path, port: int) -> None:
    ws = maker.workspace(tmp_path / "drama", maker.CHAIN.replace(", painted-skin/e01", ""))
    drivers = maker.Seen(port, "outlook", options={"pricing": PRICED})
    before = outlook(ws, chain(ws), drivers)
    assert [row.exact for row in before] == [True, False, False, False, False, False]
    assert farming.asked(port, "outlook") == {}
    walk(ws, chain(ws), drivers, until="script")
    between = outlook(ws, chain(ws), drivers)
    assert [row.exact for row in between] == [True, True, True, False, False, True], "sheets, but no shots, hang on the script alone"
    assert [row.made for row in between[:2]] == [1, 1]
    results = {r.stage: r for r in walk(ws, chain(ws), drivers)}
    for rows in (before, between):
        for row in rows:
            made = results[row.stage].counts
            assert made.jobs <= row.jobs, row.stage
            assert row.high_usd is not None and row.low_usd is not None
            assert made.spent_usd <= row.high_usd + 0.1 * row.made + 1e-9, row.stage
    after = outlook(ws, chain(ws), drivers)
    assert all(row.exact and row.made == row.jobs and row.high_usd == row.low_usd == 0 for row in after)
    anew = outlook(ws, chain(ws), drivers, again="all")
    assert all(row.made == 0 and row.high_usd for row in anew)
    two = outlook(ws, chain(ws), drivers, until="shot", versions=["shot/keyframe", "shot/keyframe@plain"])
    assert (len(two), two[-1].jobs, two[-1].made) == (4, 2 * results["shot"].counts.jobs, 0), "an A/B takes nothing over"
    with pytest.raises(InputError, match="has no stage judge"):
        outlook(ws, chain(ws), drivers, until="judge")


def test_the_command_prices_every_stage_and_refuses_a_budget_that_cannot_be_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before its first stage is paid; clips are priced as long as shots can get."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-planted-0123456789abcdef")
    stages = """episodes: [appeal-below/e03]
shots: 4
budget_usd: 9
stages:
  outline: {version: outline/episode, provider: openai, parameters: {max_tokens: 2000}}
  script: {version: script/episode, provider: openai, parameters: {max_tokens: 4000}}
  shot: {version: shot/keyframe, provider: kling}
  clip: {version: clip/motion, provider: kling}
  music: {version: music/cue, provider: elevenlabs}
"""
    ws = maker.workspace(tmp_path / "drama", f"name: pilot\n{stages}")

    def said(*arguments: str) -> Any:
        return CliRunner().invoke(workbench.cli, ["-w", str(ws.root), "chain", "pilot", *arguments])

    assert "music (music_v1)" in str(said().exception)
    told = said("--dry-run")
    assert "No bound is known for music (music_v1)" in told.stderr
    priced = said("--dry-run", "--price", "music.call=0.3", "--format", "json")
    assert "In all at most $" in priced.stderr
    rows = {row["stage"]: row for row in json.loads(priced.stdout)["stages"]}
    assert rows["clip"]["cost_high_usd"] == pytest.approx(4 * 10 * 0.084)
    assert 0 < rows["clip"]["cost_low_usd"] < rows["clip"]["cost_high_usd"]
    assert rows["music"]["cost_high_usd"] == pytest.approx(0.3)
    assert rows["script"]["cost_high_usd"] > 4000 * 4.5 / 1e6
    assert said("--price", "0.3").exit_code == said("--price", "judge.call=1").exit_code == 2


def test_a_row_says_who_makes_it(tmp_path: Path, port: int) -> None:
    ws = maker.workspace(tmp_path / "drama", maker.CHAIN.split("  character:")[0])
    first = outlook(ws, chain(ws), maker.Seen(port, "row", options={"pricing": Pricing()}))[0]
    assert first == Outlook("outline", "calls", "farm-1", 2, 0, first.prompt_tokens, None, None, True, {})
    assert first.prompt_tokens > 100
