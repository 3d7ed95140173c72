"""Print how much reading three stretches of a long clip, instead of all of it, changes what is measured.

    python tests/bench/sampling.py

Long clips are the shared ones of one person in several variants, joined and repeated to 60 s: eyes, mouth and head do different
things in different parts, which is the hard case; a clip that goes on as it began changes less.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

import numpy as np  # noqa: E402 (found through the line above)
from footage_material import Video, write  # noqa: E402

from evals.faces import through  # noqa: E402
from evals.faces.appearances import VIEWS  # noqa: E402
from evals.faces.identity import similarity  # noqa: E402
from evals.faces.track import follow  # noqa: E402
from evals.media import Frame, clip_frames, read_clip  # noqa: E402
from evals.media.sampling import LIGHT_SECONDS  # noqa: E402

SHARED = ROOT.parent / "shared" / "data" / "faces" / "clips"
PLANS = {
    "one take, lively throughout": ("lively",),
    "lively and half as lively by turns": ("lively", "half"),
    "lively, then stiffer and stiffer": ("lively", "half", "quarter", "still_head_motion"),
}


def long_clip(who: str, variants: tuple[str, ...], seconds: int = 60) -> Video:
    """Return a clip of a minute; each variant holds for its share of it, played to and fro so that no cut comes in."""
    parts = []
    for variant in variants:
        frames, fps = read_clip(SHARED / f"{who}__{variant}.mp4")
        loop = np.concatenate([frames, frames[::-1]])
        count = round(seconds * fps / len(variants))
        parts.append(np.concatenate([loop] * (count // len(loop) + 1))[:count])
    return np.concatenate(parts)


def measured(frames: list[Frame]) -> tuple[float, float]:
    """Return the stiffness that the scorer gives these frames, and how alike the face is in its first and last view."""
    followed = follow(frames)
    stiff, told, problem = through.measured(through.main_parts(followed.tracks, followed.stretches), speaking=True)
    if stiff is None:
        raise SystemExit(problem)
    first, last = told[0].track.sample(VIEWS)[0], told[-1].track.sample(VIEWS)[-1]
    return stiff.value, similarity([first[1].embedding], [last[1].embedding])


def main() -> None:
    print("| a minute of | people | stiffness changes by (median, most) | likeness of the ends changes by (most) | frames read |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "c.mp4"
        for label, variants in PLANS.items():
            moved, drifted, share = [], [], []
            for who in ("ai_10", "pearl"):
                write(path, long_clip(who, variants))
                some, whole = list(clip_frames(path)), list(clip_frames(path, whole=LIGHT_SECONDS))
                (a, x), (b, y) = measured(some), measured(whole)
                moved.append(abs(a - b))
                drifted.append(abs(x - y))
                share.append(len(some) / len(whole))
            print(f"| {label} | {len(moved)} | {np.median(moved):.3f}, {max(moved):.3f} | {max(drifted):.3f} | {np.mean(share):.0%} |")


if __name__ == "__main__":
    main()
