"""How a run shows that it moves: bars on a terminal, a line every few seconds in a log, nothing when quiet. Always on stderr."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

LINE_EVERY_S = 5.0


@dataclass(slots=True)
class Counts:
    """Where a run stands. `done` = ok + refused + failed + unknown; `before` of them were done when this process began."""

    jobs: int = 0
    before: int = 0
    ok: int = 0
    refused: int = 0
    failed: int = 0
    unknown: int = 0
    budget: int = 0
    retries: int = 0
    to_score: int = 0
    scored: int = 0
    spent_usd: float = 0.0
    unpriced: int = 0

    @property
    def done(self) -> int:
        """Return the number of jobs that have an outcome."""
        return self.ok + self.refused + self.failed + self.unknown

    def add(self, status: str) -> None:
        """Count one outcome by its status."""
        name = {"unknown_submission": "unknown", "expired": "failed"}.get(status, status)
        setattr(self, name, getattr(self, name) + 1)

    @property
    def text(self) -> str:
        """Return what became of the jobs, with zeros left out, and the money."""
        named = {
            "refused": self.refused,
            "failed": self.failed,
            "unknown": self.unknown,
            "over budget": self.budget,
            "retries": self.retries,
        }
        return ", ".join([f"{self.ok} ok", *(f"{n} {name}" for name, n in named.items() if n)]) + f" · {self.money}"

    @property
    def money(self) -> str:
        """Return the spend; an unknown price is said, never counted as zero."""
        unknown = f" + {self.unpriced} of unknown price" if self.unpriced else ""
        return f"${self.spent_usd:.4f}{unknown}" if self.spent_usd or unknown else "$0"


class Progress(Protocol):
    """What the harness tells while it works."""

    def begin(self, title: str, counts: Counts) -> None:
        """Start showing."""
        ...

    def update(self, counts: Counts) -> None:
        """Show where things stand; cheap, called for every event."""
        ...

    def say(self, text: str) -> None:
        """Show a line that stays."""
        ...

    def end(self, counts: Counts) -> None:
        """Stop showing."""
        ...


class Silent:
    """Show nothing."""

    def begin(self, title: str, counts: Counts) -> None:
        """Show nothing."""

    def update(self, counts: Counts) -> None:
        """Show nothing."""

    def say(self, text: str) -> None:
        """Show nothing."""

    def end(self, counts: Counts) -> None:
        """Show nothing."""


class Lines:
    """A line at the beginning, every few seconds, and at the end: for logs and CI."""

    def __init__(self, stream: TextIO | None = None, every_s: float = LINE_EVERY_S) -> None:
        self._stream = stream or sys.stderr
        self._every_s = every_s
        self._title = ""
        self._began = self._last = 0.0

    def begin(self, title: str, counts: Counts) -> None:
        """Print what begins, and what was done before."""
        self._title = title
        self._began = self._last = time.monotonic()
        before = f", {counts.before} done before" if counts.before else ""
        self.say(f"{title}: {counts.jobs} jobs{before}")

    def update(self, counts: Counts) -> None:
        """Print a line if the last one is old enough."""
        now = time.monotonic()
        if now - self._last >= self._every_s:
            self._last = now
            self.say(self._line(counts, now - self._began))

    def say(self, text: str) -> None:
        """Print a line."""
        print(text, file=self._stream, flush=True)

    def end(self, counts: Counts) -> None:
        """Print the outcome."""
        self.say(self._line(counts, time.monotonic() - self._began))

    def _line(self, counts: Counts, seconds: float) -> str:
        rate = (counts.done - counts.before) / seconds if seconds > 0 else 0.0
        left = counts.jobs - counts.done
        eta = f", {left / rate:.0f} s left" if rate and left else ""
        scored = f", scored {counts.scored}/{counts.to_score}" if counts.to_score else ""
        return f"{self._title}: generated {counts.done}/{counts.jobs} ({counts.text}){scored}, {rate:.1f}/s{eta}"


class Bars:
    """Bars on a terminal: one for generation, one for scoring, with rate, time left, outcomes and spend."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._rich: RichProgress | None = None
        self._tasks: list[TaskID] = []

    def begin(self, title: str, counts: Counts) -> None:
        """Draw the bars."""
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        self._rich = RichProgress(
            TextColumn("{task.description:<8}"), BarColumn(bar_width=28), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(), TextColumn("{task.fields[note]}"), console=Console(file=self._stream), transient=False,
        )  # fmt: skip
        self._rich.console.print(title, highlight=False, markup=False)
        self._tasks = [
            self._rich.add_task("generate", total=counts.jobs, completed=counts.done, rate="", note=counts.text),
            self._rich.add_task("score", total=None, rate="", note="", visible=False),
        ]
        self._rich.start()

    def update(self, counts: Counts) -> None:
        """Move the bars; drawing happens ten times a second at most, in rich's own thread."""
        if self._rich is None:
            return
        generate, score = self._tasks
        speed = self._rich.tasks[0].finished_speed or self._rich.tasks[0].speed
        rate = f"{speed:.1f}/s" if speed else ""
        self._rich.update(generate, total=counts.jobs, completed=counts.done, rate=rate, note=counts.text)
        self._rich.update(score, total=counts.to_score or None, completed=counts.scored, visible=bool(counts.to_score))

    def say(self, text: str) -> None:
        """Print a line above the bars."""
        if self._rich is not None:
            self._rich.console.print(text, highlight=False, markup=False)
        else:
            print(text, file=self._stream, flush=True)

    def end(self, counts: Counts) -> None:
        """Leave the bars as they are."""
        self.update(counts)
        if self._rich is not None:
            self._rich.stop()
            self._rich = None


def for_terminal(*, quiet: bool = False, stream: TextIO | None = None) -> Progress:
    """Return the progress that fits: nothing when quiet, bars where stderr is a terminal, else lines."""
    stream = stream or sys.stderr
    if quiet:
        return Silent()
    return Bars(stream) if stream.isatty() else Lines(stream)
