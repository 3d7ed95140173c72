"""Text is measured in the way of its language."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prompts.text import Count, count, estimate_tokens, length, speech_budget, speech_seconds


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("", Count(0, 0, 0, 0)),
        ("Don't re-shoot it.", Count(18, 0, 3, 1)),
        ("她推开门，雨停了。", Count(9, 7, 0, 1)),
        ("Mei 说：走!\n\n好", Count(11, 3, 1, 2)),
        ("3.5 km, 1,000 people", Count(20, 0, 4, 1)),
        ("café naïve", Count(10, 0, 2, 1)),
        ("お前はもう", Count(5, 5, 0, 1)),
        ("——……！", Count(5, 0, 0, 1)),
    ],
)
def test_chinese_is_counted_in_signs_and_english_in_words(text: str, counted: Count) -> None:
    """Punctuation is neither."""
    assert count(text) == counted


def test_a_chinese_paragraph_is_not_one_word() -> None:
    """Splitting at spaces would say 1."""
    text = "月光落在旧院子里，她听见门外有人轻轻叫她的名字。"
    assert length(text, "zh") == 22
    assert len(text.split()) == 1


@pytest.mark.parametrize(
    ("text", "language", "units"),
    [
        ("打 call 给我", "zh", 4),
        ("打 call 给我", "en", 4),
        ("他付了 110 元", "zh", 7),
        ("He paid 110 dollars", "en", 4),
    ],
)
def test_a_foreign_word_is_one_unit_and_figures_are_read_digit_by_digit_in_chinese(text: str, language: str, units: int) -> None:
    assert length(text, language) == units


@pytest.mark.parametrize(
    ("text", "language", "rate", "seconds"),
    [
        ("你好吗朋友们都来", "zh", None, 8 / 4.5),
        ("你好吗朋友们都来", "zh", 4.0, 2.0),
        ("one two three four five", "en", None, 2.0),
        ("one two three four five", "en-GB", 5.0, 1.0),
        ("打 call 给我", "zh", None, 3 / 4.5 + 1 / 2.5),
        ("call 梅", "en", 2.0, 0.5 + 1 / 4.5),
        ("110", "zh", None, 3 / 4.5),
        ("110", "en", None, 1 / 2.5),
        ("……", "zh", None, 0.0),
    ],
)
def test_speech_takes_its_time(text: str, language: str, rate: float | None, seconds: float) -> None:
    """4.5 signs or 2.5 words a second; a character's own rate replaces that of the language."""
    assert speech_seconds(text, language, rate) == pytest.approx(seconds)


@pytest.mark.parametrize("rate", [0.0, -1.0])
def test_a_rate_is_above_zero(rate: float) -> None:
    """A rate of nothing would take for ever."""
    with pytest.raises(ValueError, match="above zero"):
        speech_seconds("a", "en", rate)


@given(st.text(max_size=50), st.text(max_size=50), st.sampled_from(["zh", "en"]))
def test_more_text_takes_no_less_time(a: str, b: str, language: str) -> None:
    """Time never falls when something is added, and two sentences take the sum."""
    joined = speech_seconds(f"{a}\n{b}", language)
    assert joined == pytest.approx(speech_seconds(a, language) + speech_seconds(b, language))


@given(st.floats(0, 60), st.sampled_from(["zh", "en"]), st.floats(0, 5))
def test_what_fits_the_budget_fits_the_shot(seconds: float, language: str, pad: float) -> None:
    """A line of exactly the budget is spoken in the time that is left."""
    budget = speech_budget(seconds, language, pad=pad)
    line = "字" * budget if language == "zh" else " ".join(["word"] * budget)
    assert speech_seconds(line, language) <= max(0.0, seconds - pad) + 1e-6


@given(st.text(max_size=80), st.text(max_size=80))
def test_tokens_are_estimated_steadily(a: str, b: str) -> None:
    """Never less than nothing, and longer text never costs clearly less."""
    assert estimate_tokens("") == 0
    assert estimate_tokens(a + "\n" + b) >= max(estimate_tokens(a), estimate_tokens(b)) - 1


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Mei pushes the door open; the rain has stopped. Nobody answers when she calls his name a second time.", 23),
        ("月光落在旧院子里，她听见门外有人轻轻叫她的名字。她没有回头，只是把灯吹灭了。", 33),
        ('{"id": "s01", "location": "old-house", "daypart": "night", "beats": [{"function": "hook", "emotion": 7}]}', 37),
        ("镜头 3（4.5 秒）：Mei 说：“你为什么现在才回来？”\n- medium closeup, push in\n- 9:16, no readable text", 38),
    ],
)
def test_the_estimate_is_near_a_real_tokenizer(text: str, tokens: int) -> None:
    """Counts of o200k_base; an estimate for budgets may be a fifth off."""
    assert estimate_tokens(text) == pytest.approx(tokens, rel=0.2)
