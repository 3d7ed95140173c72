"""`workbench calibrate` on labelled emotions, faults of clips and scripts: right where the answer is known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import footage_material as make
import logic_pairs
import numpy as np
import plain
import pytest
from click.testing import CliRunner
from face_material import noise

import workbench
from evals.calibrate import folder
from evals.errors import ScorerError


def table(place: Path, title: str) -> list[dict[str, Any]]:
    result = CliRunner().invoke(workbench.cli, ["--quiet", "calibrate", str(place), "--format", "json"])
    assert result.exit_code == 0, result.output
    [found] = [t["rows"] for t in json.loads(result.stdout)["tables"] if t["title"] == title]
    return list(found)


def test_checks_are_counted_in_scripts_that_break_a_rule_and_in_their_mended_twins(tmp_path: Path) -> None:
    """Of each of three checks one script that breaks its rule, and the same script mended."""
    shared = plain.load(logic_pairs.FOLDER / "_world.yaml")
    (tmp_path / "case.json").write_text(json.dumps(shared, default=str))
    rows, checks = ["file,case,checks"], ("C01", "C02", "C11")
    for check in checks:
        entries = plain.load(logic_pairs.FOLDER / f"{check}.yaml")
        entry = next(e for e in entries if not e.keys() & {"world", "swap"})
        for kind, planted in (("bad", check), ("good", "")):
            (tmp_path / f"{check}-{kind}.json").write_text(logic_pairs.script(entry[kind]).model_dump_json())
            rows.append(f"{check}-{kind}.json,case.json,{planted}")
    (tmp_path / "scripts.csv").write_text("\n".join(rows) + "\n")
    found = {row["check"]: row for row in table(tmp_path, "Findings in scripts")}
    assert all((found[c]["scripts with it"], found[c]["found"], found[c]["found in others"]) == (1, 1, 0) for c in checks)
    assert (found["none blocks"]["scripts with it"], found["none blocks"]["found"]) == (3, 3)


@pytest.mark.parametrize(
    ("name", "rows", "said"),
    [
        ("emotions.csv", "file,person,emotion,neutral\nx.png,a,glee,no\n", "'glee' is none of neutral, joy"),
        ("faults.csv", "file,fault\nx.mp4,ugly\n", "'ugly' is none of cuts, frozen"),
        ("scripts.csv", "file,case,checks\nx.json,c.json,C02 Q99\n", "'Q99' is none of C01"),
        ("faults.csv", "file,fault\nx.mp4,cuts\n", "x.mp4 has a label and is not there"),
    ],
)
def test_labels_that_mean_nothing_are_one_clear_error(tmp_path: Path, name: str, rows: str, said: str) -> None:
    (tmp_path / name).write_text(rows)
    with pytest.raises(ScorerError, match=said):
        folder.read(tmp_path)


@pytest.mark.slow
def test_planted_faults_are_counted_and_clean_clips_are_silent(tmp_path: Path) -> None:
    """A camera that pans over a pattern: as it is, hanging, going black, and cut to another pattern."""
    wide = [np.asarray(noise((160, 64), seed=s)) for s in (1, 2)]
    one, other = (np.stack([w[:, i : i + 64] for i in range(0, 60, 2)]) for w in wide)
    clips = {"clean": one, "frozen": make.held(one, 8, 14), "blank": make.blanked(one, 10, 8), "cuts": make.joined(one, other, 15)}
    rows = ["file,fault"]
    for name, frames in clips.items():
        make.write(tmp_path / f"{name}.mp4", frames)
        rows.append(f"{name}.mp4,{'' if name == 'clean' else name}")
    (tmp_path / "faults.csv").write_text("\n".join(rows) + "\n")
    found = {row["scorer"]: row for row in table(tmp_path, "Faults of clips")}
    assert [(found[n]["clips with it"], found[n]["found"]) for n in ("frozen", "blank", "cuts")] == [(1, 1)] * 3
    assert [row["false alarms"] for row in found.values()] == [0] * 5
    assert found["frozen"]["AUC"].startswith("1.0000")


@pytest.mark.slow
def test_emotions_are_counted_for_each_way_of_telling_them(shared_data: Path, tmp_path: Path) -> None:
    """A laughing president, and a serious picture of him that three of the four ways compare with or count as calm."""
    stills = shared_data / "faces" / "stills"
    for name in ("obama_1", "obama_3"):
        (tmp_path / f"{name}.jpg").symlink_to(stills / f"{name}.jpg")
    (tmp_path / "emotions.csv").write_text("file,person,emotion,neutral\nobama_1.jpg,o,joy,no\nobama_3.jpg,o,neutral,yes\n")
    found = {row["emotions told by"]: row for row in table(tmp_path, "Emotions")}
    assert len(found) == 4 and all((row["told"], row["likeliest is right"], row["joy"]) == (1, 1.0, "1 of 1") for row in found.values())
    assert all(row["AUC"].startswith("1.0000") for row in found.values())
