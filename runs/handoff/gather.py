"""What an episode consists of, from the log: its shots in order with their files, its script, its music, and who made each.

episode = gather(ws, Choice(run_id, series="painted-skin", arm="b", script="20261124-…", music="20261124-…"))
episode.shots[0]  ->  Piece(name="S001_c01", seconds=5.0, path=…/3f/3fa9….mp4, lines=(…), made=Made(…))
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from evals.schema import read as read_model
from prompts.errors import InputError, UnknownName
from prompts.story import Cue, Line, Script, Shot
from runs.events import JobPlan
from runs.harness import plan_of
from runs.media import MediaStore
from runs.plan import Plan
from runs.resume import RunState, state_of
from runs.workspace import Workspace

PICTURED = ("clip", "shot")


@dataclass(frozen=True, slots=True)
class Choice:
    """Which generations make the episode; empty: the only one there is, or none."""

    run_id: str
    series: str = ""
    arm: str = ""
    repeat: int = 0
    script: str = ""
    music: str = ""
    episode: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """How an asset came to be: everything that a provenance manifest says of it."""

    stage: str
    run_id: str
    job_id: str
    case_id: str
    template: str
    version: str
    ref: str
    model: str
    model_resolved: str
    provider: str
    simulated: bool
    seed: int | None
    at: str
    messages: tuple[Mapping[str, str], ...]
    parameters: Mapping[str, Any]
    cost_usd: float | None
    sha256: str
    media_type: str


@dataclass(frozen=True, slots=True)
class Piece:
    """One shot or cue: its name in the timeline, how long it lasts, where its file lies, and what is said in it."""

    name: str
    seconds: float
    path: Path
    made: Made
    shot: Shot | None = None
    cue: Cue | None = None

    @property
    def lines(self) -> tuple[Line, ...]:
        """Return what is said in it."""
        return tuple(x for x in self.shot.lines if x.text.strip()) if self.shot else ()


@dataclass(frozen=True, slots=True)
class EpisodeFiles:
    """An episode as it is handed over; `people` and `places` are names by id, `rates` speech rates by person."""

    series: str
    title: str
    language: str
    shots: tuple[Piece, ...]
    music: tuple[Piece, ...] = ()
    script: Script | None = None
    script_made: Made | None = None
    people: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)
    rates: Mapping[str, float | None] = field(default_factory=dict)
    missing: tuple[str, ...] = ()

    def pieces(self) -> Iterator[Piece]:
        """Yield all shots and cues."""
        yield from (*self.shots, *self.music)


def gather(ws: Workspace, choice: Choice) -> EpisodeFiles:
    """Collect an episode.

    Raises:
        UnknownName: a run, arm or series is not there.
        InputError: the run makes no pictures, more than one series or arm could be meant, or nothing of it came out.
        MediaError: a file is gone from the media store.
    """
    state = state_of(ws, choice.run_id)
    plan = plan_of(state)
    if plan.event.stage not in PICTURED:
        raise InputError(
            f"The run {choice.run_id} is of stage {plan.event.stage}.",
            hint="Name a run of clips or shots, or a chain; --script and --music take other runs.",
        )
    series = _one("series", choice.series, {c["series"] for c in plan.event.cases})
    arm = _one("arm", choice.arm, {a["arm"] for a in plan.event.arms})
    store = MediaStore(ws)
    shots: list[Piece] = []
    missing: list[str] = []
    for job in _jobs(plan, series, arm, choice.repeat):
        done = state.finished.get(job["job_id"])
        if done is None or done.status != "ok":
            missing.append(f"{job['case_id']}: {done.status if done else 'not made'}")
            continue
        shot = Shot.model_validate(plan.cases[job["case_id"]]["inputs"]["shot"])
        made = _made(state, plan, job)
        path = store.path(made.sha256)
        seconds = shot.duration if made.media_type.startswith("image/") else _seconds(path)
        # Editors' lists keep eight characters of a name: the number comes first, so that those are enough.
        shots.append(Piece(f"S{len(shots) + 1:03d}_{shot.id}", seconds, path, made, shot=shot))
    if not shots:
        raise InputError(f"Nothing of {series} in arm {arm} of {choice.run_id} came out.", hint="; ".join(missing[:3]))
    inputs = next(c["inputs"] for c in plan.event.cases if c["series"] == series)
    script, script_made = _script(ws, choice, series)
    return EpisodeFiles(
        series=series,
        title=script.title if script else str((inputs.get("series") or {}).get("title", series)),
        language=str(inputs.get("language", "en")),
        shots=tuple(shots),
        music=tuple(_music(ws, choice, series)),
        script=script,
        script_made=script_made,
        people={c["id"]: c["name"] for c in inputs.get("characters") or ()},
        places={x["id"]: x["name"] for x in inputs.get("locations") or ()},
        rates={c["id"]: c.get("speech_rate") for c in inputs.get("characters") or ()},
        missing=tuple(missing),
    )


def _one(kind: str, named: str, known: set[str]) -> str:
    if named:
        if named not in known:
            raise UnknownName(f"{kind} of this run", named, known)
        return named
    if len(known) > 1:
        raise InputError(f"The run has more than one {kind}: {', '.join(sorted(known)[:8])}.", hint=f"Name one with --{kind}.")
    return next(iter(known))


def _jobs(plan: Plan, series: str, arm: str, repeat: int) -> list[JobPlan]:
    """Return the jobs of an arm and series in the order of the suite, which is that of the shots."""
    return list(plan.groups.get((arm, repeat, series), ()))


def _script(ws: Workspace, choice: Choice, series: str) -> tuple[Script | None, Made | None]:
    if not choice.script:
        return None, None
    state = state_of(ws, choice.script)
    plan = plan_of(state)
    for job, made in _outputs(state, plan, series, choice.episode):
        found = read_model(MediaStore(ws).read(made.sha256).decode("utf-8", "replace"), "script")
        if isinstance(found.model, Script):
            return found.model, made
        raise InputError(f"The script of {job['case_id']} does not parse: {found.reason()}.")
    raise InputError(f"The run {choice.script} has no script of {series}{f' {choice.episode}' if choice.episode else ''}.")


def _music(ws: Workspace, choice: Choice, series: str) -> Iterator[Piece]:
    if not choice.music:
        return
    state = state_of(ws, choice.music)
    plan, store = plan_of(state), MediaStore(ws)
    for number, (job, made) in enumerate(_outputs(state, plan, series, choice.episode), 1):
        cue = Cue.model_validate(plan.cases[job["case_id"]]["inputs"]["cue"])
        path = store.path(made.sha256)
        yield Piece(f"M{number:03d}_{cue.id}", min(_seconds(path), cue.end - cue.start), path, made, cue=cue)


def _outputs(state: RunState, plan: Plan, series: str, episode: str) -> Iterator[tuple[JobPlan, Made]]:
    """Yield the outputs of a series (and episode) of the first arm and repeat that have them."""
    for (_, _, of), jobs in sorted(plan.groups.items()):
        here = [j for j in jobs if of == series and _is_of(plan, j, episode)]
        done = [j for j in here if j["job_id"] in state.finished and state.finished[j["job_id"]].status == "ok"]
        if done:
            yield from ((job, _made(state, plan, job)) for job in done)
            return


def _is_of(plan: Plan, job: JobPlan, episode: str) -> bool:
    return not episode or (plan.cases[job["case_id"]]["inputs"].get("episode") or {}).get("id") == episode


def _made(state: RunState, plan: Plan, job: JobPlan) -> Made:
    event, arm = state.generation(job["job_id"]), plan.arms[job["arm"]]
    if not event["artifacts"]:
        raise InputError(f"The generation {job['job_id'][:12]} has no file.")
    first = event["artifacts"][0]
    return Made(
        stage=plan.event.stage, run_id=plan.run_id, job_id=job["job_id"], case_id=job["case_id"], template=arm["template"],
        version=arm["version"], ref=arm["ref"], model=arm["model"], model_resolved=event.get("model_resolved") or "",
        provider=plan.event.provider["name"], simulated=bool(event.get("simulated", plan.event.provider["simulated"])), seed=job["seed"],
        at=event["at"], messages=tuple(event.get("messages") or ()), parameters=plan.parameters_of(job), cost_usd=event.get("cost_usd"),
        sha256=first["sha256"], media_type=first["media_type"],
    )  # fmt: skip


def _seconds(path: Path) -> float:
    """Return how long a clip or sound lasts."""
    import av

    try:
        with av.open(str(path)) as container:
            if container.duration:
                return float(container.duration / av.time_base)
    except (av.FFmpegError, OSError) as error:
        raise InputError(f"{path.name} cannot be read: {error}.") from None
    raise InputError(f"{path.name} does not say how long it is.")
