"""Channels: which version of a template each of `dev`, `staging` and `production` means now.

The ledger says how things came to be; replayed, it says how they are. `prompts/channels.json` is that state, written for
people, for git's diffs and for tools that read no ledger:

    {"ledger": {"hash": "…", "seq": 7},
     "frozen": [],
     "templates": {"shot/keyframe": {"channels": {"production": {"version": "v1:3f…", "previous": "v1:81…", "seq": 7, …}},
                                     "pins": {"paper-wife": "v1:81…"},
                                     "canary": {"version": "v1:c4…", "basis_points": 500}}}}

It is never believed before it has been compared with the ledger. A process that died between the ledger's line and this
file leaves a file that is older than the ledger: it is the old state, proved, and the next writer brings it up to date.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from prompts.canary import bucket
from prompts.errors import InputError, WorkspaceError
from prompts.files import write_whole
from prompts.identity import canonical_json
from prompts.ledger import Entry, Ledger, LedgerError, head

FILE = "channels.json"
Channel = Literal["dev", "staging", "production"]
CHANNELS: tuple[Channel, ...] = get_args(Channel)
EVERYTHING = "*"
"""The template of a freeze that holds for all of a channel."""


@dataclass(frozen=True, slots=True)
class Pointer:
    """What a channel means of one template. `unproven`: it first got there past the gate; a rollback to it proves nothing."""

    version: str
    previous: str
    seq: int
    actor: str
    time: str
    unproven: bool = False


@dataclass(frozen=True, slots=True)
class Canary:
    """A version that a share of the series gets instead of production's, in hundredths of a per cent."""

    version: str
    basis_points: int


@dataclass(slots=True)
class State:
    """Everything that the ledger says of now. Keys: (template, channel), (template, series), template."""

    pointers: dict[tuple[str, str], Pointer] = field(default_factory=dict)
    former: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    pins: dict[tuple[str, str], str] = field(default_factory=dict)
    canaries: dict[str, Canary] = field(default_factory=dict)
    frozen: set[tuple[str, str]] = field(default_factory=set)
    gates: dict[str, Entry] = field(default_factory=dict)
    approvals: dict[tuple[str, str, str], set[str]] = field(default_factory=dict)
    overrides: dict[tuple[str, str, str, str], str] = field(default_factory=dict)
    passed: set[tuple[str, str]] = field(default_factory=set)
    overridden: set[tuple[str, str, str]] = field(default_factory=set)

    def version(self, template: str, channel: str) -> str:
        """Return the version that a channel means; empty where it means none."""
        pointer = self.pointers.get((template, channel))
        return pointer.version if pointer else ""

    def is_frozen(self, template: str, channel: str) -> bool:
        """Tell whether nothing may move here."""
        return (template, channel) in self.frozen or (EVERYTHING, channel) in self.frozen

    def is_unproven(self, template: str, version: str) -> bool:
        """Tell whether a version is in production without ever having passed a gate."""
        reached = any(p.unproven and p.version == version for (t, _), p in self.pointers.items() if t == template)
        return reached and (template, version) not in self.passed

    def as_json(self, at: dict[str, Any]) -> dict[str, Any]:
        """Return what `channels.json` holds at a place in the ledger."""
        templates: dict[str, Any] = {}
        for (template, channel), pointer in self.pointers.items():
            of = templates.setdefault(template, {"channels": {}, "pins": {}, "canary": None})
            of["channels"][channel] = {
                "version": pointer.version, "previous": pointer.previous, "seq": pointer.seq,
                "unproven": self.is_unproven(template, pointer.version),
            }  # fmt: skip
        for (template, series), version in self.pins.items():
            templates[template]["pins"][series] = version
        for template, canary in self.canaries.items():
            templates[template]["canary"] = {"version": canary.version, "basis_points": canary.basis_points}
        return {"ledger": at, "frozen": sorted(map(list, self.frozen)), "templates": templates}


@dataclass(frozen=True, slots=True)
class Resolved:
    """What a series gets, and why: `pin`, `canary`, or the channel's name."""

    version: str
    why: str


def resolve(state: State, template: str, channel: str = "production", series: str = "") -> Resolved | None:
    """Return the version that a series gets; None where the channel has none. A started series keeps its pinned version."""
    if channel == "production" and series:
        if pinned := state.pins.get((template, series)):
            return Resolved(pinned, "pin")
        canary = state.canaries.get(template)
        if canary and bucket(template, canary.version, series) < canary.basis_points:
            return Resolved(canary.version, "canary")
    version = state.version(template, channel)
    return Resolved(version, channel) if version else None


def replay(entries: Sequence[Entry]) -> State:
    """Return the state that a proved ledger leads to.

    Raises:
        LedgerError: a line moves what was not there: it was not written by the workbench.
    """
    state = State()
    for entry in entries:
        _APPLY[entry.action](state, entry)
    return state


