"""S13: a prompt and its shot fit the model that they are for."""

from __future__ import annotations

from collections.abc import Iterator

from evals.checks.hit import Hit, quote
from evals.checks.prompt import MOVING, Frame, Prompt
from evals.checks.sought import sought

SECONDS_AN_ACTION = 1.5
"""A body needs about so long for one thing; what is packed tighter comes out as a blur or is left out."""
LONGEST_PICTURE_WORDS = 500
"""Longer picture prompts are not refused by anyone we know of, and nobody reads them: no limit of a provider, a rule of thumb."""
_NEXT = sought(
    r"\b(?:and then|then|after (?:that|which)|afterwards|next|finally|before (?=\w+ing))\b|；|;|(?:随后|然后|接着|紧接着|最后|随即|继而)",
    words=("then", "after", "next", "finally", "before ", ";"),
    signs=True,
)


def caps(prompt: Prompt) -> Iterator[Hit]:
    """S13: length and seconds within the target's limits, and no more to do than there is time for."""
    target = prompt.target
    if target and target.max_characters and len(prompt.text) > target.max_characters:
        text = f"The prompt has {len(prompt.text):,} characters; {target.name} takes {target.max_characters:,}. Shorten it."
        yield Hit(prompt.where, f"{len(prompt.text):,} characters", text, "length")
    elif (
        target
        and target.max_characters is None
        and prompt.stage in ("shot", "character")
        and len(prompt.text.split()) > LONGEST_PICTURE_WORDS
    ):
        words = len(prompt.text.split())
        text = f"The prompt has {words} words, and what stands behind the first {LONGEST_PICTURE_WORDS} hardly counts. Shorten it."
        yield Hit(prompt.where, f"{words} words", text, "length", "warn")
    if prompt.stage in MOVING and prompt.frame:
        if target and target.max_seconds and prompt.frame.duration > target.max_seconds:
            text = f"The shot lasts {prompt.frame.duration:g} s; {target.name} makes {target.max_seconds:g} s at most. Split it."
            yield Hit(prompt.where, f"{prompt.frame.duration:g} s", text, "seconds")
        yield from _hurry(prompt, prompt.frame)


def _hurry(prompt: Prompt, frame: Frame) -> Iterator[Hit]:
    told = frame.action or prompt.silent
    actions = 1 + sum(1 for _ in _NEXT.finditer(told))
    if actions > 2 and frame.duration / actions < SECONDS_AN_ACTION:
        text = f"{actions} actions in {frame.duration:g} s: {frame.duration / actions:.1f} s each. Leave some out, or split the shot."
        yield Hit(prompt.where, quote(told), text, "hurry", "warn")
