"""What all scorers of pictures as such have in common: one generation at a time, and a status for whatever cannot be judged."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from evals.errors import ScorerError, UnreadableMedia
from evals.footage.signals import Footage, look
from evals.media import TooLarge, is_clip
from evals.score import Media, Metric, Sample, Score, Status


class PictureScorer(ABC):
    """Judge each generation's picture or clip by itself; a subclass says what it measures in `judge`."""

    name: str
    version = "1"
    scope: Literal["generation", "series"] = "generation"
    stages: frozenset[str]
    metrics: tuple[Metric, ...]
    cpu_bound = True

    def score(self, group: Sequence[Sample]) -> list[list[Score]]:
        """Return one score for each metric of each sample; what cannot be judged has a status and a reason."""
        return [self._one(sample) for sample in group]

    @abstractmethod
    def judge(self, item: Media, sample: Sample) -> list[Score]:
        """Return the scores of a picture or clip that is there; `sample` says what it was asked to be.

        Raises:
            UnreadableMedia: It cannot be read.
        """

    def ok(self, value: float, reason: str, evidence: Mapping[str, Any] | None = None, metric: str | None = None) -> Score:
        """Return a score with a value, of the first metric unless another is named."""
        return Score(metric or self.metrics[0].name, self.name, self.version, round(value, 6), "ok", reason, evidence or {})

    def none(self, status: Status, reason: str, evidence: Mapping[str, Any] | None = None) -> list[Score]:
        """Return scores without a value for all metrics."""
        return [Score(m.name, self.name, self.version, None, status, reason, evidence or {}) for m in self.metrics]

    def _one(self, sample: Sample) -> list[Score]:
        if sample.status != "ok":
            return self.none("failed", f"the generation is {sample.status}")
        item = sample.first("video") or sample.first("image")
        if sample.stage not in self.stages:
            return self.none("not_applicable", f"{sample.stage}s are not judged by this")
        if item is None:
            return self.none("failed", "no picture or clip came back")
        try:
            return self.judge(item, sample)
        except TooLarge as error:
            return self.none("not_scoreable", str(error))
        except UnreadableMedia as error:
            return self.none("failed", str(error))


class ClipScorer(PictureScorer):
    """Judge a clip by what changes from frame to frame."""

    stages = frozenset({"clip"})
    min_frames = 5

    def judge(self, item: Media, _sample: Sample) -> list[Score]:
        """Return the scores of a clip; a still picture has none, and neither has a clip of too few frames."""
        if not moving(item):
            return self.none("not_applicable", "a still picture does not move")
        footage = look(item)
        if len(footage.frames) < self.min_frames:
            return self.none("not_scoreable", f"{len(footage.frames)} frames; {self.min_frames} are needed")
        return self.watch(footage)

    @abstractmethod
    def watch(self, footage: Footage) -> list[Score]:
        """Return the scores of a clip that has been looked at."""


def moving(item: Media) -> bool:
    """Return whether an artifact is a clip; an animated picture is one, whatever it is called."""
    return item.kind == "video" or is_clip(item.path)


def bounded(scorer: str, name: str, value: float, low: float, high: float) -> float:
    """Return an argument of a scorer as a number.

    Raises:
        ScorerError: It is no number from `low` to `high`.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ScorerError(f"{scorer}: {name} is a number from {low:g} to {high:g}, got {value!r}.")
    return float(value)


def trace(times: Sequence[float], values: Sequence[float], most: int = 200) -> dict[str, list[float]]:
    """Return values over time for a page, thinned out to `most` of them by keeping the highest of each bin."""
    size = -(-len(values) // most) if values else 1
    bins = [range(i, min(i + size, len(values))) for i in range(0, len(values), size)]
    best = [max(b, key=lambda i: values[i]) for b in bins]
    return {"t": [round(times[i], 3) for i in best], "value": [round(values[i], 4) for i in best]}
