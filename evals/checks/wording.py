"""S15: text that is no story or no prompt: unfilled templates, placeholders, leaked instructions, the wrong language."""

from __future__ import annotations

import re
from collections.abc import Iterator

from evals.checks.hit import Hit, at, lines, quote
from evals.checks.ledger import Ledger
from evals.checks.prompt import PICTURES, Prompt
from evals.checks.world import World
from prompts.text import count, is_chinese

# Only what no character says: "I cannot help him", "here's the script you wanted" and the 系统提示 of game dramas are story.
# Of brackets only what asks to be filled in: "[Scene changes]", "{Aside.}", （此处有掌声） and （地点：码头） are directions.
_THING = r"(?:台词|对白|动作|描述|内容|人物|角色名?|姓名|名字|地点|场景|剧情)"
_STAGE = r"(?:aside|exit|exeunt|enters?|within|sings?|reads?|laughs?|pause|beat|music|rises?|crosses|to|both|all)"
LEAKS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "an unfilled template",
        re.compile(
            rf"\{{\{{|\}}\}}|\{{%|%\}}|\$\{{\w|\{{(?!(?i:{_STAGE})\b)[A-Za-z_][\w .]{{0,30}}\}}|\{{{_THING[:-1]}|主角|反派|道具)\}}"
            r"|<[A-Z][A-Z_ ]{2,}>"
        ),
    ),
    (
        "a placeholder",
        re.compile(
            # A Roman thirty ("Chapter XXX") is no placeholder, and neither are kisses ("love you xxx").
            r"\b(?:TODO|TBD|FIXME|PLACEHOLDER)\b|\b[Ll]orem ipsum\b|(?<![A-Za-z] )\bX{3,}(?=(?:['’]s)? [a-z])|\bX{4,}\b"
            r"|(?<=[\u4e00-\u9fff])[Xx]{3,}|[Xx]{3,}(?=[\u4e00-\u9fff])"
            r"|\[(?:[Ii]nsert|INSERT|[Yy]our|YOUR)\b[^\]]*\]"
            r"|\[(?i:name|character(?:['’]s)?(?: name)?|line(?: of dialogue)?"
            r"|dialogue|action|place|location|scene(?: description| heading))"
            r"(?: here| goes here| \d+| [A-Z])?\]"
            rf"|[\[【（(](?:待定|待补充?|待填写?|填写[^\]】）)]{{0,12}}|插入{_THING}[^\]】）)]{{0,8}}"
            rf"|此处(?:填写|插入|添加|补充|待|写)[^\]】）)]{{0,12}})[\]】）)]"
            rf"|[\[【]{_THING}(?:内容|描述)?[\]】]|占位符",
        ),
    ),
    (
        "a leaked instruction",
        re.compile(
            r"\bas an? (?:AI|artificial intelligence|large language|language) (?:language )?model\b"
            r"|\bI (?:cannot|can't|am unable to) (?:help|assist|comply|fulfil\w*)\b[^.]{0,20}\brequests?\b"
            r"|^\s*(?:sure[,!.] )?here(?:'s| is) (?:the|your) (?:\w+ ){0,3}(?:script|json|screenplay|episode)\s*[:.]|\bvalid JSON\b"
            r"|\bignore (?:all )?(?:previous|prior) instructions\b|\b(?:as requested|per your instructions), (?:here|I)\b"
            r"|作为(?:一个|一名)?(?:AI|人工智能)?(?:助手)?(?:(?:大型)?语言模型|[，,]\s*我(?:不能|无法|不会|没有办法|很抱歉|没法))"
            r"|^\s*(?:好的[，,！!。]\s*)?以下(?:就)?是(?:根据|按照)?[^。：:]{0,16}(?:剧本|脚本|台词|JSON)|我(?:无法|不能)(?:生成|提供|创作)(?:此类|该|这类|这种|相关)内容",
            re.IGNORECASE,
        ),
    ),
)


