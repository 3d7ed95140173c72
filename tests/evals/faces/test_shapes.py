"""The arithmetic of faces, on shapes whose answer is known."""

from __future__ import annotations

import cmath
import math
import os
import signal
from functools import partial

import numpy as np
import pytest
from face_material import head
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy.signal import savgol_filter

from evals.faces import align, arrays, blinks, detect, identity, iris, pose, steady, stiffness, warp
from evals.faces.assign import by_similarity
from evals.faces.wanted import wanted
from evals.score import Sample


def turned(points: np.ndarray, yaw: float, pitch: float, roll: float) -> np.ndarray:
    a, b, c = (math.radians(v) for v in (yaw, pitch, roll))
    about_y = np.array([[math.cos(a), 0, -math.sin(a)], [0, 1, 0], [math.sin(a), 0, math.cos(a)]])
    about_x = np.array([[1, 0, 0], [0, math.cos(b), -math.sin(b)], [0, math.sin(b), math.cos(b)]])
    about_z = np.array([[math.cos(c), -math.sin(c), 0], [math.sin(c), math.cos(c), 0], [0, 0, 1]])
    return points @ (about_z @ about_x @ about_y).T


@given(st.floats(-40, 40), st.floats(-25, 25), st.floats(-30, 30), st.floats(0.5, 2), st.floats(-200, 200))
def test_a_similarity_is_recovered_exactly(yaw: float, pitch: float, roll: float, scale: float, shift: float) -> None:
    points = head()
    moved = scale * turned(points, yaw, pitch, roll) + shift
    rotation, found, offset = pose.similarity(moved, points, np.ones(len(points)))
    assert np.allclose(found * moved @ rotation.T + offset, points, atol=1e-6)


def test_pose_has_the_documented_signs() -> None:
    straight = pose.pose_of(head())
    assert pose.pose_of(turned(head(), 0, 0, 20)).roll - straight.roll == pytest.approx(20, abs=1)
    assert abs(pose.pose_of(turned(head(), 30, 0, 0)).yaw - straight.yaw) == pytest.approx(30, abs=1)


def test_steadying_removes_head_motion_and_keeps_expression() -> None:
    base = head()
    track = []
    for i in range(40):
        frame = base.copy()
        frame[list(stiffness.REGIONS["mouth"]), 1] += 3 * math.sin(i / 3)
        track.append((1 + 0.004 * i) * turned(frame, 8 * math.sin(i / 5), 5 * math.cos(i / 7), 0.3 * i) + 2.0 * i)
    steady = pose.steady(np.stack(track)).points
    still = np.setdiff1d(np.arange(468), stiffness.REGIONS["mouth"])
    assert steady[:, still].std(axis=0).max() < 1e-6
    assert steady[:, stiffness.REGIONS["mouth"][0], 1].std() == pytest.approx(3 / math.sqrt(2) / 60, rel=0.1)


def test_a_face_that_only_turns_is_stiff_and_one_that_speaks_is_not() -> None:
    base = head()
    times = [i / 25 for i in range(50)]
    turning = np.stack([turned(base, 6 * math.sin(i / 5), 3 * math.cos(i / 9), 0) for i in range(50)])
    talking = turning.copy()
    for name, region in stiffness.REGIONS.items():
        talking[:, list(region), 1] += (60 * 3 * stiffness.REAL[name] * np.sin(np.arange(50) / 2))[:, None]
    assert stiffness.measure(times, turning, speaking=True).value == pytest.approx(1.0, abs=0.02)
    assert stiffness.measure(times, talking, speaking=True).value < 0.1


@pytest.mark.parametrize(
    ("frames", "fps", "iod", "said"), [(14, 25, 50, "frames"), (20, 30, 50, "s are needed"), (30, 10, 50, "second"), (30, 25, 20, "small")]
)
def test_what_cannot_be_measured_is_said(frames: int, fps: int, iod: float, said: str) -> None:
    assert said in stiffness.why_not([i / fps for i in range(frames)], iod)


def test_two_seconds_at_twelve_frames_a_second_can_be_measured() -> None:
    assert stiffness.why_not([i / 12 for i in range(24)], 30) == ""


def test_blinks_are_short_closures_only() -> None:
    opening = np.full(100, 0.3)
    opening[20:24] = 0.05  # 160 ms
    opening[50:90] = 0.05  # asleep
    assert blinks.find([i / 25 for i in range(100)], opening) == [pytest.approx(21.5 / 25)]
    assert blinks.find([0.0], np.array([0.3])) == []


