"""The continuity ledger: a script's presence and changes folded, in one pass, into the state at every beat.

Example: `mei` is present when scene s1 begins, gives `letter` to `zhao` in beat b1 and leaves in b2. In b3 the ledger says:
present {zhao}, holder {letter: zhao}, and that mei is away since b2.

Rules of the fold:

- `present` of a scene is the whole truth about who is there when it begins.
- A beat shows its own changes: `Moment.before` is the state when it begins, `Moment.after` when it ends, and who is in either,
  or in between, counts as there. So who enters or leaves in a beat may speak in it, in whichever order the writer thought of it.
- A flashback is played on a copy of the state in which nobody is dead or hurt and all props are unclaimed; of what happens in
  it, only what people learn stays, for deaths and gifts of the past are already part of the present that was declared.
- Knowledge is first-order: one knows a fact by the case, by `learn`, by being there at a `reveal`, or by hearing it asserted.
- `immune_to_death` people do not die; `revive` ends a death.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from evals.checks.world import World
from prompts.story import Beat, Change, PlannedShot, Scene, Script, Storyboard

START = "start"


@dataclass(frozen=True, slots=True)
class State:
    """The world at one instant. Every mapping to a beat or scene id tells since when.

    `holder`: prop -> who has it, None where it lies about; a prop that is missing was never anyone's. `lies`: where a prop
    that was put down lies. `dressed`: since when who wears their look, where it is no longer the first. `hurt`: who -> (beat,
    story day, look before). `postures`: who -> (posture, since), where it is known.
    """

    present: frozenset[str] = frozenset()
    since: Mapping[str, str] = field(default_factory=dict)
    dead: Mapping[str, str] = field(default_factory=dict)
    holder: Mapping[str, str | None] = field(default_factory=dict)
    handed: Mapping[str, str] = field(default_factory=dict)
    lies: Mapping[str, str] = field(default_factory=dict)
    looks: Mapping[str, str | None] = field(default_factory=dict)
    dressed: Mapping[str, str] = field(default_factory=dict)
    hurt: Mapping[str, tuple[str, int, str | None]] = field(default_factory=dict)
    knows: Mapping[str, frozenset[str]] = field(default_factory=dict)
    place: Mapping[str, str] = field(default_factory=dict)
    postures: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    jumps: int = 0


@dataclass(frozen=True, slots=True)
class Now:
    """Where in the script a change happens, and in which world."""

    scene: Scene
    beat: Beat
    world: World


@dataclass(frozen=True, slots=True)
class Step:
    """One change, and the state that it meets."""

    change: Change
    before: State


@dataclass(frozen=True, slots=True)
class Moment:
    """One beat with the states around it."""

    scene: Scene
    beat: Beat
    before: State
    after: State
    steps: tuple[Step, ...]

    def there(self, who: str) -> bool:
        """Tell whether someone is there at any time of this beat, even if they only come and go in it."""
        return who in self.after.present or who in self.before.present or any(who in s.before.present for s in self.steps)

    def dead(self, who: str) -> bool:
        """Tell whether someone is dead all through this beat."""
        return who in self.before.dead and who in self.after.dead


@dataclass(frozen=True, slots=True, eq=False)
class Ledger:
    """All moments of a script, and the state in which each scene begins and ends. One is only equal to itself."""

    script: Script
    moments: tuple[Moment, ...]
    begins: Mapping[str, State]
    ends: Mapping[str, State]

    @property
    def shots(self) -> Sequence[PlannedShot]:
        """Return the shots, where the script has been broken down into some."""
        return self.script.shots if isinstance(self.script, Storyboard) else ()


def build(script: Script, world: World) -> Ledger:
    """Fold a script into its ledger. Unknown ids are folded like any other; saying that they are unknown is a check's work."""
    state = _first(world)
    moments: list[Moment] = []
    begins: dict[str, State] = {}
    ends: dict[str, State] = {}
    for scene in script.scenes:
        inner = _enter_scene(state, scene)
        begins[scene.id] = inner
        for beat in scene.beats:
            moment = _play(inner, scene, beat, world)
            moments.append(moment)
            inner = moment.after
        ends[scene.id] = inner
        state = replace(state, knows=inner.knows) if scene.flashback else inner
    return Ledger(script, tuple(moments), begins, ends)


def _first(world: World) -> State:
    """Return the state in which the episode begins, by what the case declares."""
    knows: dict[str, frozenset[str]] = {}
    for fact in world.facts.values():
        for who in fact.known_by:
            knows[who] = knows.get(who, frozenset()) | {fact.id}
    return State(
        holder={p.id: p.first_holder for p in world.props.values() if p.first_holder},
        looks={c.id: c.default_look for c in world.characters.values()},
        knows=knows,
    )


