"""The people, places, things and words of the clean worlds."""

from __future__ import annotations

PAD = 2.0
CAST = {
    "en": (("mei", "Mei Lin", ["Miss Mei"]), ("zhao", "Zhao Ting", ["Captain Zhao", "the captain"]), ("gao", "Old Master Gao", []),
           ("rosa", "Rosa Keller", ["the doctor"]), ("ghost", "Lady Yun", ["the bride"])),
    "zh": (("mei", "林梅", ["梅姑娘"]), ("zhao", "赵庭", ["赵队长", "队长"]), ("gao", "高老爷", []),
           ("rosa", "罗莎大夫", ["大夫"]), ("ghost", "云娘", ["新娘子"])),
}  # fmt: skip
LOOKS = (
    ("a woman in her twenties", "long black hair in a braid", "dark brown eyes", "a grey cotton dress"),
    ("a man in his thirties", "short black hair", "a scar on the chin", "a navy uniform"),
    ("a man of seventy", "long white hair", "a thin white beard", "a brown silk robe"),
    ("a woman in her forties", "short red hair", "green eyes", "a white coat"),
    ("a young woman", "long black hair to the waist", "pale skin", "a crimson wedding gown"),
)
PLACES = {
    "en": (("hall", "the ancestral hall"), ("well", "the old well"), ("pier", "the pier")),
    "zh": (("hall", "祠堂"), ("well", "老井边"), ("pier", "码头")),
}
GROUND = {"hall": "an old hall with red pillars", "well": "a stone well under a bare tree", "pier": "a wooden pier with one lamp"}
THINGS = {
    "en": (("hairpin", "the jade hairpin"), ("letter", "the sealed letter"), ("knife", "the short knife")),
    "zh": (("hairpin", "玉簪"), ("letter", "密信"), ("knife", "短刀")),
}
FACTS = {
    "en": (
        ("drowned", "Lady Yun was drowned.", "They drowned her in the well."),
        ("heir", "Zhao is the heir.", "The captain is the true heir."),
    ),
    "zh": (("drowned", "云娘是被淹死的。", "她是在井里被人淹死的。"), ("heir", "赵庭才是继承人。", "赵队长才是真正的继承人。")),
}
SIZES = ("wide", "medium", "closeup", "medium_closeup", "full")
WORDS = {
    "wide": "wide shot",
    "medium": "medium shot",
    "closeup": "close-up",
    "medium_closeup": "medium close-up",
    "full": "full shot",
    "insert": "insert",
}
MOVES = {"static": "locked-off camera", "push_in": "one slow push in", "pan_left": "one smooth pan left"}
CROWD = {"en": "Down with the liar!", "zh": "打倒骗子！"}
FUNCTIONS = ("setup", "escalation", "turn", "reveal", "payoff", "escalation", "turn")


def garment(who: str, look: str) -> str:
    """Return what someone wears in a look."""
    base = LOOKS[[i for i, _, _ in CAST["en"]].index(who)][3]
    return {"day": base, "night": f"{base} under a black cloak", "hurt": f"{base} torn at the sleeve, a cut on the brow"}[look]


def descriptors(who: str, look: str) -> list[str]:
    """Return the words that every picture of someone repeats."""
    return [*LOOKS[[i for i, _, _ in CAST["en"]].index(who)][:3], garment(who, look)]


def thing(prop: str) -> str:
    """Return the words for a prop."""
    return {"hairpin": "a jade hairpin with a crack", "letter": "a letter with a red seal", "knife": "a short knife with a bone handle"}[
        prop
    ]
