"""Write small ONNX models by hand, so that tests need neither a download nor the package that makes them.

A model here multiplies its input with nothing (it answers with constants), or flattens it and multiplies it with a matrix.
Field numbers are those of ONNX's `onnx.proto`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _field(number: int, value: int | str | bytes) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    data = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _tensor(name: str, values: np.ndarray) -> bytes:
    dims = b"".join(_field(1, d) for d in values.shape)
    return dims + _field(2, 1) + _field(8, name) + _field(9, values.astype("<f4").tobytes())


def _value(name: str, shape: Sequence[int]) -> bytes:
    dims = b"".join(_field(1, _field(1, d)) for d in shape)
    return _field(1, name) + _field(2, _field(1, _field(1, 1) + _field(2, dims)))


def _node(kind: str, inputs: Sequence[str], output: str) -> bytes:
    return b"".join(_field(1, i) for i in inputs) + _field(2, output) + _field(4, kind)


def _model(
    nodes: Sequence[bytes], constants: Mapping[str, np.ndarray], shape: Sequence[int], outputs: Mapping[str, Sequence[int]]
) -> bytes:
    graph = b"".join(_field(1, n) for n in nodes) + _field(2, "tiny")
    graph += b"".join(_field(5, _tensor(name, values)) for name, values in constants.items())
    graph += _field(11, _value("input", shape)) + b"".join(_field(12, _value(n, s)) for n, s in outputs.items())
    return _field(1, 8) + _field(7, graph) + _field(8, _field(1, "") + _field(2, 13))


def constant(path: Path, shape: Sequence[int], outputs: Mapping[str, np.ndarray]) -> Path:
    """Write a model that gives the same outputs for any input."""
    nodes = [_node("Identity", [f"c_{name}"], name) for name in outputs]
    path.write_bytes(_model(nodes, {f"c_{n}": v for n, v in outputs.items()}, shape, {n: v.shape for n, v in outputs.items()}))
    return path


def linear(path: Path, shape: Sequence[int], matrix: np.ndarray) -> Path:
    """Write a model that flattens its input and multiplies it with a matrix."""
    nodes = [_node("Flatten", ["input"], "flat"), _node("MatMul", ["flat", "m"], "output")]
    path.write_bytes(_model(nodes, {"m": matrix}, shape, {"output": (1, matrix.shape[1])}))
    return path