@pytest.mark.parametrize("fps", [12, 25])
def test_lids_that_dip_and_are_open_again_have_blinked(fps: int) -> None:
    times = np.arange(4 * fps) / fps
    dip = np.clip(1 - np.abs(times - 2.0) / 0.15, 0, 1)
    assert blinks.find(times.tolist(), 0.3 - 0.1 * dip) == [pytest.approx(2.0, abs=1 / fps)]
    assert blinks.find(times.tolist(), 0.3 - 0.04 * dip) == []  # a nod
    assert blinks.find(times.tolist(), np.where(times < 2, 0.3, 0.2)) == []  # narrowed, and they stay so
    assert blinks.find(times.tolist(), 0.25 + 0.05 * np.cos(2 * np.pi * times / 1.6)) == []  # squints slowly
    assert blinks.find(times[: 2 * fps].tolist(), (0.3 - 0.1 * dip)[: 2 * fps]) == []  # whether they open again is not seen


@settings(max_examples=25)
@given(st.integers(0, 1000), st.floats(0.0, 0.05), st.floats(0.0, 0.97))
def test_lids_that_tremble_do_not_blink(seed: int, spread: float, slow: float) -> None:
    draw = np.random.default_rng(seed)
    steps = np.sqrt(1 - slow**2) * draw.standard_normal(100)
    wandering = [0.0]
    for step in steps:
        wandering.append(slow * wandering[-1] + float(np.clip(step, -2.5, 2.5)))
    assert len(blinks.find([i / 25 for i in range(101)], 0.3 * (1 + spread * np.array(wandering)))) <= 1


@given(st.floats(0, 6.28), st.floats(20, 300), st.booleans())
def test_a_crop_leads_back_to_the_picture(angle: float, side: float, mirrored: bool) -> None:
    region = warp.Region(120, 90, side, angle)
    places = np.array([[10.0, 20.0, 0.0], [96.0, 96.0, 1.0], [190.0, 5.0, 2.0]])
    matrix = region.matrix(192, mirrored)
    expected = places[:, :2] @ matrix[:, :2].T + matrix[:, 2]
    assert np.allclose(region.to_picture(places, 192, mirrored)[:, :2], expected)


def test_a_crop_shows_what_the_region_covers() -> None:
    picture = Image.new("RGB", (400, 300))
    picture.paste((255, 0, 0), (200, 100, 300, 200))
    pixels = warp.crop(picture, warp.Region(250, 150, 100), 64)
    assert pixels[2:-2, 2:-2, 0].min() == 255
    tiny = warp.crop(picture, warp.Region(200, 150, 400), 32)
    assert 0.04 < (tiny[..., 0] > 128).mean() < 0.09  # a sixteenth


@pytest.mark.parametrize("size", [64, 192])
@pytest.mark.parametrize("mirrored", [False, True])
def test_a_warp_is_pillows_but_rounds_to_the_nearest_level(size: int, mirrored: bool) -> None:
    draw = np.random.default_rng(5)
    picture = Image.fromarray(draw.integers(0, 256, (90, 60, 3), dtype=np.uint8)).resize((360, 540))
    inside = Image.new("RGB", picture.size)
    inside.paste((255, 255, 255), (2, 2, 358, 538))
    for x, y, side, angle in [(180, 270, 118, 0.3), (170, 250, 90, -1.2), (20, 30, 120, 0.1), (350, 520, 110, 2.0), (180, 530, 100, 0.0)]:
        matrix = warp.Region(x, y, side, angle).matrix(size, mirrored)
        pillows = partial(
            Image.Image.transform, size=(size, size), method=0, data=tuple(matrix.ravel()), resample=Image.Resampling.BILINEAR
        )
        seen = np.asarray(pillows(inside)) == 255
        more = warp.warp(picture, matrix, size)[seen].astype(int) - np.asarray(pillows(picture))[seen]
        assert more.min() >= 0, "Pillow cuts fractions off"
        assert more.max() <= 1
        assert np.mean(more) == pytest.approx(0.5, abs=0.1)


def test_a_child_of_a_process_that_has_cut_something_out_can_too() -> None:
    picture = np.full((90, 60, 3), 200, dtype=np.uint8)
    assert (warp.crop(picture, warp.Region(30, 45, 40), 16) == 200).all()
    child = os.fork()
    if not child:
        signal.alarm(20)
        os._exit(0 if (warp.crop(picture, warp.Region(30, 45, 40), 16) == 200).all() else 1)
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize(("rows", "window"), [(15, 5), (75, 5), (30, 7), (5, 5), (16, 15)])
def test_smoothing_is_that_of_savitzky_and_golay(rows: int, window: int) -> None:
    values = np.random.default_rng(rows).normal(size=(rows, 4, 3))
    assert np.allclose(stiffness.savitzky_golay(values, window), savgol_filter(values, window, 2, axis=0))


def test_a_chip_puts_the_five_points_where_the_embedding_expects_them() -> None:
    matrix = align.similarity((align.PLACES + 0.25) / 1.5 * 150, align.PLACES * 80 + (30, 40))
    assert np.allclose(matrix, [[0.8, 0, 10], [0, 0.8, 20]], atol=1e-9)


