"""`workbench lint` and the dry run say what is wrong with prompts before anything is paid for."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, one_line_error

CHEAP = ("--case", "painted-skin-shot-1", "--case", "queens-taster-shot-1")


def test_a_careful_template_passes_and_a_plain_one_is_told_what_it_leaves_to_chance(cli: Cli) -> None:
    good = cli("lint", "shot/keyframe", *CHEAP, "--format", "json")
    assert good.code == 0
    assert json.loads(good.out)["counts"] == {"block": 0, "warn": 0, "info": 0}
    plain = cli("lint", "shot/keyframe@plain", *CHEAP, "--format", "json")
    assert plain.code == 0
    told = json.loads(plain.out)
    assert (told["prompts"], told["clean"]) == (2, 0)
    assert {(row["check"], row["severity"], row["prompts"]) for row in told["lints"]} == {("S03", "warn", 2), ("S15", "warn", 1)}


def test_a_build_fails_from_the_severity_that_it_asks_for(cli: Cli) -> None:
    plain = ("lint", "shot/keyframe@plain", *CHEAP)
    assert cli(*plain, "--fail-on", "warn").code == 3
    assert cli(*plain, "--fail-on", "never").code == 0
    wan = ("lint", "clip/motion", "--case", "painted-skin-clip-1", "--target", "wan")
    assert cli(*wan).code == 3
    assert cli(*wan, "--fail-on", "never").code == 0


def test_a_suite_is_linted_with_all_versions_of_its_stage_or_those_named(cli: Cli) -> None:
    both = json.loads(cli("lint", "shot", *CHEAP, "--format", "json").out)
    assert {row["version"] for row in both["lints"]} == {"shot/keyframe@plain"}
    assert both["prompts"] == 4
    one = json.loads(cli("lint", "shot", *CHEAP, "--version", "shot/keyframe", "--format", "json").out)
    assert one["prompts"] == 2


def test_all_findings_come_as_rows_for_programs(cli: Cli) -> None:
    done = cli("lint", "shot/keyframe@plain", *CHEAP, "--all", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert {row["case"] for row in rows} == {"painted-skin-shot-1", "queens-taster-shot-1"}
    assert all(row["quote"] and row["message"] and row["check"].startswith("S") for row in rows)
    assert cli("lint", "shot/keyframe@plain", *CHEAP, "--format", "md").out.startswith("| version | check |")


def test_a_negation_in_the_workspaces_own_template_is_found(cli: Cli, ws: Path) -> None:
    path = ws / "prompts" / "shot" / "keyframe.j2"
    path.write_text(path.read_text("utf-8") + "no text, no watermark, same room as before\n", "utf-8")
    told = json.loads(cli("lint", "shot/keyframe", *CHEAP, "--format", "json").out)
    assert {row["check"] for row in told["lints"]} == {"S05", "S06"}


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("nosuch",), "Unknown suite"),
        (("shot/keyfram",), "Did you mean"),
        (("shot/keyframe", "--case", "x"), "Unknown case"),
        (("shot/keyframe", "--target", "klink"), "Did you mean kling"),
        (("shot/keyframe", "--target", "kling"), "kling is a model for clip"),
        (("judge/screenplay",), "no prompt to lint"),
    ],
)
def test_a_wrong_argument_is_one_line(cli: Cli, args: tuple[str, ...], says: str) -> None:
    assert says in one_line_error(cli("lint", *args))


def test_the_dry_run_counts_lints_beside_the_price(cli: Cli) -> None:
    args = ("run", "--suite", "shot", "--version", "shot/keyframe@plain", "--version", "shot/keyframe", *CHEAP, "--dry-run")
    told = json.loads(cli(*args, "--format", "json").out)
    # Two people, two places and a prop without their descriptors, and a name in another script.
    assert (told["estimate"][0]["lint_block"], told["estimate"][0]["lint_warn"]) == (0, 6)
    assert "shot/keyframe@plain: S03 (warn) in 2 of 2 prompts." in cli(*args).err
