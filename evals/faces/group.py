"""A series' generations side by side: what each shows, who is who in it, and what each person is compared with.

Who has reference pictures is compared with them. Who has none is compared with the same person's faces in the other
generations of the group; in those, people are told apart by where the shot puts them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from evals.errors import UnreadableMedia
from evals.faces import assign
from evals.faces.appearances import Appearance, Shown, shown
from evals.faces.face import Face
from evals.faces.identity import Template, make_template
from evals.faces.wanted import Wanted, wanted
from evals.media import TooLarge
from evals.score import Media, Sample, Status

MARGIN = 0.05
HIGHEST = 0.7
"""No threshold is raised above this; a cast that reaches it is too alike to be told apart."""
MOST = 12
"""Faces of one picture that are compared; more are a crowd."""


@dataclass(slots=True)
class Seen:
    """One generation: what was asked, what is there, and which appearances are whose (indices of `found`, best first).

    `small` are faces too small to tell, `crowd` is the number of faces beyond the largest twelve, which nobody looks at.
    """

    sample: Sample
    wanted: list[Wanted]
    shown: Shown | None = None
    problem: tuple[Status, str] | None = None
    found: list[Appearance] = field(default_factory=list)
    small: list[Appearance] = field(default_factory=list)
    crowd: int = 0
    whose: dict[str, list[int]] = field(default_factory=dict)
    too_small: set[str] = field(default_factory=set)

    def of(self, who: str) -> list[Appearance]:
        """Return the appearances of a person, best first."""
        return [self.found[i] for i in self.whose.get(who, [])]

    def at_once(self) -> int:
        """Return how many faces are seen at one moment, small ones and a crowd included: the most over a clip's beginnings."""
        everyone = [*self.found, *self.small]
        return self.crowd + max((sum(a.start <= b.start <= a.end for a in everyone) for b in everyone), default=0)


@dataclass(slots=True)
class References:
    """Each person's template from their reference pictures, the faces it is made of, and why somebody has none.

    `alike` names, for a person, those whose reference faces can hardly be told from theirs.
    """

    templates: dict[str, Template] = field(default_factory=dict)
    faces: dict[str, list[Face]] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    alike: dict[str, list[str]] = field(default_factory=dict)


def look(sample: Sample, min_iod: float) -> Seen:
    """Return what a generation shows; a problem is a status with its reason, never an exception but for missing models.

    Raises:
        ModelUnavailable: A face model is not installed.
    """
    seen = Seen(sample, wanted(sample))
    item = sample.first("video") or sample.first("image")
    if sample.status != "ok":
        seen.problem = ("failed", f"the generation is {sample.status}")
    elif not seen.wanted:
        seen.problem = ("not_applicable", "no face is asked for")
    elif item is None:
        seen.problem = ("failed", "no picture or clip came back")
    else:
        _open(seen, item, min_iod)
    return seen


def _open(seen: Seen, item: Media, min_iod: float) -> None:
    try:
        seen.shown = shown(item)
    except TooLarge as error:
        seen.problem = ("not_scoreable", str(error))
        return
    except UnreadableMedia as error:
        seen.problem = ("failed", str(error))
        return
    large = sorted((a for a in seen.shown.appearances if a.iod >= min_iod), key=lambda a: -a.iod * a.frames)[:MOST]
    seen.found = [a for a in seen.shown.appearances if a in large]
    seen.crowd = sum(a.iod >= min_iod for a in seen.shown.appearances) - len(seen.found)
    seen.small = [a for a in seen.shown.appearances if a.iod < min_iod]
    names = ", ".join(dict.fromkeys(w.who for w in seen.wanted))
    if not seen.shown.appearances:
        seen.problem = ("failed", f"no face found; asked for {names}")
    elif not seen.found:
        largest = max(a.iod for a in seen.small)
        seen.problem = ("not_scoreable", f"faces too small: {largest:.0f} pixels between the eyes' outer corners, {min_iod:.0f} are needed")


def references(samples: Sequence[Sample], min_iod: float) -> References:
    """Return the templates of all people that any sample has reference pictures of.

    Raises:
        ModelUnavailable: A face model is not installed.
    """
    result = References()
    for who, pictures in _pictures(samples).items():
        for picture in pictures:
            try:
                faces = [f for a in shown(picture).appearances if a.iod >= min_iod for f in a.faces]
            except UnreadableMedia as error:
                result.problems[who] = str(error)
            else:
                result.faces.setdefault(who, []).extend(faces)
        if result.faces.get(who):
            result.templates[who] = make_template(
                [f.embedding for f in result.faces[who]], "reference", [f.pose for f in result.faces[who]]
            )
        else:
            result.problems.setdefault(who, "no face large enough in the reference pictures")
    _know_the_cast(result)
    return result


