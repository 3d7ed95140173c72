"""A comparison as people and programs read it: a table, Markdown, CSV, JSON and frames, all with the same numbers."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evals.compare import CASE_COLUMNS, Comparison, compare
from evals.report import COLUMNS, JSON_VERSION, report
from tests.support.compare_material import BEATS, COST, FACE, STIFF, rows

GOLDEN = Path(__file__).parents[2] / "tests" / "golden" / "compare.csv"


class TestReports:
    """The same numbers as a table, Markdown, CSV and JSON."""

    @pytest.fixture
    def comparison(self) -> Comparison:
        frame = rows(gain=0.1, noise=0.05).assign(simulated=True, model="m")
        rng = np.random.default_rng(1)
        frame[STIFF.name] = rng.random(len(frame)).round(3)
        frame["cost"] = 0.04 * np.where(frame["arm"] == "b", 1.25, 1.0) * rng.lognormal(0, 0.05, len(frame))
        frame.loc[2, ["status", FACE.name, STIFF.name]] = ["failed", np.nan, np.nan]
        return compare(frame, [FACE, STIFF, COST, BEATS], "a", "b", seed_key="golden")

    def test_csv_is_the_golden_file(self, comparison: Comparison) -> None:
        """Every number of a fixed comparison, to six digits; see the file for what a reader gets."""
        assert report(comparison, "csv") + "\n" == GOLDEN.read_text("utf-8")

    def test_csv_is_read_back(self, comparison: Comparison) -> None:
        frame = pd.read_csv(io.StringIO(report(comparison, "csv")))
        assert list(frame.columns) == list(COLUMNS)
        assert frame["verdict"].to_list() == [result.verdict for result in comparison.results]

    def test_json_is_strict_and_has_a_version(self, comparison: Comparison) -> None:
        value = json.loads(report(comparison, "json"), parse_constant=pytest.fail)
        assert value["version"] == JSON_VERSION
        assert [metric["metric"] for metric in value["metrics"]] == ["face_consistency", "stiffness", "cost", "beats"]
        assert value["metrics"][3]["delta"] is None
        assert list(value["metrics"][0]) == list(COLUMNS)
        assert value["warnings"][0].startswith("Both arms are simulated")

    def test_the_table_is_aligned(self, comparison: Comparison) -> None:
        lines = report(comparison, "table").splitlines()
        heads = lines[0]
        for name in ("interval", "verdict"):
            place = heads.index(name)
            assert all(line[place - 1] == " " and line[place] != " " for line in lines[:4])
        assert lines[1].startswith("face_consistency ↑")
        assert lines[1].endswith("better")
        assert "! Both arms are simulated" in lines[-1]
        assert "face_consistency: On 12 series" in "\n".join(lines)

    def test_markdown_is_a_table(self, comparison: Comparison) -> None:
        lines = report(comparison, "md").splitlines()
        assert lines[0].count("|") == lines[1].count("|") == lines[2].count("|")
        assert set(lines[1]) <= set("|-: ")

    def test_the_frame_has_a_row_a_metric(self, comparison: Comparison) -> None:
        frame = comparison.to_frame().set_index("metric")
        assert frame.loc["face_consistency", "verdict"] == "better"
        assert frame.loc["face_consistency", "failed_a"] == 1
        assert frame.loc["cost", "scale"] == "ratio"

    def test_the_cases_are_sorted_by_loss(self, comparison: Comparison) -> None:
        cases = comparison.cases(FACE.name)
        assert tuple(cases.columns) == CASE_COLUMNS
        assert cases["gain"].is_monotonic_increasing
        assert set(cases["change"]) <= {"better", "worse", "same", "failed", "missing"}
        assert (cases["change"] == "failed").sum() == 1
        assert len(cases) == 24
        np.testing.assert_allclose(cases["delta"], cases["b"] - cases["a"])
