"""Journals go to the store and come from there: the same tables everywhere, in whatever order, and nothing that was tampered with."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from pathlib import Path

import log_story as story
import pytest
import team_kit

from runs import query
from runs.journal import Journal, files, locate
from runs.lines import encode
from runs.log import catch_up, rebuild
from runs.team import pieces
from runs.team.errors import StoreDown, TeamError
from runs.team.pull import pull
from runs.team.push import Pushed, Pusher
from runs.verifying import verify
from runs.workspace import Workspace

Machine = Callable[..., Workspace]


def push(ws: Workspace) -> Pushed:
    return Pusher(ws, team_kit.member(ws)).push()


def fetch(ws: Workspace) -> int:
    return sum(pull(ws, team_kit.member(ws)).plain.values())


def on_store(shared: Path) -> list[Path]:
    return sorted((shared / "journals").rglob("*.gz"))


@pytest.mark.slow
def test_the_same_tables_on_every_machine(machine: Machine) -> None:
    """Runs of three machines, one of them scored again on another: equal tables on all, which are what the journals say."""
    all_three = [machine(name) for name in ("a", "b", "c")]
    for number, ws in enumerate(all_three):
        story.write(ws, f"{number}.jsonl", story.story(f"r{number}", 6, 100.0 * number))
        push(ws)
        fetch(ws)
    a, b, _ = all_three
    fetch(a)
    story.write(b, "again.jsonl", [story.scores("r0", n, 900, shift=0.1) for n in range(6)])
    push(b)
    for ws in all_three:
        fetch(ws)
        catch_up(ws)
    told = [team_kit.tables(ws) for ws in all_three]
    assert told[0] == told[1] == told[2]
    assert len(told[0]["run"]) == 3
    assert len(told[0]["journals"]) == 4
    frame = query.runs(a).set_index("run_id")
    assert set(frame["machines"]) == {"there"}
    rebuild(a)
    assert team_kit.tables(a) == told[1]
    assert verify(a, media=False).problems == []


def test_a_growing_journal_is_followed_and_then_put_together(machine: Machine, shared: Path) -> None:
    """Small pieces while it grows; a reader that has some of them goes on from the large piece that takes their place."""
    here, there = machine("here"), machine("there")
    journal = Journal(here, "r")
    pusher = Pusher(here, team_kit.member(here))
    journal.append(story.plan("r", 40))
    for n in range(12):
        journal.append(story.generation("r", n, n))
        assert pusher.push([journal.path]).pieces == 1
        if n == 5:
            fetch(there)
    assert len(on_store(shared)) == 12
    assert pusher.push([journal.path]).pieces == 0
    with journal.path.open("ab") as file:
        file.write(encode(story.generation("r", 12, 12))[:-20])  # a line that its writer did not finish
    journal.close()
    assert pusher.push().pieces == 0
    assert [path.name.split("-")[0] for path in on_store(shared)] == ["0" * 12]
    os.utime(there.team / "here", (0, 0))
    assert fetch(there) > 0
    assert (there.team / "here").stat().st_mtime > 0, "the folder's time tells readers that something has grown in it"
    assert fetch(there) == 0
    own = journal.path.read_bytes()
    assert locate(there, journal.path.name).read_bytes() == own[: own.rfind(b"\n") + 1]
    assert query.runs(there)["done"].to_list() == [12]


def test_a_fetch_that_was_cut_off_is_taken_up_again(machine: Machine) -> None:
    """Wherever the last write was torn, the next fetch makes the file whole; nothing is folded twice."""
    here, there = machine("here"), machine("there")
    story.write(here, "a.jsonl", story.story("r", 5))
    push(here)
    fetch(there)
    path = locate(there, "a.jsonl")
    whole = path.read_bytes()
    for _ in range(4):
        os.truncate(path, random.randrange(len(whole)))
        catch_up(there)
        fetch(there)
        assert path.read_bytes() == whole
    catch_up(there)
    assert team_kit.tables(there)["generation"] == team_kit.tables(here)["generation"]
    assert len(query.ingest_errors(there)) == 0


@pytest.mark.slow
def test_what_was_tampered_with_is_refused_and_named(machine: Machine, shared: Path) -> None:
    """A changed piece, a journal of another's, a piece that contradicts an earlier one: listed, and not a line of them folded."""
    here, there = machine("here"), machine("there")
    for name in ("changed", "other", "grown", "sound"):
        story.write(here, f"{name}.jsonl", story.story(name, 3))
    push(here)
    by_name = {path.parent.name: path for path in on_store(shared)}
    data = bytearray(by_name["changed"].read_bytes())
    data[len(data) // 2] ^= 1
    by_name["changed"].write_bytes(data)

    def put(machine: str, journal: str, offset: int, lines: bytes) -> None:
        piece, packed = pieces.make(machine, journal, offset, lines)
        (shared / piece.name).parent.mkdir(parents=True, exist_ok=True)
        (shared / piece.name).write_bytes(packed)

    put("mallory", "headless", 0, encode(story.generation("x", 1)))
    fetch(there)
    lines = (here.journals / "other.jsonl").read_bytes()
    put("mallory", "other", 0, lines + encode(story.generation("other", 0, 99, cost_usd=0.0)))
    forged = (here.journals / "grown.jsonl").read_bytes().replace(b'"cost_usd":0.25', b'"cost_usd":9.25')
    put("here", "grown", 0, forged + encode(story.generation("grown", 1, 99)))
    (shared / "journals" / "here" / "..evil").write_text("x")
    fetch(there)
    fetch(there)  # what was refused once is not said again
    catch_up(there)
    said = sorted(query.ingest_errors(there)["reason"])
    assert [reason.partition(": ")[2] for reason in said] == [
        "its bytes are not what its name says",
        "it does not agree with what was fetched before",
        "its first line is not a journal's",
        "mallory shipped a journal that is here's",
    ]
    assert sorted(query.runs(there)["run_id"]) == ["grown", "other", "sound"]
    assert set(team_kit.tables(there)["generation"]) <= set(team_kit.tables(here)["generation"])
    # The owner ships it anew under its right name, and all is well.
    by_name["changed"].unlink()
    push(here)
    fetch(there)
    assert "changed" in set(query.runs(there)["run_id"])


def test_our_own_journals_in_anothers_folder_are_refused(machine: Machine, shared: Path) -> None:
    here = machine("here")
    path = story.write(here, "mine.jsonl", story.story("r", 2))
    piece, packed = pieces.make("mallory", "mine", 0, path.read_bytes())
    (shared / piece.name).parent.mkdir(parents=True)
    (shared / piece.name).write_bytes(packed)
    assert pull(here, team_kit.member(here)).refused == 1
    assert [p.name for p in files(here)] == ["mallory.refused.jsonl", "mine.jsonl"]


def test_two_workspaces_of_one_name(machine: Machine, tmp_path: Path, shared: Path) -> None:
    """The second is told; nothing of it is mixed into the first one's folder."""
    push(machine("a"))
    other = team_kit.workspace(tmp_path / "elsewhere", "a", f"file://{shared}")
    story.write(other, "x.jsonl", story.story("x", 1))
    with pytest.raises(TeamError, match="goes by the name a"):
        push(other)
    assert on_store(shared) == []


def test_a_journal_whose_name_cannot_stand_on_the_store(machine: Machine) -> None:
    """It is named and left here; the others are shipped."""
    here = machine("here")
    for name in ("a b.jsonl", "a..b.jsonl", "sound.jsonl"):
        story.write(here, name, story.story(name[:1], 1))
    done = push(here)
    assert (done.pieces, sorted(done.refused)) == (1, ["a b.jsonl", "a..b.jsonl"])


def test_a_store_that_is_not_there(machine: Machine, shared: Path) -> None:
    here = machine("here")
    shared.rmdir()
    with pytest.raises(StoreDown, match="Is the shared disk mounted"):
        push(here)
    with pytest.raises(StoreDown):
        fetch(here)


def test_what_is_refused_of_a_name() -> None:
    """Nothing that a store lists chooses a place outside of its folder here."""
    from runs.team.store import Entry

    sound, packed = pieces.make("m", "20260101T-m-1-ab", 0, b"x\n")
    assert pieces.parse(Entry(sound.name, len(packed))) == sound
    for name in (
        sound.name.replace("/m/", "/identity.json/"),
        sound.name.replace("/m/", "/../"), sound.name.replace("/m/", "/.m/"), sound.name.replace("2026", "/../2026"),
        sound.name.replace("-2-", f"-{1 << 31}-"), sound.name + "x", sound.name.replace("journals/", "journal/"),
    ):  # fmt: skip
        assert pieces.parse(Entry(name, len(packed))) is None
    assert pieces.parse(Entry(sound.name, len(packed) - 1)) is None, "not wholly there yet"
    assert pieces.lines_of(sound, packed[:-1]) is None
    bomb, much = pieces.make("m", "j", 0, b"a" * (1 << 20) + b"\n")
    assert pieces.lines_of(pieces.Piece("m", "j", 0, 10, len(much), bomb.digest), much) is None, "it holds more than it says"
