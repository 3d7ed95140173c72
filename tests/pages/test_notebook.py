"""The log as pandas frames in a notebook: the same numbers as on the pages, documented columns, and nothing that runs."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import page_story
import pytest

from evals.report import COLUMNS
from prompts.errors import InputError, UnknownName, WorkspaceError
from runs import query
from runs.notebook import Log, open_log
from runs.workspace import Workspace

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "log.ipynb"


@pytest.fixture(scope="module")
def log(workspace: Workspace) -> Log:
    return open_log(workspace.root / "evals")


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("runs", "runs"),
        ("arms", "arms"),
        ("generations", "generations"),
        ("scores", "scores"),
        ("findings", "findings"),
        ("means", "run_scores"),
    ],
)
def test_a_frame_has_the_columns_that_the_documents_list(log: Log, name: str, columns: str) -> None:
    """In their order; of runs, the means of metrics come after."""
    frame = getattr(log, name)()
    wanted = list(query.COLUMNS[columns])
    assert list(frame.columns)[: len(wanted)] == wanted
    assert len(frame)


def test_a_run_is_named_as_on_the_command_line(log: Log) -> None:
    """By its id, the beginning of it, or `last`; an unknown one is refused with those that there are."""
    newest = log.runs()["run_id"].iloc[0]
    assert set(log.scores("last")["run_id"]) == {newest}
    assert set(log.generations(page_story.SHOTS[:-2])["run_id"]) == {page_story.SHOTS}
    with pytest.raises(UnknownName, match="Unknown run"):
        log.scores("nothing")


def test_what_is_asked_for_is_what_a_filter_of_the_frame_would_leave(log: Log) -> None:
    """Filters go to the database; the rows and their order are the same."""
    scores, done = log.scores(), log.generations()
    case, metric = scores["case_id"].iloc[-1], scores["metric"].iloc[-1]
    asked = log.scores(metric=metric, arm="a", case=case, status="ok")
    left = scores[(scores["metric"] == metric) & (scores["arm"] == "a") & (scores["case_id"] == case) & (scores["status"] == "ok")]
    assert len(asked)
    assert asked.equals(left.reset_index(drop=True))
    failed = log.generations(status="failed")
    assert len(failed)
    assert failed.equals(done[done["status"] == "failed"].reset_index(drop=True))
    found = log.findings()
    assert log.findings(check=found["check"].iloc[0]).equals(found[found["check"] == found["check"].iloc[0]].reset_index(drop=True))


def test_more_rows_than_a_frame_should_hold_are_refused_before_they_are_fetched(log: Log) -> None:
    """With how many there are, and what to do; allowed, they come."""
    rows = len(log.scores())
    with pytest.raises(InputError, match=f"would be {rows:,} rows, more than 10.*most={rows}"):
        log.scores(most=10)
    assert len(log.scores(most=rows)) == rows
    for refused in (log.generations, log.findings):
        with pytest.raises(InputError, match="more than 1"):
            refused(most=1)


def test_sql_of_ones_own_over_the_views(log: Log) -> None:
    """One question; what would change something, is no question or gives too much is refused in a sentence."""
    sums = log.ask("select metric, count(*) as n from scores where status = ? group by metric order by metric  -- so many", ["ok"])
    scores = log.scores(status="ok")
    assert dict(zip(sums["metric"], sums["n"], strict=True)) == scores["metric"].value_counts().to_dict()
    for wrong in ("delete from score", "select nothing", "select 1; drop table score", "attach 'x.duckdb'"):
        with pytest.raises(InputError, match="DuckDB does not answer that"):
            log.ask(wrong)
    with pytest.raises(InputError, match="more than 5 rows"):
        log.ask("from scores;", most=5)


def test_a_comparison_is_that_of_the_page(log: Log, workspace: Workspace) -> None:
    """Results, warnings and cases come from the same function."""
    from runs.compare import compare_arms, find_arms

    compared = log.compare(f"{page_story.SHOTS}:a", f"{page_story.SHOTS}:b")
    pair = compare_arms(workspace, *find_arms(workspace, f"{page_story.SHOTS}:a", f"{page_story.SHOTS}:b"))
    assert compared.results.equals(pair.comparison.to_frame())
    assert list(compared.results.columns) == list(COLUMNS)
    assert compared.warnings == pair.comparison.warnings
    assert compared.cases("expression").equals(pair.comparison.cases("expression"))
    assert "raises face consistency" in repr(compared)


def test_an_output_is_the_stored_bytes(log: Log) -> None:
    """A failed generation has none."""
    done = log.generations(page_story.SHOTS)
    good, bad = done[done["status"] == "ok"].iloc[0], done[done["status"] != "ok"].iloc[0]
    data = log.output(page_story.SHOTS, good["job_id"])
    assert data is not None
    assert data.startswith(b"RIFF")
    assert log.output(page_story.SHOTS, bad["job_id"]) is None


def test_what_a_notebook_shows_is_text(log: Log) -> None:
    """Names and reasons of the log stand escaped in the HTML of both objects."""
    compared = log.compare(f"{page_story.SHOTS}:a", f"{page_story.SHOTS}:b")
    for html in (log._repr_html_(), compared._repr_html_()):
        assert "<table" in html
        assert "<img" not in html
        assert "<script" not in html
    assert "Both arms are simulated" in compared._repr_html_()


def test_a_folder_without_a_workspace_is_refused(tmp_path: Path) -> None:
    """In one sentence."""
    with pytest.raises(WorkspaceError, match="No workspace in"):
        open_log(tmp_path)


def test_opening_a_log_does_not_start_the_app() -> None:
    """`from workbench import open_log` knows nothing of Streamlit, and loads pandas when it is asked something."""
    code = "import sys; from workbench import open_log; print([n for n in ('streamlit', 'pandas', 'duckdb') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def cells() -> list[str]:
    found: list[dict[str, Any]] = json.loads(EXAMPLE.read_text("utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in found if cell["cell_type"] == "code"]


def test_the_example_notebook_runs(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each cell in turn, in a workspace, as in Jupyter: what a cell ends with is shown."""
    monkeypatch.chdir(workspace.root)
    monkeypatch.syspath_prepend(str(ROOT))
    space: dict[str, Any] = {}
    shown = [run(cell, space) for cell in cells()]
    assert len(shown) >= 6
    assert all(value is not None for value in shown)
    assert isinstance(shown[0], Log)
    assert all(len(value) for value in shown[1:3])


def run(cell: str, space: dict[str, Any]) -> Any:
    """Run a cell and return the value of its last expression."""
    tree = ast.parse(cell)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), space)
    return eval(compile(ast.Expression(last.value), "cell", "eval"), space) if isinstance(last, ast.Expr) else None


def test_the_example_notebook_keeps_no_outputs() -> None:
    """Nothing of a machine it was run on is in it."""
    found = json.loads(EXAMPLE.read_text("utf-8"))
    assert found["nbformat"] == 4
    assert all(not cell.get("outputs") and cell.get("execution_count") is None for cell in found["cells"])
