"""How the embedded studio errs: which faults, how often, and what a prompt must say to make them rare.

A fault's chance at each opportunity is its base rate, times its factor where the rendered prompt states the rule. The table
is the whole truth about the studio's writing; `docs/studio-scripts.md` is made from it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of fault. `says` are patterns, English and Chinese; a prompt that matches one states the rule."""

    fault: str
    check: str
    base: float
    per: str
    factor: float
    says: tuple[str, ...]
    what: str
    advice: str


RULES: tuple[Rule, ...] = (
    Rule(
        "name_swap", "C01", 0.05, "line", 0.08,
        (
            r"(?:only|exact(?:ly)?)[^.\n]{0,40}\bids?\b",
            r"\bids?\b[^.\n]{0,40}(?:only|exact(?:ly)?|as (?:written|given|listed))",
            r"(?:只|必须|严格|原样)[^。\n]{0,20}(?:id|编号)",
            r"(?:id|编号)[^。\n]{0,20}(?:只|必须|严格|原样|一字不差)",
        ),
        "a line is given to an id that is nearly a cast member's", "use only the ids of the cast, exactly",
    ),
    Rule(
        "exit_speaks", "C02", 0.40, "exit after which others still speak", 0.10,
        (
            r"(?:present|on stage|in the scene|on screen|left|exits?)\b[^.\n]{0,60}(?:speak|act|talk|line)",
            r"(?:speaks?|acts?|talks?)[^.\n]{0,60}(?:present|on stage|in the scene|left|exit)",
            r"(?:在场|离场|退场|离开)[^。\n]{0,30}(?:说话|开口|台词|行动)",
            r"(?:说话|开口|台词)[^。\n]{0,30}(?:在场|离场|退场)",
        ),
        "someone speaks after leaving the scene", "only who is present speaks or acts; leaving is an `exit`",
    ),
    Rule(
        "prop_reuse", "C11", 0.35, "beat in which a held prop is used", 0.10,
        (
            r"\bprops?\b[^.\n]{0,80}(?:holder|holds?\b|hands?\b|give|drop|track)",
            r"道具[^。\n]{0,40}(?:持有|手里|手中|交给|易手)",
        ),
        "a prop is used by someone who does not hold it", "a prop is used only by who holds it; it changes hands by `give`, `hold`, `drop`",
    ),
    Rule(
        "time_reversal", "C16", 0.30, "scene after the first", 0.10,
        (
            r"chronolog",
            r"\btime\b[^.\n]{0,30}(?:forward|backwards?|order|never)",
            r"time_jump",
            r"(?:时间|时序)[^。\n]{0,20}(?:向前|顺序|倒|推进)",
        ),
        "a scene plays earlier in the day than the one before", "time only runs forward, unless by `flashback` or `time_jump`",
    ),
    Rule(
        "overlong", "T02", 0.14, "line", 0.06,
        (
            r"(?:at most|no more than|max(?:imum)?(?: of)?|up to|not over|<=|≤)\s*\d+(?:\.\d+)?\s*(?:words?|characters?|seconds?)",
            r"(?:不超过|不得超过|最多|至多|不多于)\s*\d+(?:\.\d+)?\s*个?(?:字|词|秒|汉字)",
        ),
        "a line grows into a speech that no shot can hold", "at most N words (characters) a line",
    ),
    Rule(
        "vocabulary", "C09", 0.18, "scene", 0.03,
        (r"dawn\W+morning\W+noon\W+afternoon\W+dusk\W+(?:or\W+|and\W+)?night",),
        "a daypart outside the closed list (`evening`, `深夜`)", "list the six dayparts in their order",
    ),
    Rule(
        "over_budget", "T01", 0.30, "script", 0.12,
        (r"(?:target|length|duration|total|budget|runs?|episode)[^\n]{0,60}\d+\s*-?\s*(?:s\b|sec)", r"\d+[- ]seconds?", r"\d+\s*秒"),
        "the script is half as long again as its episode", "state the episode's seconds",
    ),
    Rule(
        "schema_slip", "schema", 0.06, "script", 0.08,
        (
            r"schema",
            r"(?:no|without) (?:other|extra|further|additional) (?:keys?|fields?)",
            r"only these (?:keys?|fields?)",
            r"\b0\s*(?:-|–|to|到|至|~)\s*10\b",
            r"(?:不要|不得|没有)[^。\n]{0,8}(?:多余|额外|其他)[^。\n]{0,4}(?:字段|键)",
        ),
        "an emotion in words instead of a number, or an invented key", "state the keys, and that an emotion is a number 0-10",
    ),
    Rule(
        "broken_json", "schema", 0.10, "script", 0.10,
        (
            r"json (?:object )?only",
            r"only (?:one |a |the |valid )*json",
            r"\bnothing (?:else|but)",
            r"\bno (?:prose|comments?|markdown|code fences?)",
            r"(?:只|仅)[^。\n]{0,6}(?:输出|返回|给出)[^。\n]{0,10}json",
            r"不要[^。\n]{0,12}(?:解释|注释|说明|代码块|markdown)",
        ),
        "the JSON is cut off or holds a trailing comma", "return one JSON object and nothing else",
    ),
)  # fmt: skip
LEFT_OPEN: Mapping[str, frozenset[str]] = {
    "cast": frozenset({"C01"}), "cast ids": frozenset({"C01"}), "places": frozenset({"C08"}), "places ids": frozenset({"C08"}),
    "target_seconds": frozenset({"T01"}), "line_limit": frozenset({"T02"}),
}  # fmt: skip
"""What a prompt may leave open (`assumed` in the truth), and the checks that find what the writer made up instead."""
BY_NAME: Mapping[str, Rule] = {rule.fault: rule for rule in RULES}


