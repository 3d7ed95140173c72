"""Beat profiles: how much story fits into an episode of a given length, in a given language.

Guides disagree about seconds, so these are a profile that templates render and checks read, not constants in either.
Speech rates are characters (zh) or words (en) a second as natural delivery has them; a character may have its own.
"""

from __future__ import annotations

from typing import Any

from prompts.story import Episode
from prompts.text import CHARS_PER_SECOND, WORDS_PER_SECOND

SPEECH_RATE = {"zh": CHARS_PER_SECOND, "en": WORDS_PER_SECOND}
UNIT = {"zh": "characters", "en": "words"}
HOOK_SECONDS = 3
TURN_SECONDS = 15
LINE_SECONDS = 5
LINE_PAD_SECONDS = 2.0  # a cut in, a look, a cut out: what a shot needs beyond the spoken words
SPEECH_SHARE = 0.6


def beat_profile(episode: Episode, language: str) -> dict[str, Any]:
    """Return the budget of an episode as plain data.

    Returns:
        `target_seconds`, `tolerance` (share), `speech_rate` and its `unit` a second, `hook_seconds`, `turn_seconds`
        (a turn at least that often), `line_limit` (units in one line), `speech_limit` (units in the episode),
        `line_pad_seconds`, and inclusive bounds `min_beats`, `max_beats`, `max_scenes`.

    Example:
        A 60 s episode in Chinese: 22 characters a line, 162 in all, 6 to 12 beats, at most 3 scenes.
    """
    seconds, rate = episode.target_seconds, SPEECH_RATE[language]
    return {
        "target_seconds": seconds,
        "tolerance": episode.tolerance,
        "speech_rate": rate,
        "unit": UNIT[language],
        "hook_seconds": HOOK_SECONDS,
        "turn_seconds": TURN_SECONDS,
        "line_limit": int(LINE_SECONDS * rate),
        "speech_limit": int(seconds * SPEECH_SHARE * rate),
        "line_pad_seconds": LINE_PAD_SECONDS,
        "min_beats": max(3, round(seconds / 10)),
        "max_beats": max(5, round(seconds / 5)),
        "max_scenes": max(1, round(seconds / 20)),
    }
