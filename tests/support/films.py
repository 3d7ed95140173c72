"""Real films and recordings, small enough to make many: encoded once a process, by text."""

from __future__ import annotations

import hashlib
import tempfile
from functools import lru_cache
from pathlib import Path


@lru_cache(maxsize=64)
def film(text: str = "stub", *, suffix: str = "mp4", frames: int = 12, size: tuple[int, int] = (64, 112), faststart: bool = False) -> bytes:
    """Return a second of moving noise: H.264 in MP4, or VP9 in WebM."""
    import av
    import numpy as np

    rng = np.random.default_rng(hashlib.sha256(text.encode()).digest()[0])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"film.{suffix}"
        with av.open(str(path), "w", options={"movflags": "faststart"} if faststart else {}) as container:
            stream = container.add_stream("libx264" if suffix == "mp4" else "libvpx-vp9", rate=12)
            stream.width, stream.height = size
            stream.pix_fmt = "yuv420p"
            for _ in range(frames):
                picture = av.VideoFrame.from_ndarray(rng.integers(0, 255, (size[1], size[0], 3), dtype=np.uint8), format="rgb24")
                container.mux(stream.encode(picture))
            container.mux(stream.encode())
        return path.read_bytes()


@lru_cache(maxsize=64)
def song(text: str = "stub", *, seconds: float = 1.0) -> bytes:
    """Return a note as MP3."""
    import av
    import numpy as np

    rate = 44_100
    pitch = 200 + hashlib.sha256(text.encode()).digest()[0]
    wave = (0.3 * np.sin(2 * np.pi * pitch * np.arange(int(rate * seconds)) / rate)).astype(np.float32)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "song.mp3"
        with av.open(str(path), "w") as container:
            stream = container.add_stream("mp3", rate=rate)
            for start in range(0, len(wave), 1152):
                sound = av.AudioFrame.from_ndarray(wave[None, start : start + 1152], format="fltp", layout="mono")
                sound.sample_rate, sound.pts = rate, start
                container.mux(stream.encode(sound))
            container.mux(stream.encode())
        return path.read_bytes()
