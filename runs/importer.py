"""Taking files in that were made elsewhere: back into a run that a sheet was written for, or as a run of their own.

    import_run(ws, run_id, folder)                     files whose names hold a job's code (see `runs.sheet`)
    import_run(ws, run_id, folder, manifest=path)      files that a manifest gives to jobs
    import_new(ws, folder, stage="shot")               any folder of pictures as a run of its own

All or nothing: every file is checked first, and one that cannot be taken is told with all the others. What comes in has
the provider `manual`, is not simulated, and costs an unknown amount unless the manifest says what.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from prompts.errors import InputError, UnknownName
from runs import codes, newcases
from runs.errors import MediaError
from runs.events import ArtifactRef, End, Event, Generation, JobPlan, Run
from runs.harness import only_one, plan_of
from runs.intake import Checked, Intake
from runs.journal import Journal
from runs.log import catch_up
from runs.manifest import Entry, Line, read
from runs.media import MediaStore
from runs.plan import Plan
from runs.provider import KIND_OF_STAGE
from runs.requests import Requests
from runs.resume import RunState, state_of
from runs.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did.

    Attributes:
        run_id: the run that the files are in now.
        imported: how many generations were added.
        missing: jobs of the run that still have no file.
        skipped: files that were there already, byte for byte.
        duplicates: (file, other file) with the same content, taken for different jobs.
        unused: files that the manifest does not name.
    """

    run_id: str
    imported: int
    missing: int = 0
    skipped: tuple[str, ...] = ()
    duplicates: tuple[tuple[str, str], ...] = ()
    unused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Match:
    """A file, the job that it is the output of, and what the manifest says of it."""

    job: JobPlan
    file: Checked
    entry: Entry


@dataclass(slots=True)
class _Matches:
    """Files given to jobs so far; a job takes one file."""

    intake: Intake
    found: dict[str, Match] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)

    def add(self, job: JobPlan, file: Checked, entry: Entry) -> None:
        """Give a file to a job; the same bytes twice are one, different ones a problem."""
        other = self.found.get(job["job_id"])
        if other is None:
            self.found[job["job_id"]] = Match(job, file, entry)
        elif other.file.sha256 == file.sha256:
            self.skipped.append(file.name)
        else:
            self.intake.refuse(file.name, f"is for the same job as {other.file.name}; keep one of them")


def import_run(ws: Workspace, run_id: str, folder: Path, manifest: Path | None = None, *, replace: bool = False) -> Imported:
    """Take files back into a run of the manual provider.

    Args:
        ws: the workspace.
        run_id: the run, whole.
        folder: where the files lie, sub-folders too.
        manifest: which file is which job's; without it their names hold the codes.
        replace: take files for jobs that have one already; the newer counts.

    Raises:
        ImportRefused: files cannot be taken; nothing was.
        InputError, UnknownName: no such run or folder, a run that was not made by hand, or a malformed manifest.
        JournalError, MediaError: somebody works on the run, or the disk takes no more.
    """
    with only_one(ws, run_id):
        state = state_of(ws, run_id)
        plan = plan_of(state)
        if plan.event.provider["name"] != newcases.PROVIDER["name"]:
            raise InputError(
                f"The run {run_id} was made by {plan.event.provider['name']}, not by hand.", hint="Import the files as a new run: --new."
            )
        intake = Intake(folder)
        matches = _Matches(intake)
        used = _by_manifest(plan, matches, read(manifest), manifest) if manifest else _by_code(plan, matches)
        todo = _not_yet(state, matches, replace=replace)
        intake.settle()
        if not todo and not matches.skipped:
            raise InputError(
                f"There is no file for the run {run_id} in {folder}.", hint="Names must hold a code of its sheet, or give --manifest."
            )
        done = set(state.finished) | {m.job["job_id"] for m in todo}
        missing = sum(1 for job in plan.jobs if job["job_id"] not in done)
        if todo:
            events = _generations(ws, plan, todo)
            _write(ws, run_id, [*events, *([] if missing else [End(run_id=run_id, state="finished")])])
    unused = tuple(n for n in (intake.names() if manifest else ()) if n not in used)
    return Imported(run_id, len(todo), missing, tuple(matches.skipped), _duplicates(todo), unused)