UNFILLED: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "an unfilled template",
        re.compile(r"\{\{\s*[A-Za-z_][^{}\n]{0,60}\}\}|\{%[^%\n]{0,80}%\}|\$\{\w[^}\n]{0,40}\}|<(?:INSERT|YOUR|NAME|CHARACTER)[A-Z_ ]*>"),
    ),
    (
        "an empty value",
        re.compile(
            r"(?:^|[:：,;=(] ?)(?:None|undefined|NaN|\[object Object\])(?=[\s,.;)]|$)|(?:^|\n)[^\n]{0,40}[:：] ?(?:null)(?=\s|$)",
            re.MULTILINE,
        ),
    ),
    (
        "a placeholder",
        re.compile(
            r"\b(?:TODO|TBD|FIXME|PLACEHOLDER|LOREM IPSUM)\b|\b[Ll]orem ipsum\b|\[(?:insert|your)\b[^\]]*\]|[【\[](?:此处|填写|插入|待定"
            r"|待补)[^】\]]{0,12}[】\]]"
        ),
    ),
)
SPICE_LENGTH, SPICE_LINES, SPICE_SHARE = 4, 2, 0.25
"""So short (words and signs), so few, and less than such a share of all: lines in another language that are style, not a mistake."""
MIXED = 8
"""From so many words on a prompt is in English, and Chinese in it is a name that was left as it is."""


def leaks(ledger: Ledger, world: World) -> Iterator[Hit]:
    """S15: titles, actions and lines hold story and nothing else, and lines are in the series' language."""
    for where, text in _texts(ledger):
        for what, pattern in LEAKS:
            found = pattern.search(text)
            if found:
                message = f"{what.capitalize()} stands in the text: {found.group()!r}. Write the story there."
                yield Hit(where, quote(text), message, f"leak:{what}:{found.group().lower()}")
    names = [n for c in world.characters.values() for n in (c.name, *c.aliases)] + [p.name for p in world.props.values()]
    names += [x.name for x in world.locations.values()]
    spoken = list(lines(ledger))
    other = [(moment, line) for moment, line in spoken if foreign(line.text, world.language, names)]
    # "Happy birthday!" in a Chinese series is spice; a script that goes on like that is in the wrong language.
    spice = len(other) <= SPICE_LINES and len(other) < SPICE_SHARE * len(spoken)
    for moment, line in other:
        if not (spice and _short(line.text)):
            text = f"{line.id} is not in the series' language ({world.language}). Write it in that language."
            yield Hit(at(moment, line), quote(line.text), text, "language:lines")


def _short(text: str) -> bool:
    found = count(text)
    return found.words + found.signs <= SPICE_LENGTH


def unfilled(prompt: Prompt) -> Iterator[Hit]:
    """S15, of prompts: every variable is filled, with something, and a picture's prompt is in one script."""
    for what, pattern in UNFILLED:
        found = pattern.search(prompt.text)
        if found:
            text = f"{what.capitalize()} stands in the prompt: {found.group().strip()!r}. Fill it in the template or the case."
            yield Hit(prompt.where, quote(found.group()), text, f"unfilled:{what}")
    if prompt.stage in PICTURES:
        there = count(prompt.silent)
        if there.words >= MIXED and 2 <= there.signs < there.words * 2:
            signs = re.findall(r"[\u4e00-\u9fff·]+", prompt.silent)
            text = "The prompt mixes Chinese words into English. A picture model draws no name: describe who is meant, in one language."
            yield Hit(prompt.where, quote("，".join(signs)), text, "mixed", "warn")


def _texts(ledger: Ledger) -> Iterator[tuple[tuple[str, ...], str]]:
    yield ("script",), ledger.script.title
    for moment in ledger.moments:
        yield at(moment), moment.beat.action
        for line in moment.beat.lines:
            yield at(moment, line), line.text
            if line.manner:
                yield at(moment, line), line.manner


def foreign(text: str, language: str, names: list[str]) -> bool:
    """Tell whether a line is in another language: English of two words or more in a Chinese series, Chinese in an English one.

    Names and a few foreign words within a sentence are no mix.
    """
    found = count(text)
    if not (found.signs if not is_chinese(language) else found.words > 1):
        return False  # the usual case, decided without looking for names
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, " ")
    found = count(text)
    if is_chinese(language):
        return found.words >= 2 and found.words > found.signs
    return found.signs >= 2