def stated(prompt: str) -> frozenset[str]:
    """Return the faults whose rule a prompt states."""
    return frozenset(rule.fault for rule in RULES if any(re.search(p, prompt, re.IGNORECASE) for p in rule.says))


def rates(told: frozenset[str]) -> dict[str, float]:
    """Return the chance of each fault at each of its opportunities, where a prompt states the rules `told`."""
    return {rule.fault: rule.base * (rule.factor if rule.fault in told else 1.0) for rule in RULES}


def document() -> str:
    """Return `docs/studio-scripts.md`: what the embedded writer does, and the table of its faults."""
    head = "| fault | check | what happens | chance | per | when the prompt says | chance then |\n|---|---|---|---:|---|---|---:|\n"
    rows = (f"| `{r.fault}` | {r.check} | {r.what} | {r.base:.2f} | {r.per} | {r.advice} | {r.base * r.factor:.4f} |\n" for r in RULES)
    return f"{INTRODUCTION}\n{head}{''.join(rows)}\n{NOTES}"


INTRODUCTION = """# How the embedded studio writes scripts

The studio is a simulation: it shows that the workbench works, not that one template is better than another on a real model.
Its writer reads the rendered prompt, simulates a story world that is consistent by construction (who is where, who holds
what, what time it is), writes the script from it in the language of the series, and then plants faults. How often it errs
follows from the prompt alone, by this table; the same prompt and seed give the same script, on every machine.
"""
NOTES = """What the prompt does not state, the writer makes up: ids from names (`chen-su`, `chen_su` or `chensu`), places, props'
holders, the length. Such guesses are partly wrong, and then checks find what the template has left open; the truth lists
them under `assumed`. A writer who was not told to send JSON only wraps it in a code fence three times in ten, which is no fault.

Rambling lines are balanced by cutting others; where that is not enough, the truth says `over_budget` because of `overlong`.
No line or scene takes two faults. Each planted fault is in the generation's truth with its check and the id where it is;
scorers never see it. The patterns by which a prompt "says" a rule are in `runs/studio/script_rules.py`; this page is made from
that file by `python -m runs.studio.script_rules > docs/studio-scripts.md`.
"""

if __name__ == "__main__":
    import sys

    sys.stdout.write(document())
