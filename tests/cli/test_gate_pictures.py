"""A gate's page about pictures: the outputs of the cases that fell are in it, whole, and it asks nobody for anything."""

from __future__ import annotations

import base64
import io
import json
import re
import shutil
from pathlib import Path

import pytest
from PIL import Image

import workbench
from runs.report_page import SIDE, page
from runs.workspace import Workspace
from tests.cli.conftest import Cli

pytestmark = pytest.mark.slow
GOOD, PLAIN = "shot/keyframe", "shot/keyframe@plain"
POLICY = 'min_units = 2\nmin_cases = 2\n[primary.face_consistency]\ndirection = "up"\nworst = 0.0\nbest = 1.0\n'


@pytest.fixture(scope="module")
def judged(starter: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in which the plain version tried to take the good one's place, on three cases of the shot suite."""
    root = Path(shutil.copytree(starter, tmp_path_factory.mktemp("pictures") / "drama"))
    (root / "evals" / "gates" / "faces.toml").write_text(POLICY, "utf-8")
    versions = ("--version", GOOD, "--version", PLAIN)
    run = ["run", "--suite", "shot", "--split", "gate", "--limit", "3", "--repeats", "2", "--scorer", "face_consistency", *versions]
    gate = ["gate", "--base", GOOD, "--candidate", PLAIN, "--policy", "faces", "--run", "last"]
    for asked in (run, gate):
        workbench.cli.main(["-q", "-w", str(root), *asked], standalone_mode=False)
    return root


def report_of(root: Path) -> Path:
    (found,) = (root / "runs" / "gates").glob("*.json")
    return found


def pictures(text: str) -> list[Image.Image]:
    found = re.findall(r'<img alt="output" src="data:image/webp;base64,([^"]+)">', text)
    return [Image.open(io.BytesIO(base64.b64decode(data, validate=True))) for data in found]


def test_the_outputs_of_fallen_cases_are_in_the_page(judged: Path) -> None:
    report = json.loads(report_of(judged).read_text("utf-8"))
    fallen = report["verdict"]["fallen"]
    assert fallen, "the plain version loses faces"
    shown = pictures(report_of(judged).with_suffix(".html").read_text("utf-8"))
    assert len(shown) == len(fallen) * 2 * 2, "two outputs of each arm"
    for picture in shown:
        picture.load()
        assert picture.format == "WEBP"
        assert max(picture.size) == SIDE
        assert max(high - low for low, high in picture.convert("RGB").getextrema()) > 100, "a picture, not an empty area"
    assert len({picture.tobytes() for picture in shown}) == len(shown), "each its own"


def test_the_page_asks_nobody_for_anything(judged: Path) -> None:
    text = report_of(judged).with_suffix(".html").read_text("utf-8")
    assert "default-src 'none'; img-src data:" in text
    without_data = re.sub(r'<script type="application/json".*?</script>', "", text, flags=re.DOTALL)
    assert re.findall(r"""(?:src|href|srcset|action|data|poster)\s*=\s*["'](?!data:)""", without_data) == []
    assert re.findall(r"url\(|@import|<(?:link|iframe|object|embed|base)\b", without_data) == []
    assert not re.search(r"(?<!-)\bhttps?:", without_data)


def test_a_picture_that_is_gone_is_said_to_be(judged: Path, tmp_path: Path, cli: Cli) -> None:
    root = Path(shutil.copytree(judged, tmp_path / "gone"))
    report = json.loads(report_of(root).read_text("utf-8"))
    whole = pictures(page(Workspace(root), report))
    columns = report["data"]["columns"]
    case = report["verdict"]["fallen"][0]["case"]
    rows = [dict(zip(columns, row, strict=True)) for row in report["data"]["rows"]]
    artifact = next(row["artifact"] for row in rows if row["case"] == case)
    (file,) = [path for path in (root / "runs").rglob(f"*{artifact[2:]}*") if path.is_file()]
    file.unlink()
    text = page(Workspace(root), report)
    assert text.count("The file cannot be shown.") == 1
    assert len(pictures(text)) == len(whole) - 1
