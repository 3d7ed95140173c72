"""Print how much the stiffness of a few seconds says about a longer take, and write the factors that `evals.faces.shortness` uses.

    python tests/bench/short_clips.py [--people 16] [--write]

Takes of 12 s are drawn by the studio, from nearly frozen to lively, half of them speaking; each is measured whole and in windows. The
motion that was really drawn in a window is known from the action units that the studio performed, so that what a setting promises,
what was drawn and what is measured can be told apart. Landmarks are followed once; windows are cut out of them.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402 (found through the line above)
from scipy.stats import spearmanr  # noqa: E402

from evals.faces import shortness, stiffness  # noqa: E402
from evals.faces.track import follow  # noqa: E402
from evals.media import clip_frames  # noqa: E402
from runs.studio import clip, identity  # noqa: E402
from runs.studio.cast import cast  # noqa: E402
from runs.studio.labelled import ACTING  # noqa: E402
from runs.studio.numeric import rng_of  # noqa: E402
from runs.studio.pictures import ReferenceIdentity  # noqa: E402
from runs.studio.prompt import read  # noqa: E402
from runs.studio.scene import make_scene  # noqa: E402

SECONDS, FPS, SIZE = 12.0, 12, (288, 512)
WINDOWS = (1.5, 2.0, 3.0, 4.0, 6.0)
MOVED = ("smile", "frown", "jaw", "press", "pucker", "sneer", "brow_up", "brow_inner", "brow_in", "wide", "blink", "squint")
SAYS = 'says: "Where were you last night? I waited for you until the lamps went out. Answer me, or go."'


@dataclass(frozen=True)
class Take:
    """A person's take: how lively it was set, the landmarks that were followed, and the action units that were performed."""

    setting: float
    speaking: bool
    times: list[float]
    points: np.ndarray[Any, Any]
    units: np.ndarray[Any, Any]

    def windows(self, seconds: float) -> Iterator[tuple[float, float]]:
        """Yield the liveliness that is measured in each window of so many seconds, and how much was moved in it."""
        length = round(seconds * FPS)
        for begin in range(0, len(self.times) - length + 1, length):
            part = slice(begin, begin + length)
            value = stiffness.measure(self.times[part], self.points[part], self.speaking).value
            yield 1 - value, float(np.sqrt(self.units[part].var(axis=0).sum()))


def take(number: int, folder: Path) -> Take:
    speaking = number % 2 == 1
    prompt = f"close-up\nMei: {ACTING[(number // 2) % len(ACTING)]}, {SAYS if speaking else 'silent'}"
    references = [ReferenceIdentity(identity.sample(rng_of("short clips", number)), "Mei")]
    reading = read(prompt, ["Mei"])
    figure = make_scene(reading, cast(reading, references, number, prompt), SIZE, rng_of("clip", number, prompt)).figures[0]
    t = np.arange(round(SECONDS * FPS), dtype=np.float32) / np.float32(FPS)
    play = clip.perform(figure.member, figure.pose, t, SECONDS, rng_of("play", number, prompt, 0))
    data, truth = clip.clip(prompt, seed=number, references=references, seconds=SECONDS, fps=FPS, size=SIZE)
    assert list(play.blinks) == truth["people"][0]["blinks"], "the performance is not the one that was drawn"
    path = folder / f"{number}.mp4"
    path.write_bytes(data)
    [track] = follow(clip_frames(path)).tracks
    units = np.array([[asdict(u)[name] for name in MOVED] for u in play.units])
    return Take(truth["people"][0]["liveliness"], speaking, track.times, track.points, units)


def factors(takes: list[Take], seconds: float) -> list[float]:
    """Return how many times as lively the whole of each take is as each of its windows."""
    whole = [next(t.windows(SECONDS))[0] for t in takes]
    return [all_of / max(part, 1e-3) for t, all_of in zip(takes, whole, strict=True) for part, _ in t.windows(seconds)]


def rank(a: list[float], b: list[float]) -> float:
    return float(spearmanr(a, b).statistic)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=16)
    parser.add_argument("--write", action="store_true", help=f"write {shortness.FILE.name}")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        takes = [take(number, Path(folder)) for number in range(options.people)]
    print("| seconds | windows | whole is so many times as lively (10 %, half, 90 %) | rank correlation of setting and drawn", end="")
    print(" | of drawn and measured | of setting and measured |\n|---|---|---|---|---|---|")
    rows: dict[str, list[float]] = {"seconds": list(WINDOWS), "low": [], "high": []}
    for seconds in (*WINDOWS, SECONDS):
        seen = [(t.setting, *window) for t in takes for window in t.windows(seconds)]
        settings, measured, drawn = ([row[i] for row in seen] for i in range(3))
        low, half, high = np.percentile(factors(takes, seconds), (10, 50, 90))
        ranks = f"{rank(settings, drawn):.2f} | {rank(drawn, measured):.2f} | {rank(settings, measured):.2f}"
        print(f"| {seconds:g} | {len(seen)} | {low:.2f}, {half:.2f}, {high:.2f} | {ranks} |")
        if seconds < SECONDS:
            rows["low"].append(round(float(low), 3))
            rows["high"].append(round(float(high), 3))
    if options.write:
        source = f"{options.people} takes of {SECONDS:g} s drawn by the studio, whole against windows: 10th and 90th percentile"
        shortness.FILE.write_text(json.dumps({**rows, "source": source}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