def _know_the_cast(known: References) -> None:
    """Raise the threshold of each person above what the rest of the cast reaches, and note who can hardly be told apart.

    Measured on studio casts of three and four: it lets one wrong face in a hundred pass instead of four to six, and costs two to four
    right ones in a hundred. Half way between a sheet's own views and the cast, as first planned, cost twelve to eighteen.
    """
    for who, template in known.templates.items():
        rivals = {other: max(template.match(f.embedding, f.pose) for f in known.faces[other]) for other in known.templates if other != who}
        highest = max(rivals.values(), default=-1.0) + MARGIN
        if highest > template.calibration.threshold:
            rival = max(rivals, key=lambda other: rivals[other])
            raised = replace(
                template.calibration,
                threshold=min(highest, max(HIGHEST, template.calibration.threshold)),
                source=f"raised above {rival}, whose pictures match at {rivals[rival]:.2f}; {template.calibration.source}",
            )
            known.templates[who] = replace(template, calibration=raised)
        alike = [other for other, match in rivals.items() if match + MARGIN > HIGHEST]
        if alike:
            known.alike[who] = alike


def _pictures(samples: Sequence[Sample]) -> Mapping[str, list[Media]]:
    found: dict[str, dict[str, Media]] = {}
    for sample in samples:
        for who, pictures in sample.references.items():
            found.setdefault(who, {}).update({p.sha256: p for p in pictures})
    return {who: [found[who][sha] for sha in sorted(found[who])] for who in sorted(found) if found[who]}


def name_faces(group: Sequence[Seen], known: References) -> dict[tuple[int, str], Template]:
    """Decide whose each appearance is, in place, and return what each person of each generation is compared with.

    Raises:
        ModelUnavailable: A face model is not installed.
    """
    for seen in group:
        if seen.problem is None:
            _by_place(seen)
    templates: dict[tuple[int, str], Template] = {}
    for index, seen in enumerate(group):
        for who in dict.fromkeys(w.who for w in seen.wanted) if seen.problem is None else ():
            template = known.templates.get(who) or _from_others(group, index, who)
            if template is not None:
                templates[index, who] = template
    for index, seen in enumerate(group):
        if seen.problem is None and seen.sample.stage != "character":
            _by_similarity(seen, {who: t for (i, who), t in templates.items() if i == index})
    return templates


def _by_place(seen: Seen) -> None:
    """Name faces by where the shot puts people: a first guess for those who have no reference. A sheet is all one person."""
    people = list({w.who: w for w in seen.wanted}.values())
    if seen.sample.stage == "character":
        seen.whose = {people[0].who: list(range(len(seen.found)))}
        return
    everyone = [*seen.found, *seen.small]
    placed = assign.by_place([w.x for w in people], everyone)
    seen.whose = {people[p].who: [f] for p, f in placed.items() if f < len(seen.found)}
    seen.too_small = {people[p].who for p, f in placed.items() if f >= len(seen.found)}


def _from_others(group: Sequence[Seen], index: int, who: str) -> Template | None:
    others = [a for i, seen in enumerate(group) if i != index for a in seen.of(who)]
    faces = [f for a in others for f in a.faces]
    if not others and group[index].sample.stage == "character":
        return None
    return make_template([f.embedding for f in faces], "group", [f.pose for f in faces]) if faces else None


def _by_similarity(seen: Seen, templates: Mapping[str, Template]) -> None:
    """Name faces by whom they resemble; who cannot be compared keeps the face at their place if it is left."""
    names = [who for who in dict.fromkeys(w.who for w in seen.wanted) if who in templates]
    if not names:
        return
    matches = assign.best_matches(seen.found, [templates[who] for who in names])
    chosen = assign.by_similarity(matches, seen.found, [templates[who].calibration.threshold for who in names])
    taken = {i for rows in chosen.values() for i in rows}
    rest = {who: [i for i in rows if i not in taken] for who, rows in seen.whose.items() if who not in names}
    seen.whose = {names[column]: rows for column, rows in chosen.items()} | {who: rows for who, rows in rest.items() if rows}
    # Somebody whose face went to another may still be one of the faces that are too small to tell.
    missing = [w.who for w in seen.wanted if w.who not in seen.whose]
    seen.too_small = set(missing[: len(seen.small)]) if missing else set()
