"""The words of S07 and S08, in English and Chinese: camera moves, sizes, angles, and formats that are not vertical."""

from __future__ import annotations

import re
from collections.abc import Mapping

from evals.checks.sought import Sought, sought

_ADVERB = r"(?:slowly |gently |smoothly |quickly )?"
_PACE = (
    r"(?:slow(?:ly)?|smooth(?:ly)?|gentle|gently|fast|quick(?:ly)?|rapid(?:ly)?|steady|steadily|subtle|sudden(?:ly)?|one|single"
    r"|continuous|cinematic|dramatic)"
)
# "she pushes in the drawer" is no camera move, "a slow push in" and "the camera pushes in" are.
_CAMERA = rf"(?:\bcamera (?:(?:is|starts|begins) )?(?:{_PACE} )?|\b{_PACE} )"
_GOES = r"(?:doll(?:y|ies|ying)|mov(?:es?|ing)|zoom(?:s|ing)?)"
_ZH_SLOW = r"(?:缓慢|缓缓|慢慢|快速)?"

MOVES: Mapping[str, Sought] = {
    "push_in": sought(
        rf"{_CAMERA}(?:push(?:es|ing)?|{_GOES}) {_ADVERB}(?:in|forward|closer)\b",
        r"\bpush[- ]in\b", r"\bdolly[- ]in\b", r"\bzoom(?:s|ing)?[- ]in\b",
        r"推进|推近|推镜", rf"镜头{_ZH_SLOW}(?:向前|拉近|前推)",
        words=("push", "doll", "mov", "zoom"), signs=True,
    ),
    "pull_out": sought(
        rf"{_CAMERA}(?:pull(?:s|ing)?|{_GOES}) {_ADVERB}(?:out|back|away)\b",
        r"\bpull[- ](?:out|back)\b(?! (?:of|the|her|his|a)\b)", r"\bdolly[- ]out\b", r"\bzoom(?:s|ing)?[- ]out\b",
        r"拉远|拉镜", rf"镜头{_ZH_SLOW}(?:后退|向后|后拉)",
        words=("pull", "doll", "mov", "zoom"), signs=True,
    ),
    "pan_left": sought(
        r"\bpan(?:s|ning)?(?: (?:slowly|smoothly|quickly|gently))?(?: to the)? left\b", r"\bleftward pan\b",
        r"(?:向|往)左(?:摇|平移|横摇)|左摇",
        words=("pan",), signs=True,
    ),
    "pan_right": sought(
        r"\bpan(?:s|ning)?(?: (?:slowly|smoothly|quickly|gently))?(?: to the)? right\b", r"\brightward pan\b",
        r"(?:向|往)右(?:摇|平移|横摇)|右摇",
        words=("pan",), signs=True,
    ),
    "tilt_up": sought(
        rf"{_CAMERA}tilt(?:s|ing)?(?: (?:slowly|smoothly))? up\b", r"\btilt[- ]up (?:shot|move|from)\b",
        rf"镜头{_ZH_SLOW}上(?:摇|仰)|(?:向|往)上摇",
        words=("tilt",), signs=True,
    ),
    "tilt_down": sought(
        rf"{_CAMERA}tilt(?:s|ing)?(?: (?:slowly|smoothly))? down\b", r"\btilt[- ]down (?:shot|move|from)\b",
        rf"镜头{_ZH_SLOW}下(?:摇|俯)|(?:向|往)下摇",
        words=("tilt",), signs=True,
    ),
    "track": sought(
        r"\btracking (?:shot|move|camera)\b", rf"{_CAMERA}(?:track(?:s|ing)?|follow(?:s|ing)?|truck(?:s|ing)?)\b",
        r"\btruck(?:ing)? (?:left|right|shot)\b", r"\bdolly (?:shot|alongside)\b", r"跟拍|跟随镜头|跟镜|镜头跟",
        words=("track", "follow", "truck", "dolly"), signs=True,
    ),
    "handheld": sought(
        r"\bhand-?held (?:camera|shot|footage|look|feel|style|sway|movement)\b", r"\bshaky cam(?:era)?\b",
        r"手持(?:镜头|摄影|拍摄|感)|镜头晃动",
        words=("held", "shaky cam"), signs=True,
    ),
    "orbit": sought(
        rf"{_CAMERA}(?:orbit(?:s|ing)?|circl(?:es?|ing)|arc(?:s|ing)?|rotat(?:es?|ing))\b", r"\borbit(?:al|ing)? (?:shot|move)\b",
        r"\barc shot\b", r"\b360[- ]degree (?:shot|move|turn|orbit)\b", r"\bquarter orbit\b",
        r"环绕(?:镜头|拍摄|运镜)|镜头环绕|绕着(?:她|他|人物)旋转",
        words=("orbit", "circl", "arc", "rotat", "360"), signs=True,
    ),
    "static": sought(
        r"\b(?:static|locked[- ]off|fixed|stationary|motionless) (?:camera|shot|frame|tripod)\b",
        r"\bcamera (?:is |stays |remains |holds )?(?:static|still|fixed|locked(?:[- ]off)?|motionless)\b", r"\btripod shot\b",
        r"固定镜头|固定机位|静止镜头|机位固定|镜头(?:固定|静止|不动)",
        words=("static", "locked", "fixed", "stationary", "motionless", "tripod", "still"), signs=True,
    ),
}  # fmt: skip
LOOSE: Mapping[str, Sought] = {
    "push_in": sought(r"\b(?:push|dolly|zoom)(?:es|s|ing)?[ -]in\b", words=("push", "dolly", "zoom")),
    "pull_out": sought(r"\b(?:pull|dolly|zoom)(?:s|ing)?[ -](?:out|back)\b", words=("pull", "dolly", "zoom")),
    "tilt_up": sought(r"\btilt(?:s|ing)?[ -]up\b", words=("tilt",)),
    "tilt_down": sought(r"\btilt(?:s|ing)?[ -]down\b", words=("tilt",)),
    "track": sought(r"\b(?:track(?:s|ing)?|truck|follow(?:s|ing)?)\b", words=("track", "truck", "follow")),
    "handheld": sought(r"\bhand-?held\b", words=("held",)),
    "orbit": sought(r"\b(?:orbit(?:s|ing)?|arc|circl(?:es|ing))\b", words=("orbit", "arc", "circl")),
    "static": sought(r"\b(?:static|locked|fixed|still|stationary)\b", words=("static", "locked", "fixed", "still", "stationary")),
}
"""What counts as a move only where the camera is spoken of: behind `Camera:`, or as the planned move itself."""
CAMERA_LINE = re.compile(
    r"(?:^|\n)[ \t]*(?:camera|camera move(?:ment)?|move(?:ment)?|运镜|镜头运动|镜头|机位运动)[ \t]*[:：](?P<text>[^\n]*)"
)
# "The camera pushes in, then orbits her": what goes on in a sentence about the camera is the camera's.
GOES_ON = re.compile(
    r"\bcamera\b[^.;\n]{0,80}?(?:,|\band\b|\bthen\b|\bbefore\b|\bwhile\b) (?:then |it )?(?:slowly |smoothly |gently )?"
    r"(?P<text>(?:orbit|circl|pull|push|zoom|doll|tilt|track|follow|truck|arc)[^,.;\n]{0,24})"
)
SIZES: Mapping[str, Sought] = {
    "extreme_closeup": sought(r"\bextreme close[- ]?up\b", "大特写", words=("extreme close",), signs=True),
    "medium_closeup": sought(r"\b(?:medium|mid) close[- ]?up\b", "中近景|近景", words=("medium close", "mid close"), signs=True),
    "closeup": sought(
        r"(?<!extreme )(?<!medium )(?<!mid )\bclose[- ]?up\b", "(?<!大)特写", words=("closeup", "close-up", "close up"), signs=True
    ),
    "medium": sought(
        r"\b(?:medium|mid|waist)[- ]shot\b",
        r"\bcowboy shot\b",
        "中景",
        words=("medium shot", "medium-shot", "mid shot", "mid-shot", "waist", "cowboy"),
        signs=True,
    ),
    "full": sought(
        r"\bfull(?:[- ]body|[- ]length)? shot\b",
        "全身镜头|(?<!大)全景",
        words=("full shot", "full-", "full body", "full length"),
        signs=True,
    ),
    "wide": sought(
        r"\b(?:extreme |ultra )?(?:wide|long|establishing)[- ]shot\b",
        "远景|大全景",
        words=("wide shot", "wide-shot", "long shot", "long-shot", "establishing"),
        signs=True,
    ),
}
ANGLES: Mapping[str, Sought] = {
    "low": sought(r"\blow[- ]angle\b", r"\bworm['’]?s[- ]eye\b", "仰拍|低角度", words=("low-angle", "low angle", "worm"), signs=True),
    "high": sought(r"\bhigh[- ]angle\b", "俯拍(?!全)|高角度", words=("high-angle", "high angle"), signs=True),
    "overhead": sought(
        r"\b(?:overhead|top[- ]down|bird['’]?s[- ]eye) (?:view|shot|angle)\b",
        "顶拍|鸟瞰|正俯",
        words=("overhead", "top-down", "top down", "bird"),
        signs=True,
    ),
    "eye_level": sought(r"\b(?:at )?eye[- ]level\b", "平视", words=("eye-level", "eye level"), signs=True),
    "over_shoulder": sought(r"\bover[- ]the[- ]shoulder\b", "过肩", words=("shoulder",), signs=True),
    "pov": sought(r"\b(?:pov|point[- ]of[- ]view)\b", "主观视角|第一人称视角", words=("pov", "point"), signs=True),
}
# The first figure stands before what must not go before it, so that the engine can jump from figure to figure.
OTHER_RATIO = re.compile(
    r"[1-4](?:(?<![\d:.].)(?:(?<=1)(?:6\s?[:x：]\s?9|\.85\s?[:：]\s?1)|(?<=2)(?:1\s?[:x：]\s?9|\.3[59]\s?[:：]\s?1)"
    r"|(?<=3)\s?[:x：]\s?2|(?<=4)\s?[:x：]\s?3)(?![\d:])"
    r"|(?<=\b1)\s?:\s?1 (?:aspect|format|frame|ratio|crop)\b)"
)
OTHER_FORMAT = sought(
    r"--(?:ar|aspect)\s+(?!9\s?:\s?16\b)\d+\s?:\s?\d+",
    r"\baspect(?: ratio)?:? ?(?:of )?1:1\b",
    r"\b(?:wide-?screen|cinemascope|letterbox(?:ed)?)\b",
    r"\b(?:panoramic|anamorphic(?: wide)?) (?:frame|format|aspect|crop)\b",
    r"\b(?:landscape|horizontal|square)[- ](?:format|orientation|aspect|frame|framing|mode|video|composition|image|crop|shot)\b",
    r"横屏|横版|横幅画面|宽银幕|宽屏|方形(?:画幅|构图|画面)|横向(?:构图|画幅|画面)",
    words=(
        "--a",
        "aspect",
        "widescreen",
        "wide-screen",
        "cinemascope",
        "letterbox",
        "panoramic",
        "anamorphic",
        "landscape",
        "horizontal",
        "square",
    ),
    signs=True,
)
