"""Stiffness of a face in a clip: how much less it moves than people who speak on camera do, head motion not counted.

    measure(times, points, speaking=True)  ->  Stiffness(value=0.07, upper=0.0, mouth=0.16, regions={...}, ...)

1. Head motion is removed (`pose.steady`), leaving points in units of the distance of the outer eye corners (IOD).
2. They are smoothed by a Savitzky-Golay filter (quadratic, 0.16 s).
3. What is linear in yaw, pitch, roll and 100 log scale is subtracted (ridge regression, lambda 0.2 a frame): pose that leaks.
4. Amplitude A of a region: root mean square of its points' displacement (x, y) about their mean over the clip.
5. Noise floor f: what A would be for a still face, from the head's motion; linear in 1, the standard deviations of the four
   pose numbers, and their mean absolute speeds a second. Fitted (non-negative) on 96 clips of moved stills.
6. E = sqrt(max(0, A^2 - f^2)); liveliness L = min(1, E / R); R is the lower quartile of 55 clips of people who speak.
7. stiffness = 1 - sum of w L, 0 (as lively as ordinary speakers) to 1 (a photograph); the weights say what matters more in
   shots with and without speech. Below 0.25 is lively, above 0.5 is stiff.

`upper` says whether brows and eyes move by themselves: before they are measured for it, what follows the mouth linearly is taken out
(ridge 0.3, units of ordinary speech). The mesh moves brows and lids along with open lips, and so do skin and painters: without this
step three of eight shared clips in which nothing but the lips was moved look lively in the upper face, with it none does, and
clips with motion everywhere keep theirs (docs/calibration.md). `value` is left as the study defines it. `own_mouth` is the same the other
way round: how far the mouth moves once what follows brows and lids is taken out. Skin hangs together, painted and photographed.

Of a long clip several stretches are seen. Each is taken for itself up to step 5, since where a face rests may differ from one to
the next; A^2 and f^2 are then averaged, each stretch counting for as much of the clip as it stands for (`joined`).

Known weaknesses: fast head motion raises the floor and hides the upper face; profiles; beards; faces under 40 pixels of IOD.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evals.faces import pose
from evals.faces.arrays import Floats

MIN_FRAMES = 15
MIN_SECONDS = 1.0
MIN_FPS = 12.0
MIN_IOD = 24.0
SMOOTH_SECONDS = 0.16
RIDGE = 0.2
SPEECH_RIDGE = 0.3

_LIPS = (
    61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185,
    78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191,
)  # fmt: skip
REGIONS: Mapping[str, tuple[int, ...]] = {
    "mouth": _LIPS,
    "brow": (46, 53, 52, 65, 55, 70, 63, 105, 66, 107, 276, 283, 282, 295, 285, 300, 293, 334, 296, 336),
    "eye": (161, 160, 159, 158, 157, 163, 144, 145, 153, 154, 388, 387, 386, 385, 384, 390, 373, 374, 380, 381),
    "cheek": (50, 101, 36, 205, 206, 207, 187, 147, 123, 117, 280, 330, 266, 425, 426, 427, 411, 376, 352, 346),
}
"""Landmarks of each region; the eyes' are the lids, which `iris` has refined."""
UPPER = ("brow", "eye")
INNER_LIPS, CORNERS, LOWER_LIP = (13, 14), (61, 291), 17
BROWS, INNER_BROWS, FROWN = (46, 53, 52, 65, 55, 276, 283, 282, 295, 285), (55, 107, 285, 336), (55, 285)
UPPER_LIDS, LOWER_LIDS = (160, 159, 158, 387, 386, 385), (144, 145, 153, 373, 374, 380)
FLOORS: Mapping[str, tuple[float, ...]] = {
    "mouth": (3.1e-5, 3.52e-4, 7.33e-4, 0, 7.2e-5, 6e-6, 3.9e-5, 3.05e-4, 6.7e-5),
    "brow": (7.7e-5, 1.53e-4, 4.42e-4, 1.66e-4, 2.4e-5, 0, 9.4e-5, 1.23e-4, 5.4e-5),
    "eye": (1.34e-4, 1.35e-4, 7.15e-4, 2.73e-4, 5.6e-5, 0, 7.9e-5, 1.03e-4, 3.2e-5),
    "cheek": (5.9e-5, 1.77e-4, 6.6e-4, 3.9e-5, 2.2e-5, 0, 0, 1.44e-4, 5.6e-5),
}
"""Coefficients of the noise floors, in IOD: 1; sd of yaw, pitch, roll (degrees) and 100 log scale; their speeds a second."""
REAL: Mapping[str, float] = {"mouth": 0.0178, "brow": 0.0031, "eye": 0.0032, "cheek": 0.0063}
"""Energy of ordinary speakers, in IOD: the lower quartile of 55 real clips."""
SPEAKING: Mapping[str, float] = {"mouth": 0.4, "brow": 0.2, "eye": 0.25, "cheek": 0.15}
SILENT: Mapping[str, float] = {"mouth": 0.15, "brow": 0.3, "eye": 0.4, "cheek": 0.15}


