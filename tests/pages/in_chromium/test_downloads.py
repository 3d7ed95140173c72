"""What can be taken along, page by page, clicked in a real browser: every file arrives, is what it says, and nothing is drawn anew."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import page_story
import pandas as pd
import pytest
from browser import Server, Visit
from gated import TEMPLATE

from runs import query
from runs.compare import find_arms
from runs.ratings import Ballot, begin, view
from runs.workspace import Workspace

pytestmark = pytest.mark.slow
Tab = Callable[..., Visit]
ARMS = {"a": f"{page_story.SHOTS}:a", "b": f"{page_story.SHOTS}:b"}


def judged(ws: Workspace) -> str:
    """Return a queue that ann has judged."""
    queue = begin(ws, *find_arms(ws, *ARMS.values()), actor="chief", seed=5, limit=2)
    with Ballot(ws, queue, "ann") as ballot:
        for item in view(query.queue(ws, queue), "ann"):
            ballot.cast(item.item, "left", ms=2000)
    return queue


def opened(path: Path) -> None:
    """Read a file as what its name says."""
    match path.suffix:
        case ".csv":
            assert len(pd.read_csv(path).columns) > 2
        case ".parquet":
            assert len(pd.read_parquet(path).columns) > 2
        case ".zip":
            with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as found:
                assert found.testzip() is None
                assert {Path(name).suffix for name in found.namelist()} <= {".parquet", ".json", ".webp"}
                tables = [found.read(name) for name in found.namelist() if name.endswith(".parquet")]
            assert all(len(pd.read_parquet(io.BytesIO(table)).columns) > 2 for table in tables)
        case ".jsonl":
            assert path.read_text("utf-8").startswith("{")
        case kind:
            assert kind == ".html"
            assert path.read_text("utf-8").startswith("<!doctype html>")


def test_every_page_hands_out_what_it_shows(server: Server, own: Workspace, tab: Tab, tmp_path: Path) -> None:
    pages: Mapping[str, tuple[str, dict[str, str], int]] = {
        "runs": ("", {}, 3),
        "run": ("run", {"id": page_story.SHOTS}, 5),
        "compare": ("compare", ARMS, 4),
        "case": ("case", {**ARMS, "case": "series-2-shot-2"}, 1),
        "review": ("review", {"queue": judged(own), "person": "ann"}, 2),
        "promote": ("promote", {"template": TEMPLATE}, 3),
        "scorers": ("scorers", {}, 7),
        "search": ("search", {"q": "bold", "kind": "reasons"}, 2),
    }
    visit = tab()
    for name, (path, address, count) in pages.items():
        page = visit.open(server.url(path, **address))
        page.get_by_role("button", name="Export").click()
        visit.settle()
        found = page.get_by_test_id("stDownloadButton").get_by_role("button")
        found.first.wait_for()
        buttons = found.all()
        assert len(buttons) == count, name
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.innerText") == buttons[0].inner_text(), f"{name}: what unfolds is next by keyboard"
        for button in buttons:
            with page.expect_download() as arriving:
                button.click()
            saved = tmp_path / arriving.value.suggested_filename
            arriving.value.save_as(saved)
            opened(saved)
        assert not visit.errors, name
    assert len(list(tmp_path.iterdir())) == sum(count for *_, count in pages.values()), "each has a name of its own"
