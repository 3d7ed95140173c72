"""Print how long each page takes from navigation until it stands still, beside an empty Streamlit page on the same machine.

    python tests/bench/pages.py [--scores 200000] [--runs 200] [--copies 1] [--rounds 3]

The empty page is one Altair chart of 20 points and one table of 100 rows. The log is made of journals; `--copies 10` then copies
its runs inside the log, so that `--runs 200 --scores 1000000 --copies 10` is 2,000 runs and 10,000,000 scores. Times are medians
of warm visits with the browser's cache; the first visit of each page after the log changed stands beside them. Needs Chromium.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

import browser as driver  # type: ignore[import-not-found]  # noqa: E402
import duckdb  # noqa: E402
import log_story as story  # type: ignore[import-not-found]  # noqa: E402

from runs.events import Scores  # noqa: E402
from runs.log import catch_up  # noqa: E402
from runs.schema import CONFIG  # noqa: E402
from runs.workspace import Workspace  # noqa: E402

METRICS = 10
EMPTY = """
import altair as alt, pandas as pd, streamlit as st
frame = pd.DataFrame({"x": range(20), "y": range(20)})
st.header("Empty")
st.altair_chart(alt.Chart(frame).mark_point().encode(x="x", y="y"))
st.dataframe(pd.DataFrame({name: range(100) for name in "abcdef"}))
"""
KEYED = ("arm", "case_seen", "generation", "artifact", "run_metric", "score", "rollup_run_arm", "rollup_run_scorer")


def write(ws: Workspace, runs: int, scores: int) -> None:
    """Write runs of two arms over as many cases as it takes, and fold them."""
    jobs = max(4, scores // runs // METRICS)
    for r in range(runs):
        run_id = f"20260301-{r:06d}-bench"
        usual = story.plan(run_id, jobs, second=60 * r, cases=jobs // 2)
        cases = [{**case, "series": f"series-{n % 20}", "upstream": []} for n, case in enumerate(usual.cases)]
        plan = replace(usual, cases=cases, scorers=[{"name": "judge", "version": "1", "args": {}, "metrics": _metrics()}])
        done = [story.generation(run_id, n, 60 * r + 1) for n in range(jobs)]
        marks = [
            Scores(run_id=run_id, at=story.at(60 * r + 2), job_id=story.job_id(run_id, n), scores=[_score(k, n) for k in range(METRICS)])
            for n in range(jobs)
        ]
        story.write(ws, f"{run_id}.jsonl", [plan, *done, *marks])
    catch_up(ws)


def _metrics() -> list[dict[str, Any]]:
    usual = {"direction": "up", "unit": "share", "worst": 0.0, "lo": 0.0, "hi": 1.0, "description": ""}
    return [{**usual, "name": f"metric_{k}", "primary": k < 3} for k in range(METRICS)]


def _score(k: int, n: int) -> dict[str, Any]:
    return dict(story.score(f"metric_{k}", min(1.0, 0.3 + (n * (k + 3)) % 50 / 100 + (n % 2) * 0.02 * k)))


def multiply(ws: Workspace, copies: int) -> None:
    """Copy all runs inside the log, under new ids."""
    with contextlib.closing(duckdb.connect(str(ws.log), config=CONFIG)) as con:
        for copy in range(1, copies):
            run_step, job_step = copy * 1_000_000, copy * 100_000_000
            runs = f"run_key + {run_step} as run_key, run_id || '-{copy}' as run_id"
            jobs = f"run_key + {run_step} as run_key, job_key + {job_step} as job_key"
            con.execute(f"insert into run select * replace({runs}) from run where run_key < 1000000")
            con.execute(f"insert into job select * replace({jobs}) from job where run_key < 1000000")
            for table in KEYED:
                names = {row[0] for row in con.execute(f"describe {table}").fetchall()}
                keys = f"run_key + {run_step} as run_key" + (f", job_key + {job_step} as job_key" if "job_key" in names else "")
                con.execute(f"insert into {table} select * replace({keys}) from {table} where run_key < 1000000")
        con.execute("checkpoint")


@contextlib.contextmanager
def empty(folder: Path) -> Iterator[str]:
    """Serve the empty page."""
    script, port = folder / "empty.py", driver.free_port()
    script.write_text(EMPTY)
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port), "--server.address", "127.0.0.1"]
    command += ["--server.headless", "true", "--browser.gatherUsageStats", "false"]
    with (folder / "empty.log").open("wb") as out, subprocess.Popen(command, cwd=folder, stdout=out, stderr=out) as process:
        try:
            driver._wait(port, process, folder / "empty.log")
            yield f"http://127.0.0.1:{port}/"
        finally:
            process.terminate()


def visits(chromium: Any, url: str, rounds: int) -> tuple[float, float]:
    """Return seconds of the first visit and the median of later ones, in one tab."""
    took = []
    with driver.tab(chromium) as visit:
        for _ in range(rounds + 1):
            begin = time.perf_counter()
            visit.open(url)
            # The waiting rule itself looks twice, a quarter of a second apart.
            took.append(time.perf_counter() - begin - 0.5)
            if visit.page.get_by_test_id("stAlert").count() or visit.page.get_by_test_id("stException").count():
                raise SystemExit(f"{url} shows an error")
    return took[0], statistics.median(took[1:])


def main() -> None:
    """Make the log, and visit each page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--scores", type=int, default=200_000)
    parser.add_argument("--copies", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ws = story.workspace(folder / "drama")
        begin = time.perf_counter()
        write(ws, args.runs, args.scores)
        multiply(ws, args.copies)
        size = ws.log.stat().st_size >> 20
        took = time.perf_counter() - begin
        print(f"{args.runs * args.copies:,} runs, {args.scores * args.copies:,} scores, log {size} MB, made in {took:.0f} s")
        run = "20260301-000001-bench"
        both = f"a={run}:a&b={run}:b"
        pages = {
            "runs": "", "compare": f"compare?{both}", "compare, slices": f"compare?{both}&view=slices&by=series",
            "compare, cost": f"compare?{both}&view=cost", "case": f"case?{both}&case=case-1", "run": f"run?id={run}", "write": "prompts",
            "review": "review", "promote": "promote", "scorers": "scorers", "search": "search?q=draw", "launch": "launch",
        }  # fmt: skip
        there = {path.stem for path in (ROOT / "pages").glob("*.py")}
        absent = {"scorers": "calibrate", "search": "search", "launch": "launch"}
        pages = {page: address for page, address in pages.items() if absent.get(page, "compare") in there}
        with driver.chromium() as chromium:
            with empty(folder) as url:
                first, base = visits(chromium, url, args.rounds)
            print(f"{'empty page':18} first {first:5.2f} s   again {base:5.2f} s")
            with driver.served(ws.root, folder / "log.txt") as server:
                visits(chromium, server.url(), 1)
                for page, address in pages.items():
                    first, again = visits(chromium, f"{server.url()}{address}", args.rounds)
                    print(f"{page:18} first {first:5.2f} s   again {again:5.2f} s   ratio {again / base:4.1f}", flush=True)


if __name__ == "__main__":
    main()
