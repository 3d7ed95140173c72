"""Files that a person, or somebody who sent one, has written: suites, policies, chains, rubrics, series, settings, front matter."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

Case = tuple[Callable[[Path], object], str]
BOMB = "\n".join(
    ["a: &a [x, x, x, x, x, x, x, x, x]", *(f"{c}: &{c} [{', '.join(['*' + p] * 9)}]" for p, c in zip("abcdefgh", "bcdefghi", strict=True))]
)
TEXTS: dict[str, tuple[bytes, str]] = {
    "billion laughs": (BOMB.encode(), "anchors and aliases|anchor"),
    "an anchor": (b"name: &x a\nother: *x\n", "anchors and aliases"),
    "a merge key": (b"base: &b {a: 1}\nname:\n  <<: *b\n", "anchors and aliases"),
    "a python tag": (b"name: !!python/object/apply:os.system ['touch /tmp/pwned']\n", "tags such as"),
    "a binary tag": (b"name: !!binary aGVsbG8=\n", "tags such as"),
    "ten thousand brackets": (b"name: " + b"[" * 10_000, "nested more than|malformed"),
    "two megabytes": (b"name: " + b"x" * (2 << 20), "characters long|larger|too long"),
    "a key twice": (b"name: a\nname: b\n", "there twice"),
    "two documents": (b"name: a\n---\nname: b\n", "second YAML document"),
    "a list": (b"- a\n- b\n", ""),
    "a number": (b"42\n", ""),
    "nothing": (b"", ""),
    "zero bytes": (b"\0" * 100, ""),
    "latin-1": (b"name: caf\xe9\n", "UTF-8|utf-8"),
    "a lone surrogate": (b'name: "\\ud800"\n', "surrogate|"),
    "a tab": (b"name:\n\t- a\n", "malformed|"),
    "an unknown key": (b"nmae: a\nconstructor: {__proto__: 1}\n", ""),
    "a control character": (b"name: \x07\x1b[2J\n", ""),
    "a path as a key": (b"? [a, b]\n: c\n", "key must be a word|"),
}


def _suite(path: Path) -> object:
    from evals.suite import load_suite

    return load_suite(path, path.parent)


def _policy(path: Path) -> object:
    from evals.policy import load_policy

    return load_policy(path)


def _chain(path: Path) -> object:
    from evals.chain import load_chain

    return load_chain(path.stem, path.parent)


def _rubric(path: Path) -> object:
    from evals.judge.rubric import load_rubric

    return load_rubric(path.stem, path.parent)


def _series(path: Path) -> object:
    from evals.case import load_series

    return load_series(path)


def _template(path: Path) -> object:
    from prompts.registry import Registry

    text = path.read_bytes()
    target = path.parent / "shot" / "a.j2"
    target.parent.mkdir()
    target.write_bytes(b"---\n" + text + b"\n---\nhello\n")
    return Registry(path.parent).resolve("shot/a")


READERS = {"suite": _suite, "chain": _chain, "rubric": _rubric, "series": _series, "front matter": _template}


def _reading(reader: Callable[[Path], object], data: bytes) -> Callable[[Path], object]:
    def case(ws: Path) -> object:
        path = ws / "odd.yaml"
        path.write_bytes(data)
        return f"READ {reader(path)!r}"

    return case


# In front matter `---` ends the block, so a second document is text of the template.
_FINE = {("front matter", "two documents"), ("front matter", "zero bytes")}
CASES: dict[str, Case] = {
    f"{name}: {what}": (
        _reading(reader, data),
        r"(?i)^(?!DEFECT|READ)\w*(Error|Name)\b.*" + ("" if (name, what) in _FINE else f"({words})"),
    )
    for name, reader in READERS.items()
    for what, (data, words) in TEXTS.items()
}


def _settings(text: bytes) -> Callable[[Path], object]:
    def case(ws: Path) -> object:
        from runs.settings import load

        (ws / "workbench.toml").write_bytes(text)
        return f"READ {load(ws)!r}"

    return case


for _what, _text in {
    "no TOML": b"[[[[", "a key twice": b"[ui]\nport = 1\nport = 2\n", "a port of text": b'[ui]\nport = "x"\n', "zero bytes": b"\0\0\0",
    "latin-1": b"# caf\xe9\n[u\xe9]\n", "deep": b"a = " + b"[" * 5000, "a table as number": b"ui = 5\n", "unknown": b"[uii]\nport = 5\n",
    "a huge port": b"[ui]\nport = 99999999999999999999\n",
}.items():  # fmt: skip
    CASES[f"settings: {_what}"] = (_settings(_text), r"^\w+Error: ")
    CASES[f"policy: {_what}"] = (_reading(_policy, _text), r"^\w+Error: ")


def _huge(reader: Callable[[Path], object], name: str, size: int) -> Callable[[Path], object]:
    """A file that begins well and goes on with zero bytes; it lies on no disk, so it costs only who reads it."""

    def case(ws: Path) -> object:
        path = ws / name
        path.write_bytes(b"name: a\n")
        os.truncate(path, size)
        return f"READ {reader(path)!r}"

    return case


def _load_settings(path: Path) -> object:
    from runs.settings import load

    return load(path.parent)


for _name, _reader in (*READERS.items(), ("policy", _policy)):
    if _name != "front matter":
        CASES[f"{_name}: 2 GB"] = (_huge(_reader, "odd.yaml", 2 << 30), r"(?i)^InputError: .*larger")
CASES["settings: 2 GB"] = (_huge(_load_settings, "workbench.toml", 2 << 30), "^WorkspaceError: .*larger")
CASES["keys: 2 GB"] = (_huge(_load_settings, ".env", 2 << 30), "^WorkspaceError: .*larger")


def _template_of_2gb(ws: Path) -> object:
    from prompts.registry import Registry

    (ws / "shot").mkdir()
    path = ws / "shot" / "a.j2"
    path.write_text("---\nstage: shot\n---\n")
    os.truncate(path, 2 << 30)
    return f"READ {Registry(ws).resolve('shot/a')!r}"


CASES["template: 2 GB"] = (_template_of_2gb, r"^\w*(Error|Name): .*larger")


def _a_hundred_megabytes(ws: Path) -> object:
    path = ws / "odd.yaml"
    with path.open("wb") as file:
        for _ in range(100):
            file.write(b"- {a: [x, y, z], b: 1}\n" * 45_590)
    return f"READ {_suite(path)!r}"


CASES["suite: 100 MB of YAML"] = (_a_hundred_megabytes, "(?i)^InputError: .*larger")