def import_new(
    ws: Workspace,
    folder: Path,
    *,
    stage: str,
    manifest: Path | None = None,
    suite: str | None = None,
    scorers: Sequence[str] = (),
    model: str = "",
) -> Imported:
    """Take a folder in as a run of its own; without a manifest each file is a case, in a series named after its folder.

    Args:
        ws: the workspace.
        folder: where the files lie.
        stage: what they are: `shot`, `clip`, `character`; with a suite any stage.
        manifest: files with their cases, people and references (see `runs.manifest`).
        suite: the manifest's cases are this suite's; its scorers judge.
        scorers: judge with these; by default the suite's, else all that judge the stage.
        model: the tool that made them, where the manifest does not say.

    Raises:
        ImportRefused: files cannot be taken; nothing was.
        InputError, UnknownName, ScorerError: no such folder, suite or scorer, or a malformed manifest.
        JournalError, MediaError: the disk takes no more.
    """
    intake = Intake(folder)
    lines = read(manifest) if manifest else newcases.guess(intake, stage)
    kind = KIND_OF_STAGE[newcases.check_stage(stage, suite)]
    files = [intake.checked(line.entry.file, kind) for line in lines]
    references = newcases.references(intake, lines)
    intake.settle()
    pairs = [(line, file) for line, file in zip(lines, files, strict=True) if file is not None]
    if not pairs:
        raise InputError(f"There is no file to import in {folder}.")
    plan, jobs = newcases.plan(ws, pairs, references, stage=stage, suite=suite, scorers=scorers, model=model, folder=folder)
    found = [Match(job, file, line.entry) for job, (line, file) in zip(jobs, pairs, strict=True)]
    ws.ensure_writable()
    store = MediaStore(ws)
    for picture in references.values():
        _store(store, picture)
    _write(ws, plan.run_id, [plan.event, *_generations(ws, plan, found), End(run_id=plan.run_id, state="finished")])
    used = {file.name for _, file in pairs} | set(references)
    unused = tuple(n for n in (intake.names() if manifest else ()) if n not in used and n != _name_in(folder, manifest))
    return Imported(plan.run_id, len(found), 0, (), _duplicates(found), unused)


def _by_code(plan: Plan, matches: _Matches) -> set[str]:
    """Match files by the codes in their names."""
    intake, kind = matches.intake, KIND_OF_STAGE[plan.event.stage]
    known = codes.by_code(plan.by_id)
    names = intake.names()
    for name in names:
        jobs = codes.find(Path(name).name, known)
        if len(jobs) != 1:
            intake.refuse(name, "holds no code of this run in its name" if not jobs else "holds the codes of several jobs in its name")
        elif file := intake.checked(name, kind):
            matches.add(plan.by_id[jobs[0]], file, Entry(file=name))
    return set(names)


def _by_manifest(plan: Plan, matches: _Matches, lines: Sequence[Line], manifest: Path | None) -> set[str]:
    """Match files by the manifest's job, or by its case, version, model and repeat."""
    intake, kind = matches.intake, KIND_OF_STAGE[plan.event.stage]
    known = codes.by_code(plan.by_id)
    for line in lines:
        try:
            job = _job_of(plan, line.entry, known)
        except InputError as error:
            intake.refuse(line.place, str(error))
            continue
        if file := intake.checked(line.entry.file, kind):
            matches.add(job, file, line.entry)
    own = _name_in(intake.folder, manifest)
    return {line.entry.file for line in lines} | ({own} if own else set())


