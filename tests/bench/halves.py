"""Print whether a face that plays with one half only is told from one that plays faintly with all: on people whom the studio draws.

    python tests/bench/halves.py [--people 24]

Each person gives one performance of 3 s at 15 frames a second, speaking and emotional, two and a half times as strong as the studio's usual
one, drawn five times: as it is, at half and at a quarter of its amplitude, with brows and lids only, and
with the mouth only. Blinks keep their amplitude, and the head turns as before.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402 (found through the line above)

from evals.calibrate.rates import Share  # noqa: E402
from evals.faces import stiffness  # noqa: E402
from evals.faces.halves import MOUTH, UPPER, where  # noqa: E402
from evals.faces.track import follow  # noqa: E402
from evals.media import Frame  # noqa: E402
from runs.studio import clip, identity, marks, scene  # noqa: E402
from runs.studio.cast import cast  # noqa: E402
from runs.studio.expression import Units  # noqa: E402
from runs.studio.labelled import ACTING  # noqa: E402
from runs.studio.numeric import rng_of  # noqa: E402
from runs.studio.pictures import ReferenceIdentity  # noqa: E402
from runs.studio.prompt import read  # noqa: E402

SECONDS, FPS, STRENGTH = 3.0, 15, 2.5
VARIANTS = {"lively": (1.0, 1.0), "half": (0.5, 0.5), "quarter": (0.25, 0.25), "eyes_only": (1.0, 0.0), "lips_only": (0.0, 1.0)}
"""How much of brows and lids, and of the mouth, is performed."""
OF_THE_UPPER_FACE = ("brow_up", "brow_inner", "brow_in", "wide", "squint", "gaze_x", "gaze_y")


def played(units: Units, upper: float, mouth: float) -> Units:
    """Return action units with so much of each half; the eyes blink in full or not at all."""
    strong = {name: float(np.clip(STRENGTH * value, -1, 1)) for name, value in asdict(units).items()}
    shares = {name: upper if name in OF_THE_UPPER_FACE else mouth for name in strong} | {"blink": float(upper > 0)}
    return Units(**{name: value * shares[name] for name, value in strong.items()})


def clips(person: int) -> Iterator[tuple[str, list[Frame]]]:
    """Yield the five clips of a person."""
    prompt = f'close-up\nMei: {ACTING[3 + person % 5]}, says: "Where were you last night? I waited until the lamps went out."'
    reference = ReferenceIdentity(identity.sample(rng_of("halves", person)), "Mei")
    reading = read(prompt, ["Mei"])
    stage = scene.make_scene(reading, cast(reading, [reference], person, prompt), (288, 512), rng_of("halves stage", person))
    figure = stage.figures[0]
    t = np.arange(round(SECONDS * FPS), dtype=np.float32) / np.float32(FPS)
    play = clip.perform(figure.member, figure.pose, t, SECONDS, rng_of("halves play", person))
    for variant, (upper, mouth) in VARIANTS.items():
        frames = []
        for time, units, turned in zip(t, play.units, play.poses, strict=True):
            pixels = stage.backdrop.pixels.copy()
            scene.draw_figure(pixels, figure, played(units, upper, mouth), turned, stage.backdrop.light, figure.place)
            frames.append(Frame(float(time), np.asarray(marks.to_pixels(scene.graded(pixels, stage.grade)))))
        yield variant, frames


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=24)
    said: dict[str, list[str]] = {variant: [] for variant in VARIANTS}
    for person in range(parser.parse_args().people):
        for variant, frames in clips(person):
            [track] = follow(frames).tracks
            said[variant].append(where(stiffness.measure(track.times, track.points, speaking=True)))
    print(f"| studio clips | {MOUTH} | {UPPER} |\n|---|---|---|")
    for variant, words in said.items():
        print(f"| {variant} | {' | '.join(str(Share(words.count(half), len(words))) for half in (MOUTH, UPPER))} |")


if __name__ == "__main__":
    main()
