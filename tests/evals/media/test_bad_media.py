"""Whatever a provider sends, every scorer answers with a status and a reason: real files, broken and strange in every way."""

from __future__ import annotations

import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from face_material import clip, media, noise, person
from PIL import Image

from evals.faces.analysis import find_faces
from evals.media import Picture
from evals.registry import build
from evals.score import Media, Sample, Score

PICTURES = ("face_consistency", "expression", "blank", "sharpness", "format", "near_identical")
CLIPS = (*PICTURES, "flicker", "warping", "frozen", "cuts")


def _png(path: Path, width: int, height: int) -> Path:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 9999)) + chunk(b"IEND", b""))
    return path


def _saved(path: Path, image: Image.Image, **options: object) -> Path:
    image.save(path, **options)  # type: ignore[arg-type]
    return path


def _cut(path: Path, share: float) -> Path:
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    return path


def _turned(path: Path) -> Path:
    exif = Image.Exif()
    exif[0x0112] = 8
    return _saved(path, noise((160, 96)), exif=exif)


def _deep(path: Path) -> Path:
    return _saved(path, Image.fromarray(np.asarray(noise().convert("L")).astype(np.uint16) * 257))


def _empty(path: Path) -> Path:
    path.write_bytes(b"")
    return path


def _text(path: Path) -> Path:
    path.write_text("#EXTM3U\nhttp://127.0.0.1/x.ts\n" * 9)
    return path


def _several(count: int, size: tuple[int, int] = (96, 128)) -> list[Image.Image]:
    return [noise(size, seed=i) for i in range(count)]


def _no_frames(path: Path) -> Path:
    """Write a film that promises pictures and holds none."""
    import av

    with av.open(str(path), "w", format="matroska") as film:
        stream = film.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 128, "yuv420p"
        film.start_encoding()
    return path


def _uneven(path: Path) -> Path:
    first, *rest = _several(8)
    return _saved(path, first, save_all=True, append_images=rest, duration=[40, 40, 700, 40, 40, 300, 40, 40], loop=0)


def _alpha(path: Path) -> Path:
    first, *rest = [i.convert("RGBA") for i in _several(6)]
    for image in (first, *rest):
        image.putalpha(120)
    return _saved(path, first, save_all=True, append_images=rest, duration=80, loop=0)


BAD: dict[str, tuple[str, Callable[[Path], Path], str | None]] = {
    # what it is: file name, how it is made, the status of `sharpness` (None: any)
    "empty": ("p.png", _empty, "failed"),
    "text": ("p.mp4", _text, "failed"),
    "truncated picture": ("p.jpg", lambda p: _cut(_saved(p, noise((512, 512))), 0.4), "failed"),
    "bomb": ("p.png", lambda p: _png(p, 60_000, 60_000), "not_scoreable"),
    "grey": ("p.png", lambda p: _saved(p, noise().convert("L")), "ok"),
    "alpha": ("p.png", lambda p: _saved(p, noise().convert("RGBA")), "ok"),
    "sixteen bits": ("p.png", _deep, "ok"),
    "turned": ("p.jpg", _turned, "ok"),
    "one pixel": ("p.png", lambda p: _saved(p, Image.new("RGB", (1, 1))), "not_scoreable"),
    "a line": ("p.png", lambda p: _saved(p, Image.new("RGB", (4000, 1), "red")), "not_scoreable"),
    "one colour": ("p.png", lambda p: _saved(p, Image.new("RGB", (64, 64))), "not_scoreable"),
    "truncated clip": ("p.mp4", lambda p: _cut(clip(p, _several(30)), 0.5), "failed"),
    "no frames": ("p.webm", _no_frames, "failed"),
    "one frame": ("p.mp4", lambda p: clip(p, _several(1)), "ok"),
    "uneven animation": ("p.webp", _uneven, "ok"),
    "transparent animation": ("p.webp", _alpha, "ok"),
    "huge frames": ("p.mp4", lambda p: clip(p, [Image.new("RGB", (4096, 2304))] * 2), "not_scoreable"),
}


MOVING = ("text", "truncated clip", "no frames", "one frame", "uneven animation", "transparent animation", "huge frames")


