"""One person's sitting at a queue: what the browser is given, and what it sends back, written down in order.

The browser votes by itself and sends a list of commands, each with the tab's name and a number that only grows:

    {"tab": "k3f9", "n": 12, "item": "i0007", "do": "left", "ms": 2300}      do: left, right, tie, both_bad, flag, undo

A list is sent again until it is acknowledged, so each command is heard at least once; what was heard before is skipped. What is
given to the browser names neither arm: pictures go by their hash, sides by left and right.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pages.ui import brief, shell
from prompts.errors import InputError, WorkbenchError
from runs import query
from runs.ratings import CHOICES, Ballot, Shown, view
from runs.workspace import Workspace

FLAG, UNDO = "flag", "undo"
MOST_MS = 24 * 3600 * 1000
KINDS = {"image", "video", "audio", "text"}
Json = dict[str, Any]


@dataclass(eq=False)
class Sitting:
    """What a person has said of a queue so far, and the ballot that takes down the rest.

    Attributes:
        queue: as `runs.query.queue` gives it.
        rater: who judges.
        items: what the browser shows, in order.
        said: choice or `flag` by item, in the order in which it was said.
        heard: the last number heard, by tab.
        problem: why the last command could not be written; empty where all were.
        begun: the person has judged here in this session, so an undo is not yet an unblinded one.
    """

    ws: Workspace
    queue: Mapping[str, Any]
    rater: str
    items: list[Json]
    said: dict[str, str]
    heard: dict[str, int] = field(default_factory=dict)
    problem: str = ""
    begun: bool = False
    _ballot: Ballot | None = None

    @property
    def done(self) -> bool:
        """Tell whether every item was judged or flagged."""
        return len(self.said) >= len(self.items)

    def take(self, commands: Iterable[Mapping[str, Any]]) -> None:
        """Write down what was not heard before, in order; the first that cannot be written stops it and is asked for again."""
        self.problem = ""
        for command in commands:
            tab, n = str(command.get("tab", "")), command.get("n")
            if not isinstance(n, int) or n <= self.heard.get(tab, 0):
                continue
            try:
                self._obey(command)
            except (KeyError, TypeError, ValueError, AttributeError, InputError):
                # No page of ours sends this: it counts as heard, so that what follows is not held up for ever.
                pass
            except WorkbenchError as error:
                self.problem = " ".join(filter(None, (error.message, error.hint)))
                self._close()
                return
            self.heard[tab] = n
            self.begun = True

    def data(self) -> Json:
        """Return what the browser is given."""
        return {
            "queue": self.queue["queue"], "rater": self.rater, "question": self.queue["question"], "rubric": list(self.queue["rubric"]),
            "items": self.items, "said": self.said, "heard": self.heard, "problem": self.problem,
        }  # fmt: skip

    def _obey(self, command: Mapping[str, Any]) -> None:
        item, do = str(command["item"]), str(command["do"])
        ballot = self._open()
        if do == UNDO:
            ballot.undo(item)
            self.said.pop(item, None)
            return
        if do == FLAG:
            ballot.flag(item)
        elif do in CHOICES:
            ms = min(MOST_MS, max(0, int(command.get("ms") or 0)))
            ballot.cast(item, do, ms=ms, rubric=self._marks(item, command.get("marks") or {}))
        else:
            raise InputError(f"{do!r} is no command.")
        self.said.pop(item, None)
        self.said[item] = do

    def _marks(self, item: str, marks: Mapping[str, Any]) -> Json:
        """Return marks of left and right as marks of the arms that stood there."""
        left = next((shown.left_arm for shown in view(self.queue, self.rater) if shown.item == item), "a")
        names = {"left": left, "right": "b" if left == "a" else "a"}
        return {str(criterion): {names[side]: mark for side, mark in sides.items()} for criterion, sides in marks.items()}

    def _open(self) -> Ballot:
        if self._ballot is None:
            self._ballot = Ballot(self.ws, self.queue["queue"], self.rater)
            # Nobody says goodbye to a session; its journal is closed with it.
            weakref.finalize(self, self._ballot.close)
        return self._ballot

    def _close(self) -> None:
        ballot, self._ballot = self._ballot, None
        if ballot is not None:
            ballot.close()


def sit(ws: Workspace, name: str, rater: str) -> Sitting:
    """Begin where a person left off.

    Raises:
        UnknownName: there is no such queue.
        InputError: nobody is named.
    """
    if not rater.strip():
        raise InputError("It is not known who judges.", hint="Give a name.")
    queue = query.queue(ws, name)
    outputs = query.queue_outputs(ws, name)
    items = [_item(shown, outputs.get(shown.item, {})) for shown in view(queue, rater)]
    return Sitting(ws, queue, rater, items, said(ws, name, rater))


def said(ws: Workspace, name: str, rater: str) -> dict[str, str]:
    """Return what a person has said of each item, in the order in which it was said: a choice, or `flag`."""
    rows = query.ratings(ws, name, rater).sort_values("rated_at", kind="stable")
    told = zip(rows["item"], rows["choice"].fillna(""), rows["flagged"].fillna(value=False).astype(bool), strict=True)
    return {str(item): FLAG if flagged else str(choice) for item, choice, flagged in told if flagged or choice}


def _item(shown: Shown, outputs: Mapping[str, Any]) -> Json:
    sides = ("a", "b") if shown.left_arm == "a" else ("b", "a")
    inputs = outputs.get("inputs", {})
    return {
        "id": shown.item,
        "left": _media(outputs.get(sides[0])),
        "right": _media(outputs.get(sides[1])),
        "brief": brief.lines(inputs) if inputs else [],
        "references": _references(inputs, outputs.get("references", {})),
    }


def _media(output: Mapping[str, Any] | None) -> Json:
    url = shell.blob(output["sha256"], output["media_type"]) if output else None
    if output is None or url is None or output["kind"] not in KINDS:
        return {"kind": "none", "url": ""}
    return {"kind": output["kind"], "url": url}


def _references(inputs: Mapping[str, Any], references: Mapping[str, Any]) -> list[Json]:
    """Return the reference pictures of the people asked for: sameness is judged against them."""
    wanted = {(person.get("character") or {}).get("id") for person in inputs.get("people", [])}
    wanted |= {(inputs.get("character") or {}).get("id")}
    found = []
    for who, pictures in references.items():
        for picture in pictures if who in wanted else ():
            small, whole = shell.poster(picture["sha256"], picture["media_type"]), shell.blob(picture["sha256"], picture["media_type"])
            if small:
                found.append({"who": who, "small": small, "whole": whole})
    return found
