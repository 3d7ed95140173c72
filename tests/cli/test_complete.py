"""What a tab offers: names of the workspace, from its files, without the libraries that do the work."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

import workbench
from runs.events import Note
from runs.journal import Journal
from runs.workspace import Workspace


def offered(*words: str) -> list[str]:
    *before, begun = words
    return [item.value for item in ShellComplete(workbench.cli, {}, "workbench", "_WORKBENCH_COMPLETE").get_completions(before, begun)]


@pytest.mark.parametrize(
    ("words", "some"),
    [
        (("try", "shot/"), ["shot/keyframe", "shot/keyframe@plain"]),
        (("diff", "script/episode", "script/episode@"), ["script/episode@plain"]),
        (("run", "--suite", "s"), ["script", "shot"]),
        (("run", "--version", "music/"), ["music/cue", "music/cue@plain"]),
        (("render", "--case", "last-bid-shot"), [f"last-bid-shot-{n}" for n in (1, 2, 3, 4)]),
        (("render", "--case", "last-bid-outline"), ["last-bid-outline-3"]),
        (("run", "--provider", "ho"), ["house"]),
        (("chain", "p"), ["pilot"]),
        (("show", "2026"), ["20260301-120000-abcdef"]),
        (("judge", "la"), ["last"]),
        (("gate", "--candidate", "clip/motion@"), ["clip/motion@plain"]),
    ],
)
def test_names_are_offered(ws: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], some: list[str]) -> None:
    monkeypatch.chdir(ws)
    with (ws / "workbench.toml").open("a") as file:
        file.write('\n[providers.house]\ntype = "chat"\n')
    with Journal(Workspace(ws), "20260301-120000-abcdef") as journal:
        journal.append(Note(run_id="20260301-120000-abcdef", at="2026-03-01T12:00:00Z", text="x"))
    assert offered(*words) == some


def test_outside_of_a_workspace_nothing_is_offered_and_elsewhere_the_named_ones(
    ws: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert offered("try", "shot/") == []
    assert "shot/keyframe" in offered("--workspace", str(ws), "try", "shot/")
