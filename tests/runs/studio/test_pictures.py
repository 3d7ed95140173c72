"""Stills, sheets and clips as files: marked, deterministic, obedient to references, playable."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from runs.studio.identity import PARAMETERS, Identity, sample
from runs.studio.marks import STRIP_TEXT, strip_height
from runs.studio.numeric import rng_of
from runs.studio.pictures import ClipError, ReferenceIdentity, SizeError, clip, reference_from_bytes, sheet, still

ROOT = Path(__file__).parents[3]
PROMPT = "Close-up of a young woman with long black hair, angry, brows drawn together, in a palace hall."
SMALL = (144, 256)


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), dtype=np.float32)


def apart(a: dict[str, float], b: dict[str, float]) -> float:
    return float(np.mean([abs(a[n] - b[n]) for n in PARAMETERS]))


def identity(truth: dict[str, object], index: int = 0) -> dict[str, float]:
    return truth["people"][index]["identity"]  # type: ignore[index, no-any-return]


def test_a_still_is_a_webp_of_the_size_asked_for() -> None:
    data, truth = still(PROMPT, seed=1)
    image = Image.open(io.BytesIO(data))
    assert (image.format, image.size) == ("WEBP", (432, 768))
    assert 12_000 < len(data) < 60_000
    assert truth["simulated"] is True
    json.dumps(truth, allow_nan=False)


def test_the_strip_is_at_the_bottom_edge_of_every_picture() -> None:
    for data, _ in (still(PROMPT, seed=1), sheet(PROMPT, seed=1)):
        picture = pixels(data)
        band = picture[-strip_height(picture.shape[1], picture.shape[0]) :]
        assert np.median(band) < 40
        gold = (band[..., 0] > 140) & (band[..., 2] < 140)
        assert 0.01 < gold.mean() < 0.5


def test_the_strip_lies_on_no_face() -> None:
    _, truth = still(PROMPT, seed=3)
    x, y, w, h = truth["people"][0]["box"]
    assert y + h < 768 - truth["strip"]
    assert 0 <= x < x + w <= 432


def test_the_file_says_that_it_is_simulated_and_carries_its_truth() -> None:
    data, truth = still(PROMPT, seed=1)
    image = Image.open(io.BytesIO(data))
    assert "SIMULATED" in str(image.getexif()[0x010E])
    assert b"<studio:simulated>true" in image.info["xmp"]
    kept = reference_from_bytes(data)
    assert kept is not None
    assert apart(asdict(kept.identity), identity(truth)) < 1e-4


@pytest.mark.slow
def test_the_same_prompt_and_seed_give_the_same_bytes_in_another_process() -> None:
    code = (
        f"import hashlib; from runs.studio.pictures import *; p={PROMPT!r}; r=reference_from_bytes(sheet(p, seed=2)[0]);"
        "h=[hashlib.sha256(x[0]).hexdigest() for x in (still(p, seed=7), still(p, seed=7, references=[r]), sheet(p, seed=7),"
        " clip(p, seed=7, seconds=0.5, size=(144, 256)))]; print(h)"
    )
    seen = {
        subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": salt}, check=True, capture_output=True
        ).stdout
        for salt in ("1", "2")
    }
    assert len(seen) == 1
    assert hashlib.sha256(still(PROMPT, seed=7)[0]).hexdigest().encode() in seen.pop()


def test_another_seed_gives_another_picture() -> None:
    assert still(PROMPT, seed=1, size=SMALL)[0] != still(PROMPT, seed=2, size=SMALL)[0]


def test_a_reference_fixes_the_face_that_words_leave_open() -> None:
    reference = reference_from_bytes(sheet("A man.", seed=5)[0])
    assert reference is not None
    free = [identity(still(f"A man. Take {i}.", seed=i, size=SMALL)[1]) for i in range(4)]
    held = [identity(still(f"A man. Take {i}.", seed=i, size=SMALL, references=[reference])[1]) for i in range(4)]
    assert all(apart(asdict(reference.identity), h) < 0.03 for h in held)
    assert all(apart(asdict(reference.identity), f) > 0.12 for f in free)


def test_references_go_to_the_person_of_their_name() -> None:
    mei, hao = (ReferenceIdentity(sample(rng_of(n)), n) for n in ("mei", "hao"))
    prompt = "Person 1 (hao) on the left:\nAppearance: man, angry\n\nPerson 2 (mei) on the right:\nAppearance: woman, sad"
    _, truth = still(prompt, seed=1, references=[mei, hao], size=SMALL)
    assert apart(identity(truth, 0), asdict(hao.identity)) < 0.03
    assert apart(identity(truth, 1), asdict(mei.identity)) < 0.03


def test_of_two_people_in_a_reference_the_named_one_is_taken() -> None:
    data, truth = still("- Mei: woman, angry\n- Hao: man, sad", seed=1)
    kept = reference_from_bytes(data, "Hao")
    assert kept is not None
    assert apart(asdict(kept.identity), identity(truth, 1)) < 1e-4


def test_a_picture_from_elsewhere_stands_for_one_identity_of_its_own() -> None:
    def plain(colour: str) -> bytes:
        out = io.BytesIO()
        Image.new("RGB", (64, 64), colour).save(out, "PNG")
        return out.getvalue()

    red, blue = reference_from_bytes(plain("red")), reference_from_bytes(plain("blue"))
    assert red is not None
    assert blue is not None
    assert red == reference_from_bytes(plain("red"))
    assert red != blue


@pytest.mark.parametrize("data", [b"", b"RIFF\x00\x00\x00\x00WEBP", b"not a picture" * 100, b"\x89PNG\r\n\x1a\n" + b"\x00" * 64])
def test_bytes_that_are_no_picture_are_no_reference(data: bytes) -> None:
    assert reference_from_bytes(data) is None


@pytest.mark.parametrize(
    "truth", ['{"people":[{"identity":{"sex":7}}]}', '{"people":3}', "[]", "{", '{"people":[{"identity":{"sex":NaN}}]}', "[" * 50_000]
)
def test_forged_metadata_is_no_identity_and_no_crash(truth: str) -> None:
    out = io.BytesIO()
    Image.new("RGB", (64, 64)).save(out, "WEBP", xmp=f"<studio:truth>{truth}</studio:truth>".encode())
    kept = reference_from_bytes(out.getvalue())
    assert kept is not None
    assert all(0 <= v <= 1 for v in asdict(kept.identity).values())


def test_a_sheet_shows_three_views_of_one_neutral_person_on_white() -> None:
    data, truth = sheet(PROMPT, seed=1)
    picture = pixels(data)
    assert truth["views"] == ["three-quarter left", "front", "three-quarter right"]
    assert truth["people"][0]["units"] == {}
    assert picture[4:20].min() > 225
    panels = np.split(picture[:, : picture.shape[1] // 3 * 3], 3, axis=1)
    assert all((panel.min(axis=2) < 128).mean() > 0.1 for panel in panels)


@pytest.mark.parametrize("size", [(0, 0), (95, 200), (97, 201), (4096, 512), (432.0, 768)])
def test_sizes_that_the_studio_does_not_make_are_named(size: tuple[int, int]) -> None:
    for draw in (still, sheet, clip):
        with pytest.raises(SizeError, match="even numbers"):
            draw(PROMPT, seed=1, size=size)  # type: ignore[operator]


@pytest.mark.parametrize(("seconds", "fps"), [(0.1, 12), (60.0, 12), (2.0, 0), (2.0, 120), (float("nan"), 12)])
def test_lengths_that_the_studio_does_not_make_are_named(seconds: float, fps: int) -> None:
    with pytest.raises(ClipError, match="frames/s"):
        clip(PROMPT, seed=1, seconds=seconds, fps=fps, size=SMALL)


def test_a_clip_plays_back_at_its_size_rate_and_length() -> None:
    data, truth = clip(PROMPT, seed=1, seconds=1.5, fps=16, size=(160, 288))
    with av.open(io.BytesIO(data)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert stream.average_rate == 16
        assert container.duration == pytest.approx(1.5e6, rel=0.03)
        comment = container.metadata["comment"]
        frames = [f.to_ndarray(format="rgb24") for f in container.decode(stream)]
    assert len(frames) == 24
    assert frames[0].shape == (288, 160, 3)
    assert comment.startswith("SIMULATED ")
    assert json.loads(comment.removeprefix("SIMULATED ")) == json.loads(json.dumps(truth))
    assert STRIP_TEXT.startswith("SIMULATED")
    assert data.index(b"moov") < data.index(b"mdat")


@pytest.mark.slow
def test_direction_and_timing_bring_a_clip_to_life() -> None:
    def motion(prompt: str) -> float:
        data, truth = clip(prompt, seed=4, references=[ReferenceIdentity(Identity())], size=SMALL)
        x, y, w, h = truth["people"][0]["box"]
        with av.open(io.BytesIO(data)) as container:
            frames = [
                f.to_ndarray(format="gray")[max(0, y) : y + h, max(0, x) : x + w].astype(np.float32) for f in container.decode(video=0)
            ]
        return float(np.std(frames, axis=0).mean())

    bare = motion("Close-up. Surprised.")
    directed = motion("Close-up. From calm to surprised, slowly: brows raised, eyes widen, jaw drops.")
    assert directed > 1.3 * bare


def test_people_who_speak_move_their_mouths_and_blink_as_people_do() -> None:
    prompt = "Close-up. Then she says slowly: “You came back.” Joy builds, corners lift, brows raised."
    truths = [clip(prompt, seed=s, seconds=10.0, fps=2, size=(96, 160))[1]["people"][0] for s in range(6)]
    assert all(t["speaking"] for t in truths)
    per_minute = sum(len(t["blinks"]) for t in truths)
    assert 10 <= per_minute <= 40
    silent = clip("Close-up. Neutral.", seed=1, seconds=10.0, fps=1, size=(96, 160))[1]["people"][0]
    assert not silent["speaking"]
    assert silent["blinks"] == []


@pytest.mark.slow
def test_a_million_characters_of_nonsense_still_make_a_picture() -> None:
    data, truth = still("\x00∎ brows raised " * 70_000, seed=1, size=SMALL)
    assert Image.open(io.BytesIO(data)).size == SMALL
    assert truth["people"]
