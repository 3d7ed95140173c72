"""Targets: journals, sealed journals, ledgers and cassettes that are torn, corrupt, foreign or forged."""

# ruff: noqa: E501  data

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any
from zlib import crc32

import log_story as story
from fuzzkit import Target, documented

from runs.lines import SCHEMA, decode, encode, fault


@cache
def _events() -> tuple[bytes, ...]:
    from runs import events as ev

    told = list(story.story("r", 2))
    more: list[Any] = [
        ev.Handing(run_id="r", at=story.at(3), job_id=story.job_id("r", 0)),
        ev.Submitted(run_id="r", at=story.at(4), job_id=story.job_id("r", 1), provider="kling", task_id="t1"),
        ev.Note(run_id="r", at=story.at(5), text="slow down"),
        story.judged("r"),
    ]
    rows = [json.loads(json.dumps(event.to_dict(), default=str)) for event in (told[0], *told[1:4], *more, *told[-4:])]
    return json.dumps(rows).encode(), json.dumps(rows[:2]).encode()


def _journal(*lines: bytes | Mapping[str, Any]) -> bytes:
    head = {"type": "journal", "schema": SCHEMA, "run_id": "r", "at": story.at(0), "host": "there", "pid": 1}
    return b"".join(line if isinstance(line, bytes) else encode(line) for line in (head, *lines))


def _foreign(data: bytes, room: Path) -> None:
    """Lines with a right checksum whose words are anybody's: some other program's, an older or newer one's, a forger's."""
    rows = _rows(data)
    lines = [encode(row) for row in rows if isinstance(row.get("type"), str)]
    for line in lines:
        assert fault(line[:-1]) == "", "a line that we wrote and do not take"
        json.dumps(decode(line[:-1]))
    _read_all(_journal(*lines), room)


def _rows(data: bytes) -> list[dict[str, Any]]:
    try:
        rows = json.loads(data)
    except (ValueError, RecursionError):
        return []
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _torn(data: bytes, room: Path) -> None:
    _read_all(data, room)


def _read_all(data: bytes, room: Path) -> None:
    """Fold a journal beside a sound one; whatever it holds, the sound one is there, and everything can be asked."""
    from runs import query
    from runs.log import rebuild
    from runs.resume import run_ids, state_of

    shutil.rmtree(room / "ws", ignore_errors=True)
    ws = story.workspace(room / "ws")
    (ws.journals / "odd.jsonl").write_bytes(data)
    story.write(ws, "sound.jsonl", story.story("sound", 2))
    runs = query.runs(ws)
    assert "sound" in set(runs["run_id"])
    assert len(query.generations(ws, "sound")) == 2, "a neighbour was lost"
    for run in run_ids(ws):
        state = documented(lambda run=run: state_of(ws, run))
        if state is not None:
            state.is_live()
    # Each costs; which one is asked follows from the input, so that what broke breaks again.
    turn = crc32(data)
    _asked(ws, sorted(set(runs["run_id"])), turn)
    if turn % 5 == 0:
        once = story.contents(ws)
        rebuild(ws)
        assert story.contents(ws) == once, "folded twice, two logs"


def _asked(ws: Any, runs: list[str], turn: int) -> None:
    from runs import query

    def of_jobs(ws: Any, run: str) -> None:
        for job in sorted(set(query.generations(ws, run)["job_id"])):
            documented(lambda job=job: query.generation(ws, run, str(job)))

    def of_queues(ws: Any, _: str) -> None:
        for name in sorted(set(query.queues(ws)["queue"])):
            documented(lambda name=name: query.queue(ws, str(name)))

    of_runs = (
        query.run_plan, query.arms, query.scores, query.findings, query.progress, query.errors, query.checks, query.newest, query.notes, query.lineage, of_jobs, of_queues,
    )  # fmt: skip
    of_all = (query.ingest_errors, query.ratings, query.gates, query.case_traits, query.truths, query.drift, query.versions)
    ask = of_runs[turn % len(of_runs)]
    for run in runs:
        documented(lambda run=run: ask(ws, run))
    documented(lambda: of_all[turn % len(of_all)](ws))


def _sealed(data: bytes, room: Path) -> None:
    from runs.lines import read
    from runs.sealed import damaged, sealed, size_of, unpack_lines

    plain = unpack_lines(data, 1 << 22)
    assert plain is None or len(plain) <= 1 << 22
    path = room / "a.jsonl"
    sealed(path).write_bytes(data)
    size, offset = size_of(path), 0
    list(damaged(path))
    while (tail := read(path, offset)).offset > offset:
        offset = tail.offset
    assert offset <= size


def _packed() -> bytes:
    from runs.sealed import pack_lines

    return pack_lines(_journal({"type": "note", "run_id": "r", "message": "x" * 50}, b'{"crc":"00000000","type":"x"}\n'))


