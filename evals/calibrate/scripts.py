"""Labelled scripts: does each check find what it must, and nothing where it must not?"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from evals.calibrate.labels import Written
from evals.errors import ScorerError
from evals.registry import build
from evals.score import Media, Sample

SCHEMA = "application/json"


def measure(scripts: Sequence[Written], tick: Callable[[], None]) -> list[dict[str, Any]]:
    """Return a row for each check that must find or does find something, and one of blocking findings in scripts that must have none.

    Raises:
        ScorerError: A script or its case cannot be read.
    """
    logic = build("logic")
    must, hit, extra = Counter[str](), Counter[str](), Counter[str]()
    clean = silent = 0
    for script in scripts:
        score = logic.score([_sample(script)])[0][0]
        if score.status != "ok":
            raise ScorerError(f"{script.path.name} cannot be checked: {score.reason}.")
        found = {finding["check"] for finding in score.evidence["findings"] if finding["severity"] != "info"}
        must.update(script.checks)
        hit.update(script.checks & found)
        extra.update(found - script.checks)
        clean += not script.checks
        silent += not script.checks and not score.evidence["block"]
        tick()
    rows: list[dict[str, Any]] = [
        {"check": check, "scripts with it": must[check], "found": hit[check], "found in others": extra[check]}
        for check in sorted(must.keys() | extra.keys())
    ]
    if clean:
        rows.append({"check": "none blocks", "scripts with it": clean, "found": silent, "found in others": ""})
    return rows


def _sample(script: Written) -> Sample:
    try:
        case = json.loads(script.case.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ScorerError(f"The case {script.case.name} cannot be read: {error}") from None
    if not isinstance(case, dict):
        raise ScorerError(f"The case {script.case.name} is not a JSON object.")
    item = Media("text", script.path.name, SCHEMA, script.path)
    return Sample(script.path.name, "script", "ok", case, script.case.name, script.case.name, media=(item,))
