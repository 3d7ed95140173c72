"""A recorded run plays again without calling anybody: calls and tasks, texts and media, and never a key."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import farming
import kit
import pytest
from click.testing import CliRunner
from farming import FarmDirect, FarmTasks

import workbench
from prompts.errors import InputError
from runs import query, secrets
from runs.harness import Options, run
from runs.plan import Plan
from runs.pricing import Pricing
from runs.provider import Asset, Outcome, Provider, Request
from runs.providers.cassette import CassetteProvider, key_of, recording
from runs.providers.studio import StudioProvider
from runs.retry import Retry
from runs.workspace import Workspace

FAST = Options(retry=Retry(base_s=0.01), pricing=Pricing(free=True))
spaces = (f"tape-{n}" for n in itertools.count())


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with farming.farm(delay_s=0.0) as port:
        yield port


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    return kit.workspace(tmp_path / "drama")


def planned(ws: Workspace, provider: Provider, fault: str = "none") -> Plan:
    kit.put(ws, "shot/told.j2", f"---\nstage: shot\n---\n{{{{ series.title }}}} {{{{ episode.number }}}} FAULT:{fault}\n")
    return kit.plan(ws, provider, "shot", versions=["shot/told"], series=2, cases=2)


def outcomes(ws: Workspace, run_id: str) -> list[tuple[Any, ...]]:
    frame = query.generations(ws, run_id).sort_values("job_id")
    return list(frame[["job_id", "status", "error", "artifact", "media_type"]].fillna("").itertuples(index=False, name=None))


@pytest.mark.parametrize("fault", ["none", "refuse", "html", "429x1"])
@pytest.mark.parametrize("shape", [FarmDirect, FarmTasks])
def test_a_replay_has_the_same_jobs_and_outcomes_and_calls_nobody(ws: Workspace, tmp_path: Path, port: int, shape: Any, fault: str) -> None:
    provider = shape(port, space=next(spaces))
    recorded = run(ws, planned(ws, provider, fault), recording(provider, tmp_path / "tape"), FAST)
    asked = farming.asked(port, provider._space)
    player = CassetteProvider(provider, tmp_path / "tape")
    played = run(ws, planned(ws, player, fault), player, FAST)
    assert outcomes(ws, played.run_id) == outcomes(ws, recorded.run_id)
    assert farming.asked(port, provider._space) == asked
    assert played.counts.retries == 0


def test_a_request_that_was_not_recorded_fails_and_says_so(ws: Workspace, tmp_path: Path, port: int) -> None:
    provider = FarmDirect(port, space=next(spaces))
    run(ws, planned(ws, provider), recording(provider, tmp_path / "tape"), FAST)
    player = CassetteProvider(provider, tmp_path / "tape")
    result = run(ws, planned(ws, player, "other"), player, FAST)
    assert result.counts.failed == 4
    assert "the cassette has no answer" in query.generations(ws, result.run_id)["message"].iloc[0]


def test_what_decides_an_output_decides_which_answer_is_played() -> None:
    base = Request("job-1", "shot", "image", (), "m", {"size": 1}, 7)
    same = Request("job-2", "shot", "image", (), "m", {"size": 1}, 7)
    others = [
        Request("job-1", "shot", "image", (), *rest) for rest in (("n", {"size": 1}, 7), ("m", {"size": 2}, 7), ("m", {"size": 1}, 8))
    ]
    assert key_of(base) == key_of(same)
    assert len({key_of(r) for r in [base, *others]}) == 4


class Echoing(FarmDirect):
    """Answers with the key that it was called with, on every side."""

    async def generate(self, request: Request) -> Outcome:
        wire: Mapping[str, Any] = {"headers": {"Authorization": f"Bearer {PLANTED}"}, "url": f"http://x/?token={PLANTED}", "said": PLANTED}
        return Outcome(assets=(Asset("text", "text/plain", f"your key is {PLANTED}".encode()),), wire_request=wire, wire_response=wire)


PLANTED = "planted-cassette-key-0123456789"


def test_no_key_is_on_a_cassette(ws: Workspace, tmp_path: Path, port: int) -> None:
    secrets.remember(PLANTED)
    provider = Echoing(port)
    run(ws, kit.plan(ws, provider, series=1, cases=1), recording(provider, tmp_path / "tape"), FAST)
    files = [path for path in (tmp_path / "tape").rglob("*") if path.is_file()]
    assert len(files) >= 3
    assert [path for path in files if PLANTED.encode() in path.read_bytes()] == []


def test_a_folder_that_is_no_cassette_of_this_provider_is_refused(tmp_path: Path, port: int) -> None:
    with pytest.raises(InputError, match="There is no cassette in"):
        CassetteProvider(FarmDirect(port), tmp_path)
    (tmp_path / "farm").mkdir()
    (tmp_path / "farm" / "cassette.json").write_text('{"format": 99}')
    with pytest.raises(InputError, match="no cassette that this version can play"):
        CassetteProvider(FarmDirect(port), tmp_path)


def test_the_command_line_records_and_replays(tmp_path: Path) -> None:
    """On the embedded studio, whose pictures are not drawn a second time."""
    ws, invoke = kit.workspace(tmp_path / "drama"), CliRunner().invoke
    suite = "name: script\nstage: script\nseries: {explore: [s0]}\nscorers: [cost]\n"
    kit.write_cases(ws, suite)
    command = ["-w", str(ws.root), "run", "--suite", "script", "--version", "script/episode@plain", "--provider", "studio", "--no-score"]
    for flag in ("--record", "--replay"):
        done = invoke(workbench.cli, [*command, flag, str(tmp_path / "tape")])
        assert done.exit_code == 0, done.output
    runs = query.runs(ws)
    artifacts = [query.generations(ws, run_id).sort_values("job_id")[["job_id", "artifact"]].values.tolist() for run_id in runs["run_id"]]
    assert artifacts[0] == artifacts[1]
    assert StudioProvider().name == runs["provider"].iloc[0]
    assert invoke(workbench.cli, [*command, "--record", str(tmp_path), "--replay", str(tmp_path)]).exit_code == 2
