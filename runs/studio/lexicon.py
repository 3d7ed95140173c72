"""The published response function, first half: which words of a prompt fix which parameters of a person.

Phrases are matched without regard to case, at word boundaries; `*` stands for any word ending, `..` for up to three
words between, a hyphen for a hyphen or a space. Chinese words match anywhere. Where two entries set one parameter, the
later one holds. `docs/studio.md` shows this table; a test keeps it current.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Entry:
    """Phrases and the positions (0-1) at which they fix parameters; `hints` hold only where nothing else sets them."""

    topic: str
    english: tuple[str, ...]
    chinese: tuple[str, ...] = ()
    sets: Mapping[str, float] = field(default_factory=dict)
    hints: Mapping[str, float] = field(default_factory=dict)


def _e(topic: str, english: str, chinese: str = "", hints: Mapping[str, float] | None = None, **sets: float) -> Entry:
    return Entry(topic, tuple(p.strip() for p in english.split("|")), tuple(chinese.split()), sets, hints or {})


APPEARANCE: tuple[Entry, ...] = (
    # who
    _e("sex", "woman | female | girl | lady | queen | princess | mother | daughter | sister | grandmother | empress | actress | "
        "wife | bride | she | her",
       "女 少女 她 母亲 王后 公主", sex=0),
    _e("sex", "man | male | boy | gentleman | king | prince | father | son | brother | grandfather | emperor | husband | groom | "
        "he | his",
       "男 少年 他 父亲 国王 王子", sex=1),
    _e("age", "child | little girl | little boy | 6-year-old | 7-year-old | 8-year-old | 9-year-old | 10-year-old", "小孩 孩子 女孩 男孩 "
        "儿童", age=0.0),
    _e("age", "teen* | 1#-year-old | youth", "少女 少年", age=0.14),
    _e("age", "young | twenties | 20s | 2#-year-old | early-20s | aged 2#", "年轻 二十多岁 青年", age=0.2),
    _e("age", "thirties | 30s | 3#-year-old | aged 3#", "三十多岁", age=0.38),
    _e("age", "middle-aged | forties | 40s | 4#-year-old | fifties | 50s | 5#-year-old | aged 4# | aged 5#",
       "中年 四十多岁 五十多岁", age=0.62),
    _e("age", "elder* | old woman | old man | aged face | sixties | 60s | 6#-year-old | seventies | 70s | 7#-year-old | "
        "eighties | wrinkl* | aged 6# | aged 7#",
       "老人 年迈 老年 老妇 老者 六十多岁 七十多岁", hints={"hair_colour": 0.95}, age=0.95),
    _e("origin", "east-asian | chinese | japanese | korean", "东亚 中国", hints={"hair_colour": 0.0}, skin=0.14, iris=0.08, eye_tilt=0.72,
        lid_fold=0.35,
       nose_bridge=0.3),
    _e("origin", "caucasian | european | nordic", "欧洲 白人", skin=0.08, lid_fold=0.9, nose_bridge=0.75),
    _e("origin", "african | black woman | black man", "非洲 黑人", hints={"hair_colour": 0.0}, skin=0.85, iris=0.05, nose_width=0.85),
    _e("origin", "south-asian | indian", "印度", hints={"hair_colour": 0.0}, skin=0.52, iris=0.1),
    # skin
    _e("skin", "pale | fair skin | fair-skinned | porcelain skin | fair complexion", "白皙 苍白 肤白", skin=0.04),
    _e("skin", "tan | tanned | olive skin | sun-browned | weathered skin", "小麦色 古铜色", skin=0.42),
    _e("skin", "dark skin | dark-skinned | deep-brown skin | ebony skin", "黝黑 黑皮肤 深色皮肤", skin=0.85),
    _e("skin", "freckle*", "雀斑", freckles=0.9),
    _e("skin", "mole | beauty-mark", "痣", mole=0.8),
    # face
    _e("face", "round face | round-faced | chubby | full cheeks", "圆脸", width=0.92, jaw=0.8, length=0.15, chin=0.7),
    _e("face", "oval face | oval-faced", "鹅蛋脸", width=0.45, jaw=0.45, length=0.6, chin=0.4),
    _e("face", "narrow face | thin face | slender face | long face | gaunt | lean face", "瘦脸 长脸", width=0.1, jaw=0.35, length=0.9),
    _e("face", "heart-shaped face", "心形脸", width=0.6, jaw=0.1, chin=0.05, length=0.5),
    _e("face", "square jaw | square face | strong jaw | broad jaw | chiselled jaw", "方脸 方下巴", jaw=0.98, chin=0.95),
    _e("face", "pointed chin | sharp chin | narrow chin", "尖下巴 瓜子脸", chin=0.03, jaw=0.2),
    _e("face", "high cheekbones | prominent cheekbones", "高颧骨", cheek=0.97),
    _e("face", "high forehead", "高额头", forehead=0.95, hairline=0.1),
    # eyes
    _e("eyes", "large .. eyes | big .. eyes | wide-set eyes | round eyes", "大眼睛 大眼 圆眼", eye_width=0.88, eye_open=0.95),
    _e("eyes", "narrow .. eyes | small .. eyes | hooded eyes", "小眼睛 细眼", eye_width=0.4, eye_open=0.05),
    _e("eyes", "almond .. eyes | almond-shaped | phoenix eyes", "丹凤眼 杏眼", eye_tilt=0.95, eye_width=0.8, eye_open=0.45),
    _e("eyes", "monolid* | single eyelid*", "单眼皮", lid_fold=0.0),
    _e("eyes", "double eyelid*", "双眼皮", lid_fold=1.0),
    _e("eyes", "dark .. eyes | black eyes | dark-eyed", "黑眼睛 黑眸", iris=0.0),
    _e("eyes", "brown eyes | hazel eyes | amber eyes", "棕色眼睛 褐色眼睛", iris=0.25),
    _e("eyes", "green eyes", "绿眼睛 碧眼", iris=0.5),
    _e("eyes", "blue eyes", "蓝眼睛", iris=0.76),
    _e("eyes", "grey eyes | gray eyes", "灰眼睛", iris=1.0),
    _e("brows", "thick .. brows | thick .. eyebrows | bushy .. brows | heavy .. brows | strong brows | bushy eyebrows | "
        "heavy eyebrows", "浓眉 粗眉", brow_thickness=0.97),
    _e("brows", "thin .. brows | thin .. eyebrows | fine brows", "细眉 柳叶眉", brow_thickness=0.08),
    _e("brows", "arched .. brows | arched .. eyebrows", "弯眉 挑眉", brow_arch=0.97),
    _e("brows", "straight .. brows | straight .. eyebrows | flat eyebrows", "平眉 一字眉", brow_arch=0.05, brow_tilt=0.4),
    # nose and mouth
    _e("nose", "straight .. nose | long .. nose | aquiline .. nose | high nose | high-bridged nose", "高鼻梁 直鼻", nose_length=0.8,
        nose_width=0.25, nose_height=0.85),
    _e("nose", "small .. nose | button nose | short nose", "小鼻子", nose_length=0.12, nose_width=0.2, nose_height=0.2),
    _e("nose", "broad .. nose | wide .. nose | flat nose", "宽鼻", nose_width=0.95, nose_height=0.3),
    _e("mouth", "full .. lips | plump lips", "厚唇 丰唇", lip_upper=0.9, lip_lower=0.9),
    _e("mouth", "thin .. lips", "薄唇", lip_upper=0.06, lip_lower=0.1),
    _e("mouth", "wide .. mouth", "大嘴", mouth_width=0.95),
    _e("mouth", "small .. mouth", "樱桃小嘴 小嘴", mouth_width=0.05),
    _e("mouth", "red lips | red lipstick", "红唇", lip_colour=1.0),
    # hair
    _e("hair colour", "black .. hair | raven .. hair | dark hair | black-haired | dark-haired | hair: black | black bob | "
        "black ponytail | black .. bun", "黑发 黑色长发 黑色短发 乌发", hair_colour=0.02),
    _e("hair colour", "brown .. hair | chestnut .. hair | brunette | brown-haired", "棕发 褐发", hair_colour=0.38),
    _e("hair colour", "red .. hair | auburn .. hair | ginger | red-haired | copper hair", "红发", hair_colour=0.6),
    _e("hair colour", "blond* | golden .. hair | fair .. hair", "金发", hair_colour=0.8),
    _e("hair colour", "grey .. hair | gray .. hair | silver .. hair | white .. hair | white-haired | silver-haired | "
        "grey-haired | gray-haired", "白发 银发 灰发", hair_colour=1.0),
    _e("hair", "cropped .. hair | cropped | shaved head | buzz-cut | crew-cut | short .. hair | short-haired | pixie", "短发 寸头 平头",
        hair_length=0.1, updo=0),
    _e("hair", "bob | chin-length | bobbed", "齐耳短发 波波头", hair_length=0.4, updo=0),
    _e("hair", "shoulder-length | medium-length hair", "齐肩 中长发", hair_length=0.58, updo=0),
    _e("hair", "long .. hair | long, straight | long, wavy | long, black | waist-length | hair long | flowing hair | long-haired",
        "长发 披肩长发", hair_length=0.95, updo=0),
    _e("hair", "bun | topknot | top-knot | hair up | updo | chignon | hair .. pinned | coiled hair | hair tied | tied back | "
        "ponytail | braid*", "发髻 盘发 束发 丸子头 马尾",
       updo=0.9, hair_length=0.6),
    _e("hair", "straight .. hair | sleek .. hair", "直发", wave=0.02),
    _e("hair", "wavy .. hair | wavy | tousled", "波浪", wave=0.6),
    _e("hair", "curly .. hair | curls | curly", "卷发", wave=1.0, hair_volume=0.85),
    _e("hair", "fringe | bangs", "刘海", fringe=0.95),
    _e("hair", "swept-back | slicked-back | combed back | no fringe | no bangs", "背头 大背头", fringe=0.0),
    _e("hair", "middle part* | centre part* | center part* | parted in the middle", "中分", parting=0.5, fringe=0.3),
    _e("hair", "side part* | side-parted | parted on the side", "偏分", parting=0.85, fringe=0.35),
    _e("hair", "receding | balding | high hairline", "发际线后移", hairline=0.0, fringe=0.0),
    # beard and glasses
    _e("beard", "stubble | unshaven", "胡茬", beard=0.3),
    _e("beard", "beard* | full beard | long beard", "胡须 胡子 络腮胡", beard=0.9),
    _e("beard", "moustache | mustache | goatee", "八字胡 山羊胡", beard=0.5),
    _e("beard", "clean-shaven | no beard | beardless", "无须 没有胡子", beard=0.0),
    _e("glasses", "glasses | spectacles", "眼镜", glasses=1.0),
    _e("glasses", "no glasses | without glasses", "不戴眼镜", glasses=0.0),
)  # fmt: skip
"""What fixes a person's looks."""


