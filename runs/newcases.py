"""Cases for files that no suite has a case for: what a manifest tells of them, in the form that scorers read.

A file becomes a case of the story model: a shot with the people that the manifest names, their feelings, and their
reference pictures; or a character. What nobody knows (place, light, framing) stands as a neutral word and is judged by
no scorer. Files of one series, version and repeat are compared with each other, as the shots of one drama are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from evals.case import Case, CaseSpec, SeriesFile, load_cases, resolve
from evals.errors import ScorerError
from evals.registry import BUILT_IN, build
from evals.suite import load_suite
from prompts.errors import InputError, UnknownName
from prompts.story import Character, Location, Series, Shot, Visible
from prompts.version import build as build_version
from runs.events import ArmPlan, CasePlan, JobPlan, MediaRef, ProviderRef, Run, ScorerPlan, SuiteRef, VersionPlan
from runs.intake import Checked, Intake
from runs.manifest import Entry, Line, Person
from runs.media import MediaStore
from runs.plan import Plan, digest, new_run_id
from runs.prepare import environment
from runs.provider import KIND_OF_STAGE
from runs.scoring import scorer_plans
from runs.workspace import Workspace

PROVIDER: ProviderRef = {"name": "manual", "simulated": False, "base_url": ""}
STAGES = ("shot", "clip", "character")
NOBODY = "nobody"
TEMPLATE = "imported"


def check_stage(stage: str, suite: str | None) -> str:
    """Return the stage if files of it can be imported.

    Raises:
        UnknownName: there is no such stage.
        InputError: its cases are more than a manifest can tell, so a suite must have them.
    """
    if stage not in KIND_OF_STAGE:
        raise UnknownName("stage", stage, KIND_OF_STAGE)
    if suite is None and stage not in STAGES:
        raise InputError(
            f"Files of the stage {stage} need cases to belong to.",
            hint=f"Give --suite {stage}, and --manifest with a CSV file of the columns file and case.",
        )
    return stage


def guess(intake: Intake, stage: str) -> list[Line]:
    """Return a line for each file of a folder: a case named after the file, a series after the folder that it lies in."""
    del stage
    lines: list[Line] = []
    taken: set[str] = set()
    for name in intake.names():
        path = Path(name)
        case = slug("-".join(path.with_suffix("").parts))
        while case in taken:
            case = f"{case[:58]}-{len(taken)}"
        taken.add(case)
        lines.append(Line(Entry(file=name, case=case, series=slug(path.parts[0] if len(path.parts) > 1 else intake.folder.name)), name))
    return lines


def references(intake: Intake, lines: Sequence[Line]) -> dict[str, Checked]:
    """Check every reference picture that the lines name, each once, and return them by name."""
    names = dict.fromkeys(name for line in lines for person in line.entry.people for name in person.references)
    checked = {name: intake.checked(name, "image") for name in names}
    return {name: picture for name, picture in checked.items() if picture is not None}


def plan(
    ws: Workspace,
    pairs: Sequence[tuple[Line, Checked]],
    pictures: Mapping[str, Checked],
    *,
    stage: str,
    suite: str | None,
    scorers: Sequence[str],
    model: str,
    folder: Path,
) -> tuple[Plan, list[JobPlan]]:
    """Make the plan of a run of files, and return it with the job of each file.

    Raises:
        InputError, UnknownName, ScorerError: see `runs.importer.import_new`.
    """
    cases = _suite_cases(ws, pairs, stage, suite) if suite else _own_cases(pairs, pictures, stage, folder)
    arms, versions = _arms([line.entry for line, _ in pairs], stage, model)
    jobs = _jobs(pairs, arms, cases, stage, model)
    event = Run(
        run_id=new_run_id(), stage=stage, suite=_suite_ref(ws, suite, folder), seed=0, provider=PROVIDER, arms=list(arms.values()),
        versions=versions, cases=list({c["case_id"]: c for c in cases}.values()), jobs=jobs,
        scorers=_scorers(ws, stage, suite, scorers, [line.entry for line, _ in pairs]), environment=environment(),
    )  # fmt: skip
    return Plan(event), jobs


def slug(text: str) -> str:
    """Return an id made of a name: lower case, digits, hyphens; names in other scripts by a hash."""
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:60]
    return plain or f"x{digest(text)[:10]}"


def _suite_ref(ws: Workspace, suite: str | None, folder: Path) -> SuiteRef:
    if suite:
        found = load_suite(suite, ws.evals / "suites")
        return {"name": found.name, "hash": found.hash}
    return {"name": slug(folder.resolve().name), "hash": ""}


def _scorers(ws: Workspace, stage: str, suite: str | None, names: Sequence[str], entries: Sequence[Entry]) -> tuple[ScorerPlan, ...]:
    if names:
        return scorer_plans([(name, {}) for name in names], stage)
    if suite:
        return scorer_plans([(s.name, s.args) for s in load_suite(suite, ws.evals / "suites").scorers], stage)
    told = {"cost": any(e.cost_usd is not None for e in entries), "latency": any(e.latency_s is not None for e in entries)}
    return scorer_plans([(name, {}) for name in BUILT_IN if told.get(name, True) and _judges(name, stage)], stage)


def _judges(name: str, stage: str) -> bool:
    try:
        return stage in build(name).stages
    except ScorerError:
        return False  # its model is not installed: a default must not need it


def _suite_cases(ws: Workspace, pairs: Sequence[tuple[Line, Checked]], stage: str, name: str) -> list[CasePlan]:
    """Return the case of each file among those of a suite."""
    suite = load_suite(name, ws.evals / "suites")
    if suite.stage != stage:
        raise InputError(f"The suite {name} is of the stage {suite.stage}, not of {stage}.")
    known = {case.id: case for case in suite.cases(load_cases(ws.evals / "cases"))}
    store = MediaStore(ws)
    cases: list[CasePlan] = []
    for line, _ in pairs:
        if line.entry.case not in known:
            raise InputError(f"{line.place}: {UnknownName('case', line.entry.case, known)}")
        case = known[line.entry.case]
        stored = {who: [store.put_file(path) for path in paths] for who, paths in case.references.items()}
        kept: dict[str, list[MediaRef]] = {w: [{"sha256": m.sha256, "media_type": m.media_type} for m in ms] for w, ms in stored.items()}
        cases.append(_case_plan(case, suite.split_of(case.series), kept))
    return cases


def _own_cases(pairs: Sequence[tuple[Line, Checked]], pictures: Mapping[str, Checked], stage: str, folder: Path) -> list[CasePlan]:
    """Return a case for each file, made of what its line tells; lines with the same case must tell the same."""
    lines = [Line(_named(line.entry, file, folder), line.place) for line, file in pairs]
    casts = {series: _cast([x for x in lines if x.entry.series == series]) for series in {x.entry.series for x in lines}}
    made: dict[str, CasePlan] = {}
    told: dict[str, Line] = {}
    for line in lines:
        case, before = line.entry.case, told.setdefault(line.entry.case, line)
        if (before.entry.series, before.entry.people) != (line.entry.series, line.entry.people):
            raise InputError(f"{line.place}: the case {case!r} is told differently in {before.place}.")
        if case not in made:
            made[case] = _own_case(line, casts[line.entry.series], stage, folder.resolve(), pictures)
    return [made[line.entry.case] for line in lines]


def _named(entry: Entry, file: Checked, folder: Path) -> Entry:
    """Return an entry with a case and a series, from its file's name and folder where it has none, both as ids."""
    case, series = entry.case or Path(file.name).stem, entry.series or folder.resolve().name
    return entry.model_copy(update={"case": slug(case), "series": slug(series)})


