"""S03-S08 and S12-S14: what does not belong into the prompt of a picture or clip."""

from __future__ import annotations

import random
from collections.abc import Callable

from mutators.common import Json, Mutator, pick


def drops_a_descriptor(rng: random.Random, inputs: Json, board: Json) -> str | None:
    options = [(s, c) for s in board["shots"] for v in s["visible"] for c in inputs["characters"] if c["id"] == v["who"]]
    found = pick(rng, options)
    if not found:
        return None
    shot, person = found
    shot["first_frame_prompt"] = shot["first_frame_prompt"].replace(rng.choice(person["static_descriptors"]), person["name"])
    return str(shot["id"])


def into_frame(texts: Callable[[str], tuple[str, ...]], name: str = "first_frame_prompt", move: str = "") -> Mutator:
    """Return a mutator that adds one of some texts to a prompt of a shot, where `move` is given of one that is planned with that move."""

    def mutate(rng: random.Random, inputs: Json, board: Json) -> str | None:
        shot = pick(rng, [s for s in board["shots"] if s["visible"] and move in ("", s["move"])])
        if shot:
            shot[name] = f"{shot[name]} {rng.choice(texts(inputs['language']))}"
        return shot and str(shot["id"])

    return mutate


CONFLICTS = {
    "mei": (
        "Her blonde hair shines.",
        "She wears a bright green dress.",
        "blue eyes full of tears",
        "She has short hair.",
        "a yellow silk evening dress",
        "她的金色头发",
    ),
    "zhao": (
        "His grey hair is wet.",
        "a white uniform with gold buttons",
        "red-haired",
        "his long hair blows back",
        "He wears a crimson uniform.",
        "blond hair",
    ),
    "gao": ("His black hair is combed.", "a black beard", "in a blue robe", "short hair", "dark brown hair", "a jet black beard"),
    "rosa": ("Her black hair is loose.", "brown eyes", "a black coat", "long wavy hair", "a navy coat", "blue eyes"),
    "ghost": ("Her white hair floats.", "in a white gown", "short hair", "a pale blue wedding gown", "silver hair", "tan skin"),
}


def conflict(rng: random.Random, inputs: Json, board: Json) -> str | None:
    shot = pick(rng, [s for s in board["shots"] if len(s["visible"]) == 1])
    if shot:
        shot["first_frame_prompt"] += " " + rng.choice(CONFLICTS[shot["visible"][0]["who"]])
    return shot and str(shot["id"])


def both(en: tuple[str, ...], zh: tuple[str, ...]) -> Callable[[str], tuple[str, ...]]:
    # Picture prompts of Chinese series are English too, as often as not.
    return lambda language: en if language == "en" else (*zh, *en)


POINTERS = both(
    (
        "Same room as before.",
        "She is in the same outfit as in the last shot.",
        "As in the previous frame, rain falls.",
        "The setting is unchanged from the earlier shot.",
        "Continue from the last scene.",
        "The same woman from shot 2.",
        "He is still wearing his uniform.",
        "In the same dusty parlor.",
        "as described above",
        "Now back in the same kitchen.",
        "The next shot of the fight.",
        "lighting like before",
    ),
    (
        "与上一镜头相同的房间。",
        "同一个女人。",
        "和之前一样的光线。",
        "她仍穿着那件衣服。",
        "承接上一个画面。",
        "相同的场景。",
        "如前所述。",
        "之前的那个房间。",
    ),
)


NEGATIONS = both(
    (
        "No other people.",
        "without a hat",
        "There is nobody behind her.",
        "Do not show hands.",
        "not smiling",
        "never looking at the camera",
        "avoid bright colours",
        "a sign that reads “Harbour”",
        "with the words “the end” on the wall",
        "no watermark",
        "exclude modern objects",
        "The letter says “come home”.",
        "subtitles at the bottom",
    ),
    (
        "不要出现其他人。",
        "没有帽子。",
        "画面中禁止文字。",
        "避免现代物品。",
        "纸上写着“回家”。",
        "无水印",
        "别露出手",
        "墙上挂着写有店名的招牌，字样清晰",
    ),
)


FORMATS = both(
    (
        "16:9",
        "widescreen framing",
        "landscape orientation",
        "cinemascope",
        "horizontal composition",
        "--ar 16:9",
        "2.39:1",
        "square format",
        "letterboxed",
    ),
    ("横屏", "宽银幕", "16：9 画幅", "方形构图", "横向构图", "宽屏画面"),
)


COUNTS = both(
    (
        "Three people argue.",
        "four women by the door",
        "five men around the table",
        "two couples? No, a group of six people",
        "three figures in the rain",
        "She stands among three strangers.",
        "4 people in frame",
        "three girls laughing",
        "the three friends embrace",
        "a three-shot",
    ),
    ("三个人在争吵。", "四名女子站在门口。", "五个男人围着桌子。", "画面里有三个角色。", "三位老人。", "六个人"),
)


FAMOUS = both(
    (
        "looks like Tom Cruise",
        "a Gucci handbag",
        "in the style of Wes Anderson",
        "a Batman poster",
        "an iPhone in her hand",
        "drinking Coca-Cola",
        "a face like Audrey Hepburn",
        "a Rolex on his wrist",
        "a Ferrari outside",
        "dressed as Darth Vader",
    ),
    ("长得像刘德华", "手里拿着星巴克", "背着爱马仕包", "蜘蛛侠海报", "戴着劳力士", "章子怡的气质", "开着兰博基尼", "皮卡丘玩偶"),
)


MOVED = both(
    (
        "The camera pans left across the room, then tilts up.",
        "a slow orbit around her",
        "camera pulls back",
        "handheld camera",
        "The camera circles her.",
        "a tracking shot",
        "slow tilt up",
        "crash zoom in",
        "the camera dollies out",
        "whip pan right",
    ),
    ("镜头环绕人物。", "手持镜头跟拍。", "镜头向上摇。", "镜头缓缓拉远。", "环绕运镜", "快速变焦推近"),
)


def too_wordy(rng: random.Random, inputs: Json, board: Json) -> str | None:
    shot = pick(rng, board["shots"])
    shot["first_frame_prompt"] += " The light falls on the wall in a soft and even way." * 50
    return str(shot["id"])


def too_much_to_do(rng: random.Random, inputs: Json, board: Json) -> str | None:
    shot = pick(rng, board["shots"])
    steps = (
        "She stands up",
        "then runs to the door",
        "then opens it",
        "and then falls",
        "then gets up",
        "then screams",
        "then turns",
        "then laughs",
        "then sits",
        "then weeps",
    )
    shot["motion_prompt"] += " " + ", ".join(steps) + "."
    return str(shot["id"])