def _enter_scene(state: State, scene: Scene) -> State:
    present = frozenset(scene.present)
    here = dict.fromkeys(present, scene.location)
    known = {who: (posture, scene.id) for who, posture in scene.postures.items()}
    if scene.flashback:
        return State(present=present, place=here, knows=state.knows, postures=known)
    if scene.continuous_with:  # nobody sits down in a cut; in any other scene bodies begin anew
        known = {**{who: p for who, p in state.postures.items() if who in present}, **known}
    return replace(state, present=present, since={}, place={**state.place, **here}, postures=known)


def _play(before: State, scene: Scene, beat: Beat, world: World) -> Moment:
    """Fold one beat: first what is heard in it, then its changes in their order."""
    state, now = before, Now(scene, beat, world)
    steps: list[Step] = []
    for change in beat.changes:
        steps.append(Step(change, state))
        state = FOLD[change.kind](state, change, now)
    told = {f for line in beat.lines if line.kind in ("dialogue", "os") for f in line.asserts}
    if told:
        state = _tell(state, before.present | state.present, told)
    return Moment(scene, beat, before, state, tuple(steps))


def _tell(state: State, whom: frozenset[str], facts: set[str]) -> State:
    return replace(state, knows={**state.knows, **{w: state.knows.get(w, frozenset()) | facts for w in whom}})


def _enter(state: State, change: Change, now: Now) -> State:
    if change.who is None:
        return state
    here = {**state.place, change.who: now.scene.location}
    return replace(state, present=state.present | {change.who}, since={**state.since, change.who: now.beat.id}, place=here)


def _exit(state: State, change: Change, now: Now) -> State:
    if change.who is None:
        return state
    place = {k: v for k, v in state.place.items() if k != change.who}
    if change.place:
        place[change.who] = change.place
    return replace(state, present=state.present - {change.who}, since={**state.since, change.who: now.beat.id}, place=place)


def _move(state: State, change: Change, now: Now) -> State:
    if change.who is None:
        return _drop(state, change, now)
    return (_enter if change.place == now.scene.location else _exit)(state, change, now)


def _die(state: State, change: Change, now: Now) -> State:
    if change.who is None or now.world.immortal(change.who) or change.who in state.dead:
        return state
    return replace(state, dead={**state.dead, change.who: now.beat.id})


def _revive(state: State, change: Change, _now: Now) -> State:
    return replace(state, dead={k: v for k, v in state.dead.items() if k != change.who})


def _look(state: State, change: Change, now: Now) -> State:
    if not (change.who and change.look):
        return state
    return replace(state, looks={**state.looks, change.who: change.look}, dressed={**state.dressed, change.who: now.beat.id})


def _injure(state: State, change: Change, now: Now) -> State:
    if change.who is None:
        return state
    wound = (now.beat.id, now.scene.story_day, state.looks.get(change.who))
    return _look(replace(state, hurt={**state.hurt, change.who: wound}), change, now)


def _posture(state: State, change: Change, now: Now) -> State:
    if change.who is None or change.posture is None:
        return state
    return replace(state, postures={**state.postures, change.who: (change.posture, now.beat.id)})


def _hand(state: State, prop: str | None, to: str | None, now: Now) -> State:
    if prop is None:
        return state
    lies = {k: v for k, v in state.lies.items() if k != prop}
    return replace(state, holder={**state.holder, prop: to}, handed={**state.handed, prop: now.beat.id}, lies=lies)


def _hold(state: State, change: Change, now: Now) -> State:
    return _hand(state, change.prop, change.who, now)


def _give(state: State, change: Change, now: Now) -> State:
    return _hand(state, change.prop, change.to, now) if change.to else state


def _drop(state: State, change: Change, now: Now) -> State:
    if change.prop is None:
        return state
    state = _hand(state, change.prop, None, now)
    return replace(state, lies={**state.lies, change.prop: change.place or now.scene.location})


def _learn(state: State, change: Change, _now: Now) -> State:
    return _tell(state, frozenset({change.who}), {change.fact}) if change.who and change.fact else state


def _reveal(state: State, change: Change, _now: Now) -> State:
    extra = {w for w in (change.who, change.to) if w}
    return _tell(state, state.present | extra, {change.fact}) if change.fact else state


def _jump(state: State, _change: Change, _now: Now) -> State:
    return replace(state, jumps=state.jumps + 1, hurt={}, postures={})


FOLD: Mapping[str, Callable[[State, Change, Now], State]] = {
    "enter": _enter, "exit": _exit, "move": _move, "die": _die, "revive": _revive, "look": _look, "injure": _injure,
    "hold": _hold, "give": _give, "drop": _drop, "learn": _learn, "reveal": _reveal, "posture": _posture, "time_jump": _jump,
}  # fmt: skip