def _job_of(plan: Plan, entry: Entry, known: Mapping[str, str]) -> JobPlan:
    if entry.job:
        jobs = codes.find(entry.job, known) or [j for j in plan.by_id if j == entry.job]
        if len(jobs) != 1:
            raise InputError(f"the run has no job {entry.job!r}")
        return plan.by_id[jobs[0]]
    if not entry.case:
        raise InputError("a line needs a job, or a case")
    if entry.case not in plan.cases:
        raise InputError(str(UnknownName("case", entry.case, plan.cases)))
    found = [job for job in plan.jobs if job["case_id"] == entry.case and _fits(plan, job, entry)]
    if len(found) != 1:
        asked = f"{entry.case} {entry.version} {entry.model}".strip()
        what = "no job" if not found else f"{len(found)} jobs"
        raise InputError(f"the run has {what} for {asked}" + ("" if not found else "; say version, model and repeat"))
    return found[0]


def _fits(plan: Plan, job: JobPlan, entry: Entry) -> bool:
    arm = plan.arms[job["arm"]]
    names = {arm["ref"], arm["version"], arm["ref"].rpartition("@")[2], arm["arm"]}
    return (
        (not entry.version or entry.version in names)
        and (not entry.model or entry.model == arm["model"] or len({a["model"] for a in plan.arms.values()}) == 1)
        and (entry.repeat is None or entry.repeat == job["repeat"] + 1)
    )


def _not_yet(state: RunState, matches: _Matches, *, replace: bool) -> list[Match]:
    """Return what is new; the same file again is skipped, another one for a job that is done is a problem."""
    new: list[Match] = []
    for job_id, match in matches.found.items():
        if job_id not in state.finished:
            new.append(match)
            continue
        old = {a["sha256"] for a in state.generation(job_id).get("artifacts") or ()}
        if match.file.sha256 in old:
            matches.skipped.append(match.file.name)
        elif replace:
            new.append(match)
        else:
            matches.intake.refuse(match.file.name, "its job has a file already; give --replace to put this one in its place")
    return new


def _generations(ws: Workspace, plan: Plan, matches: Sequence[Match]) -> list[Event]:
    """Store the files and return their events; prompts are rendered again from the plan."""
    store, requests = MediaStore(ws), Requests(ws, plan, with_references=False)
    events: list[Event] = []
    for match in matches:
        entry = match.entry
        messages: list[Any] = [asdict(m) for m in requests.of(match.job).messages]
        given = {"file": match.file.name} | ({"prompt": entry.prompt} if entry.prompt else {})
        event = Generation(
            run_id=plan.run_id, job_id=match.job["job_id"], status="ok", artifacts=[_store(store, match.file)], messages=messages,
            wire_request={"imported": given}, cost_usd=entry.cost_usd, cost_source="reported" if entry.cost_usd is not None else "",
            latency_s=entry.latency_s, model_resolved=entry.model, simulated=False,
        )  # fmt: skip
        events.append(event)
    return events


def _store(store: MediaStore, file: Checked) -> ArtifactRef:
    media = store.put_file(file.path, file.media_type)
    if media.sha256 != file.sha256:
        raise MediaError(f"{file.name} changed while it was being imported.", hint="Import again when nothing writes to it any more.")
    return {"kind": file.kind, "media_type": media.media_type, "sha256": file.sha256, "bytes": file.size}


def _write(ws: Workspace, run_id: str, events: Sequence[Event | Run]) -> None:
    with Journal(ws, run_id) as journal:
        journal.append(*events)
    catch_up(ws)


def _duplicates(matches: Sequence[Match]) -> tuple[tuple[str, str], ...]:
    first: dict[str, str] = {}
    pairs = [(m.file.name, first.setdefault(m.file.sha256, m.file.name)) for m in matches]
    return tuple((name, other) for name, other in pairs if name != other)


def _name_in(folder: Path, manifest: Path | None) -> str:
    """Return the manifest's own name in the folder; empty where it lies elsewhere."""
    try:
        return manifest.resolve().relative_to(folder.resolve()).as_posix() if manifest else ""
    except ValueError:
        return ""
