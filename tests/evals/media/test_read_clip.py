"""`read_clip` gives any clip as frames and a rate: whatever holds it, whatever its rate does, within bounded memory."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from face_material import clip, noise
from PIL import Image

from evals.errors import UnreadableMedia
from evals.media import arrays, clip_frames, read_clip, sampling

CODECS = {"mp4": "libx264", "webm": "libvpx-vp9", "avi": "mpeg4", "mkv": "libx264", "mov": "libx264"}


def encoded(path: Path, frames: Sequence[Image.Image], times: Sequence[float], ratio: Fraction | None = None) -> Path:
    """Write frames with time stamps of their own."""
    import av

    with av.open(str(path), "w") as out:
        stream = out.add_stream(CODECS[path.suffix[1:]], rate=30)
        stream.width, stream.height, stream.pix_fmt = *frames[0].size, "yuv420p"  # type: ignore[union-attr]
        stream.codec_context.time_base = Fraction(1, 1000)
        if ratio is not None:
            stream.codec_context.sample_aspect_ratio = ratio  # type: ignore[union-attr]
        for picture, time in zip(frames, times, strict=True):
            frame = av.VideoFrame.from_image(picture)
            frame.pts, frame.time_base = round(time * 1000), Fraction(1, 1000)
            out.mux(stream.encode(frame))  # type: ignore[union-attr]
        out.mux(stream.encode())  # type: ignore[union-attr]
    return path


def grey(level: int, size: tuple[int, int] = (64, 64)) -> Image.Image:
    return Image.new("RGB", size, (level, level, level))


def levels(frames: np.ndarray) -> list[int]:
    return [round(float(f.mean()) / 10) * 10 for f in frames]


@pytest.mark.parametrize("kind", ["mp4", "webm", "avi", "mkv", "mov", "gif", "webp"])
def test_every_kind_of_clip_comes_back_as_frames_and_a_rate(tmp_path: Path, kind: str) -> None:
    shown, path = [grey(20 * i, (96, 64)) for i in range(1, 11)], tmp_path / f"c.{kind}"
    if kind in CODECS:
        clip(path, shown, fps=20, codec=CODECS[kind])
    else:
        shown[0].save(path, save_all=True, append_images=shown[1:], duration=50, loop=0, **({"lossless": True} if kind == "webp" else {}))
    frames, fps = read_clip(path)
    assert frames.shape == (10, 64, 96, 3) and frames.dtype == np.uint8
    assert fps == pytest.approx(20, rel=0.01)
    assert levels(frames) == [20 * i for i in range(1, 11)]


def test_a_variable_rate_becomes_an_even_one_by_what_a_player_would_show(tmp_path: Path) -> None:
    """Ten frames a second, but the third is held for half a second."""
    times = [0.0, 0.1, 0.2, 0.7, 0.8, 0.9, 1.0]
    path = encoded(tmp_path / "c.mkv", [grey(30 * i) for i in range(1, 8)], times)
    frames, fps = read_clip(path)
    assert fps == pytest.approx(10, rel=0.01)
    assert levels(frames) == [30, 60, 90, 90, 90, 90, 90, 120, 150, 180, 210]
    assert [round(f.time, 3) for f in clip_frames(path)] == times


def test_pixels_that_are_not_square_are_made_so(tmp_path: Path) -> None:
    path = encoded(tmp_path / "c.mp4", [grey(100, (96, 128))] * 3, [0, 0.1, 0.2], ratio=Fraction(4, 3))
    assert read_clip(path)[0].shape == (3, 128, 128, 3)


def test_a_clip_of_one_frame_has_no_rate(tmp_path: Path) -> None:
    frames, fps = read_clip(clip(tmp_path / "c.mp4", [noise()]))
    assert frames.shape == (1, 128, 128, 3) and fps == 0.0


@pytest.mark.parametrize("kind", ["mp4", "webm", "gif", "webp"])
def test_of_a_long_clip_the_beginning_the_middle_and_the_end_are_read(tmp_path: Path, kind: str) -> None:
    """Sixty seconds at five frames a second, each second of its own brightness."""
    shown, path = [grey(40 + 3 * (i // 5), (32, 32)) for i in range(300)], tmp_path / f"c.{kind}"
    for i, picture in enumerate(shown):  # writers of animated pictures join frames that are equal
        picture.putpixel((i % 32, i % 31), (255, 255, 255))
    if kind in CODECS:
        clip(path, shown, fps=5, codec=CODECS[kind])
    else:
        shown[0].save(path, save_all=True, append_images=shown[1:], duration=200, loop=0)
    found = list(clip_frames(path))
    seconds = sorted({int(f.time + 0.01) for f in found})
    assert len(found) <= 155 and found[-1].time > 58
    assert seconds[:10] == list(range(10)) and 29 in seconds and not {15, 20, 40, 45} & set(seconds)
    assert [f.stretch for f in found] == sorted(f.stretch for f in found) and {f.stretch for f in found} == {0, 1, 2}
    assert max(abs(np.asarray(f.image).mean() - (40 + 3 * int(f.time + 0.01))) for f in found) < 6
    assert len(list(clip_frames(path, whole=180.0))) > 2 * len(found) - 60
    frames, fps = read_clip(path)
    assert len(frames) == len(found) and fps == pytest.approx(5, rel=0.05)


def test_memory_does_not_grow_with_the_clip(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What does not fit is made half as large: the frames stay, the pixels go."""
    path = clip(tmp_path / "c.mp4", [noise((128, 128), seed=i % 4) for i in range(40)])
    whole, _ = read_clip(path)
    monkeypatch.setattr(arrays, "MAX_MEMORY", 10 * 128 * 128 * 3)
    small, fps = read_clip(path)
    assert small.shape == (40, 64, 64, 3) and fps == pytest.approx(25, rel=0.01)
    assert small.nbytes <= 10 * 128 * 128 * 3
    assert np.abs(small[3].mean(axis=(0, 1)) - whole[3].mean(axis=(0, 1))).max() < 1


