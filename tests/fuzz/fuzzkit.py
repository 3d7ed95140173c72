"""What a fuzz target is, how inputs are made, and the bounds that every one of them is held to.

A target is a name, seeds, and a check of bytes. The check raises only where a promise is broken: an error that is not documented, a
secret in its message, a round trip that loses something. Two drivers share it: hypothesis (`test_fuzz.py` a little, `search.py` for
long) and atheris, which looks at coverage (`search.py --atheris`).
"""

# ruff: noqa: E501  data

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from high_water import forget, high_water
from hypothesis import strategies as st

SECRET = "planted-7d3e90aa51c4"
CPU_S = 5.0
MEMORY = 400 << 20
"""Bytes that one input may take at its highest, beyond what the process has."""
Check = Callable[[bytes, Path], object]

TOKENS: tuple[bytes, ...] = (
    b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", "\u2028".encode(), "\u0085".encode(), "²".encode(), "٣".encode(), "\u202e".encode(),
    "，".encode(), "：".encode(), "（".encode(), b"\r", b"\r\n\r\n", b"\t", b"\x1b[2J", b"---\n", b"...\n", b": ", b"- ", b"? ", b"| ", b"&a ", b"*a",
    b"!!x ", b"<<: ", b"{", b"}", b"[", b"]", b"[" * 200, b'{"a":' * 200, b"(" * 300, b'"', b"'", b"\\", b"\\u", b"\\ud800", b"\\N", b"%s",
    b"{{ ", b" }}", b"{% ", b" %}", b"{#", b"null", b"true", b"NaN", b"Infinity", b"-1", b"0", b"1e999", b"1e308", b"-0.0",
    b"9" * 400, b"9" * 5000, b"0x10", b"1_0", b".inf", b"2026-02-30", b"9999-12-31T23:59:60Z", b"../", b"/etc/passwd", b"~", b"file://", b"http://",
    b"@", b"#", b"%00", b"%2e%2e", b";", b",", b"=", b"!", b"x" * 3000, b" " * 3000, b"\n" * 500, SECRET.encode(),
)  # fmt: skip
LEAVES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 200, 404, 429, 1 << 63, -(1 << 63), 10**30, 10**400, 0.5, -0.0, 1e308, float("inf"), float("nan"), "", " ", "0", "1", "-1",
    "²", "٣", "²²²", "9" * 400, "\ud800", "\0", "\u202e", "x" * 5000, "null", "true", "NaN", "1e999", "2026-02-30", "9999-12-31T23:59:59Z", "../x", "/etc/passwd",
    "file:///etc/passwd", "http://169.254.169.254/", "http://[::1", "https://x.example/a.png", "https://x.example/²", "data:image/png;base64,????",
    "data:,", "succeeded", "SUCCEEDED", "succeed", "failed", "FAILED", "error", "stop", SECRET, [], {}, [[]], [None], [{}], {"": None}, {"\ud800": 1}, {"url": ["x"]},
)  # fmt: skip


@dataclass(frozen=True)
class Target:
    """One parser. `document` seeds are JSON, and are changed as such too."""

    name: str
    check: Check
    seeds: tuple[bytes, ...]
    tokens: tuple[bytes, ...] = ()
    document: bool = False
    few: int = 8
    """Examples of the test suite."""
    heavy: bool = field(default=False)
    """Takes far longer an example than the others."""

    def inputs(self) -> st.SearchStrategy[bytes]:
        """Return hypothesis' way to make inputs: a seed that was changed here and there."""
        words = TOKENS + self.tokens
        plain = st.builds(
            edited, st.sampled_from(self.seeds), st.integers(0, 2**32), st.integers(0, 5), st.just(self.seeds), st.just(words)
        )
        if not self.document:
            return plain
        return st.one_of(
            st.builds(changed, st.sampled_from(self.seeds), st.integers(0, 2**32), st.integers(0, 4), st.just(self.seeds)),
            st.builds(changed, st.sampled_from(self.seeds), st.integers(0, 2**32), st.integers(1, 2), st.just(self.seeds)),
            plain,
        )


