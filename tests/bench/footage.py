"""Print how well faults of pictures as such are found: planted in the shared clips at known places and strengths.

    python tests/bench/footage.py            all of it, about four minutes of CPU
    python tests/bench/footage.py --quick    two people instead of eight, one minute

Clean clips and what only looks like a fault (a pan, a shaking hand, a lamp, a fade, grain, heavy compression) are the negatives.
"""

from __future__ import annotations

import io
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

import footage_material as make  # noqa: E402 (found through the line above)

from evals.footage import signals  # noqa: E402
from evals.media import read_clip, read_picture  # noqa: E402
from evals.near_identical import NEAR, bits, distance  # noqa: E402
from evals.registry import build  # noqa: E402
from evals.score import Media, Sample, Score  # noqa: E402
from evals.sharpness import SIDE, sharpest  # noqa: E402

SHARED = ROOT.parent / "shared" / "data" / "faces"
WHO = ("agnew", "ai_10", "ai_16", "ai_2", "ai_5", "cavalier", "monalisa", "pearl")
CLEAN = ("lively", "half", "eyes_only", "still_head_motion", "ken_burns")
Shots = Mapping[str, make.Video]


def scored(name: str, path: Path, key: str, **case: object) -> Score:
    item = Media("video", key, "video/mp4", path)
    [[first, *_]] = build(name).score([Sample("g", "clip", "ok", case, "c", "s", media=(item,))])
    return first


