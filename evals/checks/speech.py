"""T05 and T06: subtitles that can be read, and speech that leaves room for pictures."""

from __future__ import annotations

import re
from collections.abc import Iterator

from evals.checks.budget import TALKING, seconds
from evals.checks.hit import Hit, at, lines, quote, takes
from evals.checks.ledger import Ledger, Moment
from evals.checks.world import World
from prompts.text import count, is_chinese

HOLD_SECONDS = 1.0
"""How much longer than it is spoken a subtitle may stand, where no shots are planned that bound it."""
REFRAIN = {"zh": 8, "en": 6}
"""From this length on (signs, words) a line that returns is a repetition; what is shorter people do say twice."""


def subtitles(ledger: Ledger, world: World) -> Iterator[Hit]:
    """T05: each line stands long enough to be read: as long as its share of its shots, else as its speech and a moment."""
    limit = world.profile.characters_per_second(world.language)
    stands = _in_shots(ledger, world)
    for moment, line in lines(ledger):
        time = stands.get(line.id, takes(line, world) + HOLD_SECONDS)
        # Signs weigh as themselves in Chinese; a Latin text is read by its letters and blanks.
        length = count(line.text).signs or len(line.text.strip()) if is_chinese(world.language) else len(line.text.strip())
        if time > 0 and length / time > limit + 1e-6:
            text = (
                f"{line.id} has {length} characters in {time:.1f} s: {length / time:.0f} a second, and {limit:g} can be read. "
                "Shorten it, or give it more time."
            )
            yield Hit(at(moment, line), quote(line.text), text, f"reading:{line.id}")


def _in_shots(ledger: Ledger, world: World) -> dict[str, float]:
    """Return how long each planned line stands: its share, by speech, of every shot that carries it."""
    spoken = {line.id: takes(line, world) for _, line in lines(ledger)}
    out: dict[str, float] = {}
    for shot in ledger.shots:
        whole = sum(spoken.get(name, 0.0) for name in shot.lines)
        for name in shot.lines:
            if whole > 0:
                out[name] = out.get(name, 0.0) + shot.duration * spoken.get(name, 0.0) / whole
    return out


def talk(ledger: Ledger, world: World) -> Iterator[Hit]:
    """T06: not all of the episode is speech, nobody speaks too long at a stretch, and no one says the same line twice."""
    yield from _share(ledger, world)
    yield from _monologues(ledger, world)
    yield from _repetitions(ledger, world)


def _share(ledger: Ledger, world: World) -> Iterator[Hit]:
    if not world.target_seconds:
        return
    spoken, most = sum(takes(line, world) for _, line in lines(ledger)), world.profile.speech_share * world.target_seconds
    if spoken > most:
        text = f"{spoken:.0f} s of {world.target_seconds:g} s are speech, and {most:.0f} s is the most. Let pictures tell some of it."
        # Of what is too long as a whole T01 speaks; then this is said, and counts for nothing.
        long = seconds(ledger, world)[0] > world.target_seconds * (1 + world.tolerance)
        yield Hit(("script",), f"{spoken:.0f} s of speech", text, "share", "info" if long else None)


def _monologues(ledger: Ledger, world: World) -> Iterator[Hit]:
    """Yield a hit where one person talks on, beat after beat, until somebody else says something or acts."""
    who, since, spoken, told, began = "", "", 0.0, False, ""
    for moment, line in lines(ledger):
        speaker = line.speaker or ""
        if speaker != who or (moment.beat.id != since and _interrupted(moment, speaker)):
            who, spoken, told, began = speaker, 0.0, False, line.id
        since = moment.beat.id
        spoken += takes(line, world) + (TALKING[0] * 0.25 if spoken else 0.0)
        if who and spoken > world.profile.monologue_seconds and not told:
            told = True
            text = f"{who} talks for {spoken:.0f} s, from {began} to {line.id}. Let somebody answer or something happen before."
            yield Hit(at(moment, line), quote(line.text), text, f"monologue:{line.id}")


def _interrupted(moment: Moment, speaker: str) -> bool:
    return any(who != speaker for who in moment.beat.actors)


def _repetitions(ledger: Ledger, world: World) -> Iterator[Hit]:
    said: dict[tuple[str, str], str] = {}
    shortest = REFRAIN["zh" if is_chinese(world.language) else "en"]
    for moment, line in lines(ledger):
        found = count(line.text)
        if moment.scene.flashback or line.kind not in ("dialogue", "os") or found.signs + found.words < shortest:
            continue  # what returns in a flashback or a voice-over is an echo, and meant
        key = (line.speaker or "", re.sub(r"\W+", "", line.text).casefold())
        first = said.setdefault(key, line.id)
        if first != line.id:
            text = f"{line.speaker} says in {line.id} word for word what they said in {first}. Let the second say more."
            yield Hit(at(moment, line), quote(line.text), text, f"again:{line.id}")
