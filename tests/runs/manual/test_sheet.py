"""The sheet of prompts: complete, inert whatever stands in the prompts, and usable in a real browser from the disk."""

from __future__ import annotations

import csv
import io
import re
import shutil
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import manual_run
import pytest

from runs import codes
from runs.provider import Message
from runs.providers.manual import begin
from runs.resume import state_of
from runs.sheet import Row, as_csv, write
from runs.workspace import Workspace

HOSTILE = "</pre><script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">{{ 7 * 7 }} &amp; \" ' \u202e"


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return manual_run.workspace(tmp_path / "w")


class Tags(HTMLParser):
    """Collects what a page would load or run."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.handlers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.handlers += [n for n, _ in attrs if n.startswith("on") or n == "style"]
        self.links += [v or "" for n, v in attrs if n in ("src", "href", "action", "data", "poster", "srcset")]


def test_every_job_stands_on_it_with_code_version_prompt_and_file_name(ws: Workspace) -> None:
    plan = manual_run.plan(ws, ("Mei opens the well.", "雨中的井"), repeats=2)
    folder = begin(ws, plan)
    rows = list(csv.DictReader(io.StringIO((folder / "prompts.csv").read_text("utf-8-sig"))))
    assert [r["job"] for r in rows] == [j["job_id"] for j in plan.jobs]
    assert len({r["code"] for r in rows}) == len(rows) == 8
    assert all(r["job"].startswith(r["code"].removeprefix("wb")) and r["expected_file"] == f"{r['code']}.png" for r in rows)
    assert {r["version"] for r in rows} == {"shot/still@plain", "shot/still@rich"}
    assert {r["repeat"] for r in rows} == {"1", "2"}
    assert "A still, 9:16: 雨中的井" in {r["prompt"] for r in rows}
    page = (folder / "prompts.html").read_text("utf-8")
    assert all(r["code"] in page for r in rows)
    assert (folder / "references" / "mei-1.png").is_file()


def test_the_run_is_journalled_with_open_jobs(ws: Workspace) -> None:
    plan = manual_run.plan(ws)
    begin(ws, plan)
    state = state_of(ws, plan.run_id)
    assert state.plan and len(state.plan["jobs"]) == 4
    assert (state.finished, state.ended, state.is_live()) == ({}, None, False)


def test_a_hostile_prompt_is_only_text(ws: Workspace) -> None:
    page = (begin(ws, manual_run.plan(ws, (HOSTILE,))) / "prompts.html").read_text("utf-8")
    tags = Tags()
    tags.feed(page)
    assert tags.tags.count("script") == 1
    assert tags.handlers == []
    assert all(link.startswith(("#", "data:image/jpeg;base64,")) for link in tags.links)
    assert not re.search(r"https?://", page.replace("&#", ""))
    assert "default-src 'none'" in page and "unsafe-inline" not in page
    assert "{{ 7 * 7 }}" in page


def test_a_cell_is_never_a_formula() -> None:
    for text in ("=HYPERLINK(1)", "+1", "-1", "@x"):
        row = Row("wb1", "1", "v", "m", "c", "s", 0, "f", (Message("user", text),), {}, {})
        assert f"'{text}" in as_csv([row])


def test_codes_are_as_long_as_they_must_be_and_found_in_names() -> None:
    ids = ["abcdef11" + "0" * 56, "abcdef12" + "0" * 56]
    known = codes.by_code(ids)
    assert sorted(known) == ["wbabcdef11", "wbabcdef12"]
    assert codes.find("mei WBABCDEF11 (2).png", known) == [ids[0]]
    assert codes.find(f"{ids[1]}.webp", known) == [ids[1]]
    assert codes.find("wbabcdef11_wbabcdef12.png", known) == ids
    for other in ("wbabcdef1.png", "xwbabcdef11.png", "abcdef11.png", "wbabcdef13.png", "3f2a-abcdef11-99.png"):
        assert codes.find(other, known) == []


def test_writing_it_again_replaces_it_and_leaves_nothing_beside(ws: Workspace) -> None:
    plan = manual_run.plan(ws)
    (write(ws, plan) / "stale.txt").write_text("x")
    folder = write(ws, plan)
    assert sorted(p.name for p in folder.iterdir()) == ["prompts.csv", "prompts.html", "references"]
    assert [p.name for p in folder.parent.iterdir()] == [plan.run_id]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not chromium:
        pytest.skip("no Chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.mark.slow
def test_in_a_browser_from_the_disk_it_copies_remembers_and_asks_for_nothing(ws: Workspace, browser: Any) -> None:
    plan = manual_run.plan(ws, (HOSTILE, "雨中的井"))
    page_path = begin(ws, plan) / "prompts.html"
    context = browser.new_context()
    page = context.new_page()
    requests: list[str] = []
    faults: list[str] = []
    page.on("request", lambda r: requests.append(r.url))
    page.on("pageerror", lambda e: faults.append(str(e)))
    page.on("console", lambda m: faults.append(m.text) if m.type == "error" else None)
    page.goto(page_path.as_uri())
    assert "owned" not in page.title()
    assert page.locator("article").count() == 4
    card = page.locator("article", has_text="still@plain").filter(has_text="owned")
    card.get_by_role("button", name="Copy prompt").click()
    page.get_by_role("status").filter(has_text="Copied").wait_for()
    # What was copied is pasted into a field, as a user would.
    page.locator("#find").focus()
    page.keyboard.press("ControlOrMeta+V")
    assert page.locator("#find").input_value().startswith("A still, 9:16: </pre><script>")
    page.locator("#find").fill("shot-1 plain")
    assert page.locator("article:visible").count() == 1
    page.locator("#find").fill("")
    page.locator("[data-done]").first.check()
    page.reload()
    assert page.locator("#count").inner_text() == "1 of 4 done"
    page.locator("#hide").check()
    assert page.locator("article:visible").count() == 3
    assert all(u.startswith(("file://", "data:")) for u in requests)
    assert {u.split("?")[0] for u in requests if u.startswith("file://")} == {page_path.as_uri()}
    assert faults == []
    context.close()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable_in_both_schemes(ws: Workspace, browser: Any, scheme: str) -> None:
    """All text against its own ground has a contrast of at least 4.5 (WCAG 2.2 AA), and every control has a name."""
    context = browser.new_context(color_scheme=scheme)
    page = context.new_page()
    page.goto((begin(ws, manual_run.plan(ws)) / "prompts.html").as_uri())
    low = page.evaluate(CONTRAST)
    assert low == []
    assert page.evaluate(UNNAMED) == 0
    context.close()


UNNAMED = """() => [...document.querySelectorAll("button, input")]
  .filter((e) => !(e.getAttribute("aria-label") || e.textContent.trim() || e.closest("label"))).length"""
CONTRAST = """() => {
  const parse = (c) => { const m = c.match(/[\\d.]+/g).map(Number); return m.length < 4 ? [...m, 1] : m; };
  const luminance = ([r, g, b]) => [r, g, b].map((v) => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; })
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const ground = (e) => {
    for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c[3] > 0) return c; }
    return [255, 255, 255, 1];
  };
  const low = [];
  for (const e of document.querySelectorAll("body *")) {
    if (!e.offsetParent || e.id === "say" || ![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())) continue;
    const [a, b] = [luminance(parse(getComputedStyle(e).color)), luminance(ground(e))].sort((x, y) => y - x);
    if ((a + .05) / (b + .05) < 4.5) low.push(`${e.tagName} ${e.textContent.trim().slice(0, 20)} ${((a + .05) / (b + .05)).toFixed(2)}`);
  }
  return low;
}"""
