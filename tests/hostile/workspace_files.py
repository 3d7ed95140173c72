"""A workspace that somebody else has made: links out of the tree, odd names, things that are no files."""

# ruff: noqa: E501  data

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

Case = tuple[Callable[[Path], object], str]
NAMES = (
    "../../outside/secret", "/etc/passwd", "shot/../../../outside/secret.txt", "shot/\0", "shot/" + "a" * 5000, "shot/a@../../x", "shot/a\nb",
    "file:///etc/passwd", "~/x", "shot/%2e%2e/x", "shot\\..\\x", "", "/", ".", "..", "shot/", "shot/.hidden", "\ud800/x", "shot/a@v1:zz", "shot/CON",
)  # fmt: skip


def _resolve(name: str) -> Callable[[Path], object]:
    def case(ws: Path) -> object:
        from prompts.registry import Registry

        (ws / "shot").mkdir()
        return f"READ {Registry(ws).resolve(name)!r}"

    return case


def _artifact(name: str) -> Callable[[Path], object]:
    def case(ws: Path) -> object:
        from runs.media import MediaStore
        from runs.workspace import Workspace

        return f"READ {MediaStore(Workspace(ws)).path(name)}"

    return case


CASES: dict[str, Case] = {f"template {name[:40]!r}": (_resolve(name), r"^\w*(Error|Name|Syntax)\w*: ") for name in NAMES}
CASES |= {
    f"artifact {name[:40]!r}": (_artifact(name), "^MediaError: ")
    for name in ("../x", "/etc/passwd", "a" * 64, "A" * 64, "a" * 63 + "\n", "", "\0" * 64, "\ud800")
}


def _link_as_template(ws: Path) -> object:
    from prompts.registry import Registry

    (ws / "shot").mkdir()
    (ws / "shot" / "a.j2").symlink_to(ws.parents[1] / "outside" / "secret.txt")
    return f"READ {Registry(ws).resolve('shot/a')!r}"


def _folder_link(ws: Path) -> object:
    from prompts.registry import Registry

    (ws / "shot").symlink_to(ws.parents[1] / "outside")
    (ws.parents[1] / "outside" / "secret.txt").exists()
    return f"READ {Registry(ws).resolve('shot/secret')!r}"


def _circle(ws: Path) -> object:
    from prompts.registry import Registry

    (ws / "shot").mkdir()
    (ws / "shot" / "a.j2").symlink_to("a.j2")
    return f"READ {Registry(ws).resolve('shot/a')!r}"


def _pipe(ws: Path) -> object:
    from prompts.registry import Registry

    (ws / "shot").mkdir()
    os.mkfifo(ws / "shot" / "a.j2")
    return f"READ {Registry(ws).resolve('shot/a')!r}"


def _store_link(ws: Path) -> object:
    from runs.media import MediaStore
    from runs.workspace import Workspace

    store = MediaStore(Workspace(ws))
    first = store.put(b"x", "text/plain")
    first.path.unlink()
    first.path.parent.rmdir()
    first.path.parent.symlink_to(ws.parents[1] / "outside")
    return f"PUT {store.put(b'x', 'text/plain')}"


def _journal(data: bytes) -> Callable[[Path], object]:
    def case(ws: Path) -> object:
        from runs import query
        from runs.resume import run_ids
        from runs.workspace import Workspace

        found = Workspace(ws)
        found.ensure_writable()
        (found.journals / "odd.jsonl").write_bytes(data)
        errors = query.ingest_errors(found)
        return f"runs {run_ids(found)}, {len(query.runs(found))} in the log, {len(errors)} errors"

    return case


def _manifest(suffix: str, data: bytes) -> Callable[[Path], object]:
    def case(ws: Path) -> object:
        from runs.manifest import read

        path = ws / f"manifest{suffix}"
        path.write_bytes(data)
        return f"READ {read(path)!r}"

    return case


