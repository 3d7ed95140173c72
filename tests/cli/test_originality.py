"""`workbench originality`: works go in by name, and what repeats them comes out with both sides."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
import reuse

from runs.originality_page import kept
from runs.workspace import Workspace
from tests.cli.conftest import Cli, one_line_error

TALES = reuse.tales()


@pytest.mark.slow
def test_texts_and_pictures_side_by_side(cli: Cli, ws: Path) -> None:
    old, new = ws / "old", ws / "new"
    old.mkdir()
    new.mkdir()
    (old / "ep01.txt").write_text(TALES[0].text, "utf-8")
    (old / "ep02.md").write_text(TALES[4].text, "utf-8")
    reuse.scene(1).save(old / "still.png")
    (old / "broken.png").write_bytes(b"no picture")
    added = cli("originality", "add", "old", "--series", "last-year")
    assert added.code == 0
    assert "Added 3; 0 were there already." in added.err
    assert "broken.png: left out" in added.err
    assert "Added 0; 3 were there already." in cli("originality", "add", "old", "--series", "last-year").err

    (new / "copy.txt").write_text(reuse.edited(TALES[0].text, "en", 0.1, 3, ("then", "now")), "utf-8")
    (new / "own.txt").write_text(TALES[0].own, "utf-8")
    (new / "抄.txt").write_text(TALES[4].text[:60] + TALES[5].own, "utf-8")
    reuse.upright(reuse.scene(1)).save(new / "frame.png")
    told = json.loads(cli("originality", "check", "new", "--format", "json").out)["findings"]
    assert [(Path(f["name"]).name, f["relation"], Path(f["source"]["name"]).name) for f in told] == [
        ("copy.txt", "other series", "ep01.txt"),
        ("frame.png", "other series", "still.png"),
        ("抄.txt", "other series", "ep02.md"),
    ]
    assert told[2]["passages"][0]["mine"] == told[2]["passages"][0]["theirs"]
    assert (
        "![9:16 middle]("
        in cli("originality", "check", "new", "--format", "md").out + cli("originality", "check", "old", "--format", "md").out
    )
    html = cli("originality", "check", "new", "--html", "page.html", "--strict")
    assert html.code == 1
    shown = (ws / "page.html").read_text("utf-8")
    assert shown.count("<img") == 2
    assert "<mark>" in shown
    still = (old / "still.png").read_bytes()
    (old / "still.png").unlink()
    sha = hashlib.sha256(still).hexdigest()
    pictures = kept(Workspace(ws), [sha, "f" * 64])  # as the Case page shows what is no output of this workspace
    assert list(pictures) == [sha]
    assert pictures[sha].startswith("data:image/webp;base64,")
    assert cli("originality", "check", "new/own.txt", "--strict").code == 0
    assert cli("originality", "list", "--format", "csv").out.count("last-year") == 3
    assert "Removed 3." in cli("originality", "remove", "old").err
    assert json.loads(cli("originality", "check", "new", "--format", "json").out)["findings"] == []


def test_two_new_works_that_repeat_each_other_are_found_once(cli: Cli, ws: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (ws / name).write_text(TALES[1].text, "utf-8")
    (found,) = json.loads(cli("originality", "check", "a.txt", "b.txt", "--format", "json").out)["findings"]
    assert (found["name"], found["source"]["name"], found["share"]) == ("b.txt", "a.txt", 1.0)


def test_markup_in_a_text_stays_text(cli: Cli, ws: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (ws / name).write_text(f"{TALES[1].text} <script>alert(1)</script> {TALES[2].text}", "utf-8")
    cli("originality", "check", "a.txt", "b.txt", "--html", "page.html")
    assert "<script>" not in (ws / "page.html").read_text("utf-8")


@pytest.mark.slow
def test_the_outputs_of_a_run(cli: Cli, ws: Path) -> None:
    """The embedded writer has stock lines, so the episodes of its series repeat each other; each side is named by run and job."""
    ran = cli("run", "--suite", "script", "--version", "script/episode@plain", "--limit", "3", "--no-score", "--format", "json")
    assert ran.code == 0, ran.err
    assert "0 were there already" in cli("originality", "add", "last").err
    assert "Added 0" in cli("originality", "add", "last").err
    scored = cli("score", "last", "--scorer", "originality")
    assert scored.code == 0, scored.err
    assert "originality" in scored.out
    for found in json.loads(cli("originality", "check", "last", "--format", "json").out)["findings"]:
        assert found["case_id"] != found["source"]["case"]
        assert found["job_id"] != found["source"]["job"]


def test_a_name_of_nothing_is_one_clear_error(cli: Cli) -> None:
    assert "is no file, folder or run" in one_line_error(cli("originality", "check", "nowhere"))
