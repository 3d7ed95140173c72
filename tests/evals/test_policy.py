"""Policy files: read whole or not at all, with an error that names the place; the same rule always has the same hash."""

from __future__ import annotations

from pathlib import Path

import pytest

from evals.gate import load_policy
from evals.policy import find_policy, policy_names
from evals.suite import load_suite, suite_names
from prompts.errors import InputError, UnknownName

STARTER = Path(__file__).parents[2] / "evals" / "starter"
WHOLE = """\
alpha = 0.05
attempts = { total = 0.08, schedule = "zeta2" }
unit = "series_id"
min_units = 8
min_cases = 12
repeats = 2
looks = { plan = "obf3", futility_cp = 0.05 }

[primary.face_consistency]
direction = "up"
worst = 0.0
min_effect = 0.01

[guardrails.logic_pass]
direction = "up"
margin = 0.05
worst = 0.0

[guardrails.cost_usd]
direction = "down"
margin_ratio = 1.10

[hard.unsafe]
max_failures = 0
upper_limit = 0.05

[approval]
reviewers = 1
author_may_approve = false
human_pairs_min = 20
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "shot.toml"
    path.write_text(text, "utf-8")
    return path


def test_the_whole_shape_is_read(tmp_path: Path) -> None:
    policy = load_policy(written(tmp_path, WHOLE))
    assert list(policy.primary) == ["face_consistency"]
    assert policy.guardrails["cost_usd"].room == pytest.approx(0.0953, abs=1e-4)
    assert policy.hard["unsafe"].upper_limit == 0.05
    assert policy.approval.human_pairs_min == 20
    assert policy.unit_column == "series"


def test_only_a_primary_metric_is_required(tmp_path: Path) -> None:
    policy = load_policy(written(tmp_path, '[primary.face]\ndirection = "up"\nworst = 0\n'))
    assert (policy.alpha, policy.min_units, policy.looks.plan) == (0.05, 8, "fixed")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('direction = "up"\nworst = 0.0\nmin', 'direction = "upwards"\nworst = 0.0\nmin', "primary.face_consistency.direction"),
        ("min_effect", "min_efect", "primary.face_consistency.min_efect: Unknown key. Did you mean min_effect?"),
        ("alpha = 0.05", "alpha = 5", "alpha: Input should be less than 0.5"),
        ("alpha = 0.05", "alpha = nan", "alpha"),
        ("margin = 0.05\n", "", "guardrails.logic_pass: Give either margin or margin_ratio"),
        ("margin = 0.05\n", "margin = 0.05\nmargin_ratio = 1.1\n", "Give either margin or margin_ratio"),
        ("margin_ratio = 1.10", "margin_ratio = 1", "1.10 allows ten per cent"),
        ("worst = 0.0\nmin_effect", "min_effect", "face_consistency needs `worst`"),
        ("worst = 0.0\nmin_effect", "worst = 0.0\nbest = -1\nmin_effect", "best must be above worst"),
        ('unit = "series_id"', 'unit = "shot"', "unit: The independent unit is one of case, case_id, series, series_id"),
        ("[guardrails.logic_pass]", "[guardrails.face_consistency]", "metric face_consistency is primary and a guardrail"),
        ("[primary.face_consistency]", "[primary.face_consistency", "Not TOML"),
        ("[primary.face_consistency]", "[guardrails.other]", "primary: Required"),
        ('plan = "obf3"', 'plan = "pocock"', "looks.plan"),
        ("upper_limit = 0.05\n", "", "hard.unsafe.upper_limit: Required, and not there."),
    ],
)  # fmt: skip
def test_a_mistake_is_named(tmp_path: Path, old: str, new: str, words: str) -> None:
    assert old in WHOLE
    text = WHOLE.replace(old, new, 1)
    if old == "[primary.face_consistency]" and new == "[guardrails.other]":
        text = text.replace("min_effect = 0.01", "margin = 0.01")
    with pytest.raises(InputError, match=r"shot\.toml") as caught:
        load_policy(written(tmp_path, text))
    assert words in str(caught.value)


def test_a_file_that_is_no_policy_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Cannot be read"):
        load_policy(tmp_path / "none.toml")
    path = tmp_path / "bytes.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="UTF-8"):
        load_policy(path)
    path.write_bytes(b"#" * 200_000)
    with pytest.raises(InputError, match="Larger than"):
        load_policy(path)


def test_the_hash_is_that_of_the_rule(tmp_path: Path) -> None:
    """Comments, order and spelling of numbers do not matter; any value does."""
    one = load_policy(written(tmp_path, WHOLE))
    parts = WHOLE.split("\n\n")
    same = load_policy(written(tmp_path, "\n\n".join([parts[0], *reversed(parts[1:])]).replace("1.10", "1.1  # ten per cent")))
    other = load_policy(written(tmp_path, WHOLE.replace("margin = 0.05", "margin = 0.06")))
    assert one.hash == same.hash != other.hash


@pytest.mark.parametrize("stage", ["script", "character", "shot", "clip"])
def test_each_starter_suite_has_a_policy(stage: str) -> None:
    suite = load_suite(stage, STARTER / "suites")
    assert suite.gate is not None
    policy = load_policy(find_policy(suite.gate, STARTER))
    assert policy.min_units <= len(suite.series.gate)


def test_starter_policies_name_metrics_that_their_suites_measure() -> None:
    from evals.registry import build

    for name in suite_names(STARTER / "suites"):
        suite = load_suite(name, STARTER / "suites")
        if suite.gate:
            policy = load_policy(find_policy(suite.gate, STARTER))
            metrics = {m.name: m for spec in suite.scorers for m in build(spec.name, spec.args).metrics}
            for metric, measure in {**policy.primary, **policy.guardrails}.items():
                if metric != "cost_usd":
                    assert (measure.direction, measure.worst) == (metrics[metric].direction, metrics[metric].worst), metric


class TestNames:
    def test_a_suite_names_a_file_and_a_user_a_name(self) -> None:
        assert find_policy("gates/shot.toml", STARTER) == find_policy("shot", STARTER)
        assert policy_names(STARTER) == ["character", "clip", "script", "shot"]

    @pytest.mark.parametrize("name", ["shoot", "gates/none.toml", "../../../pyproject.toml", "/etc/hostname"])
    def test_others_are_unknown(self, name: str) -> None:
        with pytest.raises(UnknownName, match="gate policy"):
            find_policy(name, STARTER)
