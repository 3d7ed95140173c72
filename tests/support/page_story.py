"""A small workspace for the tests of the pages: real script runs, and runs of shots and clips told in events.

The scripts are written and judged by the real harness (milliseconds). Pictures and clips are tiny files made here, with
evidence in the shape that the scorers give it, so that no test of a page waits for a renderer. Names, reasons, messages and
captions hold what must never be read as markup.
"""

from __future__ import annotations

import base64
import io
import math
import wave
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import log_story as story

from prompts.version import build as build_version
from runs import events as ev
from runs.log import catch_up
from runs.media import MediaStore
from runs.starting import initialise
from runs.workspace import Workspace

SHOTS, CLIPS, SONGS = "20260301-120000-shots1", "20260301-130000-clips1", "20260301-140000-songs1"
ENDLESS, LINE = "20260301-150000-endless1", 10_000_000
FOREIGN = "http://198.51.100.7"
"""An address that belongs to nobody; a browser that asks it was tricked."""
HOSTILE = (
    f"![p]({FOREIGN}/md.png) <img src={FOREIGN}/img.png onerror=alert(1)> <script>fetch('{FOREIGN}/js')</script> "
    f"<svg onload=alert(2)></svg> \u202e [go]({FOREIGN}/a) **bold**"
)
SERIES, LONG = 14, (0, 2)
"""Number of series, and which of them have two cases."""
ODD = (0, 1)
"""Series and number of the case whose very id is hostile."""
FAILED, WORSE = 1, 7
"""Jobs: the one that failed (case 1, arm B), and the one of arm B that is no better."""
METRICS: list[ev.MetricPlan] = [
    {
        "name": name,
        "direction": direction,
        "unit": unit,
        "worst": worst,
        "lo": 0.0,
        "hi": hi,
        "description": name,
        "primary": name in ("face_consistency", "expression", "latency"),
    }
    for name, direction, unit, worst, hi in (
        ("face_consistency", "up", "probability", 0.0, 1.0),
        ("expression", "up", "share", 0.0, 1.0),
        ("stiffness", "down", "share", 1.0, 1.0),
        ("latency", "down", "s", None, None),
    )
]


def build(root: Path) -> Workspace:
    """Make the workspace, with all runs in its log."""
    ws = initialise(root)
    _run_scripts(ws)
    for run_id, stage, second in ((SHOTS, "shot", 0.0), (CLIPS, "clip", 3600.0)):
        story.write(ws, f"{run_id}.jsonl", _events(ws, run_id, stage, second))
    catch_up(ws)
    return ws


def _run_scripts(ws: Workspace) -> None:
    from runs import harness
    from runs.prepare import Order, prepare
    from runs.pricing import Pricing
    from runs.providers import get, reference
    from runs.settings import load

    provider = get("studio", load(ws.root))
    order = Order(("script/episode@plain", "script/episode"), "script", ("studio",), seed=3, limit=8)
    harness.run(ws, prepare(ws, order, reference(provider)), provider, harness.Options(pricing=Pricing(free=True)))


def add_songs(ws: Workspace) -> None:
    """Add a run of sounds to the log."""
    story.write(ws, f"{SONGS}.jsonl", _events(ws, SONGS, "music", 7200.0))
    catch_up(ws)


def add_endless(ws: Workspace) -> None:
    """Add a run whose every text is one hostile line of ten megabytes: an output, an answer, a reason, a message of an error."""
    story.write(ws, f"{ENDLESS}.jsonl", _endless(ws))
    catch_up(ws)


def _endless(ws: Workspace) -> Iterator[ev.Event]:
    line = f"\u202e<svg onload=alert(3)>{HOSTILE}" + "x" * LINE
    kept = MediaStore(ws).put(line.encode(), "text/plain")
    usual = story.plan(ENDLESS, jobs=2)
    yield replace(usual, at=story.at(9000), stage="script", scorers=[{"name": "judge", "version": "1", "args": {}, "metrics": METRICS}])
    for n, job in enumerate(usual.jobs):
        told: dict[str, Any] = {"artifacts": (), "status": "failed", "error": "server", "message": line}
        if n % 2 == 0:
            ref: ev.ArtifactRef = {"kind": "text", "media_type": "text/plain", "sha256": kept.sha256, "bytes": len(line.encode())}
            told = {"artifacts": [ref], "status": "ok", "error": "", "message": "", "wire_response": {"text": line}}
        yield story.generation(ENDLESS, n, 9001 + n, **told)
        if n % 2 == 0:
            score = story.score("face_consistency", 0.5)
            score["reason"] = line
            yield ev.Scores(run_id=ENDLESS, at=story.at(9001 + n), job_id=job["job_id"], scores=[score])
    yield ev.End(run_id=ENDLESS, at=story.at(9100), state="finished")


