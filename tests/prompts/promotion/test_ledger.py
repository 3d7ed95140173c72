"""A changed byte anywhere in ledger or pointers is found; what a crash leaves is not held against anybody."""

from __future__ import annotations

import itertools
import json
import random
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from promotions import Studio

from prompts import channels
from prompts.errors import WorkspaceError
from prompts.export import export
from prompts.ledger import Entry, Ledger, LedgerError

ROOT = Path(__file__).parents[3]


@pytest.fixture
def moved(studio: Studio) -> Studio:
    """Return a studio with some history."""
    studio.in_production(studio.plain)
    studio.in_production(studio.better, studio.plain)
    studio.ann.rollback("shot/a", "production", reason="drift")
    return studio


def test_the_ledger_is_read_as_it_was_written(moved: Studio) -> None:
    entries = Ledger(moved.folder).entries()
    assert [e.seq for e in entries] == list(range(1, 8))
    assert entries[-1].reason == "drift"
    assert entries[0].prev == "0" * 64
    assert all(b.prev == a.hash for a, b in itertools.pairwise(entries))


@pytest.mark.parametrize("number", range(7))
def test_one_changed_byte_in_any_line_is_found(moved: Studio, number: int) -> None:
    path = moved.folder / "ledger.jsonl"
    lines = path.read_bytes().split(b"\n")
    rng = random.Random(number)
    for place in rng.sample(range(len(lines[number])), 25):
        changed = bytearray(lines[number])
        changed[place] ^= 1
        path.write_bytes(b"\n".join([*lines[:number], bytes(changed), *lines[number + 1 :]]))
        with pytest.raises(LedgerError):
            channels.load(moved.folder)
    path.write_bytes(b"\n".join(lines))
    channels.load(moved.folder)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("a line removed", lambda lines: lines[:2] + lines[3:]),
        ("two lines swapped", lambda lines: [lines[1], lines[0], *lines[2:]]),
        ("a line doubled", lambda lines: [lines[0], lines[0], *lines[1:]]),
        ("the end cut off", lambda lines: lines[:-2]),
        ("everything gone", lambda lines: []),
        ("an empty line", lambda lines: [*lines[:3], b"", *lines[3:]]),
        ("a line of another kind", lambda lines: [*lines, b'{"x":1}']),
    ],
)
def test_a_ledger_with_other_lines_is_refused(moved: Studio, name: str, change: object) -> None:
    path = moved.folder / "ledger.jsonl"
    lines = path.read_bytes().split(b"\n")[:-1]
    path.write_bytes(b"".join(line + b"\n" for line in change(lines)))  # type: ignore[operator]
    with pytest.raises(LedgerError, match="was cut" if len(change(lines)) < len(lines) - 1 else "was changed"):  # type: ignore[operator]
        channels.load(moved.folder)
    with pytest.raises(LedgerError):
        moved.ann.promote(moved.better, "dev")


def test_a_pointer_changed_by_hand_is_refused(moved: Studio) -> None:
    path = moved.folder / "channels.json"
    written = json.loads(path.read_bytes())
    written["templates"]["shot/a"]["channels"]["production"]["version"] = moved.better.id
    path.write_text(json.dumps(written))
    with pytest.raises(LedgerError, match="changed by hand"):
        channels.load(moved.folder)
    with pytest.raises(LedgerError, match="changed by hand"):
        moved.ann.rollback("shot/a", "production", reason="x")


@pytest.mark.parametrize("text", ["", "[]", "{", '{"ledger": {"seq": "x"}}', "[" * 100_000])
def test_pointers_that_cannot_be_read_are_refused(moved: Studio, text: str) -> None:
    (moved.folder / "channels.json").write_text(text)
    with pytest.raises(LedgerError, match="changed by hand"):
        channels.load(moved.folder)


def test_a_torn_last_line_counts_for_nothing(moved: Studio) -> None:
    path = moved.folder / "ledger.jsonl"
    whole = path.read_bytes()
    for cut in (1, 40, 200):
        path.write_bytes(whole + whole[:cut].replace(b"\n", b""))
        assert len(Ledger(moved.folder).entries()) == 7
    moved.ann.promote(moved.better, "dev")
    assert len(Ledger(moved.folder).entries()) == 8


def test_pointers_that_are_behind_are_the_old_state_proved_and_come_after(moved: Studio) -> None:
    """What a kill between ledger and pointers leaves."""
    before = (moved.folder / "channels.json").read_bytes()
    moved.ann.promote(moved.better, "dev")
    (moved.folder / "channels.json").write_bytes(before)
    assert channels.load(moved.folder)[0].version("shot/a", "dev") == moved.better.id
    moved.ann.freeze("staging", reason="x")
    assert json.loads((moved.folder / "channels.json").read_bytes())["templates"]["shot/a"]["channels"]["dev"]["version"] == moved.better.id


def test_a_clock_set_back_does_not_disturb_the_order(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    from prompts import ledger

    studio.ann.promote(studio.plain, "dev")
    written = Ledger(studio.folder).entries()[-1]

    class Past(ledger.datetime):  # type: ignore[name-defined,misc]
        @classmethod
        def now(cls, tz: object = None) -> object:
            return ledger.datetime(2001, 1, 1, tzinfo=ledger.UTC)  # type: ignore[attr-defined]

    monkeypatch.setattr(ledger, "datetime", Past)
    studio.ann.promote(studio.better, "dev")
    assert [e.time for e in Ledger(studio.folder).entries()] == [written.time, written.time]


def test_a_folder_that_cannot_be_written_is_a_clear_error(studio: Studio, tmp_path: Path) -> None:
    (studio.folder / "ledger.jsonl").mkdir()
    with pytest.raises(WorkspaceError):
        studio.ann.promote(studio.plain, "dev")


@pytest.mark.slow
@given(st.lists(st.tuples(st.text(max_size=30), st.text(max_size=30)), min_size=1, max_size=6))
def test_any_words_survive_the_round_trip(words: list[tuple[str, str]]) -> None:
    import tempfile

    words = [(a.encode("utf-8", "replace").decode(), b.encode("utf-8", "replace").decode()) for a, b in words]
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(Path(folder))
        for reason, who in words:
            ledger.append(Entry("freeze", who, channel="dev", reason=reason), ledger.entries())
        assert [(e.reason, e.actor) for e in ledger.entries()] == words


@pytest.mark.slow
@pytest.mark.parametrize("what", ["promote", "export"])
def test_a_kill_at_any_moment_leaves_the_old_state_or_the_new_one(studio: Studio, tmp_path: Path, what: str) -> None:
    """A hundred kills in all: what was acknowledged is never lost, and ledger, pointers and export are proved after each."""
    for n in range(2):
        studio.templates.put(f"shot/a@v-{n}.j2", f"---\nstage: shot\n---\nText {n}.\n")
    out = tmp_path / "srv" / "prompts"
    command = [sys.executable, str(ROOT / "tests" / "support" / "promotion_kills.py"), what, str(studio.folder), str(out), "50"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stderr[-2000:]
    steps = [int(line) for line in done.stdout.split()]
    assert len(steps) == 50
    assert sum(steps) > 25, "the children were killed before they did anything"
    if what == "export":
        export(studio.folder, "dev", out)
        assert len(list(out.parent.iterdir())) <= 4, "the link, its lock, this export and the one before"