def _cast(lines: Sequence[Line]) -> list[Character]:
    """Return the characters of a series, each with all reference pictures that any of its lines gives."""
    found: dict[str, list[str]] = {}
    for line in lines:
        for person in line.entry.people:
            found.setdefault(person.character, []).extend(person.references)
    named = found or {NOBODY: []}
    return [Character(id=who, name=who, reference_images=list(dict.fromkeys(files))) for who, files in named.items()]


def _own_case(line: Line, cast: list[Character], stage: str, root: Path, pictures: Mapping[str, Checked]) -> CasePlan:
    entry = line.entry
    if stage == "character":
        if len(entry.people) != 1:
            raise InputError(f"{line.place}: a picture of a character shows one; name it in the column character.")
        spec = CaseSpec(id=entry.case, stage="character", character=entry.people[0].character)
    else:
        spec = CaseSpec(id=entry.case, stage="clip" if stage == "clip" else "shot", shot=_shot(entry))
    file = SeriesFile(
        series=Series(id=entry.series, title=entry.series, language="en", genre=[], logline=""), characters=cast,
        locations=[Location(id="unknown", name="unknown")], cases=[spec],
    )  # fmt: skip
    case = resolve(file, spec, root)
    kept: dict[str, list[MediaRef]] = {}
    for who, paths in case.references.items():
        checked = [pictures[path.relative_to(root).as_posix()] for path in paths]
        kept[who] = [{"sha256": c.sha256, "media_type": c.media_type} for c in checked]
    return _case_plan(case, "explore", kept)


