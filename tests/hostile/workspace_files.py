"""A workspace that somebody else has made: links out of the tree, odd names, things that are no files."""

# ruff: noqa: E501  data

from __future__ import annotations

import os
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