def picture(hue: int, size: tuple[int, int] = (72, 128)) -> bytes:
    """Return a small WebP of one colour with a lighter disc, a face for those who are not picky."""
    from PIL import Image, ImageDraw

    image = Image.new("HSV", size, (hue % 256, 120, 90)).convert("RGB")
    ImageDraw.Draw(image).ellipse((18, 30, 54, 76), fill=(225, 190, 160))
    out = io.BytesIO()
    image.save(out, "WEBP", lossless=True)
    return out.getvalue()


@cache
def clip(hue: int, frames: int = 24, fps: int = 12) -> bytes:
    """Return two seconds of WebM in which the colour moves."""
    import av
    import numpy as np

    out = io.BytesIO()
    with av.open(out, "w", format="webm") as container:
        stream = container.add_stream("libvpx", rate=fps)
        stream.width, stream.height, stream.pix_fmt = 72, 128, "yuv420p"
        for n in range(frames):
            pixels = np.full((128, 72, 3), (hue + 6 * n) % 256, dtype=np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return out.getvalue()


@cache
def song(pitch: int, seconds: float = 2.0, rate: int = 8000) -> bytes:
    """Return a WAV of one tone."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        tone = (int(9000 * math.sin(2 * math.pi * (220 + pitch) * n / rate)) for n in range(int(seconds * rate)))
        file.writeframes(b"".join(value.to_bytes(2, "little", signed=True) for value in tone))
    return out.getvalue()


@cache
def crop(hue: int) -> str:
    """Return an inline picture as scorers keep them."""
    return "data:image/webp;base64," + base64.b64encode(picture(hue, (32, 32))).decode()


def _events(ws: Workspace, run_id: str, stage: str, second: float) -> Iterator[ev.Event]:
    store = MediaStore(ws)
    sheet = store.put(picture(20, (192, 64)), "image/webp")
    reference: list[ev.MediaRef] = [{"sha256": sheet.sha256, "media_type": "image/webp"}]
    cases = [_case(stage, series, number, reference) for series in range(SERIES) for number in range(2 if series in LONG else 1)]
    jobs: list[ev.JobPlan] = [
        {"job_id": _job(run_id, case["case_id"], letter), "arm": letter, "case_id": case["case_id"], "repeat": 0, "seed": 1}
        for case in cases
        for letter in "ab"
    ]
    usual = story.plan(run_id)
    versions = [_version(name) for name in ("plain", "rich")]
    arms = [
        {**arm, "template": v["template"], "ref": v["ref"], "version": v["version"]} for arm, v in zip(usual.arms, versions, strict=True)
    ]
    yield replace(
        usual,
        at=story.at(second),
        stage=stage,
        suite={"name": stage, "hash": "5" * 64},
        versions=versions,
        arms=arms,  # type: ignore[arg-type]
        cases=cases,
        jobs=jobs,
        scorers=[{"name": "judge", "version": "1", "args": {}, "metrics": METRICS}],
    )
    for n, job in enumerate(jobs):
        at = story.at(second + n + 1)
        yield _generation(store, run_id, stage, n, job, at)
        if n != FAILED:
            yield ev.Scores(run_id=run_id, at=at, job_id=job["job_id"], scores=_scores(stage, n, job))
    yield ev.End(run_id=run_id, at=story.at(second + len(jobs) + 2), state="finished")


def _version(name: str) -> ev.VersionPlan:
    path = f"shot/portrait@{name}.j2"
    source = f"---\nstage: shot\n---\nA shot, {name}. {HOSTILE}\n"
    version = build_version("shot/portrait", f"shot/portrait@{name}", path, {path: source}.get)
    return {
        "version": version.id,
        "template": version.template,
        "ref": version.ref,
        "front_matter": version.front_matter.as_json(),
        "closure": dict(version.closure),
    }


def _job(run_id: str, case: str, letter: str) -> str:
    return sha256(f"{run_id}/{case}/{letter}".encode()).hexdigest()


def _case(stage: str, series: int, number: int, reference: Sequence[ev.MediaRef]) -> ev.CasePlan:
    who = {"id": "mei", "name": HOSTILE, "static_descriptors": [HOSTILE]}
    size = "wide" if series % 4 == 3 else "closeup"
    shot = {"id": "s1", "location": "hall", "size": size, "angle": "low", "move": "static", "duration": 2.0, "action": HOSTILE}
    person = {"character": who, "look": None, "emotion": "joy", "intensity": 0.8, "speaking": True, "acting": HOSTILE}
    return {
        "case_id": HOSTILE if (series, number) == ODD else f"series-{series}-{stage}-{number + 1}",
        "series": f"series-{series}",
        "split": "explore",
        "hash": sha256(f"{stage}/{series}/{number}".encode()).hexdigest(),
        "inputs": {"series": {"title": HOSTILE}, "shot": shot, "location": {"name": HOSTILE}, "people": [person], "characters": [who]},
        "references": {"mei": reference},
    }


def _generation(store: MediaStore, run_id: str, stage: str, n: int, job: ev.JobPlan, at: str) -> ev.Generation:
    told = {
        "messages": [{"role": "user", "content": f"{HOSTILE} arm {job['arm']}"}],
        "wire_request": {"prompt": HOSTILE},
        "wire_response": {"text": HOSTILE},
        "latency_s": 2.0,
        "simulated": True,
    }
    if n == FAILED:
        return ev.Generation(run_id=run_id, at=at, job_id=job["job_id"], status="failed", error="rate_limit", message=HOSTILE, **told)
    data, media_type = _output(stage, n)
    kept = store.put(data, media_type)
    artifacts: list[ev.ArtifactRef] = [{"kind": kept.kind, "media_type": media_type, "sha256": kept.sha256, "bytes": len(data)}]
    return ev.Generation(run_id=run_id, at=at, job_id=job["job_id"], status="ok", artifacts=artifacts, **told)


def _output(stage: str, n: int) -> tuple[bytes, str]:
    if stage == "music":
        return song(10 * (n % 2)), "audio/wav"
    return (clip(10 * (n % 2)), "video/webm") if stage == "clip" else (picture(10 * n), "image/webp")


def _scores(stage: str, n: int, job: ev.JobPlan) -> list[ev.ScoreDict]:
    better = job["arm"] == "b" and n != WORSE
    lost = 0.02 if n == WORSE else 0.1 + n / 200
    match = (0.62 if better else 0.3) + n / 500
    found = [
        story.score("face_consistency", 0.95 if better else lost, **_faces(match, n)),
        story.score("expression", 0.8 if better else 0.4 + n / 200, **_expression(stage, better)),
        story.score("stiffness", 0.2 if better else 0.6),
        story.score("latency", 2.0 + n / 50),
    ]
    for score in found[:2]:
        score["reason"] = f"{HOSTILE} {match:.2f}"
    return found


def _faces(match: float, n: int) -> dict[str, Any]:
    face = {"character": "mei", "box": [1.0, 2.0, 3.0, 4.0], "iod": 61.0, "presence": 1.0, "pose": {"yaw": 3.0, "pitch": -2.0, "roll": 0.0}}
    same = 1 / (1 + math.exp((0.48 - match) / 0.055))
    stranger = {**face, "character": None, "crop": f"{FOREIGN}/crop.png"}
    return {
        "size": [72, 128],
        "wanted": ["mei"],
        "reference_problems": {},
        "expected": [{"character": "mei", "state": "found", "p_same": same}, {"character": HOSTILE, "state": "missing", "p_same": 0.0}],
        "faces": [{**face, "crop": crop(10 * n), "match": match, "distance": 0.4, "p_same": same}, stranger],
        "extra": 1,
        "references": {"mei": {"source": "reference", "faces": 3, "domains": {}, "crops": [crop(20), crop(21), crop(22)]}},
        "threshold": {"match": 0.48, "width": 0.055, "source": HOSTILE},
    }


def _expression(stage: str, lively: bool) -> dict[str, Any]:
    person: dict[str, Any] = {
        "character": "mei",
        "asked": {"emotion": "joy", "intensity": 0.8, "speaking": True},
        "iod": 61.0,
        "emotion": {
            "method": "shape",
            "match": 0.7,
            "shown": {"neutral": 0.2, "joy": 0.7, "sadness": 0.1, "anger": 0.0, "fear": 0.0, "surprise": 0.0, "disgust": 0.0},
            "strength": 0.66,
            "signals": {},
        },
        "crops": [{"t": t / 2, "crop": crop(t)} for t in range(4 if stage == "clip" else 1)],
    }
    if stage == "clip":
        times = [round(t / 12, 3) for t in range(24)]
        person |= {
            "stiffness": 0.2 if lively else 0.6,
            "regions": {
                name: {"amplitude": 0.01, "floor": 0.001, "energy": 0.012 if lively else 0.002, "lively": 0.9, "real": real}
                for name, real in (("mouth", 0.0178), ("brow", 0.0031), ("eye", 0.0032), ("cheek", 0.0063))
            },
            "blinks": [0.71] if lively else [],
            "trace": {"t": times, **{name: [round(0.1 * math.sin(3 * t), 4) for t in times] for name in ("brow", "eye", "mouth")}},
        }
    return {"size": [72, 128], "missing": [HOSTILE], "people": [person], "fps": 12.0}
