"""What a search found, as HTML in which nothing of it is markup: the words that were looked for are marked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import escape
from types import MappingProxyType
from typing import Any

import pandas as pd

from pages.ui import live

_MARK = "background:rgba(255,196,0,.35);color:inherit;font-weight:600;border-radius:3px"


def hits_html(found: pd.DataFrame, words: str, names: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return one block a hit: a link to the case, where it was found, and the text around it; `names` are of arms, by address."""
    return "".join(_hit(row, words, names) for row in found.to_dict("records"))


def marked(text: str, words: str) -> str:
    """Return a text as HTML with each of some words marked, in any case of letters."""
    wanted = sorted(set(words.split()), key=len, reverse=True)
    if not wanted:
        return escape(text)
    pieces = re.split("(" + "|".join(map(re.escape, wanted)) + ")", text, flags=re.IGNORECASE)
    return "".join(f'<span style="{_MARK}">{escape(piece)}</span>' if n % 2 else escape(piece) for n, piece in enumerate(pieces))


def _hit(row: dict[Any, Any], words: str, names: Mapping[str, str]) -> str:
    link = live.case(row["run_id"], row["arm"], row["case_id"])
    name = escape(str(row["case_id"]))
    head = f'<a href="{escape(link)}" style="color:inherit">{name}</a>' if link else name
    arm = names.get(f"{row['run_id']}:{row['arm']}") or f"{str(row['arm']).upper()} · {row['run_id']}"
    about = escape(f" · {row['source']} · {arm}")
    text = marked(" ".join(str(row["text"]).split()), words)
    return (
        f'<div style="padding:.45rem 0;overflow-wrap:anywhere"><div style="font-size:.875rem">{head}<span>{about}</span></div>'
        f'<div style="font-size:.9rem;line-height:1.5">… {text} …</div></div>'
    )
