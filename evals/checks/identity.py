"""S03 and S04: what continuity has locked stands in every prompt that shows it, and nothing contradicts it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from functools import lru_cache

from evals.checks.hit import Hit, quote
from evals.checks.prompt import MOVING, PICTURES, Prompt
from evals.checks.sought import sought

COLOURS = (
    "black", "white", "grey", "gray", "red", "crimson", "scarlet", "blue", "navy", "green", "emerald", "yellow", "gold", "golden", "orange",
    "purple", "violet", "pink", "brown", "chestnut", "auburn", "blond", "blonde", "silver", "beige", "cream", "ivory", "tan", "teal",
    "turquoise", "maroon", "burgundy", "ginger", "platinum", "hazel", "amber",
)  # fmt: skip
SAME = (
    ("grey", "gray", "silver"), ("red", "crimson", "scarlet", "maroon", "burgundy", "ginger", "auburn"), ("blue", "navy", "teal"),
    ("gold", "golden", "yellow", "blond", "blonde", "platinum", "amber"), ("brown", "chestnut", "tan", "hazel", "auburn", "beige", "amber"),
    ("white", "ivory", "cream", "beige", "platinum"), ("green", "emerald", "teal", "turquoise", "hazel"), ("purple", "violet"), ("black",),
    ("orange", "ginger", "amber"), ("pink",), ("blue", "turquoise"),
)  # fmt: skip
BODY = ("hair", "eyes", "beard", "moustache", "mustache", "eyebrows", "braid", "braids", "ponytail", "skin")
WORN = (
    "dress", "gown", "suit", "robe", "robes", "coat", "jacket", "shirt", "blouse", "skirt", "sweater", "hoodie", "cardigan", "cheongsam",
    "qipao", "hanfu", "uniform", "cloak", "cape", "scarf", "hat", "cap", "vest", "jeans", "trousers", "pants", "tie", "apron", "veil",
    "t-shirt", "tunic", "kimono", "overcoat", "trench coat", "armor", "armour", "shawl", "sweatshirt", "tuxedo", "blazer", "pyjamas",
)  # fmt: skip
_NOUNS = "|".join(sorted((*BODY, *WORN), key=len, reverse=True))
_COLOUR = "|".join(COLOURS)
# Up to three words may stand between the colour and what it colours: "a crimson silk evening gown".
PAINTED = re.compile(
    rf"\b(?P<colour>{_COLOUR})(?P<between>(?:[ -](?!(?:{_COLOUR}|and|or|with|in|on|of)\b)[a-z'’-]+){{0,3}})[ -](?P<noun>{_NOUNS})\b"
)
HAIRED = sought(rf"\b(?P<colour>{_COLOUR})-(?P<noun>haired|bearded)\b", words=("-haired", "-bearded"))
CUT = sought(
    r"\b(?P<colour>long|short|cropped)(?P<between>(?:,? (?!(?:and|or|with|in|on|of|long|short)\b)[a-z'’-]+){0,3}),? (?P<noun>hair)\b",
    words=("hair",),
)
CHINESE = sought(
    r"(?P<colour>[黑白灰红蓝绿黄金银棕褐紫粉橙青])色?的?(?P<between>[长短]|丝绸|棉麻|羊毛|真丝|皮)?"
    r"(?P<noun>头发|长发|短发|卷发|发丝|眼睛|眼眸|胡子|胡须|连衣裙|长裙|裙子|旗袍|西装|西服|外套|大衣|风衣|衬衫|毛衣|长袍|道袍|礼服"
    r"|汉服|斗篷|围巾|帽子|制服|校服|婚纱)",
    signs=True,
)
NOUN_ALIASES = {
    "头发": "发", "长发": "发", "短发": "发", "卷发": "发", "发丝": "发", "眼眸": "眼睛", "胡须": "胡子", "裙子": "裙", "长裙": "裙",
    "连衣裙": "裙", "西服": "西装", "robes": "robe", "braids": "braid", "mustache": "moustache", "armour": "armor",
    "haired": "hair", "bearded": "beard",
}  # fmt: skip
TWINS = {"发": "hair", "胡子": "beard"}
"""What is compared across languages. Not eyes, which are red of tears, nor 青, which is black of hair and green of all else."""
ENGLISH: Mapping[str, frozenset[str]] = {
    zh: frozenset(en.split())
    for zh, en in {
        "黑": "black brown", "白": "white silver", "灰": "grey", "银": "silver white", "红": "red", "蓝": "blue", "绿": "green",
        "黄": "yellow", "金": "gold", "棕": "brown", "褐": "brown", "紫": "purple", "粉": "pink", "橙": "orange",
    }.items()
}  # fmt: skip
_ZH_SAME = ("黑", "白", "灰银", "红", "蓝青", "绿青", "黄金", "棕褐", "紫", "粉", "橙")


def missing(prompt: Prompt) -> Iterator[Hit]:
    """S03: a picture's prompt repeats the descriptors of all that it shows; a clip's names something to know each person by."""
    if prompt.stage not in (*PICTURES, *MOVING) or prompt.people is None:
        return
    text = _plain(prompt.text)
    for person in prompt.people:
        absent = [d for d in person.descriptors if _bare(d) not in text]
        if prompt.stage in MOVING:
            absent = absent if len(absent) == len(person.descriptors) else []
        if absent:
            name = person.character.id
            what = (
                "nothing to know them by" if prompt.stage in MOVING else f"{len(absent)} of {len(person.descriptors)} descriptors missing"
            )
            text_ = f"{name}: {what}. Repeat them word for word: {quote('; '.join(absent))}"
            yield Hit(prompt.where, quote("; ".join(absent)), f"{text_}.", f"missing:{name}")
    if prompt.stage == "shot":
        yield from _things(prompt, text)


def _things(prompt: Prompt, text: str) -> Iterator[Hit]:
    for thing in (*((prompt.location,) if prompt.location else ()), *prompt.props):
        absent = [d for d in thing.descriptors if _bare(d) not in text]
        if absent:
            text_ = f"{thing.id}: descriptors missing. Repeat them word for word: {quote('; '.join(absent))}."
            yield Hit(prompt.where, quote("; ".join(absent)), text_, f"missing:{thing.id}")


_MARK = re.compile(r"[^\w\s]")
_ASCII_MARKS = {code: " " for code in range(128) if _MARK.match(chr(code))}
_ARTICLE = re.compile(r"^(?:an?|the) ")


def _plain(text: str) -> str:
    """Return a text as it is compared: lower case, single blanks, no marks; how a template joins its lists is its own affair."""
    folded = text.casefold()
    bare = folded.translate(_ASCII_MARKS) if folded.isascii() else _MARK.sub(" ", folded)
    return " ".join(bare.split())


@lru_cache(maxsize=512)
def _bare(descriptor: str) -> str:
    """Return a descriptor without its article, which a sentence may change: "a young woman", "the young woman"."""
    return _ARTICLE.sub("", _plain(descriptor))


def conflicts(prompt: Prompt) -> Iterator[Hit]:
    """S04: no colour or length of hair, eyes, skin or clothing beside the ones that the people in the picture have.

    The descriptors themselves are taken out first. What nobody wears may be any colour, for it may hang on a wall; hair and
    eyes are always somebody's.
    """
    if prompt.stage not in (*PICTURES, *MOVING) or not prompt.people:
        return
    known = _attributes(tuple(d for person in prompt.people for d in person.descriptors))
    for noun, colour, shown in _painted(prompt.unlocked):
        theirs, said = _compared(noun, colour, known)
        if theirs and said and not any(one == other or _alike(one, other) for one in said for other in theirs):
            who = ", ".join(p.character.id for p in prompt.people)
            text = f"{shown!r} does not fit {who}, whose {noun} is {' or '.join(sorted(theirs))}. Use the words of the look."
            yield Hit(prompt.where, shown, text, f"conflict:{noun}:{colour}")


def _compared(noun: str, colour: str, known: Mapping[str, set[str]]) -> tuple[AbstractSet[str], AbstractSet[str]]:
    """Return the colours that something has and those that are said, in the language of the look where both can be told in it."""
    if known.get(noun):
        return known[noun], {colour}
    if noun in TWINS:
        return known.get(TWINS[noun], frozenset()), ENGLISH.get(colour, frozenset())
    chinese = next((zh for zh, en in TWINS.items() if en == noun), "")
    told = [ENGLISH.get(c, frozenset()) for c in known.get(chinese, ())]
    return (frozenset[str]().union(*told) if all(told) else frozenset()), {colour}


@lru_cache(maxsize=64)
def _attributes(descriptors: tuple[str, ...]) -> Mapping[str, set[str]]:
    known: dict[str, set[str]] = {}
    for descriptor in descriptors:
        for noun, colour, _ in _painted(descriptor.casefold()):
            known.setdefault(noun, set()).add(colour)
    return known


def _painted(text: str) -> Iterator[tuple[str, str, str]]:
    """Yield (noun, colour or length, the words). Length is an attribute of its own: `hair` and `hair's length` do not mix."""
    for found in PAINTED.finditer(text):
        noun = NOUN_ALIASES.get(found["noun"], found["noun"])
        yield noun, found["colour"], found.group()
    for found in HAIRED.finditer(text):
        yield NOUN_ALIASES[found["noun"]], found["colour"], found.group()
    for found in CUT.finditer(text):
        yield f"length of {found['noun']}", {"cropped": "short"}.get(found["colour"], found["colour"]), found.group()
    for found in CHINESE.finditer(text):
        yield NOUN_ALIASES.get(found["noun"], found["noun"]), found["colour"], found.group()


def _alike(one: str, other: str) -> bool:
    return any(one in group and other in group for group in (*SAME, *_ZH_SAME))
