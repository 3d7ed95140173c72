"""Clips that move like people score high, moved stills low; stills are judged by the emotion asked for."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from face_material import clip, labels, noise, person, sample, written
from once import once, shared_folder
from PIL import Image

from evals import registry
from evals.errors import ScorerError
from evals.expression import Expression
from evals.expression import stiffness as stiffness_of
from evals.faces import blinks, emotion, halves, iris, stiffness
from evals.faces.track import follow
from evals.media import Frame, clip_frames
from evals.score import Sample, Score

pytestmark = pytest.mark.slow
MOVED_STILLS = ("frozen", "ken_burns", "still_head_motion")


def judge(made: Sample) -> dict[str, Score]:
    [scores] = Expression().score([made])
    return {s.metric: s for s in scores}


def of_clip(path: Path, **acting: object) -> dict[str, Score]:
    return judge(sample("c", [person("a", **({"speaking": True} | acting))], [path], stage="clip"))


@dataclass(frozen=True)
class Measured:
    stiffness: float
    blinks: list[float]
    half: str
    painted: list[float]


Table = dict[tuple[str, str], Measured]


def looked_at(path: Path, frames: int) -> tuple[float, list[float], str]:
    [track] = follow(islice(clip_frames(path), frames)).tracks
    shut = blinks.find(track.times, np.array([iris.openness(p) for p in track.shapes]))
    stiff = stiffness.measure(track.times, track.points, speaking=True)
    return stiff.value, shut, halves.where(stiff)


@pytest.fixture(scope="module")
def table(shared_data: Path, tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Table:
    """Return what is measured on the shared clips, by person and variant (without those that are lively in one half only).

    Of moved stills the first second and a half is looked at, which says as much as all of it.
    """
    wanted = {
        (label["identity"], label["variant"]): label
        for label in labels(shared_data, "clips.json")
        if label["variant"] in ("lively", "half", "quarter", *MOVED_STILLS)
    }
    tasks = {
        "-".join(key): partial(looked_at, shared_data / "faces" / label["clip"], 38 if key[1] in MOVED_STILLS else 75)
        for key, label in wanted.items()
    }
    seen = once(shared_folder(tmp_path_factory.getbasetemp(), worker_id, "clips"), tasks)
    return {key: Measured(*seen["-".join(key)], label["blink_times_s"]) for key, label in wanted.items()}


def column(table: Table, variant: str) -> list[float]:
    return [m.stiffness for (_, v), m in sorted(table.items()) if v == variant]


def test_less_motion_is_stiffer(table: Table) -> None:
    """Full, half and quarter amplitude come in this order for at least seven of the eight people."""
    rows = zip(column(table, "lively"), column(table, "half"), column(table, "quarter"), strict=True)
    assert sum(full < half < quarter for full, half, quarter in rows) >= 7


@pytest.mark.parametrize("variant", MOVED_STILLS)
def test_moving_a_still_picture_about_is_not_expression(table: Table, variant: str) -> None:
    """Every moved still is stiffer than every lively clip, and none is lively."""
    assert min(column(table, variant)) > max(column(table, "lively"))
    assert min(column(table, variant)) > 0.25


def test_lively_clips_are_lively_and_frozen_ones_as_stiff_as_can_be(table: Table) -> None:
    assert max(column(table, "lively")) < 0.25
    assert float(np.median(column(table, "frozen"))) > 0.85


def test_nobody_blinks_in_a_still(table: Table) -> None:
    assert [m.blinks for (_, variant), m in table.items() if variant in MOVED_STILLS] == [[]] * 24


def test_painted_blinks_are_found_at_their_times_and_nothing_else_is_taken_for_one(table: Table) -> None:
    moving = [m for (_, variant), m in table.items() if variant not in MOVED_STILLS]
    assert all(min(abs(t - p) for p in m.painted) < 0.2 for m in moving for t in m.blinks)
    assert sum(len(m.blinks) for m in moving) >= 0.8 * sum(len(m.painted) for m in moving)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("monalisa__lips_only", "at the mouth only"),
        ("pearl__lips_only", "at the mouth only"),
        ("agnew__lips_only", "at the mouth only"),
        ("monalisa__eyes_only", "in the upper face only"),
        ("cavalier__eyes_only", "in the upper face only"),
    ],
)
def test_a_face_that_moves_in_one_half_is_named_so(shared_data: Path, name: str, said: str) -> None:
    """The hardest: in three the mesh moves brows and lids along with the painted lips, in two the lips along with brows and lids."""
    scores = of_clip(shared_data / "faces" / "clips" / f"{name}.mp4", emotion="joy")
    assert said in scores["expression"].reason


def test_a_face_that_moves_faintly_or_not_at_all_is_not_said_to_move_in_one_half(table: Table) -> None:
    """One `quarter` clip may be: what its mouth does by itself is within the noise."""
    assert sum(m.half != "" for m in table.values()) <= 1
    assert not any(m.half for (_, variant), m in table.items() if variant != "quarter")


def test_a_clip_of_one_frame_says_how_many_are_needed(shared_data: Path, tmp_path: Path) -> None:
    frames = [frame.pixels for frame in islice(clip_frames(shared_data / "faces" / "clips" / "ai_10__lively.mp4"), 1)]
    said = {stiffness_of(np.array(frames), 25).reason, of_clip(clip(tmp_path / "c.mp4", [Image.fromarray(frames[0])]))["expression"].reason}
    assert said == {"only 1 frame, 15 are needed", "a: only 1 frame, 15 are needed"}


def test_a_clip_comes_with_traces_regions_and_crops(shared_data: Path) -> None:
    scores = of_clip(shared_data / "faces" / "clips" / "ai_10__lively.mp4", emotion="joy")
    assert scores["expression"].value == pytest.approx(1 - (scores["stiffness"].value or 0), abs=1e-5)
    assert {name: s.status for name, s in scores.items() if s.status != "ok"} == {"expression_variety": "not_applicable"}
    [who] = scores["expression"].evidence["people"]
    assert set(who["trace"]) == {"t", "brow", "eye", "mouth"} and len(who["trace"]["t"]) == 75
    assert set(who["regions"]) == {"mouth", "brow", "eye", "cheek"}
    assert 1 <= len(who["crops"]) <= 4
    assert len(json.dumps(scores["expression"].evidence, allow_nan=False)) < 40_000


def test_two_seconds_at_twelve_frames_a_second_are_enough(shared_data: Path, tmp_path: Path) -> None:
    frames = [f.image for f in clip_frames(shared_data / "faces" / "clips" / "ai_10__lively.mp4")]
    path = clip(tmp_path / "c.mp4", frames[:50:2][:24], fps=12)
    assert of_clip(path)["expression"].status == "ok"


@pytest.mark.parametrize(
    ("count", "fps", "side", "said"),
    [(10, 12, 288, "frames with the face"), (20, 25, 288, "1 s are needed"), (20, 8, 288, "frames a second"), (30, 25, 60, "too small")],
)
def test_what_is_too_short_slow_or_small_is_not_scored(
    shared_data: Path, tmp_path: Path, count: int, fps: int, side: int, said: str
) -> None:
    frames = [f.image for f in clip_frames(shared_data / "faces" / "clips" / "ai_10__lively.mp4")][:count]
    if side < 288:
        frames = [_shrunk(f, side) for f in frames]
    scores = of_clip(clip(tmp_path / "c.mp4", frames, fps=fps))
    assert scores["expression"].status == "not_scoreable"
    assert said in scores["expression"].reason


def _shrunk(frame: Image.Image, side: int) -> Image.Image:
    canvas = Image.new("RGB", frame.size, "grey")
    canvas.paste(frame.resize((side, side)), (100, 100))
    return canvas


def test_a_clip_without_the_face_asked_for_has_failed(tmp_path: Path) -> None:
    scores = of_clip(clip(tmp_path / "c.mp4", [noise(seed=1)] * 20))
    assert {s.status for s in scores.values()} == {"failed"}


def test_a_truncated_clip_has_failed(shared_data: Path, tmp_path: Path) -> None:
    whole = (shared_data / "faces" / "clips" / "ai_10__lively.mp4").read_bytes()
    path = tmp_path / "c.mp4"
    path.write_bytes(whole[: len(whole) // 2])
    assert of_clip(path)["expression"].status == "failed"


def test_a_smile_matches_joy_and_not_anger(shared_data: Path) -> None:
    """A laughing president against a serious picture of himself."""
    stills = shared_data / "faces" / "stills"
    sheets = {"o": [stills / "obama_3.jpg"]}

    def match(asked: str) -> float:
        made = sample("s", [person("o", emotion=asked, intensity=0.8)], [stills / "obama_1.jpg"], sheets)
        value = judge(made)["emotion_match"].value
        assert value is not None
        return value

    assert match("joy") > 0.4
    assert max(match(e) for e in emotion.EMOTIONS if e != "joy") < 0.3


def test_without_a_reference_the_classifier_judges(shared_data: Path) -> None:
    stills = shared_data / "faces" / "stills"
    happy = judge(sample("s", [person("o", emotion="joy")], [stills / "biden_2.jpg"]))
    calm = judge(sample("s", [person("o", emotion="joy")], [stills / "art_5.jpg"]))
    assert (happy["expression"].value or 0) > 0.8 > 0.2 > (calm["expression"].value or 0)
    assert happy["expression"].evidence["people"][0]["emotion"]["method"] == "classifier"
    assert happy["stiffness"].status == "not_applicable"


@pytest.mark.parametrize("changes", [{"stage": "character", "case": {"character": {"id": "a"}}}, {"case": {"people": []}}])
def test_where_no_face_is_asked_for_nothing_is_judged(tmp_path: Path, changes: dict[str, Any]) -> None:
    made = sample("n", [], [written(tmp_path / "p.png", noise())], **changes)
    assert {s.status for s in judge(made).values()} == {"not_applicable"}


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(ScorerError, match="min_iod"):
        registry.build("expression", {"min_iod": "small"})


def test_landmarks_of_a_picture_that_stands_still_stand_still(shared_data: Path) -> None:
    """The crop follows the face without feeding its own error back."""
    frame = next(iter(clip_frames(shared_data / "faces" / "clips" / "cavalier__lively.mp4"))).pixels
    [track] = follow(Frame(i / 25, frame) for i in range(12)).tracks
    steps = np.linalg.norm(np.diff(track.points[:, :, :2], axis=0), axis=2).mean(axis=1) / track.iod
    assert steps[2:].max() < 1e-3


def frames_of(path: Path) -> np.ndarray:
    return np.stack([f.pixels for f in clip_frames(path)])


def test_arrays_of_frames_have_a_stiffness(shared_data: Path) -> None:
    """A speaking portrait, one still of it repeated, and the still pushed about as by an unsteady hand."""
    frames = frames_of(shared_data / "faces" / "clips" / "ai_10__lively.mp4")
    still = Image.fromarray(frames[0])
    rng = np.random.default_rng(5)
    way = np.cumsum(rng.normal(0, 1.0, (50, 2)), axis=0)
    shaken = np.stack(
        [np.asarray(still.transform(still.size, Image.Transform.AFFINE, (1, 0, x, 0, 1, y), Image.Resampling.BILINEAR)) for x, y in way]
    )
    lively, frozen, shaky = (stiffness_of(made, 25) for made in (frames, np.stack([frames[0]] * 30), shaken))
    assert (lively.status, frozen.status, shaky.status) == ("ok", "ok", "ok")
    assert (lively.value or 1) < 0.15 < 0.7 < (shaky.value or 0) <= 1
    assert (frozen.value or 0) > 0.97
    assert set(lively.evidence["regions"]) == {"mouth", "brow", "eye", "cheek"}
    (low, high), (least, most) = shaky.evidence["likely"], frozen.evidence["likely"]
    assert low < high <= (shaky.value or 0) and f"a longer take: {low:.2f} to {high:.2f}" in shaky.reason
    assert least > 0.9 and most <= 1


@pytest.mark.parametrize(("shape", "fps", "status"), [((20, 64, 64, 3), 25, "failed"), ((0, 64, 64, 3), 25, "not_scoreable")])
def test_arrays_without_a_face_have_no_stiffness(shape: tuple[int, ...], fps: float, status: str) -> None:
    assert stiffness_of(np.zeros(shape, dtype=np.uint8), fps).status == status


@pytest.mark.parametrize(
    ("frames", "fps"),
    [
        (np.zeros((4, 9, 9, 3)), 25),
        (np.zeros((9, 9, 3), dtype=np.uint8), 25),
        (np.zeros((4, 9, 9, 3), dtype=np.uint8), 0),
        (np.zeros((20, 0, 9, 3), dtype=np.uint8), 25),
    ],
)
def test_what_is_no_clip_is_refused(frames: np.ndarray, fps: float) -> None:
    with pytest.raises(ScorerError):
        stiffness_of(frames, fps)


def test_a_face_that_a_hand_hides_for_a_moment_is_one_face(shared_data: Path) -> None:
    """A tenth of a second of a covered face does not break its clip in two."""
    path = shared_data / "faces" / "clips" / "ai_10__lively.mp4"
    frames = [f.pixels for f in clip_frames(path)][:24]
    hand = frames[0].copy()
    [whole] = follow([Frame(0, frames[0]), Frame(0.04, frames[1]), Frame(0.08, frames[2])]).tracks
    left, top, right, bottom = (round(v) for v in whole.box)
    hand[max(0, top) : bottom, max(0, left) : right] = (150, 130, 120)
    [track] = follow(Frame(i / 25, hand if 10 <= i < 13 else frame) for i, frame in enumerate(frames)).tracks
    assert (track.times[0], track.times[-1]) == (0.0, 23 / 25)
    assert 19 <= len(track.times) <= 21


def test_a_flickering_picture_in_an_unsteady_hand_is_neither_cut_nor_alive(shared_data: Path) -> None:
    """A still pushed about by several pixels a frame while its light swings by a sixth."""
    still = next(iter(clip_frames(shared_data / "faces" / "clips" / "ai_10__lively.mp4"))).image
    rng = np.random.default_rng(1)
    way = np.cumsum(rng.normal(0, 4, (30, 2)), axis=0) * 0.8
    light = 1 + 0.15 * np.sin(1.7 * np.arange(30))
    shaken = [np.asarray(still.rotate(0, translate=(int(x), int(y))), dtype=np.float64) for x, y in way]
    frames = np.stack([np.clip(f * g, 0, 255).astype(np.uint8) for f, g in zip(shaken, light, strict=True)])
    found = stiffness_of(frames, 25)
    assert (found.status, found.evidence.get("frames")) == ("ok", 30)
    assert (found.value or 0) > 0.5
