"""Batches are handed out to workers that die: nothing is lost, nothing is given twice to somebody who is well."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from evals.score import Media, Sample
from runs.cluster.crew import CLIP, ITEMS, Answer, Crew, Gone, Seats
from runs.engine import Batch
from runs.errors import EngineError
from runs.pool import ATTEMPTS, TaskFailed, WorkerDied


def batch(name: str, items: int = 1, *, limit_s: float = 30.0, clip: bool = False) -> Batch:
    media = (Media("video", "0" * 64, "video/mp4", Path("x.mp4")),) if clip else ()
    return Batch((), [[Sample(f"{name}-{n}", "shot", "ok", {}, "c", "s", media) for n in range(items)]], "", limit_s)


def name(one: Batch) -> str:
    return one.groups[0][0].generation.partition("-")[0]


class Fake:
    """A worker that does what `behave` says to the names of what it is given."""

    def __init__(self, behave: Callable[[list[str]], Any], seen: list[list[str]]) -> None:
        self._behave, self._seen = behave, seen
        self.killed = False

    async def score(self, batches: Sequence[Batch]) -> list[Answer]:
        names = [name(one) for one in batches]
        self._seen.append(names)
        await asyncio.sleep(0)
        if (result := self._behave(names)) is not None:
            return await result if asyncio.iscoroutine(result) else result
        return [(True, [[[{"metric": one}]]]) for one in names]

    def kill(self) -> None:
        self.killed = True


async def through(behave: Callable[[list[str]], Any], batches: Sequence[Batch], seats: int = 2, **options: Any) -> tuple[list[Any], Any]:
    """Score batches side by side; return what came of each, and what the workers were given."""
    seen: list[list[str]] = []

    async def hire() -> Fake:
        return Fake(behave, seen)

    crew = Crew(hire, Seats(seats), **options)
    return await asyncio.gather(*map(crew.score, batches), return_exceptions=True), seen


def run(*arguments: Any, **options: Any) -> tuple[list[Any], Any]:
    return asyncio.run(through(*arguments, **options))


def test_every_batch_comes_back_with_its_own_rows() -> None:
    found, seen = run(lambda names: None, [batch(f"b{n}") for n in range(100)])
    assert [rows[0][0][0]["metric"] for rows in found] == [f"b{n}" for n in range(100)]
    assert Counter(n for names in seen for n in names) == Counter(f"b{n}" for n in range(100))


def test_small_batches_go_together_but_no_more_than_a_fair_share() -> None:
    _, seen = run(lambda names: None, [batch(f"b{n}", 4) for n in range(40)])
    assert max(map(len, seen)) * 4 <= ITEMS
    assert len(seen) < 15
    _, few = run(lambda names: None, [batch("a"), batch("b")])
    assert sorted(few) == [["a"], ["b"]], "an idle worker gets one of two"


def test_batches_with_clips_go_alone() -> None:
    _, seen = run(lambda names: None, [batch(f"b{n}", 2, clip=True) for n in range(6)])
    assert 2 * CLIP >= ITEMS and all(len(names) == 1 for names in seen)


def test_what_a_dead_worker_had_is_scored_by_another_and_nothing_else_again() -> None:
    deaths = iter([Gone("node lost")])
    found, seen = run(lambda names: _raise(next(deaths, None)) if "b3" in names else None, [batch(f"b{n}", 8) for n in range(10)])
    assert not [one for one in found if isinstance(one, BaseException)]
    given = Counter(n for names in seen for n in names)
    lost = next(names for names in seen if "b3" in names)
    assert {n for n, times in given.items() if times > 1} == set(lost)
    assert all([n] in seen for n in lost), "each is given out alone then"


def test_a_batch_that_kills_its_workers_fails_and_takes_no_other_with_it() -> None:
    found, seen = run(lambda names: _raise(Gone("signal 9")) if "bad" in names else None, [batch("good1"), batch("bad"), batch("good2")])
    assert isinstance(found[1], WorkerDied) and "signal 9" in str(found[1])
    assert not isinstance(found[0], BaseException) and not isinstance(found[2], BaseException)
    assert sum("bad" in names for names in seen) == ATTEMPTS


def test_a_call_that_raises_fails_alone_and_is_not_made_again() -> None:
    answers = lambda names: [(n != "bad", [[[]]] if n != "bad" else ("KeyError: x", "trace")) for n in names]  # noqa: E731
    found, seen = run(answers, [batch("good"), batch("bad")])
    assert isinstance(found[1], TaskFailed) and found[1].traceback == "trace" and not isinstance(found[0], BaseException)
    assert sum("bad" in names for names in seen) == 1


def test_a_worker_that_takes_too_long_is_stopped() -> None:
    found, _ = run(lambda names: asyncio.sleep(60) if "slow" in names else None, [batch("slow", limit_s=0.1), batch("good")])
    assert isinstance(found[0], WorkerDied) and "longer than" in str(found[0])
    assert not isinstance(found[1], BaseException)


def test_a_file_that_is_gone_fails_its_batch_and_anything_unheard_of_ends_scoring() -> None:
    found, _ = run(lambda names: _raise(FileNotFoundError("x.png")) if "gone" in names else None, [batch("gone"), batch("good")])
    assert isinstance(found[0], TaskFailed) and "x.png" in str(found[0]) and not isinstance(found[1], BaseException)
    found, _ = run(lambda names: _raise(KeyError("what")), [batch(f"b{n}") for n in range(9)])
    assert all(isinstance(one, EngineError) and "KeyError" in str(one) for one in found)


def test_without_any_worker_scoring_ends_with_what_to_do() -> None:
    async def main() -> list[Any]:
        async def hire() -> Fake:
            raise Gone("no node")

        crew = Crew(hire, Seats(2), lost_s=0.1)
        return await asyncio.gather(crew.score(batch("a")), crew.score(batch("b")), return_exceptions=True)

    found = asyncio.run(main())
    assert all(isinstance(one, EngineError) and "--resume" in str(one) for one in found)


def test_a_worker_of_another_version_ends_scoring_at_once() -> None:
    async def main() -> None:
        async def hire() -> Fake:
            raise EngineError("A node of the cluster would score otherwise: numpy 1 there, numpy 2 here.")

        await Crew(hire, Seats(1)).score(batch("a"))

    with pytest.raises(EngineError, match="numpy 1 there"):
        asyncio.run(main())


def _raise(error: BaseException | None) -> None:
    if error is not None:
        raise error
