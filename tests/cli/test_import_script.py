"""`workbench import-script`: a screenplay in, a script out, and what was inferred on stderr."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Cli, one_line_error


def test_a_screenplay_becomes_a_script_that_the_workbench_can_judge(cli: Cli, ws: Path) -> None:
    (ws / "pilot.fountain").write_text("INT. PIER - NIGHT\n\nMei runs.\n\nMEI\nStop him!\n", "utf-8")
    done = cli("import-script", "pilot.fountain")
    assert json.loads(done.out)["scenes"][0]["beats"][0]["lines"][0]["speaker"] == "mei"
    assert "1 scenes, 1 lines" in done.err
    (ws / "scripts").mkdir()
    assert cli("import-script", "pilot.fountain", "--out", "scripts/pilot.json").out == ""
    assert "Unknown series" in one_line_error(cli("import-script", "pilot.fountain", "--series", "painted-skn"))