def test_overlaps_of_boxes() -> None:
    assert arrays.overlap((0, 0, 10, 10), (5, 0, 15, 10)) == pytest.approx(1 / 3)
    assert arrays.covered((0, 0, 10, 10), (2, 2, 4, 4)) == 1.0
    assert arrays.overlap((0, 0, 10, 10), (20, 20, 30, 30)) == arrays.covered((0, 0, 1, 1), (2, 2, 3, 3)) == 0.0


def test_boxes_of_one_face_become_one() -> None:
    points = np.zeros((6, 2))
    found = [detect.Detection(s, (x, 0, x + 10, 10), points) for s, x in ((0.9, 0.0), (0.6, 2.0), (0.8, 50.0))]
    merged = detect.merge(found)
    assert [d.score for d in merged] == [0.9, 0.8]
    assert merged[0].box[0] == pytest.approx(0.8)


def test_eyes_that_are_shut_have_no_opening() -> None:
    points = np.zeros((468, 3))
    for lids in (iris.LEFT, iris.RIGHT):
        points[lids[0], 0], points[lids[8], 0] = 0, 10
    assert iris.openness(points) == 0.0


def test_probability_is_even_at_the_threshold_and_bounded() -> None:
    known = identity.calibration({"photo": 1.0})
    assert known.probability(known.threshold) == 0.5
    assert 0 <= known.probability(-1) < 0.001 < 0.999 < known.probability(1) <= 1


class _Span:
    """A stretch of a clip in which a face is seen."""

    def __init__(self, start: float, end: float, iod: float = 60.0) -> None:
        self.start, self.end, self.iod = start, end, iod

    def overlaps(self, other: _Span) -> bool:
        return self.start <= other.end and other.start <= self.end


def test_faces_go_to_people_so_that_all_are_served_best() -> None:
    """Both faces resemble the first person more, but only one can be hers."""
    matches = np.array([[0.9, 0.1], [0.8, 0.6]])
    assert by_similarity(matches, [_Span(0, 1), _Span(0, 1)], [0.48, 0.48]) == {0: [0], 1: [1]}  # type: ignore[list-item]


def test_a_person_may_come_back_after_a_cut_but_not_twice_at_once() -> None:
    matches = np.array([[0.9], [0.7], [0.8]])
    spans = [_Span(0, 1), _Span(0, 1), _Span(2, 3)]
    assert by_similarity(matches, spans, [0.48]) == {0: [0, 2]}  # type: ignore[arg-type]


def test_a_stranger_who_takes_somebodys_place_after_a_cut_is_their_wrong_face() -> None:
    matches = np.array([[0.9], [0.1], [0.2]])
    spans = [_Span(0, 1), _Span(1.1, 2), _Span(1.1, 2, iod=12.0)]
    assert by_similarity(matches, spans, [0.48]) == {0: [0, 1]}  # type: ignore[arg-type]  # the third is a passer-by
    together = [_Span(0, 1), _Span(0.5, 2)]
    assert by_similarity(matches[:2], together, [0.48]) == {0: [0]}  # type: ignore[arg-type]


def test_people_who_face_away_and_inserts_ask_for_no_face() -> None:
    def asks(people: list[dict[str, object]], size: str = "medium") -> list[str]:
        made = Sample("g", "shot", "ok", {"people": people, "shot": {"size": size}}, "c", "s")
        return [w.who for w in wanted(made)]

    mei, lan = {"character": {"id": "mei"}, "facing": "camera"}, {"character": {"id": "lan"}, "facing": "away"}
    assert asks([mei, lan]) == ["mei"]
    assert asks([mei], "insert") == []


def test_the_mirrored_landmarks_swap_left_and_right() -> None:
    found = steady.mirror()
    assert (found[found] == np.arange(468)).all()
    assert [int(found[i]) for i in iris.LEFT] == list(iris.RIGHT)
    assert all({int(found[i]) for i in region} == set(region) for region in stiffness.REGIONS.values())


@given(st.floats(-1, 1), st.floats(30, 300), st.floats(-100, 400))
def test_an_anchored_crop_has_the_face_where_it_was_at_first(angle: float, size: float, place: float) -> None:
    """However the face moves in the plane, its landmarks fall on the same places of the crop."""
    anchor = steady.Anchor.of(head())
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    moved = head()
    moved[:, :2] = moved[:, :2] @ turn.T * size / 60 + place
    region = anchor.region(moved)
    back = (align.as_complex(moved) - complex(region.x, region.y)) / cmath.rect(region.side, region.angle)
    assert np.allclose(back, anchor.places + anchor.middle, atol=1e-6)
