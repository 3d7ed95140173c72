"""The manual provider as a user meets it: a run, a sheet, files that come back, in real processes."""

from __future__ import annotations

import csv
import json
import subprocess
from pathlib import Path

import manual_run
import pytest
import warm

pytestmark = pytest.mark.slow


def workbench(*words: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    process = warm.popen(*map(str, words), cwd=folder)
    out, err = process.communicate(timeout=240)
    return subprocess.CompletedProcess(words, process.wait(), out, err)


def test_from_the_sheet_to_the_log(tmp_path: Path) -> None:
    assert workbench("init", tmp_path / "drama", folder=tmp_path).returncode == 0
    root = tmp_path / "drama"
    versions = ("--version", "character/sheet", "--version", "character/sheet@plain")
    begun = workbench(
        "run", "--provider", "manual", "--suite", "character", *versions, "--limit", "2", "--repeats", "1", "--format", "json", folder=root
    )
    assert begun.returncode == 0, begun.stderr
    (sheet,) = (json.loads(begun.stdout))["sheet"]
    rows = list(csv.DictReader(Path(sheet["table"]).read_text("utf-8-sig").splitlines()))
    assert sheet["jobs"] == len({r["code"] for r in rows}) == 4

    downloads = tmp_path / "downloads"
    for number, code in enumerate(r["code"] for r in rows):
        manual_run.picture(downloads / f"{code} (1).png", (number, 60, 60))
    (downloads / "holiday.png").write_bytes(b"\x89PNG")
    refused = workbench("import", sheet["run"], downloads, "--no-score", folder=root)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith("Error: Nothing was imported. holiday.png: holds no code")
    (downloads / "holiday.png").unlink()

    done = workbench("import", sheet["run"], downloads, "--no-score", "--format", "json", folder=root)
    assert done.returncode == 0, done.stderr
    assert {k: json.loads(done.stdout)[k] for k in ("imported", "missing")} == {"imported": 4, "missing": 0}
    shown = json.loads(workbench("runs", "--format", "json", folder=root).stdout)
    assert [(r["provider"], r["simulated"], r["state"], r["done"]) for r in shown["runs"]] == [("manual", False, "finished", 4)]
