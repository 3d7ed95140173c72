"""Run ONNX models on one core, where the optional package `onnxruntime` is installed."""

from __future__ import annotations

import threading
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evals.errors import ModelUnavailable

HOW = "Run: pip install 'microdrama-workbench[onnx]'"


class Onnx:
    """A loaded model with one input; one thread, one call at a time.

    Attributes:
        shape: The input's shape as the file has it; what is open is no whole number.
        outputs: Names of the outputs, in the file's order.
    """

    def __init__(self, path: Path) -> None:
        try:
            import onnxruntime
        except ImportError:
            raise ModelUnavailable(f"{path.name} needs the package onnxruntime.", hint=HOW) from None
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # noqa: BLE001 (the runtime raises classes of its own, which it does not export)
            raise ModelUnavailable(f"{path.name} is no ONNX model that can be run: {str(error).splitlines()[0][:120]}") from None
        self._lock = threading.Lock()
        self._input = self._session.get_inputs()[0].name
        self.shape: tuple[Any, ...] = tuple(self._session.get_inputs()[0].shape)
        self.outputs: tuple[str, ...] = tuple(o.name for o in self._session.get_outputs())

    def __call__(self, batch: NDArray[Any]) -> dict[str, NDArray[np.float32]]:
        """Return all outputs by name.

        Raises:
            ModelUnavailable: The model does not take this input.
        """
        with self._lock:
            try:
                values = self._session.run(None, {self._input: np.asarray(batch, dtype=np.float32)})
            except Exception as error:  # noqa: BLE001 (as above)
                raise ModelUnavailable(f"The ONNX model does not take its input: {str(error).splitlines()[0][:120]}") from None
        return dict(zip(self.outputs, values, strict=True))


@cache
def load(path: Path) -> Onnx:
    """Return a model, loaded at the first call of this process.

    Raises:
        ModelUnavailable: It is no model, or the runtime is not installed.
    """
    return Onnx(path)