def _ledger(data: bytes, room: Path) -> None:
    """A ledger that somebody has forged: each line's hash is right, its words are anybody's."""
    from prompts.identity import canonical_json, sha256

    before, lines = "0" * 64, []
    for number, row in enumerate(_rows(data), start=1):
        body = {"seq": number, "prev": before} | {k: v for k, v in row.items() if k not in ("hash", "prev")}
        with contextlib.suppress(ValueError, TypeError, RecursionError):
            before = sha256(before.encode() + canonical_json(body))
            lines.append(canonical_json({**body, "hash": before}))
    _channels(b"".join(line + b"\n" for line in lines), b"", room)


def _pointers(data: bytes, room: Path) -> None:
    ledger, _, pointers = data.partition(b"\n===\n")
    _channels(ledger, pointers, room)


def _channels(ledger: bytes, pointers: bytes, room: Path) -> None:
    from prompts import channels

    folder = room / "prompts"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "ledger.jsonl").write_bytes(ledger)
    if pointers:
        (folder / "channels.json").write_bytes(pointers)
    loaded = documented(lambda: channels.load(folder))
    if loaded is not None:
        for template in ("shot/a", "shot/b"):
            channels.resolve(loaded[0], template, series="s1")
        channels.save(folder, loaded[0], loaded[1])
        assert documented(lambda: channels.load(folder)) is not None, "pointers that we wrote and do not believe"


MOVES = json.dumps(
    [
        {
            "action": action, "actor": "chen@studio", "template": "shot/a", "channel": "production", "from": "", "to": "v1:" + "a" * 64, "report": "", "policy": "",
            "series": "s1", "reason": "x", "details": {"basis_points": 500}, "seq": n, "time": "2026-11-25T09:14:03Z",
        }
        for n, action in enumerate(("gate", "approve", "promote", "pin", "canary", "freeze", "thaw", "unpin", "rollback", "override"), start=1)
    ]
).encode()  # fmt: skip


@cache
def _signed() -> bytes:
    import tempfile

    from prompts.channels import FILE, State, save
    from prompts.ledger import Entry, Ledger

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        book, done = Ledger(folder), []
        for action in ("freeze", "thaw"):
            done.append(book.append(Entry(action=action, actor="chen", reason="x", template="shot/a"), done))  # type: ignore[arg-type]
        from prompts.channels import replay

        save(folder, replay(done), done)
        del State
        return book.path.read_bytes() + b"\n===\n" + (folder / FILE).read_bytes()


def _cassette(data: bytes, room: Path) -> None:
    from runs.provider import Message, Outcome, Request
    from runs.providers.cassette import Cassette, CassetteProvider, key_of

    folder = room / "cassettes" / "openai"
    request = Request("k", "script", "text", (Message("user", "hi"),), "m")
    key = key_of(request)
    (folder / key[:2]).mkdir(parents=True, exist_ok=True)
    (folder / "media").mkdir(exist_ok=True)
    head, _, takes = data.partition(b"\n===\n")
    (folder / "cassette.json").write_bytes(head)
    (folder / key[:2] / f"{key}.json").write_bytes(takes)
    (folder / "media" / ("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824.txt")).write_bytes(b"hello")

    class Named:
        name = "openai"

    documented(lambda: CassetteProvider(Named(), folder.parent))  # type: ignore[arg-type]
    got = documented(lambda: Cassette(folder).get(request, 0))
    assert got is None or (isinstance(got, Outcome) and (bool(got.assets) != bool(got.failure))), "an outcome that is none"


CASSETTE = (
    json.dumps({"format": 1, "provider": "openai", "base_url": "https://x", "simulated": False, "kinds": ["text"]}).encode() + b"\n===\n"
)
TAKE = {
    "assets": [{"kind": "text", "media_type": "text/plain", "file": "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824.txt"}], "failure": None,
    "usage": {"input_tokens": 3}, "cost_usd": 0.1, "model_resolved": "m", "wire_request": {}, "wire_response": {}, "truth": None,
}  # fmt: skip
REFUSED = {**TAKE, "assets": [], "failure": {"error": "content_refused", "message": "no", "code": "x", "retry_after_s": None}}
LINES = b"".join(encode(row) for row in json.loads(_events()[0]))


def _targets() -> Iterator[Target]:
    yield Target("journal, foreign lines", _foreign, _events(), document=True, few=3, heavy=True)
    yield Target(
        "journal, torn", _torn, (_journal(LINES), _journal()), (b'{"crc":"', b'","type":"', b'{"refused":"x"}\n', b"\n"), few=3, heavy=True
    )
    yield Target("journal, sealed", _sealed, (_packed(), _packed() * 2), (b"\x1f\x8b\x08\x04", b"MW", b"\0\0\0\0\0\0\0\0"))
    yield Target("ledger, forged", _ledger, (MOVES,), document=True)
    yield Target("ledger and pointers", _pointers, (_signed(),), (b'"seq":', b'"hash":', b'{"ledger":{"hash":"","seq":1e999}}'))
    yield Target(
        "cassettes",
        _cassette,
        (CASSETTE + json.dumps({"takes": [TAKE, REFUSED]}).encode(), CASSETTE + json.dumps({"takes": [REFUSED]}).encode()),
        (b'"takes": []', b'"assets"', b"null", b'"../../x"', b'"failure": {}'),
    )


TARGETS = tuple(_targets())