def _shot(entry: Entry) -> Shot:
    spread = [(n + 1) / (len(entry.people) + 1) for n in range(len(entry.people))]
    return Shot(
        id=entry.case, location="unknown", daypart="noon", size="medium", action=entry.prompt[:500],
        visible=[_visible(person, x) for person, x in zip(entry.people, spread, strict=True)],
    )  # fmt: skip


def _visible(person: Person, x: float) -> Visible:
    return Visible(
        who=person.character, x=x if person.x is None else person.x, speaking=person.speaking, emotion=person.emotion,
        intensity=person.intensity,
    )  # fmt: skip


def _case_plan(case: Case, split: str, kept: Mapping[str, Sequence[MediaRef]]) -> CasePlan:
    return {"case_id": case.id, "series": case.series, "split": split, "hash": case.hash, "inputs": dict(case.inputs), "references": kept}


def _arms(entries: Sequence[Entry], stage: str, model: str) -> tuple[dict[tuple[str, str], ArmPlan], list[VersionPlan]]:
    """Return an arm for each version and model that the lines name; a version here is only the name that people gave it."""
    versions = {label: _version(label, stage) for label in dict.fromkeys(entry.version for entry in entries)}
    arms: dict[tuple[str, str], ArmPlan] = {}
    for entry in entries:
        key = (entry.version, entry.model or model)
        if key not in arms:
            version = versions[entry.version]
            arms[key] = {
                "arm": _letter(len(arms)), "ref": version["ref"], "template": version["template"], "version": version["version"],
                "model": key[1], "replica": 0,
            }  # fmt: skip
    return arms, list(versions.values())


def _version(label: str, stage: str) -> VersionPlan:
    """Return a template that stands for prompts which we never saw, a different one for each label."""
    template = f"{stage}/{TEMPLATE}"
    ref = f"{template}@{slug(label)}" if label else template
    what = f" ({slug(label)})" if label else ""
    head = f"---\nstage: {stage}\ndescription: Made elsewhere{what}\n---\n"
    source = f"{head}Made elsewhere{what}; the prompt, if it was told, stands with each generation.\n"
    version = build_version(template, ref, f"{template}.j2", {f"{template}.j2": source}.get)
    return {
        "version": version.id, "template": template, "ref": ref, "front_matter": version.front_matter.as_json(),
        "closure": dict(version.closure),
    }  # fmt: skip


def _letter(n: int) -> str:
    return (_letter(n // 26 - 1) if n >= 26 else "") + chr(ord("a") + n % 26)


def _jobs(
    pairs: Sequence[tuple[Line, Checked]], arms: Mapping[tuple[str, str], ArmPlan], cases: Sequence[CasePlan], stage: str, model: str
) -> list[JobPlan]:
    """Return the job of each file: repeats as the manifest says, else in the order of the lines."""
    taken: set[tuple[str, str, int]] = set()
    jobs: list[JobPlan] = []
    for (line, file), case in zip(pairs, cases, strict=True):
        arm = arms[(line.entry.version, line.entry.model or model)]
        repeat = line.entry.repeat - 1 if line.entry.repeat else 0
        while (cell := (arm["arm"], case["case_id"], repeat)) in taken:
            if line.entry.repeat:
                raise InputError(f"{line.place}: {file.name} is a second output of {case['case_id']}, repeat {line.entry.repeat}.")
            repeat += 1
        taken.add(cell)
        decides = {
            "stage": stage,
            "version": arm["version"],
            "model": arm["model"],
            "case": case["hash"],
            "repeat": repeat,
            "file": file.sha256,
        }
        jobs.append({"job_id": digest("imported", decides), "arm": arm["arm"], "case_id": case["case_id"], "repeat": repeat, "seed": None})
    return jobs
