"""Expression: does a face move like a person's, and does it show what the shot asks for?

Example: a clip in which Mei speaks angrily

    Score(metric="expression", value=0.91, status="ok", reason="mei: lively (stiffness 0.09; a longer take: 0.00 to 0.12), …", evidence={
        "size": [288, 512], "people": [{"character": "mei", "asked": {"emotion": "anger", "intensity": 0.8, "speaking": true},
            "stiffness": 0.09, "likely": [0.0, 0.12], "regions": {"mouth": {"amplitude": 0.021, "floor": 0.003, "energy": 0.0208, …}, …},
            "blinks": [0.71], "pose_sd": {"yaw": 1.2, …}, "trace": {"t": [0.0, …], "brow": […], "eye": […], "mouth": […]},
            "emotion": {"method": "shape", "match": 0.62, "shown": {"anger": 0.8, …}, "strength": 0.62},
            "crops": [{"t": 0.0, "crop": "data:image/jpeg;base64,…"}]}]})

On clips the value is 1 - stiffness (see `evals.faces.stiffness`: 1 as lively as ordinary speakers, 0 a photograph), on stills the
match with the emotion asked for (see `evals.faces.emotion`), each the mean over the faces asked for that can be measured.
Camera moves, zooms, shake and head motion are taken out and do not count as expression.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from evals.errors import ScorerError, UnreadableMedia
from evals.faces import analysis, episode
from evals.faces.face import Face
from evals.faces.moving import judge_clip, of_frames
from evals.faces.stack import Stack, using
from evals.faces.still import judge_still
from evals.faces.verdict import Verdict
from evals.faces.wanted import Wanted, wanted
from evals.media import Frame, TooLarge, is_clip
from evals.media.sampling import MAX_FPS
from evals.score import Media, Metric, Sample, Score, Status

DETAILS = ("stiffness", "stiff_upper", "stiff_mouth", "blinks", "emotion_match")
VARIETY = "expression_variety"


class Expression:
    """Measure liveliness and emotion of the faces that a shot or clip asks for.

    Args:
        min_iod: Smallest distance of the outer eye corners, in pixels, at which a face is measured.
        detector: Which model finds faces, and `emotions`: what tells emotions; see `evals.faces.stack`.
        emotions: `shape` or `blendshapes`.
    """

    name = "expression"
    version = "5"
    scope: Literal["generation", "series"] = "series"
    stages = frozenset({"shot", "clip"})
    metrics: tuple[Metric, ...] = (
        Metric("expression", "up", "share", worst=0.0, description="Clips: 1 - stiffness. Stills: match with the emotion asked for"),
        Metric("stiffness", "down", "share", worst=1.0, primary=False, description="0 as lively as ordinary speakers, 1 a photograph"),
        Metric("stiff_upper", "down", "share", worst=1.0, primary=False, description="Stiffness of brows and eyes alone"),
        Metric("stiff_mouth", "down", "share", worst=1.0, primary=False, description="Stiffness of the mouth alone"),
        Metric("blinks", "up", "1/min", worst=None, hi=None, primary=False, description="Blinks a minute; judge over episodes, not shots"),
        Metric("emotion_match", "up", "share", worst=0.0, primary=False, description="Agreement of shown and asked emotion"),
        Metric(VARIETY, "up", "IOD", worst=None, hi=None, primary=False, description="How much a person's face changes over stills"),
    )
    cpu_bound = True

    def __init__(self, min_iod: float = 24.0, detector: str = "blazeface", emotions: str = "shape") -> None:
        if isinstance(min_iod, bool) or not isinstance(min_iod, int | float) or not 8 <= min_iod <= 500:
            raise ScorerError(f"expression: min_iod is a number of pixels from 8 to 500, got {min_iod!r}.")
        self.min_iod = float(min_iod)
        self.stack = Stack(detector=str(detector), emotions=str(emotions))

    def score(self, group: Sequence[Sample]) -> list[list[Score]]:
        """Return seven scores a sample; see the module.

        Raises:
            ModelUnavailable: A face model is not installed.
        """
        with using(self.stack):
            looked = [self._look(sample) for sample in group]
        series = episode.overview([shot.verdicts for shot in looked])
        return [self._none(*shot.problem) if shot.problem else self._scores(shot, series) for shot in looked]

    def _look(self, sample: Sample) -> _Looked:
        people = list({w.who: w for w in wanted(sample)}.values())
        item = sample.first("video") or sample.first("image")
        if sample.status != "ok":
            return _Looked(("failed", f"the generation is {sample.status}"))
        if sample.stage not in self.stages or not people:
            return _Looked(("not_applicable", "no face is asked for"))
        if item is None:
            return _Looked(("failed", "no picture or clip came back"))
        try:
            verdicts, size = self._judge(item, people, neutral_views(sample, self.min_iod))
        except TooLarge as error:
            return _Looked(("not_scoreable", str(error)))
        except UnreadableMedia as error:
            return _Looked(("failed", str(error)))
        if not verdicts:
            return _Looked(("failed", f"no face found; asked for {', '.join(w.who for w in people)}"))
        return _Looked(None, tuple(people), tuple(verdicts), tuple(size))

    def _judge(self, item: Media, people: Sequence[Wanted], views: Mapping[str, Sequence[Face]]) -> tuple[list[Verdict], list[int]]:
        if item.kind == "video" or is_clip(item.path):
            clip = analysis.analyse_clip(item)
            return judge_clip(clip, people, views, self.min_iod), [clip.width, clip.height]
        still = analysis.analyse_picture(item)
        return judge_still(still, people, views, self.min_iod), [still.width, still.height]

    def _scores(self, shot: _Looked, series: Mapping[str, Mapping[str, Any]]) -> list[Score]:
        missing = [w.who for w in shot.people if w.who not in {v.who for v in shot.verdicts}]
        evidence = {
            "size": list(shot.size),
            "missing": missing,
            "people": [v.evidence for v in shot.verdicts],
            "series": {v.who: series[v.who] for v in shot.verdicts},
        }
        told = [v for v in shot.verdicts if not v.problem]
        if not told:
            return self._none("not_scoreable", "; ".join(f"{v.who}: {v.problem}" for v in shot.verdicts), evidence)
        remarks = [f"{v.who}: {v.said}{_over_shots(series[v.who])}" for v in shot.verdicts]
        reason = ", ".join(remarks + [f"{who}: no face found" for who in missing])
        value = float(np.mean([v.values["expression"] for v in told]))
        scores = [Score("expression", self.name, self.version, round(value, 6), "ok", reason, evidence)]
        scores += [self._detail(name, [v.values[name] for v in told if name in v.values], "not measured on stills") for name in DETAILS]
        changes = [series[v.who]["variety"]["value"] for v in told if v.shape is not None and "variety" in series[v.who]]
        return [*scores, self._detail(VARIETY, changes, "takes three stills of a person in one series")]

    def _detail(self, metric: str, values: Sequence[float], otherwise: str) -> Score:
        if not values:
            return Score(metric, self.name, self.version, None, "not_applicable", otherwise)
        return Score(metric, self.name, self.version, round(float(np.mean(values)), 6), "ok")

    def _none(self, status: Status, reason: str, evidence: Mapping[str, Any] | None = None) -> list[Score]:
        first, *rest = self.metrics
        scores = [Score(first.name, self.name, self.version, None, status, reason, evidence or {})]
        return scores + [Score(m.name, self.name, self.version, None, status, reason) for m in rest]


@dataclass(frozen=True, slots=True)
class _Looked:
    """One generation: why nothing can be said of it, or who was asked for and what was found of them."""

    problem: tuple[Status, str] | None
    people: tuple[Wanted, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    size: tuple[int, ...] = ()


def _over_shots(series: Mapping[str, Any]) -> str:
    """Return in words what is wrong with a person over all their shots."""
    found = ""
    blinks = series.get("blinks", {})
    if blinks.get("few"):
        found += f"; blinks too rarely ({blinks['count']} in {blinks['seconds']:.0f} s of all clips)"
    variety = series.get("variety", {})
    if variety.get("same_face") and len(variety["asked"]) > 1:
        found += f"; wears one face in {variety['stills']} stills that ask for {', '.join(variety['asked'])}"
    return found


def stiffness(frames: NDArray[np.uint8], fps: float, speaking: bool = True) -> Score:
    """Return how stiff the face of a clip is: 0 as lively as ordinary speakers, 1 a photograph.

    The whole clip is taken for one take of one person. Frames beyond thirty a second are left out.

    Args:
        frames: T x height x width x 3, RGB, uint8.
        fps: Frames a second.
        speaking: Whether the person is meant to speak; decides how much mouth, brows, eyes and cheeks weigh.

    Returns:
        `failed` where no face is seen, `not_scoreable` where one is seen too briefly, too rarely or too small. The evidence
        holds `stiff_upper` and `stiff_mouth`, each region's amplitude, noise floor and liveliness, blinks and traces.

    Raises:
        ScorerError: The arguments are no clip.
        ModelUnavailable: A face model is not installed.
    """
    if not isinstance(frames, np.ndarray) or frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[3] != 3 or 0 in frames.shape[1:]:
        raise ScorerError("A clip is a uint8 array of frames x height x width x 3 (RGB).")
    if isinstance(fps, bool) or not 0 < fps < 1000:
        raise ScorerError(f"Frames a second must be a number over 0, got {fps!r}.")
    step = max(1, math.ceil(fps / MAX_FPS))
    found, why, evidence = of_frames((Frame(i / fps, frames[i]) for i in range(0, len(frames), step)), speaking)
    if found is None:
        status: Status = "not_scoreable" if why else "failed"
        return Score("stiffness", Expression.name, Expression.version, None, status, why or "no face found", evidence)
    return Score("stiffness", Expression.name, Expression.version, round(min(1.0, max(0.0, found.value)), 6), "ok", why, evidence)


def neutral_views(sample: Sample, min_iod: float) -> dict[str, list[Face]]:
    """Return the faces of each person's reference pictures, which show them without expression; unreadable ones are left out.

    Raises:
        ModelUnavailable: A face model is not installed.
    """
    found: dict[str, list[Face]] = {}
    for who, pictures in sample.references.items():
        for picture in pictures:
            try:
                faces = analysis.analyse_picture(picture).faces
            except UnreadableMedia:
                continue  # `face_consistency` says so; here it only means that there is less to compare with
            found.setdefault(who, []).extend(f for f in faces if f.iod >= min_iod)
    return {who: faces for who, faces in found.items() if faces}