_PIECES = re.compile(r" \.\. |[*# -]|[^*# -]+")
_MEANING = {" .. ": r"(?:[\s\-]+[\w\-]+){0,3}?[\s\-]+", "*": r"\w*", "#": r"\d", " ": r"[\s\-]+", "-": r"[\-\s]"}


@lru_cache(maxsize=512)
def pattern(english: tuple[str, ...], chinese: tuple[str, ...] = ()) -> re.Pattern[str]:
    """Compile phrases (see the module's text for their small language) into one expression."""
    parts = []
    for phrase in english:
        body = "".join(_MEANING.get(piece, re.escape(piece)) for piece in _PIECES.findall(phrase.strip()))
        parts.append(rf"(?<![\w\-]){body}(?!\w)")
    return re.compile("|".join(parts + [re.escape(word) for word in chinese]), re.IGNORECASE)


def found(entry: Entry, text: str) -> bool:
    """Return whether one of an entry's phrases stands in a text."""
    return pattern(entry.english, entry.chinese).search(text) is not None


def stated(text: str) -> dict[str, float]:
    """Return the parameters that a description fixes, and where."""
    fixed: dict[str, float] = {}
    hints: dict[str, float] = {}
    for entry in APPEARANCE:
        if found(entry, text):
            fixed.update(entry.sets)
            hints.update(entry.hints)
    return {**{k: v for k, v in hints.items() if k not in fixed}, **fixed}
