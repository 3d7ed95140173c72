"""Take the pictures of the pages that the documentation shows: each page at 1400 x 900, light and dark, as a small PNG.

    python tests/bench/screenshots.py [WORKSPACE [FOLDER]]

Without a workspace, the demo is run first, in a temporary folder (some minutes). Needs Chromium, Playwright and Pillow.
"""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

import browser as driver  # type: ignore[import-not-found]  # noqa: E402  (found through the line above)

import workbench  # noqa: E402
from runs import query  # noqa: E402
from runs.compare import Pair, compare_arms, find_arms  # noqa: E402
from runs.ratings import begin  # noqa: E402
from runs.workspace import Workspace  # noqa: E402

MOST_BYTES = 200_000
Shot = tuple[str, str, Mapping[str, str], str]
"""Name of the picture, page, what its address says, and the text that is brought into view (empty: the top)."""


def demo() -> Workspace:
    """Run the demo in a temporary folder."""
    from runs.demo import run_demo
    from runs.progress import for_terminal
    from runs.starting import initialise

    ws = initialise(Path(tempfile.mkdtemp(prefix="screenshots-")) / "demo")
    for _ in run_demo(ws, for_terminal(quiet=False)):
        pass
    pair = newest(ws, "shot")
    if pair is not None:
        begin(ws, pair.a, pair.b, actor="chen@studio", question="Which shot would you keep?", seed=5)
    asked = ["-q", "-w", str(ws.root), "gate", "--base", "script/episode@plain", "--candidate", "script/episode"]
    workbench.cli.main(asked, standalone_mode=False)
    return ws


def shots(ws: Workspace) -> Iterator[Shot]:
    """Yield what to show: of each kind of evidence the newest comparison that has it, at the case that B wins most clearly."""
    yield "runs", "", {}, ""
    yield "write", "prompts", {"name": "shot/keyframe"}, ""
    yield "changes", "prompts", {"name": "script/episode", "show": "changes"}, ""
    yield "run", "run", {"id": query.find_run(ws)}, ""
    wanted = (("faces", "shot", "face_consistency"), ("expression", "clip", "expression"), ("logic", "script", "logic"))
    for evidence, stage, metric in wanted:
        pair = newest(ws, stage)
        if pair is None:
            print(f"no comparison of {stage}s in {ws.root}: no picture of {evidence}", file=sys.stderr)
            continue
        arms = {"a": pair.a.address, "b": pair.b.address, "m": metric}
        if evidence == "faces":
            yield "compare", "compare", arms, ""
        end = "" if evidence == "logic" else "evidence"
        yield f"case-{evidence}", "case", {**arms, "case": clearest(ws, pair, metric), "ev": evidence}, end
    yield "scorers", "scorers", {}, ""
    for queue in query.queues(ws)["queue"].head(1):
        yield "review", "review", {"queue": queue}, ""
    for _, gate in query.gates(ws).tail(1).iterrows():
        yield "promote", "promote", {"template": str(gate["template"]), "report": str(gate["report"])[:12]}, ""


def newest(ws: Workspace, stage: str) -> Pair | None:
    """Return the newest comparison of two different versions of a stage."""
    arms = query.arms(ws, stage=stage)
    for _, of_run in arms.groupby("run_id", sort=False):
        if of_run["version"].nunique() > 1:
            a, b = (f"{row.run_id}:{row.arm}" for row in of_run.head(2).itertuples())
            return compare_arms(ws, *find_arms(ws, a, b))
    return None


def clearest(ws: Workspace, pair: Pair, metric: str) -> str:
    """Return the case that B wins most clearly among those where both arms made something that could be judged."""
    cases = pair.comparison.cases(metric)
    judged = cases[(cases["change"] == "better") & (cases["failed_a"] + cases["failed_b"] == 0)]
    several = judged[judged["unit"].duplicated(keep=False)]
    best = several if len(several) else judged if len(judged) else cases
    return str(best.sort_values("gain")["case"].iloc[-1])


def take(server: driver.Server, chromium: Any, shot: Shot, folder: Path, *, dark: bool) -> None:
    """Take one picture and write it as a PNG of few colours."""
    from PIL import Image

    name, page, address, show = shot
    with driver.tab(chromium, dark=dark) as visit:
        opened = visit.open(server.url(page, **address))
        opened.wait_for_timeout(1500)
        if show:
            # All that Why says, or as much of it as fits, with the outputs above.
            opened.evaluate("document.querySelector('[data-testid=stMainBlockContainer]').scrollIntoView({block: 'end'})")
            opened.evaluate(
                """() => { const why = [...document.querySelectorAll('[data-testid=stButtonGroup]')].pop();
                           const top = why.getBoundingClientRect().top; const main = document.querySelector('[data-testid=stMain]');
                           if (top < 64) main.scrollBy(0, top - 64); }"""
            )
        opened.wait_for_timeout(500)
        picture = Image.open(io.BytesIO(opened.screenshot())).convert("RGB")
    out = folder / f"{name}{'-dark' if dark else ''}.png"
    for colours in (256, 128, 64):
        picture.quantize(colours, method=Image.Quantize.MEDIANCUT, kmeans=2, dither=Image.Dither.NONE).save(out, optimize=True)
        if out.stat().st_size <= MOST_BYTES:
            break
    print(f"{out.name}: {out.stat().st_size / 1000:.0f} kB")


def main() -> None:
    """Take all pictures."""
    ws = Workspace.find(Path(sys.argv[1])) if len(sys.argv) > 1 else demo()
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else ROOT / "docs" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, driver.served(ws.root, Path(home) / "log.txt") as server, driver.chromium() as chromium:
        for shot in shots(ws):
            for dark in (False, True):
                take(server, chromium, shot, folder, dark=dark)


if __name__ == "__main__":
    main()
