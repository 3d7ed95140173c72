"""S14: real people, brands and franchise characters, which models refuse, copy or get wrong, and lawyers ask about.

The names are data, `evals/data/famous.toml`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from evals.checks.hit import Hit, at, lines, quote
from evals.checks.ledger import Ledger
from evals.checks.prompt import Prompt, shot_prompts
from evals.checks.world import World

FILE = Path(__file__).parents[1] / "data" / "famous.toml"
KINDS = {"people": "a real person", "brands": "a brand", "characters": "a franchise's character"}
# 超人 is also "beyond other people", 微信 stands in 微信任 …: what follows or goes before decides.
NOT_A_NAME = {
    "超人": "的?(?:[意想力智胆毅耐天]|一等|之)", "熊大": "[的叫吼人]", "微信": "[任心念]", "华为": "[了的此之]", "京东": "[南北部]",
    "红牛": "[皮肉]", "宝马": "[良雕香]", "奔驰": "[在而着的过]",
}  # fmt: skip


_WORD = re.compile("[A-Za-z]+")
_NO_LETTERS = {code: " " for code in range(128) if not chr(code).isalpha()}
Names = tuple[tuple[str, str, re.Pattern[str]], ...]
"""(name, kind, the pattern that decides)."""


@dataclass(frozen=True, slots=True)
class Famous:
    """A name in a text, and what it is the name of."""

    name: str
    kind: str


@cache
def _names() -> Names:
    """Return all names: Latin ones as whole words and in their own capitals."""
    tables = tomllib.loads(FILE.read_text("utf-8"))
    found = []
    for kind, names in tables.items():
        found += [(n, kind, re.compile(rf"(?<![A-Za-z]){re.escape(n)}(?![A-Za-z])")) for n in names["en"]]
        found += [(n, kind, re.compile(f"{n}(?!{NOT_A_NAME[n]})" if n in NOT_A_NAME else n)) for n in names["zh"]]
    return tuple(found)


@cache
def _by_first_word() -> Mapping[str, frozenset[str]]:
    """Return the names in Latin letters by the run of letters that each begins with."""
    found: dict[str, set[str]] = {}
    for name, _, _ in _names():
        if begins := _WORD.match(name):
            found.setdefault(begins.group(), set()).add(name)
    return {word: frozenset(names) for word, names in found.items()}


def _standing_in(texts: Sequence[str]) -> Names:
    """Return the names that may stand in texts: by first words and plain searches, for a pattern of all would be slow."""
    by_word = _by_first_word()
    plain, foreign = ("\n".join(text for text in texts if text.isascii() == ascii_) for ascii_ in (True, False))
    words = {*plain.translate(_NO_LETTERS).split(), *_WORD.findall(foreign)} & by_word.keys()
    near = frozenset[str]().union(*(by_word[word] for word in words))
    return tuple(entry for entry in _names() if entry[0] in near or (foreign and not _WORD.match(entry[0]) and entry[0] in foreign))


def _found(text: str, names: Names) -> Famous | None:
    return next((Famous(name, kind) for name, kind, pattern in names if name in text and pattern.search(text)), None)


def in_prompts(prompt: Prompt) -> Iterator[Hit]:
    """S14: no name in a prompt is a real person's, a brand's or a franchise's."""
    yield from _named(prompt, _standing_in([prompt.text]))


def _named(prompt: Prompt, names: Names) -> Iterator[Hit]:
    found = _found(prompt.text, names)
    if found:
        yield Hit(prompt.where, found.name, _advice(found), f"name:{found.name}")


def in_scripts(ledger: Ledger, world: World) -> Iterator[Hit]:
    """S14: the same in what a script shows and says, and in the prompts of its shots."""
    prompts = shot_prompts(ledger, world)
    told = [text for moment in ledger.moments for text in (moment.beat.action, *(line.text for line in moment.beat.lines))]
    # Most scripts hold none of the names, which one search of the whole tells.
    names = _standing_in([*told, *(prompt.text for prompt in prompts)])
    if not names:
        return
    for moment in ledger.moments:
        found = _found(moment.beat.action, names)
        if found:
            yield Hit(at(moment), quote(moment.beat.action), _advice(found), f"name:{found.name}")
    for moment, line in lines(ledger):
        found = _found(line.text, names)
        if found:
            yield Hit(at(moment, line), quote(line.text), _advice(found), f"name:{found.name}")
    for prompt in prompts:
        yield from _named(prompt, names)


def _advice(found: Famous) -> str:
    return f"{found.name!r} is {KINDS[found.kind]}. Use an invented name, or describe what is meant."
