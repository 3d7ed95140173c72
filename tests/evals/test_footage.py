"""Faults of pictures as such: each is found where it was planted, and what cameras, lamps and codecs do is none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import footage_material as make
import numpy as np
import pytest
from face_material import media, noise
from PIL import Image, ImageFilter
from scipy.ndimage import gaussian_filter

from evals.cuts import face_cuts
from evals.errors import ScorerError
from evals.footage import motion
from evals.footage.runs import runs, sustained
from evals.footage.signals import grey, measure
from evals.media import Frame, read_clip
from evals.near_identical import bits, distance
from evals.registry import build
from evals.score import Sample, Score
from evals.sharpness import sharpest

CLIP_SCORERS = ("flicker", "warping", "frozen", "cuts", "blank")
FPS = 25
SIZE = (192, 128)


def scene(seed: int = 1, size: tuple[int, int] = SIZE) -> Image.Image:
    """Return a picture with shapes of many sizes, as rooms and faces have."""
    rng = np.random.default_rng(seed)
    layers = [gaussian_filter(rng.normal(size=(size[1], size[0], 3)), (s, s, 0)) * s for s in (1, 3, 8)]
    pixels = sum(layers)
    return Image.fromarray(np.clip(120 + 90 * pixels / np.abs(pixels).max() * 1.5, 0, 255).astype(np.uint8))


def walking(count: int = 40, seed: int = 1) -> make.Video:
    """Return a room in which something moves: a disc on a smooth path."""
    rows, columns = np.mgrid[0 : SIZE[1], 0 : SIZE[0]]
    disc, room = 255 - np.asarray(scene(seed + 100)) // 3, np.asarray(scene(seed))
    frames = []
    for i in range(count):
        inside = (columns - 40 - 2 * i) ** 2 + (rows - 64 - 15 * np.sin(i / 8)) ** 2 < 22**2
        frames.append(np.where(inside[..., None], disc, room))
    return np.stack(frames).astype(np.uint8)


def scored(name: str, path: Path, args: dict[str, Any] | None = None, **case: object) -> list[Score]:
    sample = Sample("g", "clip", "ok", case, "c", "s", media=(media(path),))
    [scores] = build(name, args).score([sample])
    return scores


def value(name: str, path: Path) -> float:
    found = scored(name, path)[0]
    assert found.status == "ok" and found.value is not None, found.reason
    return found.value


@pytest.fixture(scope="module")
def shots() -> make.Video:
    return walking()


NO_FAULT: dict[str, Callable[[make.Video, np.random.Generator], make.Video]] = {
    "as it is": lambda f, _: f,
    "a pan": lambda f, _: make.panned(f, 0.2),
    "a shaking hand": lambda f, rng: make.hand_held(f, 4, rng),
    "a fade": lambda f, _: make.lit(f, np.linspace(0.5, 1.1, len(f))),
    "a lamp": lambda f, _: make.lit(f, np.r_[np.full(20, 0.6), np.ones(len(f) - 20)]),
    "grain": lambda f, rng: make.grainy(f, 5, rng),
}


@pytest.mark.parametrize("what", NO_FAULT)
def test_cameras_lamps_and_grain_are_no_faults(tmp_path: Path, shots: make.Video, what: str) -> None:
    path = make.write(tmp_path / "c.mp4", NO_FAULT[what](shots, np.random.default_rng(3)), FPS)
    assert value("flicker", path) < 1.0
    assert value("warping", path) < 3.5
    assert (value("frozen", path), value("blank", path)) == (0.0, 0.0)
    assert scored("cuts", path, {"faces": False})[0].value == 0.0


def test_flicker_is_measured_in_per_cent_and_found_where_it_begins(tmp_path: Path, shots: make.Video) -> None:
    frames, rng = shots.copy(), np.random.default_rng(1)
    frames[20:34] = make.flickering(frames[20:34], 0.05, rng)
    found = scored("flicker", make.write(tmp_path / "c.mp4", frames, FPS))[0]
    assert found.value is not None and 2 < found.value < 15
    assert found.evidence["from"] == pytest.approx(0.8, abs=0.2)
    assert "trembles by" in found.reason


def test_the_more_surfaces_swim_the_higher_is_warping(tmp_path: Path, shots: make.Video) -> None:
    values = []
    for pixels in (0.0, 0.7, 1.5):
        frames = make.swimming(shots, pixels, np.random.default_rng(1)) if pixels else shots
        values.append(value("warping", make.write(tmp_path / f"{pixels}.mp4", frames, FPS)))
    assert values[0] < 3.5 < values[1] < values[2]


def test_a_picture_that_hangs_is_frozen_for_that_long(tmp_path: Path, shots: make.Video) -> None:
    found = scored("frozen", make.write(tmp_path / "c.mp4", make.held(shots, 15, 13), FPS))[0]
    [[start, end]] = found.evidence["runs"]
    assert (start, end) == (pytest.approx(0.64, abs=0.05), pytest.approx(1.12, abs=0.05))
    assert found.value == pytest.approx(12 / 39, abs=0.04)
    assert scored("frozen", make.write(tmp_path / "short.mp4", make.held(shots, 15, 4), FPS))[0].value == 0.0


def test_a_still_under_grain_is_frozen_and_a_panned_still_is_not(tmp_path: Path, shots: make.Video) -> None:
    still, rng = np.repeat(shots[:1], 30, axis=0), np.random.default_rng(2)
    assert value("frozen", make.write(tmp_path / "grain.mp4", make.grainy(still, 5, rng), FPS)) > 0.9
    assert value("frozen", make.write(tmp_path / "pan.mp4", make.panned(still), FPS)) == 0.0


def test_a_cut_is_found_at_its_time_unless_it_was_asked_for(tmp_path: Path, shots: make.Video) -> None:
    path = make.write(tmp_path / "c.mp4", make.joined(shots, walking(seed=9), 18), FPS)
    found = scored("cuts", path, {"faces": False})[0]
    assert found.value == 1.0 and found.evidence["cuts"][0]["t"] == pytest.approx(0.72, abs=0.001)
    asked = scored("cuts", path, {"faces": False, "boundaries": [0.7]})[0]
    assert asked.value == 0.0 and "1 where asked" in asked.reason


def test_blank_frames_are_counted_and_named(tmp_path: Path, shots: make.Video) -> None:
    rng = np.random.default_rng(2)
    frames = make.blanked(make.blanked(shots, 0, 4, 3, 2.0, rng), 30, 6, 255)
    found = scored("blank", make.write(tmp_path / "c.mp4", frames, FPS))[0]
    assert [r["colour"] for r in found.evidence["runs"]] == ["black", "white"]
    assert found.value == pytest.approx(10 / 40)


def test_a_night_scene_with_one_lit_window_is_not_blank(tmp_path: Path) -> None:
    night = Image.new("RGB", SIZE, (6, 6, 10))
    night.paste((190, 160, 90), (80, 30, 100, 60))
    night.save(tmp_path / "night.png")
    assert value("blank", tmp_path / "night.png") == 0.0
    Image.new("RGB", SIZE, (6, 6, 10)).save(tmp_path / "black.png")
    assert value("blank", tmp_path / "black.png") == 1.0


def test_sharpness_falls_with_blur_and_the_sharpest_part_counts(tmp_path: Path) -> None:
    sharp = scene(size=(480, 640))
    soft = sharp.filter(ImageFilter.GaussianBlur(3))
    partly = soft.copy()
    partly.paste(sharp.crop((0, 0, 240, 320)), (0, 0))
    values = {}
    for name, image in {"sharp": sharp, "soft": soft, "partly": partly}.items():
        image.save(tmp_path / f"{name}.png")
        values[name] = value("sharpness", tmp_path / f"{name}.png")
    assert values["soft"] < 0.45 < values["sharp"]
    assert values["partly"] == pytest.approx(values["sharp"], abs=0.1)
    assert sharpest(np.full((64, 64), 90.0)) is None


def test_shape_and_length_are_compared_with_the_case(tmp_path: Path, shots: make.Video) -> None:
    path = make.write(tmp_path / "c.mp4", shots, FPS)  # 192 x 128, 1.6 s
    aspect, duration = scored("format", path, aspect="9:16", shot={"duration": 2.0})
    assert aspect.value == pytest.approx(1.5 * 16 / 9 - 1) and "9:16 was asked for" in aspect.reason
    assert duration.value == pytest.approx(0.2)
    right, length = scored("format", path, aspect="3:2", shot={"duration": 1.6})
    assert (right.value, length.value) == (0.0, 0.0)
    assert [s.status for s in scored("format", path)] == ["not_applicable", "not_applicable"]


def test_a_picture_turned_by_its_exif_has_the_shape_that_is_shown(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    noise((160, 90)).save(tmp_path / "p.jpg", exif=exif)
    assert scored("format", tmp_path / "p.jpg", aspect="9:16")[0].value == 0.0


def group(tmp_path: Path, images: dict[str, Image.Image], references: dict[str, Image.Image] | None = None) -> list[Sample]:
    for name, image in {**images, **(references or {})}.items():
        image.save(tmp_path / f"{name}.png")
    known = {who: (media(tmp_path / f"{who}.png"),) for who in references or {}}
    return [Sample(n, "shot", "ok", {}, n, "s", media=(media(tmp_path / f"{n}.png"),), references=known) for n in images]


def test_a_shot_that_repeats_another_one_or_the_reference_is_named(tmp_path: Path) -> None:
    first = scene(1, (180, 320))
    again = first.crop((1, 2, 179, 318)).point(lambda v: int(v * 0.85))
    samples = group(tmp_path, {"a": first, "b": again, "c": scene(3, (180, 320))}, {"mei": scene(3, (90, 160)).resize((180, 320))})
    scores = [s for [s] in build("near_identical").score([*samples, Sample("d", "shot", "failed", {}, "d", "s")])]
    assert [s.status for s in scores] == ["ok", "ok", "ok", "failed"]
    a, b, c = (s.value or 0.0 for s in scores[:3])
    assert a == b < 0.15 < 0.3 < c
    assert scores[0].evidence["near"] == [{"case": "b", "distance": pytest.approx(a, abs=1e-3)}]
    assert scores[0].evidence["copies"] == []


def test_a_mirrored_picture_is_the_same_picture() -> None:
    image = scene(1, (180, 320))
    assert distance(bits(image), bits(image.transpose(Image.Transpose.FLIP_LEFT_RIGHT))) < 0.03
    assert distance(bits(image), bits(scene(2, (180, 320)))) > 0.3


@pytest.mark.parametrize("count", [1, 2, 4])
def test_clips_of_a_few_frames_are_a_status(tmp_path: Path, shots: make.Video, count: int) -> None:
    path = make.write(tmp_path / "c.mp4", shots[:count], FPS)
    for name in ("flicker", "warping"):
        found = scored(name, path)[0]
        assert found.status == "not_scoreable" and f"{count} frames" in found.reason


@pytest.mark.parametrize("name", ["flicker", "warping", "frozen", "cuts"])
def test_a_still_has_no_frames_to_compare(tmp_path: Path, name: str) -> None:
    scene().save(tmp_path / "p.png")
    assert scored(name, tmp_path / "p.png")[0].status == "not_applicable"


@pytest.mark.parametrize(
    ("name", "args"),
    [("flicker", {"threshold": -1}), ("cuts", {"boundaries": "no"}), ("frozen", {"shortest": True}), ("sharpness", {"threshold": 2})],
)
def test_wrong_arguments_are_named(name: str, args: dict[str, Any]) -> None:
    with pytest.raises(ScorerError, match=name):
        build(name, args)


def test_a_shift_is_found_and_taken_out() -> None:
    whole = np.asarray(scene(4, (320, 240)).convert("L"), dtype=np.float32)
    before, after = whole[20:220, 20:280], whole[14:214, 28:288]
    assert motion.shift(before, after) == (-8, 6)
    assert motion.change(before, after).likeness > 0.99
    assert motion.change(before, whole[::-1][:200, :260]).likeness < 0.7


def test_what_is_kept_of_a_clip_does_not_grow_with_its_pixels() -> None:
    seen = measure(Frame(i / 10, np.asarray(noise((64, 64), seed=i % 5))) for i in range(30))
    assert len(seen.frames) == 30 and seen.fps == pytest.approx(10)
    assert grey(noise((900, 300))).shape[1] == 320


def test_runs_and_windows() -> None:
    times = [i / 10 for i in range(10)]
    assert runs(times, [False, True, True, True, False, False, True, False, True, True], 0.1, 0.2) == [(0.1, 0.4), (0.8, 1.0)]
    assert sustained([0, 0, 9, 0, 0, 0, 0, 0, 0, 0], 0.1) == (0.0, 0)
    assert sustained([0, 0, 0, 5, 5, 5, 5, 5, 0, 0], 0.1) == (5.0, 1)


@pytest.mark.slow
def test_on_real_faces_a_face_that_becomes_another_one_is_a_cut(shared_data: Path, tmp_path: Path) -> None:
    """Here with the whole picture; `tests/bench/footage.py` swaps the head alone."""
    clips = shared_data / "faces" / "clips"
    first, other = (read_clip(clips / f"{who}__lively.mp4")[0][:24] for who in ("ai_10", "agnew"))
    clean = scored("cuts", make.write(tmp_path / "clean.mp4", first, FPS))[0]
    found = scored("cuts", make.write(tmp_path / "c.mp4", make.joined(first, other, 12), FPS))[0]
    assert (clean.value, found.value) == (0.0, 1.0)
    assert found.evidence["cuts"][0]["t"] == pytest.approx(0.48)
    [by_face] = face_cuts(media(tmp_path / "c.mp4"))  # the faces alone tell it too
    assert by_face["t"] == pytest.approx(0.48, abs=0.05) and by_face["likeness"] < 0.35
