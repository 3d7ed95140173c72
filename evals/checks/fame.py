"""S14: real people, brands and franchise characters, which models refuse, copy or get wrong, and lawyers ask about.

The names are data, `evals/data/famous.toml`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
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


@cache
def _pattern() -> re.Pattern[str]:
    """Return one pattern with a group a kind; Latin names as whole words and in their own capitals."""
    tables = tomllib.loads(FILE.read_text("utf-8"))
    parts = []
    for kind, names in tables.items():
        latin = "|".join(re.escape(n) for n in sorted(names["en"], key=len, reverse=True))
        signs = "|".join(f"{n}(?!{NOT_A_NAME[n]})" if n in NOT_A_NAME else n for n in sorted(names["zh"], key=len, reverse=True))
        parts.append(rf"(?P<{kind}>(?<![A-Za-z])(?:{latin})(?![A-Za-z])|{signs})")
    return re.compile("|".join(parts))


def _found(text: str) -> re.Match[str] | None:
    return _pattern().search(text)


def in_prompts(prompt: Prompt) -> Iterator[Hit]:
    """S14: no name in a prompt is a real person's, a brand's or a franchise's."""
    found = _found(prompt.text)
    if found:
        yield Hit(prompt.where, found.group(), _advice(found), f"name:{found.group()}")


def in_scripts(ledger: Ledger, world: World) -> Iterator[Hit]:
    """S14: the same in what a script shows and says, and in the prompts of its shots."""
    for moment in ledger.moments:
        found = _found(moment.beat.action)
        if found:
            yield Hit(at(moment), quote(moment.beat.action), _advice(found), f"name:{found.group()}")
    for moment, line in lines(ledger):
        found = _found(line.text)
        if found:
            yield Hit(at(moment, line), quote(line.text), _advice(found), f"name:{found.group()}")
    for prompt in shot_prompts(ledger, world):
        yield from in_prompts(prompt)


def _advice(found: re.Match[str]) -> str:
    return f"{found.group()!r} is {KINDS[found.lastgroup or 'people']}. Use an invented name, or describe what is meant."
