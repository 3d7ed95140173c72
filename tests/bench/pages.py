"""Print how long each page takes from navigation until it stands still, beside an empty Streamlit page on the same machine.

    python tests/bench/pages.py [--runs 200] [--scores 200000] [--dir DIR] [--rounds 7] [--only compare,runs]

The empty page is one Altair chart of 20 points and one table of 100 rows. Each round visits the empty page and then a page of ours, in
one tab with the browser's cache, and a ratio is the median of the rounds' ratios, so that what else the machine does cancels. The
first visit of each page, with nothing cached in the server, stands beside it. `--dir` keeps the log for next time. Needs Chromium.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

import big_log  # type: ignore[import-not-found]  # noqa: E402
import browser as driver  # type: ignore[import-not-found]  # noqa: E402

EMPTY = """
import altair as alt, pandas as pd, streamlit as st
frame = pd.DataFrame({"x": range(20), "y": range(20)})
st.header("Empty")
st.altair_chart(alt.Chart(frame).mark_point().encode(x="x", y="y"))
st.dataframe(pd.DataFrame({name: range(100) for name in "abcdef"}))
"""
RUN = big_log.run_id(4)
BOTH = f"a={RUN}:a&b={RUN}:b"
PAGES: Mapping[str, str] = {
    "compare": f"compare?{BOTH}", "compare slices": f"compare?{BOTH}&view=slices&by=series", "compare cost": f"compare?{BOTH}&view=cost",
    "compare template": f"compare?{BOTH}&view=diff", "runs": "", "case": f"case?{BOTH}&case=case-1", "run": f"run?id={RUN}",
    "write": "prompts", "launch": "launch", "review": "review", "promote": "promote", "scorers": "scorers",
    "search": "search?q=red+petition",
}  # fmt: skip
# Looks at each frame that the browser draws; the clock begins with the navigation.
WATCH = f"""const idle = {driver.IDLE};
const look = () => {{ if (!idle()) window.lastBusy = performance.now(); requestAnimationFrame(look); }};
look();"""


@contextlib.contextmanager
def empty(folder: Path) -> Iterator[str]:
    """Serve the empty page."""
    script, port = folder / "empty.py", driver.free_port()
    script.write_text(EMPTY)
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port), "--server.address", "127.0.0.1"]
    command += ["--server.headless", "true", "--browser.gatherUsageStats", "false"]
    with (folder / "empty.log").open("wb") as out, subprocess.Popen(command, cwd=folder, stdout=out, stderr=out) as process:
        try:
            driver._wait(port, process.poll, folder / "empty.log")
            yield f"http://127.0.0.1:{port}/"
        finally:
            process.terminate()


def took(visit: Any, act: Callable[[], Any]) -> float:
    """Return the seconds from an action until the page stands still: the last moment at which it did not, as the browser saw it."""
    begin = visit.page.evaluate("performance.now()")
    act()
    visit.settle()
    return (_busy(visit) - begin) / 1000


def going(visit: Any, url: str) -> float:
    """Return the seconds from the start of a navigation until the page stands still."""
    visit.open(url)
    return _busy(visit) / 1000


def _busy(visit: Any) -> float:
    if visit.page.get_by_test_id("stException").count():
        raise SystemExit(f"{visit.page.url} shows an error: {visit.page.get_by_test_id('stException').inner_text()}")
    return float(visit.page.evaluate("window.lastBusy"))


def visits(visit: Any, bare: str, url: str, rounds: int) -> tuple[float, float, float]:
    """Return seconds of the first visit and the median of later ones, and the median ratio to the empty page."""
    first = going(visit, url)
    pairs = [(going(visit, bare), going(visit, url)) for _ in range(rounds)]
    return first, statistics.median(page for _, page in pairs), statistics.median(page / base for base, page in pairs)


def interactions(visit: Any, server: Any) -> Iterator[tuple[str, float]]:
    """Yield the main interactions and their seconds."""
    page = visit.page
    going(visit, server.url(PAGES["compare"]))
    yield "compare: B better", took(visit, lambda: page.get_by_role("radio", name="B better").click())
    yield "compare: slices", took(visit, lambda: page.get_by_role("radio", name="Slices").click())
    yield "compare: the template", took(visit, lambda: page.get_by_role("radio", name="What changed").click())
    going(visit, server.url(PAGES["case"]))
    yield "case: next", took(visit, lambda: page.get_by_role("button", name="Next").click())
    going(visit, server.url())
    yield "runs: look for", took(visit, lambda: (page.get_by_role("textbox", name="Search").fill("closeup"), page.keyboard.press("Enter")))


def main() -> None:
    """Make the log, and visit each page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--scores", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--dir", type=Path)
    parser.add_argument("--only", default=",".join(PAGES))
    args = parser.parse_args()
    wanted = {page: address for page, address in PAGES.items() if page in args.only.split(",")}
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        ws = big_log.kept(args.dir or folder, args.runs, args.scores)
        print(f"{args.runs:,} runs, {args.scores:,} scores, log {ws.log.stat().st_size >> 20} MB")
        chromium = stack.enter_context(driver.chromium())
        bare = stack.enter_context(empty(folder))
        server = stack.enter_context(driver.served(ws.root, folder / "log.txt"))
        visit = stack.enter_context(driver.tab(chromium))
        visit.page.add_init_script(WATCH)
        # The files of both servers come into the browser's cache.
        going(visit, bare), going(visit, server.url())
        print(f"{'empty page':22} again {statistics.median(going(visit, bare) for _ in range(args.rounds)):6.2f} s")
        for page, address in wanted.items():
            first, again, ratio = visits(visit, bare, f"{server.url()}{address}", args.rounds)
            print(f"{page:22} first {first:6.2f} s   again {again:6.2f} s   ratio {ratio:4.1f}", flush=True)
        for what, seconds in interactions(visit, server):
            print(f"{what:22} {seconds:6.2f} s", flush=True)


if __name__ == "__main__":
    main()
