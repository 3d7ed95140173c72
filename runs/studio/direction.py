"""The published response function, second half: words for feeling, acting, timing, clothes, place and camera."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from runs.studio.expression import Units
from runs.studio.numeric import Rgb


@dataclass(frozen=True, slots=True)
class Words:
    """English phrases (in the lexicon's small language) and Chinese words for one thing."""

    english: tuple[str, ...]
    chinese: tuple[str, ...] = ()


def _w(english: str, chinese: str = "") -> Words:
    return Words(tuple(p.strip() for p in english.split("|")), tuple(chinese.split()))


EMOTION_WORDS: Mapping[str, Words] = {
    "joy": _w("joy* | happy | happiness | smil* | laugh* | delight* | cheerful | triumphant | tender*", "喜悦 高兴 开心 微笑 大笑 快乐"),
    "sadness": _w(
        "sad* | grief | griev* | sorrow* | weep* | cry* | tear* | tearful | heartbroken | despair*", "悲伤 哀伤 难过 哭 流泪 绝望"
    ),
    "anger": _w("ang* | anger | furious | fury | rage | raging | enraged | seeth* | wrath", "愤怒 生气 怒 暴怒"),
    "fear": _w("fear* | terrif* | terror | afraid | scared | frightened | panic*", "恐惧 害怕 惊恐"),
    "surprise": _w("surpris* | shock* | stunned | astonish* | startled | disbelief", "惊讶 震惊 吃惊"),
    "disgust": _w("disgust* | contempt* | scorn* | revuls* | sneer*", "厌恶 嫌弃 轻蔑"),
    "neutral": _w("neutral | calm | expressionless | impassive", "平静 面无表情"),
}
"""Feeling -> which bundle of action units; the emotion named first in a description holds, `neutral` only if alone."""


@dataclass(frozen=True, slots=True)
class Acting:
    """A concrete direction: its words, and the action units it adds by itself."""

    words: Words
    units: Units


ACTING: Mapping[str, Acting] = {
    "brows raised": Acting(_w("brows .. raise* | brows .. lift* | eyebrows .. raise* | eyebrows .. lift* | raise* .. brows | "
        "raise* .. eyebrows | lift* .. brows | brows .. shoot up | brows .. up",
                              "扬眉 眉毛上扬 挑起眉"), Units(brow_up=0.5)),
    "brows drawn": Acting(_w("brows .. furrow* | brows .. knit* | brows .. drawn | brows .. lower* | brows .. together | "
        "eyebrows .. furrow* | furrow* .. brow* | knit* .. brow* | brow* .. contract* | frown* | brows .. pull*",
                             "皱眉 眉头紧锁 蹙眉"), Units(brow_in=0.45)),
    "inner brows up": Acting(_w("inner brows | inner .. eyebrows | brows .. tilt*", "眉心上挑"), Units(brow_inner=0.5)),
    "eyes wide": Acting(_w("eyes .. widen* | eyes .. wide | wide-eyed | eyes .. open* wide", "睁大眼 瞪大"), Units(wide=0.45)),
    "eyes narrow": Acting(_w("eyes .. narrow* | squint* | eyes .. hard* | glar*", "眯眼 眯起"), Units(squint=0.45)),
    "eyes brim": Acting(_w("eyes .. brim* | eyes .. well* | eyes .. glisten* | eyes .. red* | eyelids .. droop* | gaze .. drop* | "
        "gaze .. lower* | looks down | eyes .. lower*", "眼含泪 眼眶 垂眼"),
                        Units(blink=0.14, gaze_y=-0.3)),
    "jaw drops": Acting(_w("jaw .. drop* | jaw .. slack* | mouth .. open* | mouth .. fall* | lips .. part* | mouth .. agape | "
        "gasp*", "张嘴 张大嘴 嘴巴张开"), Units(jaw=0.35)),
    "jaw clenches": Acting(_w("jaw .. clench* | jaw .. tight* | jaw .. set* | clench* .. jaw | teeth .. clench* | "
        "grit* .. teeth | lips .. press* | press* .. lips | lips .. tight* | mouth .. tight*",
                              "咬牙 抿嘴 紧咬"), Units(press=0.5)),
    "mouth corners": Acting(_w("corners .. lift* | corners .. rise* | corners .. curl* up | cheeks .. lift* | cheeks .. rise* | "
        "grin* | smile .. spread* | smile .. reach*", "嘴角上扬 咧嘴"), Units(smile=0.35, squint=0.15)),
    "mouth falls": Acting(_w("corners .. down* | corners .. drop* | corners .. fall* | corners .. turn* down | lips .. trembl* | "
        "lip .. trembl* | lip .. quiver* | chin .. trembl* | chin .. quiver*", "嘴角下垂 嘴唇颤抖"),
                          Units(frown=0.35)),
    "nose wrinkles": Acting(_w("nose .. wrinkl* | wrinkl* .. nose | nostrils .. flare* | nostrils | lip .. curl* | curl* .. lip",
        "皱鼻 鼻翼"), Units(sneer=0.4)),
}  # fmt: skip
"""Concrete direction: each found phrase adds its units and raises the amplitude of the emotion."""

BASE_AMPLITUDE = 0.22
ACTING_GAIN = 0.20
"""Amplitude added by each of the first three acting directions."""
INTENSITY: Mapping[str, tuple[Words, float]] = {
    "strong": (
        _w(
            "intense* | extreme* | overwhelm* | vivid* | strong* | exaggerat* | theatrical* | violent* | full-blown | deep*",
            "强烈 极度 剧烈",
        ),
        0.14,
    ),
    "slight": (_w("slight* | subtle | subtly | faint* | restrained | barely | mild* | understated", "轻微 微微 克制"), -0.08),
}
"""Words of degree and what they add to the amplitude; `intensity 0.8` adds 0.3 x (0.8 - 0.5)."""

TIMING: Words = _w(
    "from .. to | slowly | gradually | then | over .. seconds | builds | building | by the end | at first | after a beat | "
    "a beat | holds for | suddenly | mid-clip | second 1 | within .. second*"
    " | ends on | begins | 0s | 0-1s | at 1s",
    "逐渐 慢慢 然后 从 随后 突然 先",
)
"""Words that give an expression a course in time; each (up to two) adds to the motion of a clip."""
BASE_MOTION, TIMING_GAIN, ACTING_MOTION = 0.10, 0.30, 0.08

SPEAKING: Words = _w(
    "speak* | says | saying | talk* | speech | lip-sync* | mouth .. moves | delivers | line: | dialogue: | shout* | whisper*",
    "说 讲话 对白 台词",
)
SILENT: Words = _w(
    "silent* | not speaking | does not speak | no dialogue | listens | listening | without speaking | mouth closed | speaking: no",
    "沉默 不说话 聆听",
)

COLOURS: Mapping[str, tuple[Words, Rgb]] = {
    "black": (_w("black | charcoal", "黑"), (0.10, 0.10, 0.115)),
    "white": (_w("white | ivory | cream | pearl", "白"), (0.88, 0.87, 0.84)),
    "red": (_w("red | crimson | scarlet | vermilion", "红"), (0.62, 0.10, 0.12)),
    "blue": (_w("blue | azure | cobalt", "蓝"), (0.20, 0.34, 0.58)),
    "navy": (_w("navy | midnight-blue", "藏青"), (0.10, 0.14, 0.27)),
    "green": (_w("green | emerald | jade-green | olive-green", "绿 青"), (0.18, 0.38, 0.28)),
    "gold": (_w("gold | golden | yellow | amber", "金 黄"), (0.76, 0.58, 0.22)),
    "purple": (_w("purple | violet | plum", "紫"), (0.36, 0.20, 0.46)),
    "pink": (_w("pink | rose | peach", "粉"), (0.86, 0.58, 0.62)),
    "grey": (_w("grey | gray | silver", "灰"), (0.46, 0.47, 0.49)),
    "brown": (_w("brown | tan | beige | camel", "棕 褐"), (0.44, 0.32, 0.22)),
    "teal": (_w("teal | turquoise", "青绿"), (0.12, 0.42, 0.44)),
}
"""Colours of clothes: a colour counts when it stands within three words before a garment."""
GARMENT_WORDS: Mapping[str, Words] = {
    "suit": _w("suit | blazer | tuxedo", "西装 西服"),
    "coat": _w("coat | trench-coat | trenchcoat | jacket | overcoat | cloak | cape", "外套 大衣 风衣 披风"),
    "robe": _w("robe* | hanfu | kimono | gown | changshan", "长袍 汉服 袍 衣袍"),
    "dress": _w("dress | evening-dress | cheongsam | qipao", "裙 连衣裙 旗袍"),
    "hoodie": _w("hoodie | sweater | jumper | cardigan | turtleneck | scarf", "卫衣 毛衣"),
    "armour": _w("armour | armor | uniform | tunic", "盔甲 铠甲 制服"),
    "tee": _w("t-shirt | tee | tank-top | apron", "T恤"),
    "shirt": _w("shirt | blouse | scrubs | lab-coat | white coat", "衬衫 白大褂"),
}

PLACES: Mapping[str, Words] = {
    "palace": _w("palace | throne* | court | imperial | mansion | hall | castle | great-hall", "宫 殿 府邸 大厅"),
    "candles": _w("temple | shrine | cave | candle* | crypt | dungeon | cellar | tomb | chapel", "庙 寺 洞 蜡烛 地牢"),
    "street": _w("street* | alley | market | city | road | rooftop | station | bridge | town | square", "街 巷 市场 城市 天台"),
    "office": _w("office | boardroom | meeting-room | lobby | skyscraper | studio-flat | newsroom", "办公室 会议室 公司"),
    "hospital": _w("hospital | ward | clinic | operating-room | corridor", "医院 病房"),
    "forest": _w("forest | wood* | mountain* | jungle | bamboo | meadow | field", "森林 山 竹林 田野"),
    "garden": _w("garden | courtyard | pavilion | orchard | terrace", "花园 庭院 亭"),
    "water": _w("sea | lake | river | shore | beach | harbour | harbor | boat | pier", "海 湖 河 江 岸 船"),
    "room": _w("room | apartment | bedroom | kitchen | study | house | cottage | inn | cafe | restaurant | bar | home | library | "
        "shop | car | tavern | teahouse",
               "房间 卧室 书房 厨房 客厅 家 客栈 茶馆 咖啡"),
}  # fmt: skip
"""Where a scene plays; the place named first in the scene's own lines holds, a plain ground otherwise."""
NIGHT: Words = _w("night | midnight | dusk | evening | moonlit | after dark", "夜 黄昏 傍晚 深夜")
RAIN: Words = _w("rain | rainy | raining | storm* | downpour", "雨 暴风雨")

FRAMING: tuple[tuple[str, Words, float], ...] = (
    ("extreme_closeup", _w("extreme close-up | extreme_closeup | extreme closeup | ECU", "大特写"), 0.80),
    ("medium_closeup", _w("medium close-up | medium_closeup | medium closeup | MCU | head and shoulders | bust", "中近景"), 0.46),
    ("closeup", _w("close-up | closeup | close up | CU", "特写 近景"), 0.60),
    ("full", _w("full shot | full-body | full-length | size: full", "全身"), 0.25),
    ("wide", _w("wide shot | wide-angle | long shot | establishing shot | size: wide", "全景 远景"), 0.22),
    ("medium", _w("medium shot | medium | mid-shot | waist-up", "中景"), 0.34),
)
"""Shot size -> share of the frame's width that a face takes. Nothing is drawn wider than to the waist."""
DEFAULT_FRAMING = 0.48
FACING: Mapping[str, tuple[Words, float]] = {
    "left": (
        _w("facing left | faces left | turned left | looking left | looks left | profile left | three-quarter left", "面朝左 向左"),
        -22.0,
    ),
    "right": (
        _w("facing right | faces right | turned right | looking right | looks right | profile right | three-quarter right", "面朝右 向右"),
        22.0,
    ),
    "camera": (_w("facing camera | faces camera | facing the camera | looks into the lens | to camera | frontal", "面对镜头 正面"), 0.0),
}
"""Where a face is turned -> yaw in degrees."""
ANGLES: Mapping[str, tuple[Words, float]] = {
    "low": (_w("low angle | low-angle | from below", "仰拍"), 8.0),
    "high": (_w("high angle | high-angle | from above | overhead", "俯拍"), -8.0),
}
"""Camera height -> pitch in degrees."""
MOVES: Mapping[str, tuple[Words, tuple[float, float, float]]] = {
    "push_in": (_w("push in | push_in | push-in | dolly in | slow zoom in | pushes in", "推镜"), (0.10, 0.0, 0.0)),
    "pull_out": (_w("pull out | pull_out | pull-out | dolly out | pulls out", "拉镜"), (-0.10, 0.0, 0.0)),
    "pan_left": (_w("pan left | pan_left | pans left", "左摇"), (0.0, 0.06, 0.0)),
    "pan_right": (_w("pan right | pan_right | pans right", "右摇"), (0.0, -0.06, 0.0)),
    "tilt_up": (_w("tilt up | tilt_up | tilts up", "上摇"), (0.0, 0.0, 0.03)),
    "tilt_down": (_w("tilt down | tilt_down | tilts down", "下摇"), (0.0, 0.0, -0.03)),
}
"""Camera move in a clip -> growth of the picture, and its travel right and down in shares of the frame."""
COUNTS: tuple[tuple[int, Words], ...] = (
    (3, _w("three-shot | three people | three characters | trio | three persons", "三人")),
    (
        2,
        _w(
            "two-shot | two shot | two people | two characters | both of them | couple | two persons | two women | two men | "
            "over-the-shoulder | face each other",
            "两人 双人 二人",
        ),
    ),
)
MAX_PEOPLE = 3
