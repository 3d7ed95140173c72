"""C15: one scene is one place at one time; what happens elsewhere or later is a scene of its own."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from evals.checks.hit import Hit, at, quote
from evals.checks.ledger import Ledger, Moment
from evals.checks.world import World

# Only stage directions are read: people speak of other places and times all the time.
_NUMBER = r"(?:a few|several|some|two|three|four|five|six|seven|eight|nine|ten|twelve|\d+|an?|many|half an?)"
CUTS = re.compile(
    r"^\s*(?:INT|EXT|I/E)\b[./ ]|\b(?:CUT TO|SMASH CUT|DISSOLVE TO|FADE (?:IN|OUT|TO))\b|\b(?:we )?cuts? to:?\s+(?:the|an?)\b"
    r"|^\s*(?:Back (?:at|in)|Meanwhile,? (?:at|in|on|outside|inside|across|back|down|up)|Elsewhere\b|At the same time,? (?:at|in))"
    r"|(?:^|[，。；\s（(【])(?:转场|切至|切到|镜头切|画面切|镜头转|画面转|场景转|闪回|(?:与此同时|同一时间|同时)[，,]?\s*(?:在)?[^，。]{1,8}[里内上外中处边]"
    r"|另一边[，,]|另一头[，,])"
)
LATER = re.compile(
    rf"\b(?:the (?:next|following) (?:day|morning|afternoon|evening|night|week|month|year)(?!['’]s)|{_NUMBER} "
    r"(?:minute|hour|day|night|week|month|year)s? later|later that (?:day|morning|afternoon|evening|night)|(?:the )?next morning"
    r"|that (?:same )?(?:evening|night|afternoon),)"
    r"|(?:(?:第二天|次日|翌日|隔天|隔日)(?!的)|当晚|当天(?:夜里|晚上|下午)|入夜后|天亮(?:后|了)"
    r"|(?:[一二两三四五六七八九十几数半\d]+个?(?:分钟|小时|时辰|天|日|夜|周|星期|月|年)|许久|良久|不久|数[日月年])(?:之)?后[，,])",
    re.IGNORECASE,
)
# "The next day's paper", "the letter of the following day", "by the next morning": the day is spoken of, not begun.
IDIOMS = re.compile(
    r"(?:\bfor|\bby|\buntil|\btill|\bbefore|\bof|\bfrom|\bthan|\babout|\bwithin|\bdated|\bplans?|\bpromises?|\bticket|\brecall\w*"
    r"|\bremember\w*"
    r"|\bdream\w*|\binvit\w+|\bset|\bschedul\w+|到|等|约好?|定在|说好|为|是|和|与|关于|写着|梦见|回忆|想起|计划|准备|明说)[^.。；;]{0,14}$",
    re.IGNORECASE,
)
WEIGHTLESS = re.compile(r"(?:片刻|一会儿?|几秒|数秒|半秒|一秒)(?:之)?后")


def one_scene(ledger: Ledger, _world: World) -> Iterator[Hit]:
    """C15: no direction within a scene cuts to another place or time, and nobody plays on where all have moved away."""
    began: set[str] = set()
    for moment in ledger.moments:
        first = moment.scene.id not in began
        began.add(moment.scene.id)
        found = _shift(moment.beat.action, first=first)
        jumps = any(change.kind == "time_jump" for change in moment.beat.changes)
        if found and not jumps:
            text = f"{moment.beat.id} goes to another place or time within {moment.scene.id}: {found.strip()!r}. Begin a new scene there."
            yield Hit(at(moment), quote(moment.beat.action), text, f"shift:{moment.beat.id}")
    yield from _moved_on(ledger)


def _shift(action: str, *, first: bool) -> str:
    """Return the words that leave the scene. The first beat may say when it plays: it sets the scene."""
    cut = CUTS.search(action)
    if cut and not (first and cut.start() == 0 and cut.group().lstrip()[:1].upper() in "IE"):
        return cut.group()
    if not first:
        for found in LATER.finditer(action):
            if not IDIOMS.search(action[: found.start()]) and not WEIGHTLESS.search(found.group()):
                return found.group()
    return ""


def _moved_on(ledger: Ledger) -> Iterator[Hit]:
    beats = ledger.moments
    for moment, after in itertools.pairwise(beats):
        here = moment.before.present
        moves = {c.who: c.place for c in moment.beat.changes if c.kind == "move" and c.place not in (None, moment.scene.location)}
        gone = bool(here) and here <= moves.keys() and len(set(moves.values())) == 1
        if gone and after.scene is moment.scene and _busy(after):
            text = f"All move to {next(iter(moves.values()))} in {moment.beat.id}, and {moment.scene.id} goes on. Begin a new scene there."
            yield Hit(at(after), quote(after.beat.action), text, f"shift:{after.beat.id}")


def _busy(moment: Moment) -> bool:
    return bool(moment.beat.actors or moment.beat.lines)