def judged(item: Media, names: tuple[str, ...], people: int = 1) -> dict[str, Score]:
    """Return the primary score of each scorer."""
    wanted = [person(f"p{i}", x=(i + 0.5) / people) for i in range(people)]
    case = {"people": wanted, "shot": {"size": "closeup", "duration": 2.0}, "aspect": "9:16"}
    found = {}
    for name in names:
        stage = "clip" if item.kind == "video" else "shot"
        sample = Sample("g", stage, "ok", case, "c", "s", media=(item,))
        [scores] = build(name).score([sample])
        assert [s.metric for s in scores] == [m.name for m in build(name).metrics]
        assert all(s.reason for s in scores if s.status != "ok")
        found[name] = scores[0]
    return found


@pytest.mark.parametrize("what", BAD)
def test_bad_media_is_a_status_and_a_reason(tmp_path: Path, what: str) -> None:
    name, make, expected = BAD[what]
    item = media(make(tmp_path / name))
    kind = "video" if what in MOVING else "image"
    found = judged(Media(kind, item.sha256, item.media_type, item.path), CLIPS if kind == "video" else PICTURES)  # type: ignore[arg-type]
    assert found["sharpness"].status == expected, found["sharpness"].reason
    assert found["face_consistency"].status in ("failed", "not_scoreable")


def test_a_file_that_is_gone_is_a_status(tmp_path: Path) -> None:
    item = Media("video", "0" * 64, "video/mp4", tmp_path / "gone.mp4")
    assert {s.status for s in judged(item, CLIPS).values()} == {"failed"}


def test_no_face_and_fifty_faces(shared_data: Path, tmp_path: Path) -> None:
    """A crowd is looked at up to a bound, and says how many more there are."""
    face = Image.open(shared_data / "faces" / "stills" / "obama_1.jpg").convert("RGB")
    left, top, right, bottom = find_faces(Picture(face, face.width, face.height, 1.0)).faces[0].box
    edge = (right - left) * 0.3
    face = face.crop((int(left - edge), int(top - edge), int(right + edge), int(bottom + edge))).resize((180, 200))
    crowd = Image.new("RGB", (10 * 190, 5 * 210), "grey")
    for i in range(50):
        crowd.paste(face, (190 * (i % 10), 210 * (i // 10)))
    found = judged(media(_saved(tmp_path / "crowd.png", crowd)), PICTURES, people=2)
    assert all(s.status in ("ok", "not_applicable", "not_scoreable") for s in found.values())
    evidence = found["face_consistency"].evidence
    assert evidence["extra"] + sum(e["state"] != "missing" for e in evidence["expected"]) >= 45
    nobody = judged(media(_saved(tmp_path / "nobody.png", noise((300, 400)))), PICTURES)
    assert nobody["face_consistency"].status == "failed" and "no face found" in nobody["face_consistency"].reason


PROGRAM = """
import sys
from pathlib import Path
from evals.media import read_clip, read_picture


def peak():  # of this program alone; what `resource` says begins with the size of the process that started it
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


before, path = peak(), Path(sys.argv[1])
read_picture(path) if path.suffix == ".png" else read_clip(path)
print((peak() - before) // 1024)
"""


def _megabytes(path: Path) -> int:
    done = subprocess.run([sys.executable, "-c", PROGRAM, str(path)], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.slow
def test_eight_k_pictures_of_every_depth_need_bounded_memory(tmp_path: Path) -> None:
    """A frame of 8K is 100 MB as RGB; a few copies of it and no more."""
    grey = np.zeros((4320, 7680), dtype=np.uint16)
    grey[::2] = 40_000
    pictures = {"grey16": Image.fromarray(grey), "rgba": Image.new("RGBA", (7680, 4320), (1, 2, 3, 99))}
    for name, picture in pictures.items():
        assert _megabytes(_saved(tmp_path / f"{name}.png", picture, compress_level=1)) < 400


@pytest.mark.slow
def test_a_clip_three_times_as_long_needs_no_more_memory(tmp_path: Path) -> None:
    frames = [noise((20, 16), seed=i).resize((160, 128)) for i in range(10)]  # soft ones are encoded in a tenth of the time
    needed = [_megabytes(clip(tmp_path / f"{n}.mp4", frames * n, fps=10)) for n in (32, 96)]
    assert needed[1] <= 1.25 * needed[0] + 10
