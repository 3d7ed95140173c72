"""The log in a notebook: pandas frames with documented columns, and nothing that could change it.

    from workbench import open_log
    log = open_log("demo")                       # the folder of a workspace, or any folder within
    log.runs()                                   # a row a run, newest first
    log.scores(run="last", metric="logic")       # a row a generation and metric
    log.compare("script/episode@plain", "script/episode").results
    log.ask("select metric, avg(value) from scores where status = 'ok' group by metric")

Columns of each frame are those of `runs.query.COLUMNS`, listed in docs/log.md. Every call opens the log, reads and closes it, so
a notebook that is left open holds nobody up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from runs import query
from runs.workspace import Workspace

if TYPE_CHECKING:
    import pandas as pd

    from runs.compare import Pair

SHOWN = 10
"""Runs that a notebook shows of a log."""
MOST_ROWS = 1_000_000
"""Most rows of a frame unless more are allowed: so many scores take some 1.5 GB while they are put together, outcomes 2 GB."""


class Log:
    """The run log of a workspace, for reading."""

    def __init__(self, ws: Workspace) -> None:
        self.workspace = ws

    def runs(self) -> pd.DataFrame:
        """Return all runs, newest first, with the mean of each primary metric. Columns: `runs.query.RUNS`."""
        return query.runs(self.workspace)

    def arms(self, run: str | None = None) -> pd.DataFrame:
        """Return the arms of a run, or of all. Columns: `runs.query.ARMS`."""
        return query.arms(self.workspace, self._run(run))

    def generations(
        self,
        run: str | None = None,
        arm: str | None = None,
        case: str | None = None,
        *,
        status: str | None = None,
        most: int = MOST_ROWS,
    ) -> pd.DataFrame:
        """Return outcomes, failures too, of all or of those that are as said. Columns: `runs.query.GENERATIONS`.

        Raises:
            UnknownName: There is no such run.
            InputError: These are more than `most` rows.
        """
        return query.generations(self.workspace, self._run(run), arm=arm, case_id=case, status=status, most=most)

    def scores(
        self,
        run: str | None = None,
        metric: str | None = None,
        *,
        arm: str | None = None,
        case: str | None = None,
        status: str | None = None,
        most: int = MOST_ROWS,
    ) -> pd.DataFrame:
        """Return a row a generation and metric. Columns: `runs.query.SCORES`; `value` is NaN unless `status` is ok.

        Raises:
            UnknownName: There is no such run.
            InputError: These are more than `most` rows.
        """
        return query.scores(self.workspace, self._run(run), metric, arm=arm, case_id=case, status=status, most=most)

    def findings(self, run: str | None = None, check: str | None = None, *, most: int = MOST_ROWS) -> pd.DataFrame:
        """Return a row a broken rule. Columns: `runs.query.FINDINGS`.

        Raises:
            UnknownName: There is no such run.
            InputError: These are more than `most` rows.
        """
        return query.findings(self.workspace, self._run(run), check=check, most=most)

    def ask(self, sql: str, parameters: Sequence[object] = (), *, most: int = MOST_ROWS) -> pd.DataFrame:
        """Return what a `select` over the views of the log gives: sums of millions of rows without holding them.

        Raises:
            InputError: DuckDB does not understand it, it would change something, or it gives more than `most` rows.
        """
        return query.ask(self.workspace, sql, parameters, most=most)

    def means(self, run: str | None = None) -> pd.DataFrame:
        """Return the mean of every metric by run and arm, fast at any size. Columns: `runs.query.RUN_SCORES`."""
        return query.run_scores(self.workspace, self._run(run))

    def ratings(self, queue: str | None = None) -> pd.DataFrame:
        """Return the votes of people. Columns: `runs.query.RATINGS`."""
        return query.ratings(self.workspace, queue)

    def output(self, run: str, job: str) -> bytes | None:
        """Return the first artifact of a generation, as it was stored; None where it has none.

        Raises:
            UnknownName: There is no such generation.
            MediaError: The file is gone.
        """
        one = query.generation(self.workspace, str(self._run(run)), job)
        return query.media_path(self.workspace, one["artifact"]).read_bytes() if one["artifact"] else None

    def compare(self, a: str, b: str, run: str | None = None) -> Compared:
        """Compare two arms, by what `workbench compare` calls them; the same numbers as on the page.

        Raises:
            UnknownName: No run has such an arm.
            InputError: They cannot be compared.
        """
        from runs.compare import compare_arms, find_arms

        return Compared(compare_arms(self.workspace, *find_arms(self.workspace, a, b, self._run(run))))

    def _run(self, name: str | None) -> str | None:
        return None if name is None else query.find_run(self.workspace, name)

    def __repr__(self) -> str:
        return f"Log({str(self.workspace.root)!r})"

    def _repr_html_(self) -> str:
        """Return the newest runs as a table in which every name is text."""
        runs = self.runs()
        names = ["run_id", "state", "stage", "arms", "models", "provider", "done", "failed", "cost_usd"]
        more = f"<p>The {SHOWN} newest of {len(runs)} runs.</p>" if len(runs) > SHOWN else ""
        return f"<p>{escape(str(self.workspace.root))}</p>{_table(runs[names].head(SHOWN))}{more}"


@dataclass(frozen=True)
class Compared:
    """Two arms beside each other."""

    pair: Pair

    @property
    def results(self) -> pd.DataFrame:
        """Return a row a metric: means, change, interval, verdict, sentence. Columns: `evals.report.COLUMNS`."""
        return self.pair.comparison.to_frame()

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return what to be careful about."""
        return self.pair.comparison.warnings

    def cases(self, metric: str) -> pd.DataFrame:
        """Return a row a case, the largest loss first. Columns: `evals.compare.CASE_COLUMNS`.

        Raises:
            UnknownName: The metric was not compared.
        """
        return self.pair.comparison.cases(metric)

    def __repr__(self) -> str:
        return "\n".join([*self.warnings, *(r.sentence for r in self.pair.comparison.results if r.metric.primary)])

    def _repr_html_(self) -> str:
        """Return warnings, sentences and the table; nothing of a name or reason is markup."""
        care = "".join(f"<p><b>{escape(text)}</b></p>" for text in self.warnings)
        told = "".join(f"<li>{escape(r.sentence)}</li>" for r in self.pair.comparison.results if r.metric.primary)
        names = [name for name in ("metric", "mean_a", "mean_b", "delta", "lo", "hi", "units", "verdict") if name in self.results]
        return f"{care}<ul>{told}</ul>{_table(self.results[names])}"


def open_log(path: str | Path = ".") -> Log:
    """Open the log of a workspace: its folder, or one within it.

    Raises:
        WorkspaceError: There is no workspace.
    """
    return Log(Workspace.find(Path(path)))


def _table(frame: pd.DataFrame) -> str:
    return frame.to_html(index=False, escape=True, na_rep="–", border=0, float_format=lambda value: f"{value:.4g}")
