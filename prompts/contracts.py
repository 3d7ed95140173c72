"""Contracts: rules declared once in a template's front matter, which the prompt states and a scorer checks.

Example of front matter, and of what `{{ contracts.rules | bullets }}` makes of it in an English series

    contracts:
      speech: {words_per_second: 2.5, pad_seconds: 2}
      shots: {max_count: 6, max_seconds: 8}

    - Every line must be speakable in its shot: at most 2.5 words a second, with 2 seconds to spare.
    - At most 6 shots.
    - No shot longer than 8 seconds.
"""

from __future__ import annotations

from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from prompts.story import Id


class Contract(BaseModel):
    """Base of the contract models; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SpeechBudget(Contract):
    """How fast people may speak, and how many seconds of a shot stay silent. Defaults: see `prompts.text`."""

    chars_per_second: float = Field(default=4.5, gt=0, le=20)
    words_per_second: float = Field(default=2.5, gt=0, le=10)
    pad_seconds: float = Field(default=2.0, ge=0, le=30)


class ShotBudget(Contract):
    """How many shots, and how long each may be in seconds. None is no bound."""

    min_count: int | None = Field(default=None, ge=1)
    max_count: int | None = Field(default=None, ge=1)
    min_seconds: float | None = Field(default=None, gt=0)
    max_seconds: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        for low, high, what in ((self.min_count, self.max_count, "count"), (self.min_seconds, self.max_seconds, "seconds")):
            if low is not None and high is not None and low > high:
                raise ValueError(f"min_{what} {low:g} is more than max_{what} {high:g}")
        return self


class Contracts(Contract):
    """The rules of one template. `cast` is `case` (the people of the case and nobody else) or a list of character ids."""

    speech: SpeechBudget | None = None
    cast: Literal["case"] | list[Id] | None = None
    shots: ShotBudget | None = None
    forbidden: list[str] = []

    def variable(self, language: str) -> dict[str, Any]:
        """Return what templates see as `contracts`: the declared values, and `rules`, the sentences that state them."""
        return {**self.model_dump(), "rules": self.rules(language)}

    def rules(self, language: str) -> list[str]:
        """Return one sentence a rule, in Chinese for `zh` and in English otherwise."""
        chinese = language.startswith("zh")
        return [*self._speech_rules(chinese), *self._cast_rules(chinese), *self._shot_rules(chinese), *self._word_rules(chinese)]

    def _speech_rules(self, chinese: bool) -> list[str]:
        if self.speech is None:
            return []
        rate, pad = self.speech.chars_per_second if chinese else self.speech.words_per_second, self.speech.pad_seconds
        if chinese:
            return [f"每句台词必须能在其镜头内说完：每秒不超过 {rate:g} 个字，并留出 {pad:g} 秒。"]
        return [f"Every line must be speakable in its shot: at most {rate:g} words a second, with {pad:g} seconds to spare."]

    def _cast_rules(self, chinese: bool) -> list[str]:
        if self.cast is None:
            return []
        if self.cast == "case":
            return [
                "只使用给定的人物，不得新增有台词或有动作的人物。"
                if chinese
                else "Use the given characters only; nobody else speaks or acts."
            ]
        names = "、".join(self.cast) if chinese else ", ".join(self.cast)
        return [f"只使用这些人物：{names}。" if chinese else f"Use these characters only: {names}."]

    def _shot_rules(self, chinese: bool) -> list[str]:
        shots = self.shots or ShotBudget()
        sentences = (
            (shots.min_count, "至少 {:g} 个镜头。", "At least {:g} shots."),
            (shots.max_count, "至多 {:g} 个镜头。", "At most {:g} shots."),
            (shots.min_seconds, "每个镜头不短于 {:g} 秒。", "No shot shorter than {:g} seconds."),
            (shots.max_seconds, "每个镜头不长于 {:g} 秒。", "No shot longer than {:g} seconds."),
        )
        return [(zh if chinese else en).format(value) for value, zh, en in sentences if value is not None]

    def _word_rules(self, chinese: bool) -> list[str]:
        if not self.forbidden:
            return []
        return [f"不得出现这些词：{'、'.join(self.forbidden)}。" if chinese else f"Never use these words: {', '.join(self.forbidden)}."]
