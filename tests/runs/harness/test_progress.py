"""What a run shows: bars on a terminal, lines elsewhere, nothing when quiet."""

from __future__ import annotations

import io

import pytest

from runs.progress import Bars, Counts, Lines, Silent, for_terminal


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def counts(**given: int) -> Counts:
    return Counts(jobs=40, **given)


def test_done_is_everything_that_has_an_outcome() -> None:
    shown = counts()
    for status in ("ok", "ok", "refused", "failed", "unknown_submission", "budget"):
        shown.add(status)
    assert (shown.done, shown.text) == (5, "2 ok, 1 refused, 1 failed, 1 unknown, 1 over budget · $0")


@pytest.mark.parametrize(
    ("spent", "unpriced", "text"),
    [(0.0, 0, "$0"), (1.5, 0, "$1.5000"), (0.0, 2, "$0.0000 + 2 of unknown price"), (1.5, 2, "$1.5000 + 2 of unknown price")],
)
def test_an_unknown_price_is_said_and_never_counted_as_nothing(spent: float, unpriced: int, text: str) -> None:
    assert Counts(spent_usd=spent, unpriced=unpriced).money == text


def test_lines_come_at_the_beginning_now_and_then_and_at_the_end() -> None:
    stream = io.StringIO()
    progress = Lines(stream, every_s=1000)
    progress.begin("Run r", counts(before=3, ok=3))
    for n in range(4, 20):
        progress.update(counts(before=3, ok=n))
    progress.end(counts(before=3, ok=40, to_score=40, scored=40))
    first, last = stream.getvalue().splitlines()
    assert first == "Run r: 40 jobs, 3 done before"
    assert last.startswith("Run r: generated 40/40 (40 ok · $0), scored 40/40, ")


def test_a_line_says_rate_and_time_left() -> None:
    stream = io.StringIO()
    progress = Lines(stream, every_s=0)
    progress.begin("Run r", counts())
    progress.update(counts(ok=10))
    line = stream.getvalue().splitlines()[-1]
    assert "generated 10/40" in line
    assert "/s, " in line
    assert line.endswith("s left")


def test_bars_show_counts_outcomes_spend_and_scores() -> None:
    stream = Terminal()
    progress = Bars(stream)
    progress.begin("Run r", counts())
    progress.say("a word [in] between")
    progress.update(Counts(jobs=40, ok=7, failed=2, to_score=40, scored=3, spent_usd=0.25))
    progress.end(Counts(jobs=40, ok=38, failed=2, to_score=40, scored=40, spent_usd=0.25))
    shown = stream.getvalue()
    for text in ("Run r", "a word [in] between", "generate", "score", "40/40", "38 ok, 2 failed", "$0.25"):
        assert text in shown


def test_a_word_before_the_bars_is_not_lost() -> None:
    stream = Terminal()
    Bars(stream).say("early")
    assert stream.getvalue() == "early\n"


def test_each_place_gets_what_fits_it() -> None:
    assert isinstance(for_terminal(stream=Terminal()), Bars)
    assert isinstance(for_terminal(stream=io.StringIO()), Lines)
    assert isinstance(for_terminal(quiet=True, stream=Terminal()), Silent)


def test_quiet_is_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    silent = Silent()
    silent.begin("Run r", counts())
    silent.update(counts(ok=1))
    silent.say("nothing")
    silent.end(counts(ok=40))
    captured = capsys.readouterr()
    assert captured.out + captured.err == ""
