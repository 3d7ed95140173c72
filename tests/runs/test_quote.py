"""What one prompt would cost, before it is sent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evals.case import Case, load_cases
from prompts.text import estimate_tokens
from prompts.version import Version
from runs.prepare import find_version
from runs.quote import quote
from runs.settings import Settings, load
from runs.starting import initialise
from runs.workspace import Workspace


@pytest.fixture(scope="module")
def ws(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return initialise(tmp_path_factory.mktemp("quote") / "drama")


def of(ws: Workspace, ref: str) -> tuple[Version, Case]:
    version = find_version(ws, ref)
    return version, next(case for case in load_cases(ws.evals / "cases") if case.stage == version.stage)


def settings(ws: Workspace, toml: str = "") -> Settings:
    (ws.root / "workbench.toml").write_text(toml)
    return load(ws.root)


def test_the_studio_is_free(ws: Workspace) -> None:
    found = quote(ws, settings(ws), "studio", *of(ws, "shot/keyframe"))
    assert (found.low_usd, found.high_usd) == (0.0, 0.0)


def test_a_clip_costs_its_seconds(ws: Workspace) -> None:
    """The length is that of the planned shot, not the one that the preset has for clips without a plan."""
    version, case = of(ws, "clip/motion")
    assert load(ws.root).provider_settings("kling").parameters["duration"] == 5
    case = replace(case, inputs={**case.inputs, "shot": {**case.inputs["shot"], "duration": 8.0}})
    found = quote(ws, settings(ws), "kling", version, case)
    assert found.model == "kling-v3"
    assert found.high_usd == pytest.approx(0.084 * 8)


def test_a_text_has_no_bound_until_its_length_has_one(ws: Workspace) -> None:
    """The prompt alone is known; with `max_tokens` the whole is."""
    version, case = of(ws, "script/episode")
    price = '[[prices]]\nprovider = "house"\nmodel = "m"\nkind = "tokens"\ninput = 1.0\noutput = 10.0\nsource = "x"\nas_of = "2026-11-01"\n'
    house = '[providers.house]\ntype = "chat"\nbase_url = "http://127.0.0.1:9/v1"\nmodel = "m"\n'
    open_ended = quote(ws, settings(ws, house + price), "house", version, case)
    assert open_ended.high_usd is None
    assert open_ended.low_usd == pytest.approx(open_ended.prompt_tokens / 1e6)
    bounded = quote(ws, settings(ws, f"{house}parameters = {{ max_tokens = 1000 }}\n{price}"), "house", version, case)
    assert bounded.high_usd is not None
    assert 0.01 < bounded.high_usd < 0.02
    assert bounded.prompt_tokens == open_ended.prompt_tokens > estimate_tokens(case.inputs["series"]["title"])


def test_without_a_price_nothing_is_said(ws: Workspace) -> None:
    house = '[providers.house]\ntype = "chat"\nbase_url = "http://127.0.0.1:9/v1"\nmodel = "m"\n'
    found = quote(ws, settings(ws, house), "house", *of(ws, "script/episode"))
    assert (found.low_usd, found.high_usd) == (None, None)
