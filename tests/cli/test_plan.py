"""`workbench plan`: what a gate takes, said before it is paid for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Cli


def test_it_says_what_the_starter_policy_needs_from_guesses(cli: Cli) -> None:
    done = cli("plan", "--suite", "shot", "--cost", "0.04", "--format", "json")
    needs = {need["metric"]: need for need in json.loads(done.out)["needs"]}
    assert set(needs) == {"face_consistency", "expression", "cost_usd"}
    assert needs["expression"]["usd"] == pytest.approx(0.04 * needs["expression"]["generations"])
    assert "Guessed, not measured" in done.err


def test_it_names_the_guardrail_that_cannot_be_afforded(cli: Cli) -> None:
    done = cli("plan", "--suite", "shot", "--cost", "0.04", "--budget", "1", "--effect", "0.3")
    assert done.code == 4
    assert "expression cannot be afforded: the margin of 0.1 takes" in done.err


def test_without_a_cost_it_speaks_of_no_dollars(cli: Cli) -> None:
    done = cli("plan", "--suite", "shot", "--format", "json")
    assert {need["usd"] for need in json.loads(done.out)["needs"]} == {None}
    assert "What a generation costs is not known" in done.err


@pytest.mark.slow
def test_a_pilot_replaces_the_guesses(ws: Path, cli: Cli) -> None:
    """An A/A run on the explore split."""
    run = ("run", "--suite", "script", "--split", "explore", "--version", "script/episode", "--version", "script/episode")
    assert cli(*run, "--repeats", "2").code == 0
    done = cli("plan", "--suite", "script", "--pilot", "last", "--cost", "0.01")
    assert "Guessed" not in done.err
    assert "logic" in done.out


def test_an_unknown_suite_is_one_clear_error(cli: Cli) -> None:
    done = cli("plan", "--suite", "shoot")
    assert done.code == 1
    assert "Did you mean shot" in done.err