@dataclass(frozen=True, slots=True)
class Region:
    """One region's amplitude, noise floor and energy (IOD), and its liveliness (0-1)."""

    amplitude: float
    floor: float
    energy: float
    lively: float


@dataclass(frozen=True, slots=True)
class Stiffness:
    """How stiff a face is: `value` over all, `upper` and `mouth` alone, each 0-1; and what the head did meanwhile.

    `own_mouth` is the energy (IOD) with which the mouth moves by itself, not following brows and lids.
    `steady` holds the landmarks without head motion of each stretch, for traces. `pose_sd` is in degrees (yaw, pitch, roll) and
    percent (scale).
    """

    value: float
    upper: float
    mouth: float
    own_mouth: float
    regions: Mapping[str, Region]
    pose_sd: tuple[float, float, float, float]
    steady: tuple[pose.Steadied, ...]


def why_not(times: list[float], iod: float, min_iod: float = MIN_IOD) -> str:
    """Return why a track cannot be measured, or an empty string."""
    seconds = times[-1] - times[0] if times else 0.0
    if len(times) < MIN_FRAMES:
        return too_few(len(times), " with the face")
    step = seconds / (len(times) - 1)
    if seconds + step < MIN_SECONDS:
        return f"the face is seen for {seconds + step:.1f} s, {MIN_SECONDS:.0f} s are needed"
    if 1 / step < MIN_FPS - 0.5:
        return f"{1 / step:.1f} frames a second, {MIN_FPS:.0f} are needed"
    if iod < min_iod:
        return f"the face is too small: {iod:.0f} pixels between the eyes' outer corners, {min_iod:.0f} are needed"
    return ""