def clean(who: str, rng: np.random.Generator) -> dict[str, make.Video]:
    """Return what is no fault: clips as they are, and what a camera, a lamp and a codec do."""
    shots = {
        v: read_clip(SHARED / "clips" / f"{who}__{v}.mp4")[0] for v in ("lively", "half", "eyes_only", "still_head_motion", "ken_burns")
    }
    base = shots["lively"]
    count = len(base)
    return shots | {
        "pan": make.panned(base),
        "shaking hand": make.hand_held(base, 6, rng),
        "fade": make.lit(base, np.linspace(0.5, 1.1, count)),
        "lamp switched on": make.lit(base, np.r_[np.full(count // 2, 0.55), np.ones(count - count // 2)]),
        "grain": make.grainy(base, 6, rng),
        "heavily compressed": base,
    }


def faults(who: str, shots: Shots, other: make.Video, rng: np.random.Generator) -> Iterator[tuple[str, str, make.Video]]:
    """Yield scorer, fault and clip."""
    base = shots["lively"]
    for strength in (0.01, 0.02, 0.04):
        yield "flicker", f"light trembles by {strength:.0%}", make.flickering(base, strength, rng)
    part = base.copy()
    part[20:35] = make.flickering(base[20:35], 0.04, rng)
    yield "flicker", "light trembles by 4% for 0.6 s", part
    for pixels in (0.5, 1.0, 2.0):
        yield "warping", f"surfaces swim by {pixels:g} pixels of 288", make.swimming(base, pixels, rng)
    for count in (8, 13, 25):
        yield "frozen", f"hangs for {count / 25:.2f} s", make.held(base, 30, count)
    yield "frozen", "one still throughout", np.repeat(base[:1], len(base), axis=0)
    yield "frozen", "one still under grain", make.grainy(np.repeat(base[:1], len(base), axis=0), 5, rng)
    yield "cuts", "cut to another person and place", make.joined(base, other, 37)
    yield "cuts", "cut to a closer view (12% nearer)", make.joined(base, make.zoomed(base, 0.12), 37)
    yield "cuts", "face becomes another one in its place", swapped(base, who)
    yield "blank", "black for 0.2 s", make.blanked(base, 20, 5)
    yield "blank", "noisy black for 0.4 s", make.blanked(base, 20, 10, 4, 2.0, rng)
    yield "blank", "white for 0.2 s", make.blanked(base, 20, 5, 255)


def swapped(base: make.Video, who: str) -> make.Video:
    """Put another person's head into the same room from the middle on; the background stays."""

    donor = WHO[(WHO.index(who) + 3) % len(WHO)]
    head, (left, top, right, bottom) = _head(donor)
    size = (right - left, bottom - top)
    _, (x, y, x2, y2) = _head(who)
    mask = Image.new("L", (x2 - x, y2 - y))
    ImageDraw.Draw(mask).ellipse((0, 0, x2 - x, y2 - y), fill=255)
    mask = mask.filter(ImageFilter.GaussianBlur(4))
    out = base.copy()
    for i in range(37, len(base)):
        frame = Image.fromarray(base[i])
        piece = Image.fromarray(head[i][top:bottom, left:right]).resize((x2 - x, y2 - y))
        frame.paste(piece, (x, y), mask)
        out[i] = np.asarray(frame)
    assert size[0] > 0
    return out


def _head(who: str) -> tuple[make.Video, tuple[int, int, int, int]]:

    from evals.faces.analysis import find_faces
    from evals.media import Picture

    frames, _ = read_clip(SHARED / "clips" / f"{who}__lively.mp4")
    image = Image.fromarray(frames[37])
    box = find_faces(Picture(image, image.width, image.height, 1.0)).faces[0].box
    return frames, (max(0, int(box[0])), max(0, int(box[1])), int(box[2]), int(box[3]))


FOUND: dict[str, Callable[[Score], bool]] = {
    "flicker": lambda s: s.value is not None and s.value >= s.evidence["threshold"],
    "warping": lambda s: s.value is not None and s.value >= s.evidence["threshold"],
    "frozen": lambda s: bool(s.value),
    "cuts": lambda s: bool(s.value),
    "blank": lambda s: bool(s.value),
}


def clips(people: Sequence[str]) -> None:
    rng = np.random.default_rng(7)
    rows: dict[tuple[str, str], list[float]] = {}
    hits: dict[tuple[str, str], list[bool]] = {}
    negatives: dict[str, dict[str, list[bool]]] = {name: {} for name in FOUND}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "c.mp4"
        for who in people:
            shots = clean(who, rng)
            for label, frames in shots.items():
                make.write(path, frames, crf=38 if label == "heavily compressed" else 20)
                for name, found in FOUND.items():
                    score = scored(name, path, f"{who}-{label}")
                    negatives[name].setdefault(label, []).append(found(score))
                    rows.setdefault((name, f"clean: {label}"), []).append(score.value or 0.0)
            other, _ = read_clip(SHARED / "clips" / f"{WHO[(WHO.index(who) + 1) % 8]}__lively.mp4")
            for name, label, frames in faults(who, shots, other, rng):
                score = scored(name, make.write(path, frames), f"{who}-{label}")
                hits.setdefault((name, label), []).append(FOUND[name](score))
                rows.setdefault((name, label), []).append(score.value or 0.0)
    print("| scorer | planted fault | found | values |\n|---|---|---|---|")
    for (name, label), found_in in hits.items():
        values = rows[name, label]
        print(f"| `{name}` | {label} | {sum(found_in)} of {len(found_in)} | {min(values):.2f}-{max(values):.2f} |")
    print("\n| scorer | false alarms on clean clips | highest value | where |\n|---|---|---|---|")
    for name, by_label in negatives.items():
        alarms = {label: sum(f) for label, f in by_label.items() if any(f)}
        total = sum(len(f) for f in by_label.values())
        highest, where = max((max(rows[name, f"clean: {label}"]), label) for label in by_label)
        told = ", ".join(f"{label} {n}" for label, n in alarms.items()) or "-"
        print(f"| `{name}` | {sum(alarms.values())} of {total} ({told}) | {highest:.2f} | {where} |")


def studio(count: int) -> None:
    """Clips of the studio as they come: none has a planted fault."""
    from runs.studio.pictures import clip

    alarms = dict.fromkeys(FOUND, 0)
    highest = dict.fromkeys(FOUND, 0.0)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(count):
            path = Path(folder) / f"{number}.mp4"
            move = ("static", "pan left", "slow push in", "handheld")[number % 4]
            path.write_bytes(clip(f"close-up, camera: {move}\nMei: joyful, says: Come here.", seed=number)[0])
            for name, found in FOUND.items():
                score = scored(name, path, f"studio-{number}")
                alarms[name] += found(score)
                highest[name] = max(highest[name], score.value or 0.0)
    print(f"\nStudio clips, {count}: false alarms " + ", ".join(f"{n} {a} (highest {highest[n]:.2f})" for n, a in alarms.items()))


def stills() -> None:

    files = [SHARED / row["file"] for row in json.loads((SHARED / "stills.json").read_text())]
    images = [read_picture(f).image for f in files]
    print("\n| picture | sharpness, median (range) |\n|---|---|")

    def near(label: str, values: list[float]) -> None:
        values.sort()
        told = f"{values[len(values) // 2]:.2f} ({values[0]:.2f}-{values[-1]:.2f})"
        print(f"| {label} | {told} | {sum(v <= NEAR for v in values)} of {len(values)} |")

    def row(label: str, change: Callable[[Image.Image], Image.Image]) -> None:
        found = [sharpest(signals.grey(change(i), SIDE)) for i in images]
        values = sorted(f[0] for f in found if f is not None)
        print(f"| {label} | {values[len(values) // 2]:.2f} ({values[0]:.2f}-{values[-1]:.2f}) |")

    row("16 stills as they are", lambda i: i)
    for share in (0.002, 0.005, 0.01):
        blur = partial(_blurred, share)
        row(f"out of focus by {share:.1%} of the longer side", blur)
    row("enlarged four times", lambda i: i.resize((i.width // 4, i.height // 4)).resize(i.size, Image.Resampling.BICUBIC))
    hashes = [bits(i) for i in images]
    different = [distance(a, b) for k, a in enumerate(hashes) for b in hashes[:k]]
    changes: dict[str, Callable[[Image.Image], Image.Image]] = {
        "half the size, JPEG quality 40": lambda i: _jpeg(i.resize((i.width // 2, i.height // 2)), 40),
        "a fifth darker": lambda i: i.point(lambda v: int(v * 0.8)),
        "mirrored": lambda i: i.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        "2% cropped at each edge": partial(_cropped, 0.02),
        "5% cropped at each edge": partial(_cropped, 0.05),
    }
    print(f"\n| near-identical | distance, median (range) | up to {NEAR} |\n|---|---|---|")
    for label, change in changes.items():
        near(label, [distance(h, bits(change(i))) for h, i in zip(hashes, images, strict=True)])
    near("two different stills", different)


def texts() -> None:
    """Subtitles written into the shared stills, three of which show text of their own (name plates and badges)."""
    from evals.footage import text

    images = [read_picture(SHARED / row["file"]).image for row in json.loads((SHARED / "stills.json").read_text())]
    before = [text.lines(image) for image in images]
    print(f"\nText in {sum(map(bool, before))} of {len(images)} stills as they are, {sum(map(len, before))} lines.")
    print("\n| subtitle, height as a share of the longer side | found in its place | share of its box that is covered |\n|---|---|---|")
    for share in (0.015, 0.02, 0.03, 0.05):
        covered = []
        for image in images:
            size = max(9, round(share * max(image.size)))
            font, written, place = ImageFont.load_default(size), image.copy(), (image.width / 2, image.height * 0.86)
            draw = ImageDraw.Draw(written)
            draw.text(place, "Where were you?", font=font, fill="white", stroke_width=max(1, size // 15), stroke_fill="black", anchor="mm")
            left, top, right, bottom = draw.textbbox(place, "Where were you?", font=font, anchor="mm")
            inside = [line.box for line in text.lines(written)]
            shared = [max(0.0, min(right, b[2]) - max(left, b[0])) * max(0.0, min(bottom, b[3]) - max(top, b[1])) for b in inside]
            covered.append(min(1.0, sum(shared) / ((right - left) * (bottom - top))))
        print(f"| {share:.1%} | {sum(c > 0.5 for c in covered)} of {len(covered)} | {np.median(covered):.2f} |")


def _blurred(share: float, image: Image.Image) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(share * max(image.size)))


def _cropped(share: float, image: Image.Image) -> Image.Image:
    x, y = round(image.width * share), round(image.height * share)
    return image.crop((x, y, image.width - x, image.height - y))


def _jpeg(image: Image.Image, quality: int) -> Image.Image:
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=quality)
    return Image.open(stream)


def main() -> None:
    quick = "--quick" in sys.argv
    start = time.process_time()
    clips(WHO[:2] if quick else WHO)
    studio(4 if quick else 12)
    stills()
    texts()
    print(f"\n{time.process_time() - start:.0f} s of CPU")


if __name__ == "__main__":
    main()
