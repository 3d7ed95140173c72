"""Pictures and clips come from anywhere: each is read upright within bounds, or refused in one line."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from face_material import clip, noise, written
from PIL import Image

from evals.errors import UnreadableMedia
from evals.media import TooLarge, clip_frames, is_clip, read_picture
from evals.media.picture import MAX_SIDE


def test_a_picture_is_turned_as_its_exif_says(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # a phone held upright
    upright = read_picture(written(tmp_path / "p.jpg", noise((160, 96)), exif=exif))
    assert (upright.width, upright.height, upright.image.size) == (96, 160, (96, 160))


def test_a_large_picture_is_made_smaller_and_says_by_how_much(tmp_path: Path) -> None:
    found = read_picture(written(tmp_path / "p.jpg", noise((6000, 3000))))
    assert (found.width, found.height) == (6000, 3000)
    assert max(found.image.size) <= MAX_SIDE
    assert found.scale == pytest.approx(6000 / found.image.width)


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "LA", "CMYK", "I;16", "1"])
def test_any_colour_mode_becomes_rgb(tmp_path: Path, mode: str) -> None:
    picture = noise().convert("L" if mode == "I;16" else mode)
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(picture).astype(np.uint16) * 257)
    path = tmp_path / ("p.jpg" if mode == "CMYK" else "p.png")
    found = read_picture(written(path, picture)).image
    assert found.mode == "RGB"
    assert 60 < np.asarray(found).mean() < 200


def test_what_is_transparent_is_white(tmp_path: Path) -> None:
    path = written(tmp_path / "p.png", Image.new("RGBA", (32, 32), (0, 0, 0, 0)))
    assert np.asarray(read_picture(path).image).min() == 255


def _bomb(width: int, height: int) -> bytes:
    """Return a PNG of a few hundred bytes that claims to be huge."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 10_000)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [8_000, 12_000, 60_000])
def test_a_picture_bomb_is_refused_before_it_is_decoded(tmp_path: Path, side: int) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(_bomb(side, side))
    with pytest.raises(TooLarge, match="million"):
        read_picture(path)


@pytest.mark.parametrize("content", [b"", b"\xff\xd8\xff\xe0 no picture", b"GIF89a", b"RIFF....WEBPVP8 ", b"<svg/>", b"%PDF-1.7"])
def test_rubbish_is_no_picture(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "p.jpg"
    path.write_bytes(content)
    with pytest.raises(UnreadableMedia, match=r"p\.jpg is not a readable picture"):
        read_picture(path)


def test_a_truncated_picture_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "p.jpg", noise((512, 512)))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(UnreadableMedia):
        read_picture(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnreadableMedia, match="cannot be read"):
        read_picture(tmp_path / "none.jpg")


def test_a_clip_gives_its_frames_with_their_times(tmp_path: Path) -> None:
    path = clip(tmp_path / "c.mp4", [noise(seed=i) for i in range(12)], fps=12)
    frames = list(clip_frames(path))
    assert [round(f.time * 12) for f in frames] == list(range(12))
    assert frames[0].image.size == (128, 128)
    assert is_clip(path)


@pytest.mark.parametrize("name", ["c.gif", "c.webp"])
def test_animated_pictures_are_clips(tmp_path: Path, name: str) -> None:
    first, *rest = [noise(seed=i) for i in range(5)]
    first.save(tmp_path / name, save_all=True, append_images=rest, duration=80, loop=0)
    frames = list(clip_frames(tmp_path / name))
    assert [round(f.time, 2) for f in frames] == [0.0, 0.08, 0.16, 0.24, 0.32]
    assert is_clip(tmp_path / name)
    assert not is_clip(written(tmp_path / f"still-{name}", noise()))


def test_a_truncated_clip_is_refused_not_taken_for_a_short_one(tmp_path: Path) -> None:
    path = clip(tmp_path / "c.mp4", [noise(seed=i) for i in range(50)])
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(UnreadableMedia):
        list(clip_frames(path))


def test_a_clip_that_is_no_clip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "c.mp4"
    path.write_bytes(b"#EXTM3U\nhttp://127.0.0.1/other.ts\n" * 9)
    with pytest.raises(UnreadableMedia, match="not a clip of a known kind"):
        list(clip_frames(path))


def test_fast_clips_are_thinned_to_thirty_frames_a_second(tmp_path: Path) -> None:
    path = clip(tmp_path / "c.mp4", [noise((64, 64), seed=i % 3) for i in range(60)], fps=60)
    assert len(list(clip_frames(path))) == 30


def test_a_clip_turned_by_its_header_is_turned_back(tmp_path: Path) -> None:
    """Phones store upright clips lying on their left side, with a matrix that turns them clockwise."""
    upright = Image.new("RGB", (96, 160), "blue")
    upright.paste("red", (0, 0, 96, 40))
    path = clip(tmp_path / "c.mp4", [upright.transpose(Image.Transpose.ROTATE_90)] * 3)
    data = bytearray(path.read_bytes())
    matrix = data.index(b"tkhd") + 44  # version and times come first
    data[matrix : matrix + 36] = struct.pack(">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, 96 << 16, 0, 1 << 30)
    path.write_bytes(bytes(data))
    image = next(iter(clip_frames(path))).image
    assert image.size == (96, 160)
    assert image.getpixel((48, 10))[0] > 200 and image.getpixel((48, 150))[2] > 200  # type: ignore[index]


def test_a_clip_of_one_frame_is_one_frame(tmp_path: Path) -> None:
    assert len(list(clip_frames(clip(tmp_path / "c.mp4", [noise()])))) == 1


def test_a_sound_file_is_no_clip(tmp_path: Path) -> None:
    import av

    path = tmp_path / "c.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("aac", rate=44100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), dtype=np.float32), format="fltp", layout="mono")
        frame.sample_rate = 44100
        out.mux(stream.encode(frame))
        out.mux(stream.encode())
    with pytest.raises(UnreadableMedia, match="no pictures"):
        list(clip_frames(path))


def test_a_clip_of_huge_frames_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    path = clip(tmp_path / "c.mp4", [Image.new("RGB", (4096, 2304))] * 2)
    with pytest.raises(TooLarge, match="limit"):
        list(clip_frames(path))
