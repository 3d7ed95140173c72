"""`workbench export-episode`: a run of stills becomes a package, with a line for each file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, one_line_error


@pytest.mark.slow
def test_a_run_of_stills_becomes_a_package(cli: Cli, ws: Path) -> None:
    cases = ("--case", "painted-skin-shot-1", "--case", "painted-skin-shot-2", "--case", "last-bid-shot-1")
    assert cli("run", "--suite", "shot", "--version", "shot/keyframe", "--no-score", *cases).code == 0
    assert "more than one series" in one_line_error(cli("export-episode", "last", "out/e01"))
    done = cli("export-episode", "last", "out/e01", "--series", "painted-skin")
    assert done.code == 0, done.err
    assert done.out.split() == [
        f"out/e01/{name}"
        for name in ("e01-adr.csv", "e01.ass", "e01.edl", "e01.otio", "e01.srt", "e01.vtt", "e01.xml", "media/S001_s01.webp",
                     "media/S002_s02.webp", "provenance.json")
    ]  # fmt: skip
    assert "8.0 s" in done.err
    told = json.loads((ws / "out" / "e01" / "provenance.json").read_text("utf-8"))
    assert {a["digital_source_type"].rpartition("/")[2] for a in told["assets"]} == {"algorithmicMedia"}
    assert all(a["simulated"] for a in told["assets"])
    assert cli("export-episode", "last", "out/x", "--certificate", "workbench.toml").code == 2