CASES |= {
    "a template that is a link out": (_link_as_template, r"^\w*(Error|Name): "),
    "a stage that is a link out": (_folder_link, r"^\w*(Error|Name): "),
    "a template that is a link to itself": (_circle, r"^\w*(Error|Name): "),
    "a template that is a pipe": (_pipe, r"^\w*(Error|Name): "),
    "a media folder that is a link out": (_store_link, "^MediaError: .*link"),
    "journal: zero bytes": (_journal(bytes(5000)), "^runs .., 0 in the log, 1 errors"),
    "journal: no lines": (_journal(b"x" * 5000), "^runs .., 0 in the log, 0 errors"),
    "journal: lines of nothing": (_journal(b"\n" * 2000), "^runs .., 0 in the log, 2000 errors"),
    "journal: deep JSON": (_journal(b'{"crc":"00000000",' + b"[" * 5000 + b"\n"), "^runs .., 0 in the log, 1 errors"),
    "journal: words": (_journal(b"hello\nworld\n"), "^runs .., 0 in the log, 2 errors"),
}
for _suffix, _data in (
    (".csv", b""), (".csv", b"\0\0\0"), (".csv", b"file\n" + b'"' * 5000), (".csv", b"nmae,job\na,b\n"), (".csv", b"file,file\na,b\n"),
    (".json", b"["), (".json", b"5"), (".json", b"[" * 50_000), (".json", b'[{"file": NaN}]'), (".yaml", b"- file: &a x\n- file: *a\n"),
    (".yaml", b"- !!python/name:os.system\n"), (".txt", b"file\n"), (".json", b'[{"file": "../../outside/secret.txt", "case": 5}]'),
):  # fmt: skip
    CASES[f"manifest{_suffix}: {_data[:24]!r}"] = (_manifest(_suffix, _data), r"^\w+Error: |^READ \[Line.*Entry")


def _race(change: Callable[[Path, int], None], read: Callable[[Path], object], wanted: str) -> Callable[[Path], object]:
    """Read again and again for a third of a second while somebody swaps what is read; tell every outcome that came."""

    def case(ws: Path) -> object:
        from prompts.errors import WorkbenchError

        over = threading.Event()

        def swap() -> None:
            turn = 0
            while not over.is_set():
                with contextlib.suppress(OSError):
                    change(ws, turn)
                turn += 1

        change(ws, 0)
        thread = threading.Thread(target=swap)
        thread.start()
        seen: set[str] = set()
        until = time.monotonic() + 0.35
        while time.monotonic() < until:
            try:
                seen.add(f"got {read(ws)}")
            except WorkbenchError as error:
                seen.add(type(error).__name__)
        over.set()
        thread.join()
        return f"{'fine' if all(re.fullmatch(wanted, one) for one in seen) else 'BROKEN'}: {sorted(seen)}"

    return case


def _outside(ws: Path) -> Path:
    return ws.parents[1] / "outside" / "secret.txt"


def _swap(ws: Path, turn: int, name: str, text: str) -> None:
    """Put a file there, and every other time a link that leads out of the workspace."""
    place = ws / name
    place.parent.mkdir(exist_ok=True)
    beside = place.with_name(".beside")
    beside.unlink(missing_ok=True)
    if turn % 2:
        beside.symlink_to(_outside(ws))
    else:
        beside.write_text(text)
    beside.replace(place)


def _swap_template(ws: Path, turn: int) -> None:
    _swap(ws, turn, "shot/a.j2", "---\nstage: shot\n---\nhello\n")


def _read_template(ws: Path) -> object:
    from prompts.registry import Registry

    return Registry(ws).resolve("shot/a").short


def _swap_folder(ws: Path, turn: int) -> None:
    store = ws / "runs" / "media"
    store.mkdir(parents=True, exist_ok=True)
    for place in store.iterdir():
        if place.is_symlink():
            place.unlink()
        elif turn % 2:
            shutil.rmtree(place, ignore_errors=True)
    if turn % 2:
        (store / HASH[:2]).symlink_to(_outside(ws).parent)


HASH = hashlib.sha256(b"hello").hexdigest()


def _put(ws: Path) -> object:
    from runs.media import MediaStore
    from runs.workspace import Workspace

    return MediaStore(Workspace(ws)).put(b"hello", "text/plain").sha256 == HASH


def _swap_import(ws: Path, turn: int) -> None:
    _swap(ws, turn, "in/a.txt", "hello")


def _take_in(ws: Path) -> object:
    from runs.intake import Intake

    take = Intake(ws / "in")
    found = take.checked("a.txt", "text")
    take.settle()
    return found is not None and found.sha256 == HASH


def _swap_journal(ws: Path, turn: int) -> None:
    from runs.workspace import Workspace

    if turn == 0:
        Workspace(ws).ensure_writable()
    (ws / "runs" / "journals" / "odd.jsonl").write_bytes(b'{"crc":"00000000","type":"journal"}\n' * (turn % 3))


def _list_runs(ws: Path) -> object:
    from runs import query
    from runs.workspace import Workspace

    return len(query.runs(Workspace(ws)))


CASES |= {
    "race: a template turns into a link out": (_race(_swap_template, _read_template, r"got \w+|IncludeError|UnknownName"), "^fine"),
    "race: a media folder turns into a link out": (_race(_swap_folder, _put, "got True|MediaError"), "^fine"),
    "race: an import turns into a link out": (_race(_swap_import, _take_in, "got True|ImportRefused"), "^fine"),
    "race: a journal shrinks": (_race(_swap_journal, _list_runs, "got 0|LogError"), "^fine"),
}
