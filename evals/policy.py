"""Gate policies: what evidence a template must bring, written down before the money is spent. One file each in `evals/gates/`.

An example:

    alpha = 0.05
    attempts = { total = 0.08, schedule = "zeta2" }
    unit = "series_id"
    min_units = 8
    min_cases = 12
    repeats = 2
    looks = { plan = "obf3", futility_cp = 0.05 }

    [primary.face_consistency]   # must gain
    direction = "up"
    worst = 0.0                  # what a failed output counts as
    min_effect = 0.01            # the smallest gain that is worth a change

    [guardrails.logic_pass]      # must not lose more than the margin
    direction = "up"
    worst = 0.0
    margin = 0.05

    [guardrails.cost_usd]        # spending is compared as a ratio
    direction = "down"
    margin_ratio = 1.10

    [hard.unsafe]                # must not happen
    max_failures = 0
    upper_limit = 0.05

    [approval]
    reviewers = 1
    author_may_approve = false
    human_pairs_min = 20
"""

from __future__ import annotations

import hashlib
import json
import math
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, ValidationError, field_validator, model_validator

from evals.document import said, shown, weightiest
from prompts.errors import InputError, UnknownName
from prompts.story import Model

MAX_BYTES = 100_000
UNITS = {"series": "series", "series_id": "series", "case": "case", "case_id": "case"}
"""What a policy may call the independent unit, and the column that holds it."""
RATIOS = frozenset({"cost_usd", "latency_s", "tokens", "input_tokens", "output_tokens"})
"""Spending: what matters is by what share it grows, so logarithms are compared."""

