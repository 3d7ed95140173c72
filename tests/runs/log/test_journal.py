"""Journals: what was acknowledged is there, what is torn waits, what is corrupt is reported with its place."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import log_story as story
import orjson
import pytest

from runs.errors import JournalError
from runs.events import Claim, Note
from runs.journal import GroupCommit, Journal, files, header, is_live, read, read_at
from runs.lines import MAX_LINE, encode
from runs.workspace import Workspace

AsNobody = Callable[[Callable[[], object]], str]
Limit = Callable[[int], None]


def note(text: str) -> Note:
    return Note(run_id="r", at=story.at(0), text=text)


def texts(path: Path) -> list[str]:
    return [r.event["text"] for r in read(path).records if r.event["type"] == "note"]


def test_the_first_line_is_a_header_that_says_who_writes_for_which_run(ws: Workspace) -> None:
    with Journal(ws, "r") as journal:
        head = header(journal.path)
    assert head is not None
    assert (head["schema"], head["run_id"], head["pid"]) == (1, "r", os.getpid())
    assert files(ws) == [journal.path]


def test_events_come_back_in_order_with_their_places(ws: Workspace) -> None:
    with Journal(ws, "r") as journal:
        journal.append(note("one"), note("two"))
        journal.append(note("three"))
    tail = read(journal.path)
    assert [r.event["text"] for r in tail.records[1:]] == ["one", "two", "three"]
    assert tail.offset == journal.path.stat().st_size
    assert not tail.bad
    assert all(read_at(journal.path, r.offset) == r.event for r in tail.records)


def test_a_line_is_plain_json_for_anyone(ws: Workspace) -> None:
    with Journal(ws, "r") as journal:
        journal.append(note("镜头 \U0001f3ac \u2028 \x00"))
    line = orjson.loads(journal.path.read_bytes().splitlines()[1])
    assert (line["type"], line["text"]) == ("note", "镜头 \U0001f3ac \u2028 \x00")


def test_reading_goes_on_where_it_stopped(ws: Workspace) -> None:
    with Journal(ws, "r") as journal:
        journal.append(note("one"))
        offset = read(journal.path).offset
        assert read(journal.path, offset).records == []
        journal.append(note("two"))
        assert [r.event["text"] for r in read(journal.path, offset).records] == ["two"]


def test_reading_in_small_pieces_finds_the_same(ws: Workspace) -> None:
    with Journal(ws, "r") as journal:
        journal.append(*(note("x" * (n * 37 % 200)) for n in range(50)))
    found, offset = [], 0
    while (tail := read(journal.path, offset, max_bytes=64)).offset > offset:
        found += tail.records
        offset = tail.offset
    assert found == read(journal.path).records


def test_a_torn_last_line_waits_for_its_end(ws: Workspace) -> None:
    path = story.write(ws, "a.jsonl", [note("one")])
    line = encode(note("two"))
    before = read(path)
    with path.open("ab") as file:
        file.write(line[:20])
    assert read(path, before.offset) == type(before)([], [], before.offset)
    with path.open("ab") as file:
        file.write(line[20:])
    assert [r.event["text"] for r in read(path, before.offset).records] == ["two"]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda line: line.replace(b"two", b"twa"), "checksum does not match"),
        (lambda line: b"\0" * len(line), "zero bytes"),
        (lambda line: line[: len(line) // 2], "checksum does not match"),
        (lambda line: b"not json at all", "not a journal line"),
        (lambda line: b'{"crc":"zzzzzzzz",' + line[18:], "unreadable checksum"),
        (lambda line: b"", "zero bytes"),
    ],
    ids=["changed", "zeroed", "cut short", "foreign", "checksum", "empty"],
)
def test_a_corrupt_line_is_reported_with_its_place_and_its_neighbours_are_read(
    ws: Workspace, damage: Callable[[bytes], bytes], reason: str
) -> None:
    path = story.write(ws, "a.jsonl", [note("one"), note("two"), note("three")])
    lines = path.read_bytes().splitlines()
    lines[2] = damage(lines[2])
    path.write_bytes(b"\n".join(lines) + b"\n")
    tail = read(path)
    assert texts(path) == ["one", "three"]
    assert [(b.offset, b.length) for b in tail.bad] == [(len(lines[0]) + len(lines[1]) + 2, len(lines[2]))]
    assert reason in tail.bad[0].reason


def test_a_journal_is_live_for_as_long_as_its_writer_is(ws: Workspace) -> None:
    with Journal(ws, "r") as journal:
        assert is_live(journal.path)
    assert not is_live(journal.path)
    assert not is_live(ws.journals / "none.jsonl")


def test_a_forked_child_does_not_keep_a_journal_alive(ws: Workspace) -> None:
    journal = Journal(ws, "r")
    pause, wake = os.pipe()
    there, ready = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(ready, b"x")
        os.read(pause, 1)
        os._exit(0)
    try:
        os.read(there, 1)
        journal.append(note("still mine"))
        journal.close()
        assert not is_live(journal.path)
    finally:
        os.write(wake, b"x")
        os.waitpid(child, 0)
    assert texts(journal.path) == ["still mine"]


def test_what_no_json_can_hold_is_repaired_rather_than_lost(ws: Workspace) -> None:
    deep: object = "bottom"
    for _ in range(400):
        deep = [deep]
    with Journal(ws, "r") as journal:
        journal.append({"type": "note", "run_id": "r", "at": story.at(0), "text": "half \ud83c pair", "n": 10**30, "deep": deep})
    event = read(journal.path).records[1].event
    assert (event["text"], event["n"]) == ("half � pair", str(10**30))


def test_a_line_beyond_the_cap_is_refused_and_the_journal_goes_on(ws: Workspace) -> None:
    with Journal(ws, "r") as journal:
        with pytest.raises(JournalError, match="journal line"):
            journal.append(note("x" * MAX_LINE))
        journal.append(note("fine"))
    assert texts(journal.path) == ["fine"]


def test_a_closed_journal_refuses(ws: Workspace) -> None:
    journal = Journal(ws, "r")
    journal.close()
    with pytest.raises(JournalError, match="closed"):
        journal.append(note("late"))


def test_threads_do_not_mix_their_lines(ws: Workspace) -> None:
    with Journal(ws, "r") as journal:
        threads = [threading.Thread(target=lambda k=k: [journal.append(note(f"{k}-{n}")) for n in range(25)]) for k in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(texts(journal.path)) == sorted(f"{k}-{n}" for k in range(4) for n in range(25))


class TestFullDisk:
    """A full disk refuses the event, keeps what was there, and lets the journal go on when there is room again."""

    @pytest.fixture
    def limit(self) -> Iterator[Limit]:
        """Give a function that lets no file grow beyond a size; the system says EFBIG where a full disk says ENOSPC."""
        old = resource.getrlimit(resource.RLIMIT_FSIZE)
        handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, old[1]))
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, handler)

    def test_an_append_that_does_not_fit_leaves_no_half_line(self, ws: Workspace, limit: Limit) -> None:
        with Journal(ws, "r") as journal:
            journal.append(note("one"))
            size = journal.path.stat().st_size
            limit(size + 50)
            with pytest.raises(JournalError, match="The disk is full") as error:
                journal.append(note("two " * 50))
            assert "--resume" in error.value.hint
            assert journal.path.stat().st_size == size
            limit(-1)
            journal.append(note("three"))
        assert texts(journal.path) == ["one", "three"]
        assert not read(journal.path).bad

    def test_whole_lines_that_did_fit_stay_so_that_no_reader_is_misled(self, ws: Workspace, limit: Limit) -> None:
        with Journal(ws, "r") as journal:
            size = journal.path.stat().st_size
            limit(size + len(encode(note("a"))) + 10)
            with pytest.raises(JournalError):
                journal.append(note("a"), note("b"))
            offset = read(journal.path).offset
            limit(-1)
            journal.append(note("c"))
            assert [r.event["text"] for r in read(journal.path, offset).records] == ["c"]
        assert texts(journal.path) == ["a", "c"]

    def test_everyone_in_a_group_hears_of_it(self, ws: Workspace, limit: Limit) -> None:
        async def main(journal: Journal) -> list[object]:
            async with GroupCommit(journal) as group:
                return await asyncio.gather(*(group.commit(note(f"{n} " * 50)) for n in range(10)), return_exceptions=True)

        with Journal(ws, "r") as journal:
            limit(journal.path.stat().st_size + 5)
            results = asyncio.run(main(journal))
        assert {type(r) for r in results} == {JournalError}

    def test_a_journal_that_cannot_even_begin_leaves_no_file(self, ws: Workspace, limit: Limit) -> None:
        limit(10)
        with pytest.raises(JournalError, match="The disk is full"):
            Journal(ws, "r")
        assert files(ws) == []


class TestNotWritable:
    def test_a_file_in_place_of_the_folder(self, ws: Workspace) -> None:
        ws.journals.rmdir()
        ws.journals.write_text("")
        with pytest.raises(JournalError, match="Cannot write the journal"):
            Journal(ws, "r")

    def test_a_folder_that_belongs_to_someone_else(self, someone_elses: Workspace, as_nobody: AsNobody) -> None:
        words = as_nobody(lambda: Journal(someone_elses, "r"))
        assert words.startswith("JournalError: Not allowed to write the journal"), words


class TestGroupCommit:
    def test_a_thousand_tasks_share_a_few_flushes(self, ws: Workspace) -> None:
        async def main(journal: Journal) -> int:
            async with GroupCommit(journal) as group:
                await asyncio.gather(*(group.commit(Claim(run_id="r", job_id=str(n))) for n in range(1000)))
            return group.flushes

        with Journal(ws, "r") as journal:
            flushes = asyncio.run(main(journal))
            assert len(read(journal.path).records) == 1001
        assert flushes <= 10

    def test_an_acknowledged_event_is_on_disk_when_its_task_goes_on(self, ws: Workspace) -> None:
        async def main(journal: Journal) -> None:
            async with GroupCommit(journal) as group:

                async def task(n: int) -> None:
                    await group.commit(note(str(n)))
                    assert str(n) in texts(journal.path)

                await asyncio.gather(*map(task, range(30)))

        with Journal(ws, "r") as journal:
            asyncio.run(main(journal))

    def test_an_event_that_cannot_be_written_fails_its_own_task_only(self, ws: Workspace) -> None:
        async def main(journal: Journal) -> list[object]:
            async with GroupCommit(journal) as group:
                events = [note("fine"), {"type": "note", "text": object()}, note("fine too")]
                return await asyncio.gather(*map(group.commit, events), return_exceptions=True)

        with Journal(ws, "r") as journal:
            results = asyncio.run(main(journal))
            assert texts(journal.path) == ["fine", "fine too"]
        assert [type(r) for r in results] == [type(None), TypeError, type(None)]

    def test_a_cancelled_task_takes_nothing_from_the_others(self, ws: Workspace) -> None:
        async def main(journal: Journal) -> None:
            async with GroupCommit(journal) as group:
                tasks = [asyncio.create_task(group.commit(note(str(n)))) for n in range(20)]
                await asyncio.sleep(0)
                tasks[3].cancel()
                results = await asyncio.gather(*tasks, return_exceptions=True)
                assert [type(r) for n, r in enumerate(results) if n != 3] == [type(None)] * 19

        with Journal(ws, "r") as journal:
            asyncio.run(main(journal))
            assert {str(n) for n in range(20)} - {"3"} <= set(texts(journal.path))

    def test_leaving_it_writes_what_still_waits(self, ws: Workspace) -> None:
        async def main(journal: Journal) -> None:
            async with GroupCommit(journal) as group:
                _ = [asyncio.create_task(group.commit(note(str(n)))) for n in range(20)]
                await asyncio.sleep(0)

        with Journal(ws, "r") as journal:
            asyncio.run(main(journal))
            assert len(texts(journal.path)) == 20
