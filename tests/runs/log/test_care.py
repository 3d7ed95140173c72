"""Caring for the records: verify, repair, seal and gc, with real files and processes that are killed."""

from __future__ import annotations

import gzip
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import log_story as story
import pytest
from warm import Process

from runs import events as ev
from runs.errors import JournalError, MediaError
from runs.journal import Journal, files
from runs.lines import SCHEMA, encode, read
from runs.log import catch_up, rebuild
from runs.media import MediaStore
from runs.repairing import repair
from runs.resume import state_of
from runs.schema import CONFIG
from runs.sealed import BLOCK, open_journal, seal, sealed, size_of
from runs.sealing import seal_old
from runs.unnamed import remove, unnamed
from runs.verifying import verify
from runs.workspace import Workspace

Start = Callable[..., Process]
SEALER = """
import sys
from pathlib import Path
from runs.sealing import seal_old
from runs.workspace import Workspace
print("begin", flush=True)
seal_old(Workspace(Path(sys.argv[1])), older_than_s=0)
"""


@pytest.fixture(scope="module")
def tale(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace with one run of six jobs, folded, whose artifacts and reference picture are in the store; tests only copy it."""
    ws = story.workspace(tmp_path_factory.mktemp("tale") / "drama")
    store = MediaStore(ws)
    picture = store.put(b"mei", "image/png")
    plan = story.plan("r", 6)
    for case in plan.cases:
        case["hash"] = f"of {case['case_id']}, with a picture that is there"
        case["references"] = {"mei": [{"sha256": picture.sha256, "media_type": "image/png"}]}
    events: list[ev.Event] = [plan]
    for n in range(6):
        made = store.put(f"picture {n}".encode(), "image/png")
        artifact: ev.ArtifactDict = {"kind": "image", "media_type": "image/png", "sha256": made.sha256, "bytes": 9}
        events += [story.generation("r", n, n, status="ok", error="", artifacts=[artifact]), story.scores("r", n, n)]
    story.write(ws, "a.jsonl", events)
    catch_up(ws)
    return ws


@pytest.fixture
def told(tale: Workspace, tmp_path: Path) -> Workspace:
    return Workspace(Path(shutil.copytree(tale.root, tmp_path / "drama")))


def age(path: Path, days: float = 60) -> None:
    """Let a file be old."""
    at = time.time() - days * 86400
    os.utime(path, (at, at))


def problems(ws: Workspace) -> list[tuple[str, str, str]]:
    return [(p.what, p.place, p.reason) for p in verify(ws).problems]


@pytest.mark.slow
class TestVerify:
    def test_a_sound_workspace_has_no_problem(self, told: Workspace) -> None:
        found = verify(told)
        assert (found.problems, found.journals, found.lines, found.media) == ([], 1, 14, 7)
        assert sorted(p.name for p in told.runs.iterdir()) == [".door", ".lock", "journals", "log.duckdb", "media"]

    def test_changed_missing_and_added_rows_are_counted_by_table_and_mended(self, told: Workspace) -> None:
        before = story.contents(told)
        with duckdb.connect(str(told.log), config=CONFIG) as con:
            con.execute("update score set value = 0.75 where rowid = 3")
            con.execute("delete from generation where rowid in (2, 4)")
            con.execute("insert into note select run_key, 'never said', null, 1, 1 from run")
            con.execute("update rollup_run_scorer set sum_ok = sum_ok * 1.0001 where sum_ok > 1")
        found = {place: reason for what, place, reason in problems(told) if what == "log"}
        words = "{} rows that the journals do not give, {} rows of the journals missing"
        rolled = found.pop("table rollup_run_scorer")
        assert rolled.startswith(rolled[0] + " rows") and rolled[0] != "0"
        assert found == {
            "table score": words.format(1, 1),
            "table generation": words.format(0, 2),
            "table note": words.format(1, 0),
        }
        done, after = repair(told)
        assert (done, after.problems) == (["made log.duckdb anew from the journals"], [])
        assert story.contents(told) == before

    def test_a_log_that_is_no_database_is_a_problem_and_the_rest_is_looked_at_all_the_same(self, told: Workspace) -> None:
        told.log.write_bytes(b"hello" * 5000)
        next((told.media).rglob("*.png")).write_bytes(b"rotten!!!")
        assert [p[0] for p in problems(told)] == ["log", "media"]
        done, after = repair(told)
        assert len(done) == 2
        assert [p.what for p in after.problems] == ["media"], "a picture that is gone cannot be mended"

    def test_it_compares_while_a_run_goes_on(self, told: Workspace, start: Start) -> None:
        writer = start("append", told.root, "live", 1_000_000)
        assert writer.stdout is not None
        writer.stdout.readline()
        for _ in range(2):
            assert problems_of_the_log(told) == []
        writer.kill()
        writer.wait()
        assert problems_of_the_log(told) == [], "a torn last line is no problem either"

    def test_a_corrupt_line_is_named_set_aside_by_repair_and_then_only_counted(self, told: Workspace) -> None:
        path = told.journals / "b.jsonl"
        head = {"type": "journal", "schema": SCHEMA, "run_id": "s", "at": story.at(0), "host": "h", "pid": 1}
        bad = b'{"crc":"00000000","type":"note","run_id":"s"}'
        path.write_bytes(encode(head) + bad + b"\n" + encode(ev.Note(run_id="s", at=story.at(1), text="after it")))
        place = len(encode(head))
        assert problems(told) == [("journal", f"b.jsonl byte {place}", "checksum does not match")]
        before = path.read_bytes()
        done, after = repair(told)
        assert done == [f"copied the corrupt line at byte {place} of b.jsonl to runs/quarantine/b.jsonl@{place}"]
        assert (after.problems, after.set_aside) == ([], 1)
        assert (told.runs / "quarantine" / f"b.jsonl@{place}").read_bytes() == bad
        assert path.read_bytes() == before, "a journal is never changed"
        assert repair(told)[0] == [], "once is enough"

    def test_missing_media_are_named_with_who_names_them(self, told: Workspace) -> None:
        store = MediaStore(told)
        store.put(b"mei", "image/png").path.unlink()
        store.put(b"picture 3", "image/png").path.unlink()
        reasons = " | ".join(reason for _, _, reason in problems(told))
        assert "named by a picture of case case-0" in reasons
        assert f"named by r, job {story.job_id('r', 3)[:12]}" in reasons

    def test_a_rotten_file_is_moved_aside_so_that_the_right_bytes_can_be_stored_again(self, told: Workspace) -> None:
        store = MediaStore(told)
        path = store.put(b"picture 3", "image/png").path
        path.write_bytes(b"pictur! 3")
        done, after = repair(told)
        assert len(done) == 1
        assert [p.reason for p in after.problems] and not path.exists()
        store.put(b"picture 3", "image/png")
        assert problems(told) == []
        assert len(list((told.runs / "quarantine").iterdir())) == 1


class TestSeal:
    def test_a_sealed_journal_is_the_same_to_everyone(self, told: Workspace) -> None:
        path = told.journals / "a.jsonl"
        plain, before, state = path.read_bytes(), story.contents(told), state_of(told, "r")
        age(path)
        assert seal_old(told, older_than_s=30 * 86400) == (1, len(plain) - sealed(path).stat().st_size)
        assert not path.exists()
        assert files(told) == [path], "it goes by its old name"
        assert gzip.decompress(sealed(path).read_bytes()) == plain, "any gzip reads it"
        assert size_of(path) == len(plain)
        again = state_of(told, "r")
        assert (again.plan, again.finished, again.scored) == (state.plan, state.finished, state.scored)
        assert again.generation(story.job_id("r", 4)) == state.generation(story.job_id("r", 4))
        assert problems(told) == []
        rebuild(told)
        assert story.contents(told) == before

    def test_any_place_of_many_blocks_can_be_read(self, ws: Workspace) -> None:
        path = story.write(ws, "a.jsonl", [story.generation("r", n, n, message=os.urandom(20_000).hex()) for n in range(120)])
        path.write_bytes(path.read_bytes() + b'{"crc":"torn')
        plain = path.read_bytes()
        wanted = read(path, 0, 1 << 30)
        seal(path)
        assert len(plain) > 4 * BLOCK
        assert read(path, 0, 1 << 30) == wanted
        with open_journal(path) as file:
            for record in wanted.records[::17]:
                file.seek(record.offset)
                line = file.readline()
                assert plain[record.offset : record.offset + len(line)] == line
            assert file.seek(-12, os.SEEK_END) == len(plain) - 12
            assert file.read() == b'{"crc":"torn'

    def test_a_journal_that_is_being_written_or_is_young_stays(self, told: Workspace) -> None:
        with Journal(told, "live") as journal:
            age(journal.path)
            assert seal_old(told, older_than_s=86400) == (0, 0)
            with pytest.raises(JournalError, match="being written"):
                seal(journal.path)
            assert journal.path.exists()

    def test_a_broken_block_costs_its_own_lines_and_is_named(self, ws: Workspace) -> None:
        path = story.write(
            ws, "a.jsonl", [story.plan("r", 120), *(story.generation("r", n, n, message=os.urandom(20_000).hex()) for n in range(120))]
        )
        seal(path)
        data = bytearray(sealed(path).read_bytes())
        data[len(data) // 2] ^= 1
        sealed(path).write_bytes(data)
        catch_up(ws)
        kept = len(story.contents(ws)["generation"])
        assert 60 < kept < 120
        assert any(place == "a.jsonl.gz" and "cannot be read" in reason for _, place, reason in problems(ws))
        assert sealed(path).read_bytes() == data

    @pytest.mark.parametrize("damage", ["cut", "bomb", "other gzip", "empty"])
    def test_what_is_no_sealed_journal_stops_nobody(self, told: Workspace, damage: str) -> None:
        path = story.write(told, "b.jsonl", [story.plan("s", 2), story.generation("s", 0)])
        plain = path.read_bytes()
        seal(path)
        data = sealed(path).read_bytes()
        damaged = {
            "cut": lambda: data[:-20],
            "bomb": lambda: data[:12] + gzip.compress(bytes(200 << 20), 1)[12:],
            "other gzip": lambda: gzip.compress(plain),
            "empty": lambda: b"",
        }
        sealed(path).write_bytes(damaged[damage]())
        catch_up(told)
        assert len(story.contents(told)["generation"]) == 6
        assert bool(problems(told)) == (damage != "empty")

    @pytest.mark.slow
    def test_killed_while_sealing(self, ws: Workspace, start: Start) -> None:
        """8 moments: the journal is there, whole, in one form or both."""
        for n in range(4):
            story.write(ws, f"{n}.jsonl", story.story(f"r{n}", 1500))
        catch_up(ws)
        before = story.contents(ws)
        for wait in (0.0, 0.02, 0.04, 0.06, 0.09, 0.12, 0.16, 0.2):
            process = start("-c", SEALER, ws.root)
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(wait)
            process.kill()
            process.wait()
            assert story.contents(ws) == before
        rebuild(ws)
        assert story.contents(ws) == before
        assert seal_old(ws, older_than_s=0)[0] + len(list(ws.journals.glob("*.gz"))) >= 4
        assert problems_of_the_log(ws) == []
        assert not list(ws.journals.glob(".seal-*"))


def problems_of_the_log(ws: Workspace) -> list[str]:
    return [p.reason for p in verify(ws, media=False).problems]


class TestCollect:
    def test_only_what_nothing_names_and_is_old_goes(self, told: Workspace) -> None:
        store = MediaStore(told)
        old, young, noted = (store.put(text, "text/plain") for text in (b"old", b"young", b"noted"))
        (told.root / "notes.md").write_text(f"Keep {noted.sha256}.")
        for path in told.media.rglob("*.*"):
            age(path)
        os.utime(young.path)
        found = unnamed(told, grace_s=86400)
        assert [item.path for item in found] == [old.path]
        assert old.path.exists(), "listing removes nothing"
        assert remove(told, found) == 3
        assert not old.path.exists()
        assert problems(told) == []

    def test_what_a_sealed_journal_or_a_corrupt_line_names_stays(self, told: Workspace) -> None:
        path = told.journals / "a.jsonl"
        lines = path.read_bytes().replace(b'"status":"ok"', b'"status":"OK"', 1)
        path.write_bytes(lines)
        seal(path)
        for media in told.media.rglob("*.png"):
            age(media)
        assert unnamed(told, grace_s=0) == []

    def test_what_is_stored_again_while_it_is_being_collected_stays(self, told: Workspace) -> None:
        store = MediaStore(told)
        again = store.put(b"again", "text/plain")
        age(again.path)
        found = unnamed(told, grace_s=86400)
        store.put(b"again", "text/plain")
        assert remove(told, found) == 0
        assert store.read(again.sha256) == b"again"

    def test_a_live_run_forbids_a_grace_age_of_nothing(self, told: Workspace) -> None:
        with Journal(told, "live"), pytest.raises(MediaError, match="A run is live"):
            unnamed(told, grace_s=0)

    def test_a_journal_that_cannot_be_read_lets_nothing_go(self, told: Workspace) -> None:
        old = MediaStore(told).put(b"old", "text/plain")
        age(old.path)
        (told.journals / "b.jsonl").mkdir()
        with pytest.raises(MediaError, match="nobody knows what it names"):
            unnamed(told, grace_s=86400)
        assert old.path.exists()

    @pytest.mark.slow
    def test_beside_a_run_that_stores_and_journals_nothing_is_lost(self, told: Workspace, start: Start) -> None:
        """A process stores old, unnamed bytes again and journals them, again and again, while another collects without pause."""
        writer = start("-c", STORER, told.root)
        assert writer.stdout is not None
        rounds = 0
        while writer.poll() is None:
            remove(told, unnamed(told, grace_s=3600))
            rounds += 1
        assert (writer.returncode, writer.stdout.read().strip()) == (0, "stored"), writer.communicate()
        assert rounds > 3
        assert [place for what, place, _ in problems(told) if what == "media"] == ["c" * 12 + "…"], (
            "the reference of that plan never was there"
        )


STORER = """
import os, sys, time
from pathlib import Path
import log_story as story
from runs.journal import Journal
from runs.media import MediaStore
from runs.workspace import Workspace
ws = Workspace(Path(sys.argv[1]))
store = MediaStore(ws)
with Journal(ws, "live") as journal:
    journal.append(story.plan("live", 300))
    for n in range(300):
        data = b"take %d" % n
        path = store.put(data, "image/png").path
        os.utime(path, (0, 0))          # long ago, and nothing names it
        time.sleep(0.002)
        made = store.put(data, "image/png")
        time.sleep(0.002)
        artifact = {"kind": "image", "media_type": "image/png", "sha256": made.sha256, "bytes": len(data)}
        journal.append(story.generation("live", n, n, status="ok", error="", artifacts=[artifact]))
print("stored")
"""
