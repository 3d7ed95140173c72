"""Contracts: rules declared once in a template's front matter, which the prompt states and `evals.contract` checks.

Example of front matter, and of what `{{ contracts.rules | bullets }}` makes of it in an English series

    contracts:
      speech: {words_per_second: 2.5, pad_seconds: 2}
      shots: {max_count: 6, max_seconds: 8}

    - Every line must be speakable in its shot: at most 2.5 words a second, with 2 seconds to spare.
    - At most 6 shots.
    - No shot longer than 8 seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from prompts.story import Id
from prompts.text import CHARS_PER_SECOND, WORDS_PER_SECOND, is_chinese

Word = Annotated[str, Field(min_length=1, pattern=r"\S")]


class Contract(BaseModel):
    """Base of the contract models; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SpeechBudget(Contract):
    """How fast people may speak, and how many seconds of a shot stay silent. Defaults: see `prompts.text`."""

    chars_per_second: float = Field(default=CHARS_PER_SECOND, gt=0, le=20)
    words_per_second: float = Field(default=WORDS_PER_SECOND, gt=0, le=10)
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


class CountBudget(Contract):
    """How many beats or scenes. None is no bound."""

    min_count: int | None = Field(default=None, ge=1)
    max_count: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min_count is not None and self.max_count is not None and self.min_count > self.max_count:
            raise ValueError(f"min_count {self.min_count} is more than max_count {self.max_count}")
        return self


@dataclass(frozen=True, slots=True)
class Clause:
    """One rule: `text` states it in the language of the series, `value` is what `evals.contract` checks an output against."""

    key: str
    value: Any
    text: str


class Contracts(Contract):
    """The rules of one template. `cast` is `case` (the people of the case and nobody else) or a list of character ids."""

    speech: SpeechBudget | None = None
    cast: Literal["case"] | list[Id] | None = None
    shots: ShotBudget | None = None
    beats: CountBudget | None = None
    scenes: CountBudget | None = None
    forbidden: list[Word] = []
    required: list[Word] = []

    def variable(self, language: str) -> dict[str, Any]:
        """Return what templates see as `contracts`: the declared values, and `rules`, the sentences that state them."""
        return {**self.model_dump(), "rules": self.rules(language)}

    def rules(self, language: str) -> list[str]:
        """Return one sentence a rule, in Chinese for `zh` and in English otherwise."""
        return [clause.text for clause in self.clauses(language)]

    def clauses(self, language: str) -> list[Clause]:
        """Return the rules one by one, each with its sentence and its value: what is said is what is checked."""
        chinese = is_chinese(language)
        return [*self._speech_rules(chinese), *self._cast_rules(chinese), *self._bounds(chinese), *self._word_rules(chinese)]

    def _speech_rules(self, chinese: bool) -> list[Clause]:
        if self.speech is None:
            return []
        rate, pad = self.speech.chars_per_second if chinese else self.speech.words_per_second, self.speech.pad_seconds
        text = (
            f"每句台词必须能在其镜头内说完：每秒不超过 {rate:g} 个字，并留出 {pad:g} 秒。"
            if chinese
            else f"Every line must be speakable in its shot: at most {rate:g} words a second, with {pad:g} seconds to spare."
        )
        return [Clause("speech", self.speech, text)]

    def _cast_rules(self, chinese: bool) -> list[Clause]:
        if self.cast is None:
            return []
        if self.cast == "case":
            text = (
                "只使用给定的人物，不得新增有台词或有动作的人物。"
                if chinese
                else "Use the given characters only; nobody else speaks or acts."
            )
        else:
            names = "、".join(self.cast) if chinese else ", ".join(self.cast)
            text = f"只使用这些人物：{names}。" if chinese else f"Use these characters only: {names}."
        return [Clause("cast", self.cast, text)]

    def _bounds(self, chinese: bool) -> list[Clause]:
        """Return one clause a number, by the table that says it in both languages."""
        found = []
        for key, zh, en in BOUNDS:
            group, _, name = key.partition(".")
            value = getattr(getattr(self, group), name, None)
            if value is not None:
                found.append(Clause(key, value, (zh if chinese else en).format(value)))
        return found

    def _word_rules(self, chinese: bool) -> list[Clause]:
        found = []
        for key, words, zh, en in (
            ("forbidden", self.forbidden, "不得出现这些词：{}。", "Never use these words: {}."),
            ("required", self.required, "必须出现这些词：{}。", "Use each of these words: {}."),
        ):
            if words:
                text = zh.format("、".join(words)) if chinese else en.format(", ".join(words))
                found.append(Clause(key, tuple(words), text))
        return found


BOUNDS: tuple[tuple[str, str, str], ...] = (
    ("shots.min_count", "至少 {:g} 个镜头。", "At least {:g} shots."),
    ("shots.max_count", "至多 {:g} 个镜头。", "At most {:g} shots."),
    ("shots.min_seconds", "每个镜头不短于 {:g} 秒。", "No shot shorter than {:g} seconds."),
    ("shots.max_seconds", "每个镜头不长于 {:g} 秒。", "No shot longer than {:g} seconds."),
    ("beats.min_count", "至少 {:g} 个节拍。", "At least {:g} beats."),
    ("beats.max_count", "至多 {:g} 个节拍。", "At most {:g} beats."),
    ("scenes.min_count", "至少 {:g} 场。", "At least {:g} scenes."),
    ("scenes.max_count", "至多 {:g} 场。", "At most {:g} scenes."),
)
CLAUSES = ("speech", "cast", *(key for key, _, _ in BOUNDS), "forbidden", "required")
"""The keys of all clauses that contracts can hold."""