def load(folder: Path) -> tuple[State, list[Entry]]:
    """Return the state of a template folder, proved against its ledger.

    Raises:
        LedgerError: ledger or pointers were changed by something else than the workbench.
    """
    entries = Ledger(folder).entries()
    _prove(folder / FILE, entries)
    return replay(entries), entries


def save(folder: Path, state: State, entries: Sequence[Entry]) -> None:
    """Write `channels.json`; for the holder of the ledger's lock.

    Raises:
        WorkspaceError: it cannot be written; the ledger already holds the truth.
    """
    text = json.dumps(state.as_json(head(entries)), sort_keys=True, ensure_ascii=False, indent=1)
    write_whole(folder / FILE, text.encode() + b"\n")


def _bare(written: dict[str, Any]) -> bytes:
    """Return pointers without what is read off the ledger each time: earlier workbenches forgot on a rollback that none was proved."""
    for of in written.get("templates", {}).values():
        for pointer in of["channels"].values():
            pointer.pop("unproven", None)
    return canonical_json(written)


def _prove(path: Path, entries: list[Entry]) -> None:
    try:
        written = json.loads(path.read_bytes())
        seq, digest = int(written["ledger"]["seq"]), str(written["ledger"]["hash"])
        canonical = _bare(written)
    except FileNotFoundError:
        return
    except OSError as error:
        raise WorkspaceError(f"Cannot read {path}: {error.strerror or error}.") from error
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError):
        raise LedgerError(f"{path.name} was changed by hand: it cannot be read.") from None
    if seq > len(entries):
        raise LedgerError(f"The ledger was cut: {path.name} has seen line {seq}, the ledger ends at {len(entries)}.", seq=len(entries) + 1)
    then = entries[:seq]
    if head(then)["hash"] != digest or _bare(replay(then).as_json(head(then))) != canonical:
        raise LedgerError(f"{path.name} was changed by hand: it is not what the ledger says.", seq=seq)


def check_channel(name: str) -> Channel:
    """Return a channel's name.

    Raises:
        InputError: there is no such channel.
    """
    for channel in CHANNELS:
        if channel == name:
            return channel
    raise InputError(f"There is no channel {name!r}.", hint=f"There are {', '.join(CHANNELS)}.")


def _moved(state: State, entry: Entry) -> None:
    key = (entry.template, entry.channel)
    if state.version(*key) != entry.from_:
        raise LedgerError(f"Line {entry.seq} of the ledger moves from a version that was not there.", seq=entry.seq)
    if entry.details.get("override"):
        state.overridden.add((*key, entry.to))
    unproven = (*key, entry.to) in state.overridden
    state.pointers[key] = Pointer(entry.to, entry.from_, entry.seq, entry.actor, entry.time, unproven)
    state.former.setdefault(key, []).append(entry.to)
    if entry.channel == "production":
        # A canary is tried against what production was.
        state.canaries.pop(entry.template, None)
    state.overrides.pop((entry.template, entry.channel, entry.from_, entry.to), None)


def _gated(state: State, entry: Entry) -> None:
    state.gates[entry.report] = entry
    if entry.details.get("decision") == "promote" and not entry.details.get("simulated"):
        state.passed.add((entry.template, entry.to))


def _approved(state: State, entry: Entry) -> None:
    state.approvals.setdefault((entry.to, entry.report, entry.policy), set()).add(entry.actor)


def _override_asked(state: State, entry: Entry) -> None:
    state.overrides[entry.template, entry.channel, entry.from_, entry.to] = entry.actor


def _frozen(state: State, entry: Entry) -> None:
    state.frozen.add((entry.template or EVERYTHING, entry.channel))


def _thawed(state: State, entry: Entry) -> None:
    state.frozen.discard((entry.template or EVERYTHING, entry.channel))


def _pinned(state: State, entry: Entry) -> None:
    _known(state, entry)
    state.pins[entry.template, entry.series] = entry.to


def _unpinned(state: State, entry: Entry) -> None:
    state.pins.pop((entry.template, entry.series), None)


def _canary(state: State, entry: Entry) -> None:
    _known(state, entry)
    points = entry.details.get("basis_points", 0)
    if not isinstance(points, int):
        raise LedgerError(f"Line {entry.seq} of the ledger gives a canary a share that is no number.", seq=entry.seq)
    if points:
        state.canaries[entry.template] = Canary(entry.to, points)
    else:
        state.canaries.pop(entry.template, None)


def _known(state: State, entry: Entry) -> None:
    if not state.version(entry.template, "production"):
        raise LedgerError(f"Line {entry.seq} of the ledger speaks of a template that is not in production.", seq=entry.seq)


_APPLY = {
    "gate": _gated, "approve": _approved, "promote": _moved, "rollback": _moved, "override": _override_asked,
    "freeze": _frozen, "thaw": _thawed, "pin": _pinned, "unpin": _unpinned, "canary": _canary,
}  # fmt: skip
