"""Artifacts of other machines: shipped before they are named, fetched when they are looked at, and believed only after a look."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import log_story as story
import pytest
import team_kit

from runs import query
from runs.errors import MediaError
from runs.log import catch_up
from runs.media import MediaStore
from runs.team import media as fetching
from runs.team.errors import StoreDown
from runs.team.pull import pull
from runs.team.push import Pusher
from runs.unnamed import unnamed
from runs.verifying import verify
from runs.workspace import Workspace

Machine = Callable[..., Workspace]


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "_LATER", {})


def made(ws: Workspace, count: int, run_id: str = "r") -> list[str]:
    """Journal a run of so many pictures; return their hashes."""
    store = MediaStore(ws)
    pictures = [store.put(team_kit.picture(n), "image/png") for n in range(count)]
    events = [
        story.generation(
            run_id, n, n + 1, status="ok", artifacts=[{"kind": "image", "media_type": "image/png", "sha256": one.sha256, "bytes": 70}]
        )
        for n, one in enumerate(pictures)
    ]
    plan = story.plan(run_id, count)
    plan.cases[0]["references"] = plan.cases[1]["references"] = {}
    story.write(ws, f"{run_id}.jsonl", [plan, *events])
    return [one.sha256 for one in pictures]


def two(machine: Machine, count: int = 4, **settings: object) -> tuple[Workspace, Workspace, list[str]]:
    """Ship a run of one machine and fetch it on another, without its pictures."""
    here, there = machine("here"), machine("there", **settings)
    hashes = made(here, count)
    Pusher(here, team_kit.member(here)).push()
    pull(there, team_kit.member(there))
    return here, there, hashes


def on_store(shared: Path, sha256: str) -> Path:
    return shared / "media" / sha256[:2] / f"{sha256}.png"


def test_fetched_when_looked_at_and_kept(machine: Machine, shared: Path) -> None:
    here, there, hashes = two(machine)
    assert not list(there.media.rglob("*.png"))
    assert query.media_path(there, hashes[0]).read_bytes() == MediaStore(here).read(hashes[0])
    on_store(shared, hashes[0]).unlink()
    assert MediaStore(there).read(hashes[0]), "it is here now"
    with pytest.raises(MediaError, match="No artifact"):
        MediaStore(there, fetch=False).path(hashes[1])
    with pytest.raises(MediaError, match="No artifact"):
        MediaStore(there).path("0" * 64)
    # Named by the other's journal only, and kept: a collection of what nothing names does not take it.
    assert unnamed(there, grace_s=0) == []


def test_what_is_not_what_its_name_says_is_not_stored(machine: Machine, shared: Path) -> None:
    _, there, hashes = two(machine, max_media_mb=1)
    on_store(shared, hashes[0]).write_bytes(b"\x89PNG something else")
    on_store(shared, hashes[1]).write_bytes(bytes(2 << 20))
    on_store(shared, hashes[2]).unlink()
    on_store(shared, hashes[2]).symlink_to("/etc/hostname")
    for sha256, words in ((hashes[0], "not what its name says"), (hashes[1], "more than is fetched"), (hashes[2], "No artifact")):
        with pytest.raises(MediaError, match=words):
            MediaStore(there).path(sha256)
    assert not [path for path in there.media.rglob("*") if path.is_file()]


def test_nothing_is_named_on_the_store_before_it_is_there(machine: Machine, shared: Path) -> None:
    """The store breaks down at every single put: whatever piece lies there, all that it names lies there too."""
    here = machine("here")
    hashes = made(here, 3)
    member = team_kit.member(here)
    for allowed in range(6):
        left = allowed

        class Breaking(type(member.store)):  # type: ignore[misc]
            def _put(self, name: str, *rest: object) -> None:
                nonlocal left
                left -= 1
                if left < 0:
                    raise StoreDown("The store does not answer.")
                super()._put(name, *rest)

        store = Breaking(shared)
        pusher = Pusher(here, type(member)(member.machine, member.settings, store))
        if allowed < 4:
            with pytest.raises(StoreDown):
                pusher.push()
        else:
            pusher.push()
        if list((shared / "journals").rglob("*.gz")):
            assert all(on_store(shared, sha256).exists() for sha256 in hashes)
        else:
            assert allowed < 4


@pytest.mark.slow
def test_verify_knows_where_they_lie(machine: Machine, shared: Path) -> None:
    """On the store only: no problem, and counted. Nowhere: a problem. The store is down: said so."""
    _, there, hashes = two(machine)
    catch_up(there)
    found = verify(there)
    assert (found.problems, found.media, found.elsewhere) == ([], 4, 4)
    assert MediaStore(there).path(hashes[0])
    on_store(shared, hashes[1]).unlink()
    found = verify(there)
    assert found.elsewhere == 2
    (problem,) = found.problems
    assert "nor in the team's; named by r, job" in problem.reason
    shared.rename(shared.with_name("away"))
    assert all("cannot be asked" in problem.reason for problem in verify(there).problems)
    with pytest.raises(MediaError, match="on another machine"):
        MediaStore(there).path(hashes[2])


def test_a_store_that_does_not_answer_is_left_alone_for_a_while(machine: Machine, shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page asks for dozens of pictures; only the first waits for the store."""
    _, there, hashes = two(machine)
    shared.rename(shared.with_name("away"))
    asked: list[str] = []
    fetch = fetching._fetch
    monkeypatch.setattr(fetching, "_fetch", lambda store, member, sha256: (asked.append(sha256), fetch(store, member, sha256))[1])
    for sha256 in hashes:
        with pytest.raises(MediaError, match="on another machine"):
            MediaStore(there).path(sha256)
    assert asked == hashes[:1]


def test_a_rotten_artifact_is_not_shipped(machine: Machine, shared: Path) -> None:
    here = machine("here")
    hashes = made(here, 2)
    MediaStore(here).path(hashes[0]).write_bytes(b"rotten")
    done = Pusher(here, team_kit.member(here)).push()
    assert (done.media, list(done.refused)) == (1, [f"{hashes[0]}.png"])
    assert not on_store(shared, hashes[0]).exists()