def edited(seed: bytes, salt: int, edits: int, seeds: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    """Change a seed in some places: cut, doubled, overwritten, tokens put in, joined with another."""
    rng = random.Random(salt)
    data = seed
    for _ in range(edits):
        at = rng.randint(0, len(data))
        to = min(len(data), at + rng.choice((1, 1, 2, 4, 8, 32, 200)))
        way = rng.randrange(7)
        if way == 0:
            data = data[:at] + data[to:]
        elif way == 1:
            data = data[:to] + data[at:]
        elif way == 2:
            data = data[:at] + rng.choice(words) + data[at:]
        elif way == 3:
            data = data[:at] + rng.choice(words) + data[to:]
        elif way == 4 and data:
            at = min(at, len(data) - 1)
            data = data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :]
        elif way == 5:
            other = rng.choice(seeds)
            data = data[:at] + other[rng.randint(0, len(other)) :]
        else:
            data = _line_moved(data, rng)
    return data


def _line_moved(data: bytes, rng: random.Random) -> bytes:
    lines = data.split(b"\n")
    line = lines.pop(rng.randrange(len(lines)))
    if rng.random() < 0.7:
        lines.insert(rng.randint(0, len(lines)), rng.choice((line, line + line, line.strip(), b"  " + line)))
    return b"\n".join(lines)


def changed(seed: bytes, salt: int, edits: int, seeds: Sequence[bytes]) -> bytes:
    """Change values and keys of a JSON document; what comes out is JSON as Python writes it, NaN and half characters too."""
    rng = random.Random(salt)
    data = json.loads(seed)
    for _ in range(edits):
        places = list(_places(data, ()))
        if not places:
            break
        _put(data, rng.choice(places), rng, seeds)
    return json.dumps(data).encode()


def _places(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in inside:
        yield (*path, key)
        yield from _places(inner, (*path, key))


def _put(data: Any, place: tuple[Any, ...], rng: random.Random, seeds: Sequence[bytes]) -> None:
    holder = data
    for step in place[:-1]:
        holder = holder[step]
    key = place[-1]
    way = rng.randrange(8)
    if way == 0:
        del holder[key]
    elif way == 1 and isinstance(holder, list):
        holder.insert(key, holder[key])
    elif way == 2:
        holder[key] = [holder[key]] * rng.choice((1, 2, 50))
    elif way == 3:
        holder[key] = {"x": holder[key]}
    elif way == 4:
        other = json.loads(rng.choice(seeds))
        found = list(_places(other, ()))
        for step in rng.choice(found) if found else ():
            other = other[step]
        holder[key] = other
    else:
        holder[key] = json.loads(json.dumps(rng.choice(LEAVES)))


def held(target: Target, data: bytes, room: Path) -> None:
    """Run a check within the bounds of time and memory."""
    forget()
    before, began = high_water(), time.process_time()
    target.check(data, room)
    took, grown = time.process_time() - began, high_water() - before
    assert took < CPU_S, f"{target.name}: {took:.1f} s of CPU for {len(data)} bytes"
    assert grown < MEMORY, f"{target.name}: {grown >> 20} MB for {len(data)} bytes"


def documented(call: Callable[[], Any], *, quiet: bool = False, also: tuple[type[Exception], ...] = ()) -> Any:
    """Return what a call gives, or None where it raises one of our errors: with words, without half characters.

    Args:
        call: what reads the input.
        quiet: the message must not hold the planted secret.
        also: errors beside ours that the reader documents.
    """
    from prompts.errors import WorkbenchError

    try:
        return call()
    except WorkbenchError as error:
        said = str(error)
        assert said.strip(), "an error without a word"
        assert not quiet or SECRET not in said, "an error that tells a secret"
    except also:
        pass
    return None
