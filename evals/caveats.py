"""What to be careful about in a comparison: unequal cases, mixed models or scorer versions, too few units, simulated outputs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from evals.pairing import Paired
from evals.stats import MIN_UNITS

if TYPE_CHECKING:
    import pandas as pd

UNPAIRED_SHARE = 0.1


def caveats(
    frame: pd.DataFrame, paired: Iterable[Paired], metrics: Sequence[str], arms: tuple[str, str], units: int, unit: str
) -> tuple[str, ...]:
    """Return one sentence a caveat, the weightiest first.

    Args:
        frame: The compared generations.
        paired: The pairs of each metric.
        metrics: Names of the metrics, for their `<metric>__version` columns.
        arms: Values of the column `arm` for A and B.
        units: The largest number of units that any metric has.
        unit: What the units are called.
    """
    sides = (frame[frame["arm"] == arms[0]], frame[frame["arm"] == arms[1]])
    found = [
        _simulated(sides),
        _few(units, unit),
        *_case_sets(sides),
        _unpaired(list(paired)),
        _models(sides),
        *(_versions(sides, metric) for metric in metrics),
    ]
    return tuple(text for text in found if text)


def _simulated(sides: Sequence[pd.DataFrame]) -> str:
    if "simulated" not in sides[0]:
        return ""
    simulated = [bool(side["simulated"].astype(bool).any()) for side in sides]
    if all(simulated):
        return "Both arms are simulated: this shows that the tool works, not that B is better on a real model."
    return "One arm is simulated and the other is not: they cannot be compared." if any(simulated) else ""


def _few(units: int, unit: str) -> str:
    name = unit if unit.endswith("s") else f"{unit}s"
    return f"Fewer than {MIN_UNITS} {name} have values in both arms: no verdict is given." if units < MIN_UNITS else ""


def _case_sets(sides: Sequence[pd.DataFrame]) -> list[str]:
    sets = [{str(case) for case in side["case"]} for side in sides]
    return [f"{_cases(sets[i] - sets[1 - i])} only in {'AB'[i]}." for i in (0, 1) if sets[i] - sets[1 - i]]


def _cases(cases: set[str]) -> str:
    names = sorted(cases)
    shown = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
    return f"{len(names)} {'case is' if len(names) == 1 else 'cases are'} ({shown})"


def _unpaired(paired: Sequence[Paired]) -> str:
    """Warn where over a tenth of the cases of some metric have a value in one arm only."""
    shares = [(len(p.only_a) + len(p.only_b)) / max(1, len(p.only_a) + len(p.only_b) + len(p.pairs)) for p in paired]
    worst = max(shares, default=0.0)
    return f"Up to {worst:.0%} of the cases of a metric have a value in one arm only." if worst > UNPAIRED_SHARE else ""


def _models(sides: Sequence[pd.DataFrame]) -> str:
    if "model" not in sides[0]:
        return ""
    models = [sorted({str(model) for model in side["model"].dropna()}) for side in sides]
    if models[0] == models[1] and len(models[0]) <= 1:
        return ""
    if models[0] == models[1]:
        return f"Each arm mixes the models {', '.join(models[0])}."
    return f"The models differ: A {', '.join(models[0]) or 'none'}, B {', '.join(models[1]) or 'none'}."


def _versions(sides: Sequence[pd.DataFrame], metric: str) -> str:
    column = f"{metric}__version"
    if column not in sides[0]:
        return ""
    versions = [sorted({str(version) for version in side[column].dropna()}) for side in sides]
    if not all(versions) or (versions[0] == versions[1] and len(versions[0]) == 1):
        return ""
    return f"{metric} was scored by different scorer versions: A {', '.join(versions[0])}, B {', '.join(versions[1])}."
