"""Originality of what came back: how much of it the catalogue of the workspace has seen before.

Example: a script of 240 words, 60 of which stand in an episode of another series

    Score(metric="originality", value=0.75, status="ok", reason="25% also in other series old/ep01.txt",
          evidence={"catalogue": "9f3a…", "entries": 412, "reuse": [{"relation": "other series", "source": {"name": "old/ep01.txt", …},
                    "passages": [{"mine": "I counted every coin …", "theirs": "I counted every coin that …"}]}]})

Of a text, originality is the share that lies in no passage of an earlier work. Of a picture it is 1 where no earlier picture is
the same one, cropped, mirrored, graded or with a bar on it, else 0. Versions, repeats and models that wrote the same case share
their outline on purpose, so they count only where `same_case` asks for them; the text itself never counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

from evals.errors import ModelUnavailable, UnreadableMedia
from evals.originality.catalogue import FILE, Catalogue, Entry
from evals.originality.find import Reuse, picture_reuse, text_reuse
from evals.originality.passages import covered
from evals.originality.reading import prose
from evals.originality.units import units_of
from evals.score import Json, Metric, Sample, Score

MIN_UNITS = 30
"""A text shorter than this is too little to tell."""
MAX_SHOWN = 10
METRICS = (
    Metric("originality", "up", "share", worst=0.0, description="Share that repeats no earlier work; of a picture 1 or 0"),
    Metric("reuse_longest", "down", "count", worst=None, hi=None, description="Words or signs of the longest passage", primary=False),
)


class Originality:
    """Look texts and pictures up in the catalogue of the workspace that they lie in."""

    name = "originality"
    version = "1"
    scope: Literal["generation", "series"] = "generation"
    stages = frozenset({"outline", "script", "character", "shot"})
    metrics: tuple[Metric, ...] = METRICS
    cpu_bound = True

    def __init__(self, catalogue: str = "", same_case: bool = False) -> None:
        """Judge against a catalogue.

        Args:
            catalogue: The folder that holds it; by default the `evals` folder of the workspace whose media store the sample lies in.
            same_case: Also count other generations of the same case.
        """
        self.catalogue = catalogue
        self.same_case = same_case
        self._loaded: dict[Path, tuple[int, Catalogue]] = {}

    def score(self, group: Sequence[Sample]) -> list[list[Score]]:
        """Return two scores a sample."""
        return [self._one(sample) for sample in group]

    def _one(self, sample: Sample) -> list[Score]:
        if sample.status != "ok" or not sample.media:
            return self._none("failed", f"there is no output: {sample.status}")
        picture = sample.first("image")
        catalogue = self._of(sample)
        facts = {"series": sample.series, "case_id": sample.case_id}
        if picture is None:
            return self._text(prose(sample.text()), catalogue, facts, sample)
        from evals.media import read_picture
        from evals.originality.pictures import look

        try:
            mine = look(read_picture(picture.path).image, mirror=True)
        except UnreadableMedia as error:
            return self._none("failed", error.message)
        found = picture_reuse(mine, catalogue, facts=facts, skip=self._skip(sample))
        evidence = self._evidence(catalogue, found)
        first = Score("originality", self.name, self.version, float(not found), "ok", _said(found), evidence)
        return [first, *self._none("not_applicable", "a picture has no passages", only=("reuse_longest",))]

    def _text(self, text: str, catalogue: Catalogue, facts: Mapping[str, str], sample: Sample) -> list[Score]:
        mine = units_of(text)
        if len(mine) < MIN_UNITS:
            return self._none("not_scoreable", f"{len(mine)} words or signs are too few to tell")
        found = text_reuse(text, catalogue, facts=facts, skip=self._skip(sample))
        every = [p for reuse in found for p in reuse.passages]
        evidence = self._evidence(catalogue, found)
        share = covered(every) / len(mine)
        longest = float(max((p.shared for p in every), default=0))
        return [
            Score("originality", self.name, self.version, 1.0 - share, "ok", _said(found), evidence),
            Score("reuse_longest", self.name, self.version, longest, "ok", _said(found)),
        ]

    def _skip(self, sample: Sample) -> _Own:
        return _Own(sample.generation, sample.case_id, self.same_case)

    def _of(self, sample: Sample) -> Catalogue:
        """Return the catalogue, read again only when its file has changed."""
        # The media store is <workspace>/runs/media/<aa>/<file>; a scorer is told of no other place.
        folder = Path(self.catalogue) if self.catalogue else sample.media[0].path.parents[3] / "evals"
        try:
            changed = (folder / FILE).stat().st_mtime_ns
        except OSError:
            raise ModelUnavailable("There is no catalogue of originality.", hint="Make one with `workbench originality add`.") from None
        known = self._loaded.get(folder)
        if known is None or known[0] != changed:
            known = self._loaded[folder] = (changed, Catalogue.load(folder))
        return known[1]

    def _evidence(self, catalogue: Catalogue, found: Sequence[Reuse]) -> dict[str, Json]:
        shown = [reuse.shown() for reuse in found[:MAX_SHOWN]]
        return {"catalogue": catalogue.digest, "entries": len(catalogue.entries), "reuse": shown, "total": len(found)}

    def _none(
        self,
        status: Literal["failed", "not_applicable", "not_scoreable"],
        reason: str,
        only: Sequence[str] = ("originality", "reuse_longest"),
    ) -> list[Score]:
        return [Score(m, self.name, self.version, None, status, reason) for m in only]


class _Own:
    """Tells whether an entry is the sample itself, or another generation of its case."""

    def __init__(self, job_id: str, case_id: str, same_case: bool) -> None:
        self._job_id, self._case_id, self._same_case = job_id, case_id, same_case

    def __call__(self, entry: Entry) -> bool:
        return entry.job_id == self._job_id or (not self._same_case and bool(entry.case_id) and entry.case_id == self._case_id)


def _said(found: Sequence[Reuse]) -> str:
    if not found:
        return "nothing like it in the catalogue"
    first, more = found[0], len(found) - 1
    what = f"{first.share:.0%} also in" if first.kind == "text" else "the same picture as"
    return f"{what} {first.relation} {first.entry.name}{f' (and {more} more)' if more else ''}"
