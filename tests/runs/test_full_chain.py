"""A whole production through the real adapters: chat and pictures by the studio's server, clips by a Kling stub, music by a Suno stub.

The stubs were written from providers.md and never compared with the real services; the studio's server is simulated, and what it made
is marked so. What is real is everything between: adapters, tasks, downloads, limits, money, journal, lineage.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import music_stub
import pytest
import studio_server
from click.testing import CliRunner
from kling_server import STATIC, Kling
from vendor_server import serve

import workbench
from runs import query
from runs.resume import state_of
from runs.starting import initialise
from runs.workspace import Workspace

pytestmark = pytest.mark.slow
CHAIN = """name: pilot
episodes: [appeal-below/e03]
shots: 2
budget_usd: 20
stages:
  outline: {version: outline/episode, provider: openai, parameters: {max_tokens: 4000}, scorers: []}
  script: {version: script/episode, provider: openai, parameters: {max_tokens: 8000}, scorers: []}
  character: {version: character/sheet, provider: openai-images, scorers: []}
  shot: {version: shot/keyframe, provider: openai-images, scorers: []}
  clip: {version: clip/motion, provider: kling, scorers: []}
  music: {version: music/cue, provider: suno, parameters: {style: screen drama score, title: Pilot, instrumental: true}, scorers: []}
"""
SETTINGS = """
[providers.openai]
base_url = "{studio}"
api_key_env = ""
model = "studio-1"
capabilities = {{ structured = "json_schema", max_tokens_field = "max_completion_tokens", seed = true }}

[providers.openai-images]
base_url = "{studio}"
api_key_env = ""
[providers.openai-images.parameters]
size = "320x480"
output_format = "png"

[providers.kling]
base_url = "{kling}"
options = {{ poll_s = 0.01 }}

[providers.suno]
base_url = "{suno}"
options = {{ poll_s = 0.01 }}

[[prices]]
model = "studio-1"
kind = "tokens"
input = 1
output = 2

[[prices]]
provider = "openai-images"
model = "*"
kind = "image"
image = 0.04

[[prices]]
provider = "suno"
model = "*"
kind = "call"
call = 0.1
"""


@pytest.fixture(scope="module")
def studio() -> Iterator[str]:
    with studio_server.served() as address:
        yield address


def called(ws: Workspace, *arguments: str) -> str:
    done = CliRunner().invoke(workbench.cli, ["-w", str(ws.root), *arguments])
    assert done.exit_code == 0, done.output
    return done.output


def test_an_episode_from_outline_to_music(tmp_path: Path, studio: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLING_API_KEY", STATIC)
    monkeypatch.setenv("SUNO_API_KEY", "planted-suno-key-0123456789")
    ws = initialise(tmp_path / "drama")
    (ws.evals / "chains" / "pilot.yaml").write_text(CHAIN, "utf-8")
    with serve(Kling()) as kling, serve(music_stub.SunoApi()) as suno:
        ws.config.write_text(SETTINGS.format(studio=studio, kling=kling.base_url, suno=suno.base_url), "utf-8")
        called(ws, "chain", "pilot", "--record", str(tmp_path / "tape"))
        submitted = [call for call in kling.calls("POST") if call.path.startswith("/v1/videos/")]
        songs = suno.calls("POST")
        called(ws, "chain", "pilot")  # nothing is left to do
        assert len(kling.calls("POST")) == len(submitted)
    generations = query.generations(ws)
    assert set(generations["status"]) == {"ok"}, generations[["stage", "status", "error", "message"]].to_string()
    by_stage = generations.groupby("stage").size().to_dict()
    assert (by_stage["clip"], by_stage["music"], by_stage["shot"]) == (len(submitted), len(songs), 2)

    # The shot's picture is the first frame of its clip, and the clip is as long as its shot was planned.
    assert {call.path for call in submitted} == {"/v1/videos/image2video"}
    clips = next(r for r in query.runs(ws)["run_id"] if (state_of(ws, r).plan or {})["stage"] == "clip")
    planned = sorted(case["inputs"]["shot"]["duration"] for case in (state_of(ws, clips).plan or {})["cases"])
    assert sorted(float(call.body["duration"]) for call in submitted) == planned

    # What the studio made is simulated and free; what the others made is not, and their cost is known.
    simulated = generations.groupby("stage")["simulated"].all().to_dict()
    assert [stage for stage, sim in simulated.items() if sim] == ["character", "outline", "script", "shot"]
    assert generations["cost_usd"].notna().all()
    assert generations[~generations["simulated"].astype(bool)]["cost_usd"].gt(0).all()

    # The lineage goes from the clip to the outline.
    back = query.ancestry(ws, clips)
    assert {("clip", "shot"), ("clip", "character"), ("clip", "script"), ("script", "outline")} <= set(
        zip(back["stage"], back["from_stage"], strict=True)
    )

    # The chain's name is enough to hand its episode over: clips, the script that they came from, the music.
    handed = {Path(line).name for line in called(ws, "export-episode", "pilot", str(tmp_path / "e03")).splitlines()}
    assert {"e03.fountain", "e03.otio"} <= handed
    assert {path.suffix for path in (tmp_path / "e03" / "media").iterdir()} >= {".mp4", ".mp3"}

    # No key is anywhere in the workspace or on the tape.
    secrets = (STATIC.encode(), b"planted-suno-key")
    files = [path for folder in (ws.runs, tmp_path / "tape") for path in folder.rglob("*") if path.is_file()]
    assert [path for path in files if any(secret in path.read_bytes() for secret in secrets)] == []


def test_the_tape_plays_the_episode_again_without_any_server(tmp_path: Path, studio: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLING_API_KEY", STATIC)
    monkeypatch.setenv("SUNO_API_KEY", "planted-suno-key-0123456789")
    recorded, played = initialise(tmp_path / "recorded"), initialise(tmp_path / "played")
    for ws in (recorded, played):
        (ws.evals / "chains" / "pilot.yaml").write_text(CHAIN.replace("shots: 2", "shots: 1"), "utf-8")
    with serve(Kling()) as kling, serve(music_stub.SunoApi()) as suno:
        for ws in (recorded, played):
            ws.config.write_text(SETTINGS.format(studio=studio, kling=kling.base_url, suno=suno.base_url), "utf-8")
        called(recorded, "chain", "pilot", "--record", str(tmp_path / "tape"))
    monkeypatch.delenv("KLING_API_KEY")
    monkeypatch.delenv("SUNO_API_KEY")
    called(played, "chain", "pilot", "--replay", str(tmp_path / "tape"))
    first, second = (query.generations(ws).set_index("job_id")["artifact"].to_dict() for ws in (recorded, played))
    assert first == second
