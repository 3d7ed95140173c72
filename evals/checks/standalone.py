"""S05 and S06: each prompt stands alone, and says what is to be seen, not what is not."""

from __future__ import annotations

import re
from collections.abc import Iterator

from evals.checks.hit import Hit, quote
from evals.checks.prompt import MOVING, PICTURES, Prompt
from evals.checks.sought import sought

_PIECES = ("shot", "frame", "image", "picture", "scene", "panel", "prompt", "clip", "video", "generation", "still")
_PIECE = r"(?:shots?|frames?|images?|pictures?|scenes?|panels?|prompts?|clips?|key ?frames?|videos?|generations?|stills?)"
_SHARED = (
    r"(?:room|house|home|place|location|setting|set|street|alley|parlou?r|kitchen|office|hall|hallway|corridor|bedroom|garden"
    r"|courtyard|bar|caf[eé]"
    r"|car|building|temple|studio|apartment|background|backdrop|environment|scene|interior"
    r"|woman|man|girl|boy|person|character|people|couple|lady|guy|actor|actress|figure|face"
    r"|dress|outfit|clothes|clothing|costume|wardrobe|coat|suit|robe|jacket|uniform|hairstyle|makeup|make-up"
    r"|pose|posture|position|lighting|light|mood|angle|camera angle|composition|framing|lens|colou?r grade|palette|style|look)"
)
_WORN = "dress|gown|outfit|clothes|costume|coat|suit|robes?|jacket|uniform|shirt|skirt|cloak|apron|pyjamas|pajamas|veil|armou?r|hat"
_POINTS = (
    "previous", "prior", "preceding", "earlier", "foregoing", "last", "next", "following", "first", "second", "third", "above", "before",
    "same as", "as in", "like in", "continu", "already", "no longer", "back ", "once more", "yet again", "usual", "unchanged",
    "return", "aforementioned", "ditto", *(f"{piece}{s} " for piece in _PIECES for s in ("", "s")),
)  # fmt: skip
_WRITES = (
    "read", "say", "stat", "legible", "text", "word", "letter", "caption", "subtitle", "writing", "title", "watermark", "sign", "typograph",
    "bubble", "label", "inscri", "engrav", "marked", "emblazon", "spell", "date", "name", "slogan",
)  # fmt: skip
BACKWARDS = sought(
    rf"\b(?:previous|prior|preceding|earlier|foregoing|last|next|following|first|second|third|above)[ -]{_PIECE}\b"
    rf"|\b(?:as|like|from|in|of|to|with) (?:the )?{_PIECE} (?:above|before|\d+|one|two|three|four)\b"
    r"|\b(?:as|like|than) (?:before|above|earlier|previously|last time|shown (?:before|earlier|above))\b"
    rf"|\b(?:as|like) in (?:the )?(?:previous|last|other|opening|establishing) |\bsame as (?:before|above|earlier|previously"
    rf"|(?:in )?(?:the )?(?:last|previous)|{_PIECE})\b"
    rf"|\bcontinu(?:es?|ed|ing|ation)\b[^.;\n]{{0,20}}\b(?:from|of)\b[^.;\n]{{0,15}}\b(?:previous|last|before|{_PIECE})\b"
    r"|\bpreviously (?:seen|shown|described|established|mentioned)\b|\balready (?:seen|shown|described|established)\b"
    r"|\bstill (?:wearing|dressed in|wears|clad in)\b|\bno longer\b|\bback (?:in|at) the same\b"
    rf"|\bstill in (?:the|her|his|their|that) (?:[a-z-]+ ){{0,2}}(?:{_WORN})\b"
    r"|\bas (?:described|shown|mentioned|stated|specified|established) (?:above|before|earlier|previously)\b"
    r"|\b(?:once more|yet again|as usual)\b|\bunchanged from\b|\b(?:we|camera) returns? to\b|\b(?:aforementioned|ditto)\b",
    words=_POINTS,
)
SAME_THING = re.compile(rf"\b(?:the |that |this |her |his |their )?same (?:[a-z-]+ ){{0,2}}?{_SHARED}s?\b")
# "the same face in all three views", "the same light throughout": sameness within the picture, or with what is sent along.
WITHIN = re.compile(
    r"^[^.;\n]{0,60}\b(?:in (?:all|each|every|both)|throughout|from (?:the )?first|across (?:all|the)|as (?:the|their|its|her"
    r"|his) reference"
    r"|reference (?:picture|image|sheet)|side by side|from start|on both|all (?:three|four|through)|at once)\b"
    r"|^[^.;\n]{0,20}\btime\b"
)
FRAMES = sought(
    r"\bfrom the first (?:frame|image|picture)\b|\bfirst (?:frame|image|picture)\b(?: (?:to|and|is|shows|matches)\b)|\blast frame\b",
    words=("first", "last frame"),
)
CHINESE_BACK = sought(
    r"同上|如前(?!方)|如上(?:所述|所示|文)|(?:上|前)一?个?(?:镜头|镜|画面|场景|幕|张图|分镜)"
    r"|(?:如|与|和|跟)(?:之前|前面|前文|上文|先前|刚才|上述)(?:的)?(?:镜头|画面|场景)?(?:一样|相同|一致|所述|所示|描述)?"
    r"|(?:延续|承接|接续|接)(?:上|前)|(?:仍|仍然|依旧|依然|还是)(?:穿着|身穿|戴着|在(?:那|同))|不再"
    r"|之前(?:的|那)(?:个|间|套|件|位)?(?:房间|场景|衣服|服装|女人|男人|人物|镜头)|第[一二三四五六七八九十\d]+(?:个镜头|镜|个画面|张图)",
    signs=True,
)
CHINESE_SAME = sought(
    r"(?:同一|同样|相同)(?:个|间|位|名|套|件|条|张|款|处|座|辆)的?(?!方向|时刻|时间|瞬间|高度|水平|焦距|光源|尺寸|大小|画面|镜头里)[\u4e00-\u9fff]+"
    r"|(?:同样|相同)的(?:房间|地点|场景|衣服|服装|造型|姿势|背景|灯光|构图|机位|角度|人物|女人|男人|女孩|男孩)",
    signs=True,
)
NEGATED = sought(
    r"\b(?:no|not|without|never|none|nothing|nobody|neither|nor|avoid(?:ing)?|exclud(?:e|es|ing)|free of|devoid of|absent|lacking"
    r"|minus)\b|\b(?:do|does|did|is|are|was|were|has|have|had|would|could|should|must|need|wo)n['’]t\b|\bnon-",
    words=("no", "never", "without", "neither", "avoid", "exclud", "free of", "devoid", "absent", "lacking", "minus", "n't", "n’t"),
)
NOT_NEGATED = sought(
    r"\bno doubt\b|\bno sooner\b|\bnot only\b|\bno\.? ?\d|\bcan(?:not|['’]t) help\b|\bno matter\b|\bwithout (?:a )?doubt\b"
    r"|\bnever-ending\b|\bnone other\b"
    r"|\bcan['’]t wait\b|\bno-nonsense\b|\bnon-?fiction\b",
    words=("no", "without", "never", "can't", "can’t"),
    flags=re.IGNORECASE,
)
CHINESE_NEGATED = sought(
    r"没有|不要|不得|不能|不许|不可(?!思议)|不出现|不显示|不带|不含|避免|禁止|切勿|请勿|勿出|并非|毫无|不是|没(?=[人戴穿拿带])|别(?=[让出露画加带有])"
    r"|无(?=文字|字幕|水印|人物|他人|标志|标识|背景|多余|杂物|遮挡|logo|LOGO)|(?<![莫分未])非(?=真实|写实)",
    signs=True,
)
READABLE = sought(
    r"\b(?:that|which|it|sign|note|letter|banner|screen|poster|label|headline|caption|placard|message|text)s? (?:reads?|says?"
    r"|saying|reading|stating)\b"
    r"|\b(?:readable|legible|visible|bold|large|small|overlaid|on-?screen|superimposed|handwritten|printed|burned-in)[ -](?:text"
    r"|words?|letters?|lettering|captions?|subtitles?|writing|titles?)\b"
    r"|\btext (?:overlay|on screen|message (?:reads|saying))\b|\b(?:with|showing|displaying|containing"
    r"|bearing) (?:the )?(?:words?|text|title|caption|inscription|lettering|name|date|slogan)\b"
    r"|\b(?:title card|title text|subtitles?|captions?|watermark|signage|typography|speech bubble)\b"
    r"|\b(?:titled|captioned|labell?ed|inscribed|engraved|marked|emblazoned)(?: with)? (?:the words? )?[\"“'‘]|\bspell(?:s|ing"
    r"|ed)? (?:out )?[\"“'‘]"
    r"|(?:上面?|上头|纸上|牌上|屏幕上|信上|匾上)?(?:写着|印着|刻着|题着|标着|显示着?)[“\"「『：:]|写有|刻有|字样|字幕|大字|标题文字|可读文字|弹幕文字|清晰(?:的)?文字",
    words=_WRITES,
    signs=True,
)