def test_short_clips_and_slide_shows_are_read_whole() -> None:
    assert len(sampling.stretches(29.9, 900)) == 1
    assert len(sampling.stretches(600.0, 60)) == 1
    (a, b), (c, d), (e, f) = sampling.stretches(90.0, 2250)
    assert (a, b, c, d, e) == (0, 10, 40, 50, 80) and f == float("inf")


@pytest.mark.parametrize("kind", ["mp4", "webm", "avi", "gif", "webp"])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.9])
def test_a_file_that_was_cut_off_is_one_clear_error(tmp_path: Path, kind: str, share: float) -> None:
    shown, path = [noise((64, 64), seed=i) for i in range(40)], tmp_path / f"c.{kind}"
    if kind in CODECS:
        clip(path, shown, fps=20, codec=CODECS[kind])
    else:
        shown[0].save(path, save_all=True, append_images=shown[1:], duration=50, loop=0)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    if share == 0.9:  # what little is missing at the end may be played without
        try:
            assert len(read_clip(path)[0]) >= 30
        except UnreadableMedia as error:
            assert path.name in str(error)
        return
    with pytest.raises(UnreadableMedia, match=path.name):
        read_clip(path)


def test_frames_of_wrong_bytes_in_the_middle_never_raise_anything_else(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for kind in ("mp4", "webm", "avi"):
        path = clip(tmp_path / f"c.{kind}", [noise((96, 96), seed=i) for i in range(30)], codec=CODECS[kind])
        whole = path.read_bytes()
        for _ in range(12):
            data = bytearray(whole)
            for at in rng.integers(64, len(data), 40):
                data[at] = rng.integers(256)
            path.write_bytes(bytes(data))
            try:
                frames, _ = read_clip(path)
            except UnreadableMedia:
                continue
            assert frames.ndim == 4