def too_few(frames: int, of_what: str = "") -> str:
    """Return why so many frames cannot be measured, or an empty string."""
    return f"only {frames} frame{'s' * (frames != 1)}{of_what}, {MIN_FRAMES} are needed" if frames < MIN_FRAMES else ""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A face through one stretch: amplitude and noise floor (IOD) by region.

    `apart` holds those of brow and eye without what follows the mouth, and of the mouth without what follows brows and lids.
    """

    steady: pose.Steadied
    moved: Mapping[str, tuple[float, float]]
    apart: Mapping[str, tuple[float, float]]
    pose_sd: Floats


def measure(times: list[float], points: Floats, speaking: bool) -> Stiffness:
    """Return the stiffness of one track; `why_not` says whether that makes sense.

    Args:
        times: Seconds, one a frame.
        points: Landmarks, frames x 468 x 3, eyelids refined.
        speaking: Whether the shot asks for speech: which weights are used.
    """
    return joined([(stretch(times, points), 1.0)], speaking)


def stretch(times: list[float], points: Floats) -> Stretch:
    """Return what a face does in one stretch; arguments as for `measure`."""
    steady = pose.steady(points)
    step = (times[-1] - times[0]) / (len(times) - 1)
    smooth, poses = _smoothed(steady.points, step), _smoothed(steady.poses, step)
    moving = _without(smooth, poses, RIDGE)
    sd = poses.std(axis=0)
    motion = np.concatenate([[1.0], sd, np.abs(np.diff(poses, axis=0)).mean(axis=0) / step])
    silent = _without(moving, _speech(moving), SPEECH_RIDGE)
    lips = list(REGIONS["mouth"])
    own = moving.copy()
    own[:, lips] = _without(moving[:, lips], _glances(moving), SPEECH_RIDGE)
    return Stretch(
        steady,
        {name: _moved(moving, name, motion) for name in REGIONS},
        {name: _moved(silent, name, motion) for name in UPPER} | {"mouth": _moved(own, "mouth", motion)},
        sd,
    )


def joined(stretches: Sequence[tuple[Stretch, float]], speaking: bool) -> Stiffness:
    """Return the stiffness of a face over one or more stretches of a clip, each with the seconds that it stands for."""
    shares = np.array([seconds for _, seconds in stretches]) / sum(seconds for _, seconds in stretches)

    def region(name: str, kind: Sequence[Mapping[str, tuple[float, float]]]) -> Region:
        amplitude, floor = np.sqrt(shares @ np.array([found[name] for found in kind]) ** 2)
        energy = float(np.sqrt(max(0.0, amplitude**2 - floor**2)))
        return Region(float(amplitude), float(floor), energy, min(1.0, energy / REAL[name]))

    regions = {name: region(name, [s.moved for s, _ in stretches]) for name in REGIONS}
    apart = {name: region(name, [s.apart for s, _ in stretches]) for name in (*UPPER, "mouth")}
    weights = SPEAKING if speaking else SILENT
    yaw, pitch, roll, scale = np.sqrt(shares @ np.array([s.pose_sd for s, _ in stretches]) ** 2).tolist()
    return Stiffness(
        value=1 - sum(weights[name] * region.lively for name, region in regions.items()),
        upper=1 - (0.4 * apart["brow"].lively + 0.6 * apart["eye"].lively),
        mouth=1 - regions["mouth"].lively,
        own_mouth=apart["mouth"].energy,
        regions=regions,
        pose_sd=(yaw, pitch, roll, scale),
        steady=tuple(s.steady for s, _ in stretches),
    )


def _smoothed(values: Floats, step: float) -> Floats:
    window = round(SMOOTH_SECONDS / step) | 1
    if window <= 3:  # a quadratic through three frames leaves them as they are
        return values
    return savitzky_golay(values, min(window, len(values) - (len(values) + 1) % 2))


def savitzky_golay(values: Floats, window: int) -> Floats:
    """Return a quadratic fitted to each `window` rows (odd), read at its middle, at both ends read where the rows lie.

    This is `scipy.signal.savgol_filter(values, window, 2, axis=0)`, whose import costs a worker process most of a second.
    """
    powers = np.vander(np.arange(window, dtype=np.float64) - window // 2, 3)
    fit = powers @ np.linalg.pinv(powers)
    half = window // 2
    flat = values.reshape(len(values), -1)
    out = np.empty_like(flat)
    out[:half], out[len(flat) - half :] = fit[:half] @ flat[:window], fit[half + 1 :] @ flat[-window:]
    inside = len(flat) - window + 1
    out[half : half + inside] = sum(share * flat[i : i + inside] for i, share in enumerate(fit[half]))
    return out.reshape(values.shape)


def _without(points: Floats, causes: Floats, ridge: float) -> Floats:
    """Return displacements about the mean, less their ridge regression on causes (one row a frame)."""
    flat = points.reshape(len(points), -1)
    flat = flat - flat.mean(axis=0)
    moved = causes - causes.mean(axis=0)
    gram = moved.T @ moved + ridge * len(moved) * np.eye(moved.shape[1])
    return np.asarray((flat - moved @ np.linalg.solve(gram, moved.T @ flat)).reshape(points.shape))


def _speech(moving: Floats) -> Floats:
    """Return how the mouth moves, in units of ordinary speech: opening, width, height of the corners, height of the lower lip."""
    opening = moving[:, INNER_LIPS[1], 1] - moving[:, INNER_LIPS[0], 1]
    width = moving[:, CORNERS[1], 0] - moving[:, CORNERS[0], 0]
    height = moving[:, list(CORNERS), 1].mean(axis=1)
    return np.stack([opening, width, height, moving[:, LOWER_LIP, 1]], axis=1) / REAL["mouth"]


def _glances(moving: Floats) -> Floats:
    """Return how brows and lids move, in units of ordinary speech: height of brows and of their inner ends, frown, height of either lid."""
    brows, inner, upper, lower = (moving[:, list(points), 1].mean(axis=1) for points in (BROWS, INNER_BROWS, UPPER_LIDS, LOWER_LIDS))
    frown = moving[:, FROWN[1], 0] - moving[:, FROWN[0], 0]
    return np.column_stack([np.stack([brows, inner, frown], axis=1) / REAL["brow"], np.stack([upper, lower], axis=1) / REAL["eye"]])


def _moved(moving: Floats, name: str, motion: Floats) -> tuple[float, float]:
    amplitude = float(np.sqrt((moving[:, list(REGIONS[name]), :2] ** 2).sum(axis=2).mean()))
    return amplitude, float(np.dot(FLOORS[name], motion))
