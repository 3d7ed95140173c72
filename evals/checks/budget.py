"""T01-T04: an episode's seconds, its lines' length, and its shape."""

from __future__ import annotations

from collections.abc import Iterator

from evals.checks.hit import Hit, at, lines, quote, takes
from evals.checks.ledger import Ledger
from evals.checks.world import World
from prompts.story import Beat

TALKING = (1.0, 3.0)
"""Seconds that a beat with speech takes beyond the speech: cut tightly, and at leisure. Studios plan with 2."""
SILENT = (1.5, 4.0)
"""Seconds of a beat without speech: cut tightly, and at leisure."""
PAD = 2.0
"""Seconds of a planned shot that stay silent: a cut in, a look, a cut out. Shots are planned in halves, so `SLACK` is forgiven."""
SLACK = 0.25
FLAT = 3
"""An episode whose emotion moves by less than this (of 10) is flat."""


def seconds(ledger: Ledger, world: World) -> tuple[float, float]:
    """Return the shortest and the longest that a script can sensibly be played, in seconds.

    A script has no shots yet, so its length is an interval: what is spoken, plus the allowance of `TALKING` or `SILENT` for
    each beat.
    """
    spoken = sum(takes(line, world) for _, line in lines(ledger))
    allowances = [TALKING if moment.beat.lines else SILENT for moment in ledger.moments]
    return spoken + sum(a for a, _ in allowances), spoken + sum(b for _, b in allowances)


def length(ledger: Ledger, world: World) -> Iterator[Hit]:
    """T01: some pace of cutting brings the script within the tolerance of its target; planned shots add up to it."""
    if not world.target_seconds:
        return
    low, high = seconds(ledger, world)
    if ledger.shots:
        low = high = sum(shot.duration for shot in ledger.shots)
    least, most = (world.target_seconds * (1 + sign * world.tolerance) for sign in (-1, 1))
    target = f"{world.target_seconds:g} s ± {world.tolerance:.0%}"
    if low > most:
        how = "The shots take" if ledger.shots else "Even if cut tightly the script takes"
        text = f"{how} {low:.0f} s; the episode is {target}. Cut about {low - most:.0f} s of lines or beats."
        yield Hit(("script",), f"{low:.0f}–{high:.0f} s", text, "length")
    elif high < least:
        how = "The shots take" if ledger.shots else "Even at leisure the script takes"
        text = f"{how} {high:.0f} s; the episode is {target}. Add about {least - high:.0f} s."
        yield Hit(("script",), f"{low:.0f}–{high:.0f} s", text, "length")


def long_lines(ledger: Ledger, world: World) -> Iterator[Hit]:
    """T02: each line can be said within the longest time that a shot gives to one line, and a shot's lines within the shot."""
    for moment, line in lines(ledger):
        needed = takes(line, world)
        if needed > world.line_seconds + 1e-6:
            text = f"{line.id} takes {needed:.1f} s to say; a line has {world.line_seconds:.1f} s. Split or shorten it."
            yield Hit(at(moment, line), quote(line.text), text, f"long:{line.id}")
    spoken = {line.id: line for _, line in lines(ledger)}
    for shot in ledger.shots:
        said = [spoken[name] for name in shot.lines if name in spoken]
        needed = sum(takes(line, world) for line in said)
        if said and needed + PAD > shot.duration + SLACK:
            text = (
                f"The lines of {shot.id} take {needed:.1f} s and {PAD:g} s around them; the shot has {shot.duration:g} "
                f"s. Lengthen or split "
                f"it."
            )
            yield Hit((shot.scene, shot.id), quote(said[0].text), text, f"tight:{shot.id}")


def hook(ledger: Ledger, world: World) -> Iterator[Hit]:
    """T03: the first beat is the hook, and in it somebody speaks or acts; the first cut comes within the hook's seconds."""
    first = ledger.moments[0]
    if first.beat.function != "hook":
        text = f"The episode begins with {first.beat.function!r}. Begin with the hook."
        yield Hit(at(first), quote(_shown(first.beat)), text, "hook")
    elif not first.beat.lines and not first.beat.actors:
        yield Hit(at(first), quote(_shown(first.beat)), "The hook shows nobody speaking or acting. Begin with a line or a deed.", "hook")
    opening, limit = next(iter(ledger.shots), None), world.profile.hook_seconds
    if opening and opening.duration > limit:
        text = f"The first cut comes after {opening.duration:g} s. Cut within {limit:g} s: viewers decide by then."
        yield Hit((opening.scene, opening.id), f"{opening.duration:g} s", text, "hook:cut")
    elif opening and not opening.lines and opening.move == "static" and not any(v.acting or v.speaking for v in opening.visible):
        text = f"In {opening.id}, the first shot, nobody speaks or acts and the camera stands. Begin with a line, a deed or a move."
        yield Hit((opening.scene, opening.id), opening.size, text, "hook:still")


def ending(ledger: Ledger, world: World) -> Iterator[Hit]:
    """T04: the last beat is the cliffhanger, emotion moves by at least three, and beats and scenes are as many as they should be."""
    last = ledger.moments[-1]
    if last.beat.function != "cliffhanger":
        text = f"The episode ends with {last.beat.function!r}. End on the cliffhanger."
        yield Hit(at(last), quote(_shown(last.beat)), text, "ending")
    felt = [moment.beat.emotion for moment in ledger.moments]
    if max(felt) - min(felt) < FLAT:
        text = f"Emotion stays between {min(felt)} and {max(felt)} all through. Let it rise and fall."
        yield Hit(("script",), f"{min(felt)}–{max(felt)}", text, "flat")
    yield from _number("beats", len(ledger.moments), world.profile.min_beats, world.profile.max_beats)
    yield from _number("scenes", len(ledger.script.scenes), None, world.profile.max_scenes)


def _number(what: str, there: int, least: int | None, most: int | None) -> Iterator[Hit]:
    if (least is not None and there < least) or (most is not None and there > most):
        asked = f"{least} to {most}" if least is not None and most is not None else f"at most {most}" if most else f"at least {least}"
        yield Hit(("script",), f"{there} {what}", f"The script has {there} {what}, and an episode of this length has {asked}.", what)


def _shown(beat: Beat) -> str:
    return beat.action or (beat.lines[0].text if beat.lines else beat.id)
