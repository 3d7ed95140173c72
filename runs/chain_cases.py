"""From what earlier stages gave to the cases of the next: frozen by hash, so that the next stage can be tested with all else equal.

    made, skipped = Cases(ws, chain).of("shot", outputs)
    made[0]["references"]["mei"]          # the sheet that the character stage drew of her
    made[0]["upstream"]                   # the jobs that this case was made from

A case whose upstream failed is left out and named: a shot without its character's sheet would be another experiment.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from pydantic import ValidationError

from evals.case import CaseSpec, SeriesFile, load_series, resolve
from evals.chain import Chain
from evals.parse import parse_json
from evals.storyboard import cast_of, cue_of, shots_of
from prompts.errors import InputError, UnknownName
from prompts.story import Episode, Model, Outline, Script
from runs.events import CasePlan, MediaRef, UpstreamRef
from runs.media import MediaStore
from runs.workspace import Workspace

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Output:
    """A usable output of a stage: the job that gave it, and its first artifact."""

    stage: str
    run_id: str
    job_id: str
    sha256: str
    media_type: str

    @property
    def ref(self) -> UpstreamRef:
        """Return what a case keeps of it."""
        return {"stage": self.stage, "run_id": self.run_id, "job_id": self.job_id, "sha256": self.sha256}

    @property
    def media(self) -> MediaRef:
        """Return it as a picture."""
        return {"sha256": self.sha256, "media_type": self.media_type}


Outputs = Mapping[str, Mapping[str, Output]]
"""Outputs by stage and case."""


class Missing(Exception):
    """A case cannot be made; the message says what is missing."""


class Cases:
    """Makes the cases of a chain's stages.

    Args:
        ws: the workspace.
        chain: the chain.
        texts: texts by their hash that stand in for outputs which nobody has made yet; of an estimate.

    Raises:
        UnknownName: the chain names a series or an episode that is not there.
        InputError: a series file is malformed.
    """

    def __init__(self, ws: Workspace, chain: Chain, texts: Mapping[str, bytes] | None = None) -> None:
        self._ws = ws
        self._texts = {} if texts is None else texts
        self._chain = chain
        self._store = MediaStore(ws)
        files = {file.series.id: file for file in map(load_series, sorted((ws.evals / "cases").glob("*.y*ml")))}
        self._units: list[tuple[SeriesFile, Episode]] = []
        for name in chain.episodes:
            series, _, episode = name.partition("/")
            if series not in files:
                raise UnknownName("series", series, files)
            known = {e.id: e for e in files[series].episodes}
            if episode not in known:
                raise UnknownName(f"episode of {series}", episode, known)
            self._units.append((files[series], known[episode]))

    def of(self, stage: str, outputs: Outputs) -> tuple[list[CasePlan], dict[str, str]]:
        """Return the cases of a stage, and why those are missing that cannot be made.

        Args:
            stage: a stage of the chain.
            outputs: what the stages before it gave.
        """
        made: dict[str, CasePlan] = {}
        skipped: dict[str, str] = {}
        for file, episode in self._units:
            unit = f"{file.series.id}-{episode.id}"
            try:
                for name, case in self._of_unit(stage, unit, file, episode, outputs):
                    if isinstance(case, str):
                        skipped[name] = case
                    else:
                        made.setdefault(name, case)
            except Missing as error:
                skipped[f"{unit}-{stage}"] = str(error)
        return list(made.values()), skipped

    def most(self, stage: str) -> int:
        """Return the most cases that a stage can have, whatever the script will say."""
        if stage in ("shot", "clip"):
            return len(self._units) * self._chain.shots
        if stage == "character":
            return sum(len(file.characters) for file in {file.series.id: file for file, _ in self._units}.values())
        return len(self._units)

    def _of_unit(self, stage: str, unit: str, file: SeriesFile, episode: Episode, outputs: Outputs) -> Iterator[tuple[str, CasePlan | str]]:
        if stage == "outline":
            yield self._case(file, CaseSpec(id=f"{unit}-outline", stage="outline", episode=episode.id), ())
            return
        outline, upstream = self._outline(unit, episode, outputs)
        file = file.model_copy(
            update={"episodes": [e.model_copy(update={"outline": outline}) if e.id == episode.id else e for e in file.episodes]}
        )
        if stage == "script":
            if outline is None:
                raise Missing(f"{unit} has no outline, neither from a stage of this chain nor in its series file")
            yield self._case(file, CaseSpec(id=f"{unit}-script", stage="script", episode=episode.id), upstream)
            return
        yield from self._of_pictures(stage, unit, file, episode, outputs)

    def _of_pictures(
        self, stage: str, unit: str, file: SeriesFile, episode: Episode, outputs: Outputs
    ) -> Iterator[tuple[str, CasePlan | str]]:
        """Yield the cases of the stages that follow a script; without one, those of the series file."""
        script, upstream = self._script(unit, outputs)
        specs = (
            [s for s in file.cases if s.stage == stage]
            if script is None
            else list(_specs(stage, unit, file, episode, script, self._chain.shots))
        )
        if script is not None and not specs:
            raise Missing(_nothing_to_show(stage, script, file))
        for spec in specs:
            try:
                yield self._case(file, spec, upstream, outputs)
            except Missing as error:
                yield spec.id, str(error)

    def _outline(self, unit: str, episode: Episode, outputs: Outputs) -> tuple[Outline | None, tuple[Output, ...]]:
        if "outline" not in self._chain.stages:
            return episode.outline, ()
        output = _given(outputs, "outline", f"{unit}-outline")
        return self._read(output, Outline), (output,)

    def _script(self, unit: str, outputs: Outputs) -> tuple[Script | None, tuple[Output, ...]]:
        if "script" not in self._chain.stages:
            return None, ()
        output = _given(outputs, "script", f"{unit}-script")
        return self._read(output, Script), (output,)

    def _read(self, output: Output, model: type[M]) -> M:
        text = (self._texts.get(output.sha256) or self._store.read(output.sha256)).decode("utf-8", "replace")
        try:
            return model.model_validate(parse_json(text).value)
        except (ValidationError, InputError, ValueError) as error:
            why = error.errors(include_url=False, include_input=False)[0] if isinstance(error, ValidationError) else str(error)
            said = f"{'.'.join(map(str, why['loc']))}: {why['msg']}" if isinstance(why, dict) else why
            raise Missing(f"the {output.stage} of job {output.job_id[:12]} is of no use: {said}"[:300]) from None

    def _case(self, file: SeriesFile, spec: CaseSpec, upstream: tuple[Output, ...], outputs: Outputs | None = None) -> tuple[str, CasePlan]:
        case = resolve(file, spec, self._ws.evals)
        used = list(upstream)
        references: dict[str, list[MediaRef]] = {}
        frame: Output | None = None
        for who, paths in case.references.items():
            if outputs is not None and spec.stage in ("shot", "clip") and "character" in self._chain.stages:
                sheet = _given(outputs, "character", f"{file.series.id}-{who}")
                used.append(sheet)
                references[who] = [sheet.media]
            else:
                stored = [self._store.put_file(path) for path in paths]
                references[who] = [{"sha256": m.sha256, "media_type": m.media_type} for m in stored]
        if outputs is not None and spec.stage == "clip" and {"shot", "script"} <= self._chain.stages.keys():
            frame = _given(outputs, "shot", spec.id.removesuffix("-clip"))
            used.append(frame)
        plan: CasePlan = {
            "case_id": spec.id, "series": file.series.id, "split": "explore", "hash": _hash(spec.stage, case.inputs, references, frame),
            "inputs": dict(case.inputs), "references": references, "upstream": [output.ref for output in used],
        }  # fmt: skip
        if frame is not None:
            plan["frame"] = frame.media
        return spec.id, plan


def _specs(stage: str, unit: str, file: SeriesFile, episode: Episode, script: Script, most: int) -> Iterator[CaseSpec]:
    if stage == "character":
        for who in cast_of(script, file):
            yield CaseSpec(id=f"{file.series.id}-{who}", stage="character", character=who)
    elif stage in ("shot", "clip"):
        for shot in shots_of(script, file, most):
            if stage == "shot":
                yield CaseSpec(id=f"{unit}-{shot.id}", stage="shot", shot=shot)
            else:
                yield CaseSpec(id=f"{unit}-{shot.id}-clip", stage="clip", shot=shot)
    else:
        yield CaseSpec(id=f"{unit}-music", stage="music", episode=episode.id, cue=cue_of(script, episode, file))


def _nothing_to_show(stage: str, script: Script, file: SeriesFile) -> str:
    """Say why a script gives no case of a stage: its people or places are none of the series'."""
    if stage == "character":
        return "nobody of the series' cast acts or speaks in the script"
    places = ", ".join(sorted({scene.location for scene in script.scenes})[:5])
    return f"the script plays at {places or 'no place'}, and the series has {', '.join(place.id for place in file.locations) or 'none'}"


def _given(outputs: Outputs, stage: str, case: str) -> Output:
    output = outputs.get(stage, {}).get(case)
    if output is None:
        raise Missing(f"the {stage} stage gave nothing for {case}")
    return output


def _hash(stage: str, inputs: Mapping[str, object], references: Mapping[str, list[MediaRef]], frame: Output | None) -> str:
    """Return the hash of a case by its content: the same upstream, whoever made it, is the same case (as in `evals.case`)."""
    frozen = {who: [picture["sha256"] for picture in pictures] for who, pictures in references.items()}
    content = {"stage": stage, "inputs": inputs, "references": frozen} | ({"frame": frame.sha256} if frame else {})
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False, allow_nan=False).encode()).hexdigest()
