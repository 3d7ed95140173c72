"""T01-T04: an episode's seconds, its lines' length, and its shape."""

from __future__ import annotations

from collections.abc import Iterator

from evals.checks.hit import Hit, at, lines, quote
from evals.checks.ledger import Ledger
from evals.checks.world import World
from prompts.story import Beat
from prompts.text import speech_seconds

TALKING = (1.0, 3.0)
"""Seconds that a beat with speech takes beyond the speech: cut tightly, and at leisure. Studios plan with 2."""
SILENT = (1.5, 4.0)
"""Seconds of a beat without speech: cut tightly, and at leisure."""
FLAT = 3
"""An episode whose emotion moves by less than this (of 10) is flat."""


def seconds(ledger: Ledger, world: World) -> tuple[float, float]:
    """Return the shortest and the longest that a script can sensibly be played, in seconds.

    A script has no shots yet, so its length is an interval: what is spoken, plus the allowance of `TALKING` or `SILENT` for
    each beat.
    """
    spoken = sum(speech_seconds(line.text, world.language, world.rate(line.speaker)) for _, line in lines(ledger))
    allowances = [TALKING if moment.beat.lines else SILENT for moment in ledger.moments]
    return spoken + sum(a for a, _ in allowances), spoken + sum(b for _, b in allowances)


def length(ledger: Ledger, world: World) -> Iterator[Hit]:
    """T01: some pace of cutting brings the script within the tolerance of its target."""
    if not world.target_seconds:
        return
    low, high = seconds(ledger, world)
    least, most = (world.target_seconds * (1 + sign * world.tolerance) for sign in (-1, 1))
    target = f"{world.target_seconds:g} s ± {world.tolerance:.0%}"
    if low > most:
        text = f"The script takes {low:.0f} s even if cut tightly; the episode is {target}. Cut about {low - most:.0f} s of lines or beats."
        yield Hit(("script",), f"{low:.0f}–{high:.0f} s", text, "length")
    elif high < least:
        text = f"The script takes {high:.0f} s even at leisure; the episode is {target}. Add about {least - high:.0f} s."
        yield Hit(("script",), f"{low:.0f}–{high:.0f} s", text, "length")


def long_lines(ledger: Ledger, world: World) -> Iterator[Hit]:
    """T02: each line can be said within the longest time that a shot gives to one line."""
    for moment, line in lines(ledger):
        takes = speech_seconds(line.text, world.language, world.rate(line.speaker))
        if takes > world.line_seconds + 1e-6:
            text = f"{line.id} takes {takes:.1f} s to say; a line has {world.line_seconds:.1f} s. Split or shorten it."
            yield Hit(at(moment, line), quote(line.text), text, f"long:{line.id}")


def hook(ledger: Ledger, _world: World) -> Iterator[Hit]:
    """T03: the first beat is the hook, and in it somebody speaks or acts."""
    first = ledger.moments[0]
    if first.beat.function != "hook":
        text = f"The episode begins with {first.beat.function!r}. Begin with the hook."
        yield Hit(at(first), quote(_shown(first.beat)), text, "hook")
    elif not first.beat.lines and not first.beat.actors:
        yield Hit(at(first), quote(_shown(first.beat)), "The hook shows nobody speaking or acting. Begin with a line or a deed.", "hook")


def ending(ledger: Ledger, _world: World) -> Iterator[Hit]:
    """T04: the last beat is the cliffhanger, and emotion moves by at least three between the beats."""
    last = ledger.moments[-1]
    if last.beat.function != "cliffhanger":
        text = f"The episode ends with {last.beat.function!r}. End on the cliffhanger."
        yield Hit(at(last), quote(_shown(last.beat)), text, "ending")
    felt = [moment.beat.emotion for moment in ledger.moments]
    if max(felt) - min(felt) < FLAT:
        text = f"Emotion stays between {min(felt)} and {max(felt)} all through. Let it rise and fall."
        yield Hit(("script",), f"{min(felt)}–{max(felt)}", text, "flat")


def _shown(beat: Beat) -> str:
    return beat.action or (beat.lines[0].text if beat.lines else beat.id)