Share = Annotated[float, Field(gt=0, lt=0.5, allow_inf_nan=False)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Part(Model):
    """A table of the file; no other keys, and nothing that changes after it was hashed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Attempts(Part):
    """How alpha is spent over the attempts on one gate suite: on the j-th, `total * 6 / (pi^2 j^2)`, or alpha over `planned` ones."""

    schedule: Literal["zeta2", "fixed", "none"] = "zeta2"
    total: Share = 0.08
    planned: int = Field(default=1, ge=1, le=1000)

    def level(self, alpha: float, attempt: int) -> float:
        """Return the level of the j-th attempt, never more than alpha; 0 where the budget is spent."""
        if self.schedule == "none":
            return alpha
        if self.schedule == "fixed":
            return alpha / self.planned if attempt <= self.planned else 0.0
        return min(alpha, self.total * 6 / (math.pi * attempt) ** 2)


class Looks(Part):
    """When the evidence is looked at: once, or at 1/3, 2/3 and all of the planned units with O'Brien-Fleming levels."""

    plan: Literal["fixed", "obf3"] = "fixed"
    futility_cp: float = Field(default=0.05, ge=0, lt=0.5, allow_inf_nan=False)


class Measure(Part):
    """A metric of the gate. `worst` is what a failed output counts as; `best`, the other end of its scale, may be named too.

    Without `worst` a failed output counts as what was measured of it; only spending may do without.
    """

    direction: Literal["up", "down"]
    worst: Number | None = None
    best: Number | None = None

    @property
    def sign(self) -> int:
        """Return 1 where more is better and -1 where less is."""
        return 1 if self.direction == "up" else -1

    @model_validator(mode="after")
    def _ends(self) -> Measure:
        if self.best is not None and self.worst is None:
            raise ValueError("`best` needs `worst`: both ends of the scale, or only the worst one")
        if self.worst is not None and self.best is not None and self.sign * (self.best - self.worst) <= 0:
            raise ValueError(f'with direction "{self.direction}", best must be {"above" if self.sign > 0 else "below"} worst')
        return self


class Primary(Measure):
    """A metric that must gain, at least `min_effect` (in its own unit; for spending, as a share)."""

    min_effect: float = Field(default=0.0, ge=0, allow_inf_nan=False)


class Guardrail(Measure):
    """A metric that must not lose: by less than `margin` in its own unit, or by a factor less than `margin_ratio`."""

    margin: Positive | None = None
    margin_ratio: Positive | None = None

    @model_validator(mode="after")
    def _one_margin(self) -> Guardrail:
        if (self.margin is None) == (self.margin_ratio is None):
            raise ValueError("give either margin or margin_ratio")
        if self.margin_ratio == 1:
            raise ValueError("a margin_ratio of 1 allows nothing; 1.10 allows ten per cent")
        return self

    @property
    def room(self) -> float:
        """Return the margin as the test uses it: a difference, or that of logarithms."""
        return self.margin if self.margin is not None else abs(math.log(self.margin_ratio or math.nan))


class Hard(Part):
    """What must not happen: at most `max_failures` seen, and no more than `upper_limit` of all outputs possible.

    An output is a failure where the metric is above `limit` (with direction up: below it), so a flag of 0 or 1 needs no limit.
    """

    max_failures: int = Field(default=0, ge=0)
    upper_limit: float = Field(gt=0, lt=1, allow_inf_nan=False)
    direction: Literal["up", "down"] = "down"
    limit: Number = 0.0


class Approval(Part):
    """Who must agree before a promotion, once the evidence is there."""

    reviewers: int = Field(default=1, ge=0, le=10)
    author_may_approve: bool = False
    human_pairs_min: int = Field(default=0, ge=0)


class Policy(Part):
    """One policy file; see the example above."""

    description: str = ""
    alpha: Share = 0.05
    attempts: Attempts = Field(default_factory=Attempts)
    unit: str = "series_id"
    min_units: int = Field(default=8, ge=2)
    min_cases: int = Field(default=12, ge=1)
    repeats: int = Field(default=2, ge=1, le=100)
    looks: Looks = Field(default_factory=Looks)
    primary: dict[str, Primary] = Field(min_length=1)
    guardrails: dict[str, Guardrail] = Field(default_factory=dict)
    hard: dict[str, Hard] = Field(default_factory=dict)
    approval: Approval = Field(default_factory=Approval)

    @field_validator("primary", "guardrails", "hard")
    @classmethod
    def _by_name(cls, measures: dict[str, Any]) -> dict[str, Any]:
        """Sort them: the order of a file is not in its hash, so it must not matter."""
        return dict(sorted(measures.items()))

    @field_validator("unit")
    @classmethod
    def _known_unit(cls, unit: str) -> str:
        if unit not in UNITS:
            raise ValueError(f"the independent unit is one of {', '.join(sorted(UNITS))}")
        return unit

    @model_validator(mode="after")
    def _once(self) -> Policy:
        twice = sorted(self.primary.keys() & self.guardrails.keys())
        if twice:
            raise ValueError(f"the metric {twice[0]} is primary and a guardrail; what must gain has no margin to lose")
        for name, measure in {**self.primary, **self.guardrails}.items():
            if measure.worst is None and not self.is_ratio(name) and name not in RATIOS:
                raise ValueError(
                    f"the metric {name} needs `worst`, what a failed output counts as; without it a template that fails looks good"
                )
        return self

    @property
    def unit_column(self) -> str:
        """Return the column of the evidence that holds the independent unit: `series` or `case`."""
        return UNITS[self.unit]

    @property
    def hash(self) -> str:
        """Return the SHA-256 of everything in the policy but its description."""
        text = json.dumps(self.model_dump(mode="json", exclude={"description"}), sort_keys=True, ensure_ascii=False, allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def is_ratio(self, metric: str) -> bool:
        """Tell whether a metric is compared by logarithms."""
        guardrail = self.guardrails.get(metric)
        return guardrail.margin_ratio is not None if guardrail is not None else metric in RATIOS


def load_policy(path: str | Path) -> Policy:
    """Read a policy file.

    Raises:
        InputError: The file is missing, too large, no TOML, or holds a key or value that a policy does not have; with the place.
    """
    path = Path(path)
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"{shown(path)}: Cannot be read: {error.strerror}.") from None
    if len(raw) > MAX_BYTES:
        raise InputError(f"{shown(path)}: Larger than {MAX_BYTES:,} bytes, which no policy is.")
    try:
        return parse_policy(tomllib.loads(raw.decode("utf-8-sig")), shown(path))
    except UnicodeDecodeError:
        raise InputError(f"{shown(path)}: Not UTF-8 text; save the file as UTF-8.") from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        why = "nested too deep" if isinstance(error, RecursionError) else error
        raise InputError(f"{shown(path)}: Not TOML: {why}.") from None
    except ValueError:  # Python reads no number of more than 4,300 digits, and says so in its own way
        raise InputError(f"{shown(path)}: A number has too many digits.") from None


def parse_policy(data: Any, name: str = "policy") -> Policy:
    """Check a policy that was read already.

    Raises:
        InputError: It holds a key or value that a policy does not have.
    """
    try:
        return Policy.model_validate(data)
    except ValidationError as error:
        problems = error.errors(include_url=False)
        first = weightiest(problems)
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        place = ".".join(str(step) for step in first["loc"])
        raise InputError(f"{name}: {f'{place}: ' if place else ''}{said(first, Policy)}{more}") from None


def find_policy(name: str, folder: Path) -> Path:
    """Return the file that a suite (`gates/shot.toml`) or a user (`shot`) means; `folder` is `evals` of a workspace.

    Raises:
        UnknownName: There is none.
    """
    root = folder.resolve()
    for path in (root / name, root / "gates" / f"{name}.toml"):
        if path.suffix == ".toml" and path.is_file() and path.resolve().is_relative_to(root):
            return path
    raise UnknownName("gate policy", name, policy_names(folder))


def policy_names(folder: Path) -> list[str]:
    """Return the names of the policies in `evals/gates`, sorted."""
    return sorted(p.stem for p in (folder / "gates").glob("*.toml") if not p.name.startswith("."))
