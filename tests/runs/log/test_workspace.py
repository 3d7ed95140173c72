"""The workspace is found from any folder inside it, and says at once when it cannot be written."""

from __future__ import annotations

from pathlib import Path

import pytest

from prompts.errors import WorkspaceError
from runs.workspace import Workspace


def test_it_is_found_from_a_folder_deep_inside(ws: Workspace) -> None:
    deep = ws.prompts / "shot" / "old"
    deep.mkdir(parents=True)
    assert Workspace.find(deep) == Workspace(ws.root.resolve())


def test_it_is_found_from_the_current_folder(ws: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ws.runs)
    assert Workspace.find() == Workspace(ws.root.resolve())


def test_where_there_is_none_the_error_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError, match="workbench init"):
        Workspace.find(tmp_path)


def test_a_folder_that_is_in_fact_a_file_is_not_writable(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("")
    with pytest.raises(WorkspaceError, match=r"Cannot write in .*runs"):
        Workspace(tmp_path).ensure_writable()


def test_making_it_writable_twice_leaves_nothing_behind(ws: Workspace) -> None:
    ws.ensure_writable()
    assert sorted(p.name for p in ws.runs.rglob("*")) == ["journals", "media"]
