"""Which models look at faces: the default ones, or those that a suite names.

    scorers:
      - {name: face_consistency, args: {detector: yunet, embedding: sface}}
      - {name: face_consistency, args: {embedding: models/mine.onnx, threshold: 0.35, width: 0.08}}
      - {name: expression, args: {detector: yunet, emotions: blendshapes}}

    with using(Stack(detector="yunet")):
        analyse_picture(media)

| embedding | is |
|---|---|
| `dlib` | the default: dlib's ResNet, centred on the face's domain, calibrated |
| `sface` | the pulled SFace; plain cosine, even odds at 0.363, the threshold that its publishers give for LFW |
| a path ending in `.onnx` | a model of your own that takes ArcFace's 112 x 112 pixels; `threshold` and `width` must be given |
| a path ending in `.dat` | a drop-in for dlib's ResNet; `threshold` and `width` must be given |

| emotions | are told by |
|---|---|
| `shape` | the default: ten distances of the landmarks against a neutral view, or where there is none the `fer` classifier |
| `blendshapes` | the muscles that MediaPipe's FaceLandmarker sees, see `evals.faces.muscles` |

The stack belongs to the call that is scoring, so that two scorers with different models do not disturb each other.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from evals.errors import ScorerError
from evals.faces.detect import Detection, detect

DETECTORS = ("blazeface", "yunet")
EMBEDDINGS = ("dlib", "sface")
EMOTIONS = ("shape", "blendshapes")
PUBLISHED = {"sface": (0.363, 0.08, "the threshold for cosines that SFace's publishers give, fitted on LFW; the width is not fitted")}


@dataclass(frozen=True, slots=True)
class Stack:
    """Detector; embedding, and for one of one's own the cosine of even odds and how steeply they change; what tells emotions."""

    detector: str = "blazeface"
    embedding: str = "dlib"
    threshold: float | None = None
    width: float | None = None
    emotions: str = "shape"

    def __post_init__(self) -> None:
        if self.detector not in DETECTORS:
            raise ScorerError(f"There is no face detector {self.detector!r}.", hint=f"There are: {', '.join(DETECTORS)}.")
        if self.emotions not in EMOTIONS:
            raise ScorerError(f"There is no way {self.emotions!r} to tell emotions.", hint=f"There are: {', '.join(EMOTIONS)}.")
        own = Path(self.embedding).suffix in (".onnx", ".dat")
        if self.embedding not in EMBEDDINGS and not own:
            raise ScorerError(
                f"There is no face embedding {self.embedding!r}.", hint=f"There are: {', '.join(EMBEDDINGS)}, or a file (.onnx, .dat)."
            )
        if own and (self.threshold is None or self.width is None):
            raise ScorerError(
                f"The embedding {self.embedding} has no thresholds.",
                hint="Give threshold (cosine of even odds) and width, as `workbench calibrate` measures them.",
            )
        if self.width is not None and not self.width > 0:
            raise ScorerError(f"width is a number over 0, got {self.width!r}.")

    @property
    def key(self) -> str:
        """Return what tells the faces that this stack finds from those of another; emotions are told later, from the same faces."""
        return f"{self.detector}/{self.embedding}"

    @property
    def calibration(self) -> tuple[float, float, str] | None:
        """Return threshold, width and source of a foreign embedding; None for the default one, which is calibrated by domain."""
        if self.threshold is not None and self.width is not None:
            return self.threshold, self.width, "given in the suite"
        return PUBLISHED.get(self.embedding)


_current: ContextVar[Stack] = ContextVar("face_stack", default=Stack())  # noqa: B039 (a stack cannot be changed)


def current() -> Stack:
    """Return the models that this call looks with."""
    return _current.get()


@contextmanager
def using(stack: Stack) -> Iterator[None]:
    """Look with these models inside the block."""
    token = _current.set(stack)
    try:
        yield
    finally:
        _current.reset(token)


def boxes(picture: Image.Image, tiles: bool = True) -> list[Detection]:
    """Return the boxes that the current detector finds, best first; see `detect.detect`.

    Raises:
        ModelUnavailable: The detector is not here.
    """
    if current().detector == "yunet":
        from evals.faces import yunet

        return yunet.detect(picture)
    return detect(picture, tiles)