def backwards(prompt: Prompt) -> Iterator[Hit]:
    """S05: no prompt refers to another shot: a model that is asked for one picture has seen none before."""
    if prompt.stage not in (*PICTURES, *MOVING):
        return
    text = prompt.story
    lowered = FRAMES.sub(" ", text.casefold())
    found = BACKWARDS.search(lowered) or _same(prompt, lowered) or CHINESE_BACK.search(text)
    if found:
        words = found.group().strip()
        yield Hit(
            prompt.where, words, f"{words!r} points to another shot. Describe it here: each prompt is drawn alone.", f"backwards:{words}"
        )


def _same(prompt: Prompt, text: str) -> re.Match[str] | None:
    if prompt.stage == "character":
        return None  # a sheet shows one face several times, and has to say so
    if "same" not in text and "同" not in text:
        return None
    found = (
        m for m in SAME_THING.finditer(text) if not WITHIN.search(text[m.end() :]) and not text[: m.start()].rstrip().endswith("one and")
    )
    return next(found, None) or CHINESE_SAME.search(text)


def negations(prompt: Prompt) -> Iterator[Hit]:
    """S06: a picture's prompt says what is there: a negation draws what it excludes, and readable text comes out as scribble."""
    if prompt.stage not in (*PICTURES, *MOVING):
        return
    text = re.sub(r"(?:^|\s)--no\s[^\n]*", " ", prompt.story)
    shown = NOT_NEGATED.pattern.sub(" ", text) if NOT_NEGATED.likely(text.lower()) else text
    cleaned = shown.lower()  # of the same length, but for a few letters of other scripts
    shown = shown if len(shown) == len(cleaned) else cleaned
    found = NEGATED.search(cleaned) or CHINESE_NEGATED.search(cleaned)
    if found:
        around = quote(shown[max(0, found.start() - 20) : found.end() + 40].strip())
        yield Hit(prompt.where, around, f"The prompt says {found.group()!r}. {_instead(prompt)}", "negation")
    # Here what is written stands in the quotes that are taken out as speech elsewhere.
    draws = not (prompt.target and prompt.target.text)
    written = READABLE.search(cleaned) if draws else None
    if written:
        words = shown[written.start() : written.end()].strip()
        yield Hit(prompt.where, words, f"{words!r} asks for readable text, which comes out as scribble. Add it in the edit.", "text")


def _instead(prompt: Prompt) -> str:
    where = prompt.target.negative if prompt.target else "none"
    if where == "field":
        return "Put what should not be seen into the model's negative prompt."
    if where == "--no":
        return "Put what should not be seen behind --no."
    return "Say what is there instead: models draw what a negation names."
