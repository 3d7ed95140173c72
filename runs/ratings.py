"""Blind rating: queues of pairs, sides that can be proved, votes in the journal before they count.

    name = begin(ws, a, b, actor="chen@studio", question="Which shot would you keep?")     # "q-3fa9c1"
    shown = view(query.queue(ws, name), "li@studio")         # items in order, with the picture that stands left and right
    with Ballot(ws, name, "li@studio") as ballot:
        ballot.cast(shown[0].item, "left", ms=2300)          # on disk when it returns

Which arm stands on the left follows from a stored seed, the item and the person, so that nobody can see a pattern and
anybody can compute it again. A tenth of the items comes a second time, hidden and with the sides swapped: how often people
agree with themselves bounds what their votes can tell.
"""

from __future__ import annotations

import hashlib
import random
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Self, get_args

from prompts.errors import InputError
from runs import query
from runs.compare import Arm
from runs.events import Queue, QueueItem, Rating
from runs.journal import Journal
from runs.workspace import Workspace

Choice = Literal["left", "right", "tie", "both_bad"]
CHOICES: tuple[Choice, ...] = get_args(Choice)
AGAIN_SHARE = 0.1
QUESTION = "Which one would you keep?"
MAX_REASON = 2000


@dataclass(frozen=True, slots=True)
class Shown:
    """One item as a person sees it: two jobs, and which arm each is of. `again` items look like all others."""

    item: str
    case_id: str
    left_job: str
    right_job: str
    left_arm: Literal["a", "b"]


def begin(
    ws: Workspace,
    a: Arm,
    b: Arm,
    *,
    actor: str,
    question: str = "",
    rubric: Sequence[str] = (),
    limit: int | None = None,
    again_share: float = AGAIN_SHARE,
    seed: int | None = None,
) -> str:
    """Make a queue over all pairs that both arms have outputs of; return its name.

    Args:
        ws: the workspace.
        a: the baseline.
        b: the challenger.
        actor: who makes it.
        question: what people are asked.
        rubric: criteria that each side can be given 1 to 5 for, besides the choice.
        limit: the most pairs, spread over the series.
        again_share: which share of the pairs comes a second time.
        seed: decides order and sides; a new one by default.

    Raises:
        InputError: there is no pair, or the arms are of different stages.
    """
    pairs = _pairs(ws, a, b)
    if not pairs:
        raise InputError(f"{a.shown} and {b.shown} have no case with two outputs.", hint="Run both over the same cases first.")
    chosen = secrets.randbits(31) if seed is None else seed
    rng = random.Random(chosen)
    kept = _spread(pairs, limit, rng)
    name = f"q-{secrets.token_hex(3)}"
    event = Queue(
        run_id=b.run_id, queue=name, actor=actor, question=question or QUESTION, a=a.address, b=b.address, seed=chosen,
        items=_ordered(kept, again_share, rng), rubric=list(rubric),
    )  # fmt: skip
    with Journal(ws, f"rating/{name}") as journal:
        journal.append(event)
    return name


def view(queue: Mapping[str, Any], rater: str) -> list[Shown]:
    """Return a queue's items in order, as one person sees them."""
    found = []
    for item in queue["items"]:
        left = left_arm(queue["seed"], item["again"] or item["item"], rater)
        if item["again"]:
            left = "a" if left == "b" else "b"
        jobs = (item["job_a"], item["job_b"]) if left == "a" else (item["job_b"], item["job_a"])
        found.append(Shown(item["item"], item["case_id"], *jobs, left))
    return found


def left_arm(seed: int, item: str, rater: str) -> Literal["a", "b"]:
    """Return which arm stands on the left: a coin that anybody can throw again."""
    return "ab"[hashlib.sha256(f"{seed}\0{item}\0{rater}".encode()).digest()[0] & 1]  # type: ignore[return-value]


def value_of(choice: str, left: str) -> float | None:
    """Return a choice as a preference: 1 for B, -1 for A, 0 for neither, None where nothing was chosen."""
    if choice in ("left", "right"):
        return 1.0 if (choice == "right") == (left == "a") else -1.0
    return 0.0 if choice in ("tie", "both_bad") else None


