"""Take pictures of all pages at 1400 x 900, light and dark, as small PNGs; the best go to the documents.

    python tests/bench/screenshots.py [--workspace FOLDER] [--only NAME ...] [--size 1024x768] [--out build/screenshots]

Without a workspace, the demo and its walk to production are done first, in a temporary folder (some minutes). Two people vote in a
queue of the demo, and a run is started so that there is one to watch; it is stopped at the end. A page that scrolls sideways, or
that has an error on it, is named, and the exit status is 1. Needs Chromium, Playwright and Pillow.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

import browser as driver  # type: ignore[import-not-found]  # noqa: E402  (found through the line above)

from runs import launching, query  # noqa: E402
from runs.compare import Pair, compare_arms, find_arms  # noqa: E402
from runs.plan import new_run_id  # noqa: E402
from runs.ratings import Ballot, begin, view  # noqa: E402
from runs.workspace import Workspace  # noqa: E402

BOTH_LOOKS = ("runs", "compare", "case-faces", "case-expression", "case-logic")
LIGHT_ONLY = ("write", "launch", "review", "promote", "scorers")
"""What the documents show."""
MOST_BYTES = 200_000
WORDS, QUESTION = "beard", "Which shot would you keep?"
TOP = "document.querySelector('[data-testid=stMain]').scrollTo(0, 0)"
EVIDENCE = """() => {
  document.querySelector('[data-testid=stMainBlockContainer]').scrollIntoView({block: 'end'});
  const why = [...document.querySelectorAll('[data-testid=stButtonGroup]')].pop(), top = why.getBoundingClientRect().top;
  if (top < 64) document.querySelector('[data-testid=stMain]').scrollBy(0, top - 64);
}"""
"""All that Why says, or as much of it as fits, with the outputs above."""
WIDE = "(main => main.scrollWidth > main.clientWidth)(document.querySelector('[data-testid=stMain]'))"


@dataclass(frozen=True)
class Shot:
    """Name of the picture, page, what its address says, and what brings the part that is meant into view."""

    name: str
    page: str
    address: Mapping[str, str | list[str]] = field(default_factory=dict)
    show: str = TOP


def demo() -> Workspace:
    """Run the demo and its walk to production in a temporary folder."""
    from runs.demo import run_demo
    from runs.demo_promotion import promotion
    from runs.progress import for_terminal
    from runs.starting import initialise

    ws = initialise(Path(tempfile.mkdtemp(prefix="screenshots-")) / "demo", demo=True)
    for _ in run_demo(ws, for_terminal(quiet=False)):
        pass
    for _ in promotion(ws, for_terminal(quiet=False), lambda _text: None):
        pass
    return ws


def vote(ws: Workspace, pair: Pair) -> tuple[str, str]:
    """Let two people judge a queue, mostly for B; return it, and one that nobody has finished."""
    known = query.queues(ws)
    if len(known) >= 2:
        return str(known["queue"].iloc[-1]), str(known["queue"].iloc[0])
    done, fresh = (begin(ws, pair.a, pair.b, actor="chen@studio", question=QUESTION, seed=seed) for seed in (5, 6))
    rng = random.Random(7)
    for queue, people, share in ((done, ("ana", "bo"), 1.0), (fresh, ("ana",), 0.3)):
        for who in people:
            shown = view(query.queue(ws, queue), who)
            with Ballot(ws, queue, who) as ballot:
                for item in shown[: round(share * len(shown))]:
                    liked = item.left_arm == "b" if rng.random() < 0.8 else item.left_arm == "a"
                    choice: Any = "tie" if rng.random() < 0.1 else "left" if liked else "right"
                    ballot.cast(item.item, choice, ms=2000 + rng.randrange(2000))
    return done, fresh


@contextlib.contextmanager
def live(ws: Workspace) -> Iterator[str]:
    """Keep a run going meanwhile; return its id."""
    run_id = new_run_id()
    arguments = ["--suite", "shot", "--version", "shot/keyframe@plain", "--version", "shot/keyframe", "--provider", "studio"]
    launching.launch(ws, run_id, [*arguments, "--model", "studio", "--repeats", "5", "--seed", str(time.time_ns() % 10_000)])
    end = time.monotonic() + 120
    while time.monotonic() < end and not (run_id in set(query.runs(ws)["run_id"]) and query.progress(ws, run_id)["done"] > 8):
        time.sleep(0.5)
    try:
        yield run_id
    finally:
        launching.stop(ws, run_id)
        while (found := launching.launched(ws, run_id)) is not None and found.alive:
            time.sleep(0.5)


def still(ws: Workspace) -> Iterator[Shot]:
    """Yield what stands still: of each kind of evidence the newest comparison that has it, at the case that B wins most clearly."""
    yield Shot("templates", "prompts")
    yield Shot("write", "prompts", {"name": "shot/keyframe", "v": "shot/keyframe", "base": "shot/keyframe@plain"})
    yield Shot("changes", "prompts", {"name": "script/episode", "show": "changes"})
    yield Shot("checks", "prompts", {"name": "script/episode", "show": "checks"})
    yield Shot("launch", "launch", {"suite": "script", "v": ["script/episode@plain", "script/episode"]})
    yield from of_comparisons(ws)
    yield Shot("scorers", "scorers")
    yield Shot("scorers-below", "scorers", {}, TOP.replace("0, 0", "0, 1e6"))
    yield Shot("search", "search", {"q": WORDS})
    yield Shot("queues", "review", {"person": "ana"})
    yield Shot("promotions", "promote")
    for _, gate in query.gates(ws).tail(1).iterrows():
        address: dict[str, str | list[str]] = {"template": str(gate["template"]), "report": str(gate["report"])[:12], "person": "ann@demo"}
        yield Shot("promote", "promote", address)
        yield Shot("ledger", "promote", address, TOP.replace("0, 0", "0, 1e6"))
    yield Shot("error", "compare", {"a": "nothing:a", "b": "nothing:b"})


def of_comparisons(ws: Workspace) -> Iterator[Shot]:
    """Yield Compare with all its views, Case with its kinds of evidence, and Review."""
    wanted = (("faces", "shot", "face_consistency"), ("expression", "clip", "expression"), ("logic", "script", "logic"))
    for evidence, stage, metric in wanted:
        pair = newest(ws, stage)
        if pair is None:
            print(f"no comparison of {stage}s in {ws.root}: no picture of {evidence}", file=sys.stderr)
            continue
        arms = {"a": pair.a.address, "b": pair.b.address, "m": metric}
        case = {**arms, "case": clearest(ws, pair, metric)}
        yield Shot(f"case-{evidence}", "case", {**case, "ev": evidence}, TOP if evidence == "logic" else EVIDENCE)
        if evidence == "faces":
            yield Shot("compare", "compare", arms)
            for name in ("slices", "cost", "diff"):
                yield Shot(f"compare-{name}", "compare", {**arms, "view": name}, TOP.replace("0, 0", "0, 1e6"))
            for name in ("diff", "lineage", "raw"):
                yield Shot(f"case-{name}", "case", {**case, "ev": name}, EVIDENCE)
            done, fresh = vote(ws, pair)
            yield Shot("review", "review", {"queue": fresh, "person": "ana"})
            yield Shot("reveal", "review", {"queue": done, "person": "ana"})
        if evidence == "logic":
            yield Shot("case-logic-below", "case", {**case, "ev": evidence}, EVIDENCE)


def newest(ws: Workspace, stage: str) -> Pair | None:
    """Return the newest comparison of two different versions of a stage, in a run that came to its end."""
    arms = query.arms(ws, stage=stage)
    for run_id, of_run in arms.groupby("run_id", sort=False):
        if of_run["version"].nunique() > 1 and query.progress(ws, str(run_id))["state"] == "finished":
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


def take(server: driver.Server, chromium: Any, shot: Shot, out: Path, size: tuple[int, int], *, dark: bool) -> list[str]:
    """Take one picture and write it as a PNG of few colours; return what is wrong with the page."""
    from PIL import Image

    with driver.tab(chromium, dark=dark, width=size[0], height=size[1]) as visit:
        opened = visit.open(server.url(shot.page, **shot.address))
        opened.wait_for_timeout(1500)
        opened.evaluate(shot.show)
        opened.wait_for_timeout(500)
        # What draws itself again meanwhile stands greyed until it is drawn.
        opened.wait_for_function(driver.IDLE, timeout=driver.WAIT_MS)
        picture = Image.open(io.BytesIO(opened.screenshot())).convert("RGB")
        wrong = ["it scrolls sideways"] if opened.evaluate(WIDE) else []
        wrong += ["there is a trace on it"] if opened.get_by_test_id("stException").count() else []
    path = out / f"{shot.name}{'-dark' if dark else ''}.png"
    for colours in (256, 128, 64):
        picture.quantize(colours, method=Image.Quantize.MEDIANCUT, kmeans=2, dither=Image.Dither.NONE).save(path, optimize=True)
        if path.stat().st_size <= MOST_BYTES:
            break
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB {'; '.join(wrong)}", flush=True)
    return [f"{path.name}: {one}" for one in wrong]


def keep(out: Path) -> None:
    """Put the best into the documents."""
    folder = ROOT / "docs" / "screenshots"
    names = [*BOTH_LOOKS, *(f"{name}-dark" for name in BOTH_LOOKS), *LIGHT_ONLY]
    for path in (out / f"{name}.png" for name in names):
        if path.is_file():
            (folder / path.name).write_bytes(path.read_bytes())


def main() -> int:
    """Take all pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workspace", type=Path)
    parser.add_argument("--only", nargs="+", default=[])
    parser.add_argument("--size", default="1400x900")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "screenshots")
    args = parser.parse_args()
    ws = Workspace.find(args.workspace) if args.workspace else demo()
    args.out.mkdir(parents=True, exist_ok=True)
    width, _, height = args.size.partition("x")
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as home, driver.served(ws.root, Path(home) / "log.txt") as server, driver.chromium() as chromium:

        def both(shots: Iterator[Shot]) -> None:
            for shot in (one for one in shots if not args.only or one.name in args.only):
                for dark in (False, True):
                    wrong.extend(take(server, chromium, shot, args.out, (int(width), int(height)), dark=dark))

        both(still(ws))
        if not args.only or {"runs", "run"} & set(args.only):
            with live(ws) as run_id:
                both(iter([Shot("run", "run", {"id": run_id}), Shot("runs", "")]))
    if args.size == "1400x900":
        keep(args.out)
    print("\n".join(wrong), file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