class Ballot:
    """One person's votes on one queue. What was cast is on disk when the call returns; saying it again changes nothing.

    Raises:
        UnknownName: there is no such queue.
        JournalError: the disk takes no more.
    """

    def __init__(self, ws: Workspace, queue: str, rater: str) -> None:
        if not rater.strip() or len(rater) > 200 or not rater.isprintable():
            raise InputError("It is not known who rates.", hint="Give a name.")
        found = query.queue(ws, queue)
        self.queue = queue
        self.rater = rater
        self._run_id = str(found["run_id"])
        self._rubric = set(found["rubric"])
        self._shown = {shown.item: shown for shown in view(found, rater)}
        self._journal = Journal(ws, f"rating/{queue}")

    def cast(self, item: str, choice: str, *, ms: int | None = None, rubric: Mapping[str, Any] | None = None, reason: str = "") -> Rating:
        """Vote; a later vote on the same item takes its place.

        Args:
            item: which item.
            choice: `left`, `right`, `tie` or `both_bad`.
            ms: how long it took, in milliseconds.
            rubric: criterion -> {"a": 1-5, "b": 1-5}.
            reason: in the person's own words.

        Raises:
            InputError: no such item, choice or criterion, or a mark that is none.
        """
        if choice not in CHOICES:
            raise InputError(f"{choice!r} is no choice.", hint=f"There are {', '.join(CHOICES)}.")
        return self._write(item, choice, ms=ms, rubric=self._marks(rubric or {}), reason=reason)

    def flag(self, item: str, reason: str = "") -> Rating:
        """Say that something is wrong with an item; it counts for nobody."""
        return self._write(item, "", flagged=True, reason=reason)

    def undo(self, item: str) -> Rating:
        """Take back what was said of an item."""
        return self._write(item, "")

    def close(self) -> None:
        """Close the journal."""
        self._journal.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _write(self, item: str, choice: str, **more: Any) -> Rating:
        shown = self._shown.get(item)
        if shown is None:
            raise InputError(f"The queue {self.queue} has no item {item!r}.")
        if len(str(more.get("reason", ""))) > MAX_REASON:
            raise InputError(f"The reason is longer than {MAX_REASON} characters.")
        value = value_of(choice, shown.left_arm)
        event = Rating(
            run_id=self._run_id, queue=self.queue, item=item, rater=self.rater, choice=choice, left=shown.left_arm, value=value, **more
        )
        self._journal.append(event)
        return event

    def _marks(self, rubric: Mapping[str, Any]) -> dict[str, Any]:
        for criterion, marks in rubric.items():
            if criterion not in self._rubric:
                raise InputError(
                    f"The queue {self.queue} has no criterion {criterion!r}.", hint=f"It has {', '.join(sorted(self._rubric))}."
                )
            good = isinstance(marks, Mapping) and set(marks) <= {"a", "b"} and all(m in (1, 2, 3, 4, 5) for m in marks.values())
            if not good:
                raise InputError(f"{marks!r} are no marks.", hint='Give 1 to 5 for each side: {"a": 4, "b": 2}.')
        return dict(rubric)


def _pairs(ws: Workspace, a: Arm, b: Arm) -> list[QueueItem]:
    """Return one item for each case and repeat that both arms have an output of."""
    import pandas as pd

    keys = ["case_id", "series", "repeat"]
    sides = []
    for arm in (a, b):
        made = query.generations(ws, arm.run_id, arm=arm.arm)
        sides.append(made[(made["status"] == "ok") & made["artifact"].notna()][[*keys, "stage", "job_id"]])
    if len({stage for side in sides for stage in side["stage"].unique()}) > 1:
        raise InputError(f"{a.shown} and {b.shown} are of different stages.")
    both = pd.merge(sides[0], sides[1], on=keys, suffixes=("_a", "_b")).sort_values(keys)
    return [_item({str(name): value for name, value in row.items()}) for row in both.to_dict("records")]


def _item(row: Mapping[str, Any]) -> QueueItem:
    return {
        "item": "", "case_id": str(row["case_id"]), "series": str(row["series"]), "repeat": int(row["repeat"]),
        "job_a": str(row["job_id_a"]), "job_b": str(row["job_id_b"]), "again": "",
    }  # fmt: skip


def _spread(pairs: Sequence[QueueItem], limit: int | None, rng: random.Random) -> list[QueueItem]:
    """Return at most `limit` pairs, as many series as there are before a second one of any."""
    drawn = rng.sample(list(pairs), len(pairs))
    if limit is None or limit >= len(drawn):
        return drawn
    turn: dict[str, int] = {}
    places = []
    for pair in drawn:
        turn[pair["series"]] = turn.get(pair["series"], 0) + 1
        places.append(turn[pair["series"]])
    order = sorted(range(len(drawn)), key=lambda i: (places[i], i))
    return [drawn[i] for i in order[:limit]]


def _ordered(pairs: Sequence[QueueItem], again_share: float, rng: random.Random) -> list[QueueItem]:
    """Put the items in order and let some come a second time, far from the first; names tell nothing about which."""
    order = rng.sample(range(len(pairs)), len(pairs))
    early = order[: len(order) // 2]
    # Repeats are of pairs from the first half, shown in the second: what was seen a moment ago is remembered.
    for pair in rng.sample(early, min(len(early), round(len(pairs) * again_share))):
        order.insert(rng.randint(len(pairs) // 2 + order.index(pair), len(order)), pair)
    items: list[QueueItem] = []
    first: dict[int, str] = {}
    for n, pair in enumerate(order):
        name = f"i{n + 1:04d}"
        items.append({**pairs[pair], "item": name, "again": first.get(pair, "")})
        first.setdefault(pair, name)
    return items
