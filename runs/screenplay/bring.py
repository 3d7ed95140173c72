"""Bring a screenplay in: by its ending Fountain, FDX or JSON, into a script of the story model.

bring(Path("pilot.fountain"))                      ->  Built(script=…, inferred=[…])
bring(Path("ep1.json"), mapping=Path("theirs.yaml"))
"""

from __future__ import annotations

from pathlib import Path

from evals.case import load_series
from evals.document import read_yaml
from evals.parse import parse_json
from evals.schema import read as read_model
from prompts.errors import InputError
from prompts.story import Script
from runs.screenplay import fdx, fountain, mapped
from runs.screenplay.elements import scenes_of
from runs.screenplay.loose import Built, People, build

MAX_BYTES = 20_000_000
READERS = {".fountain": fountain.read, ".spmd": fountain.read, ".txt": fountain.read, ".md": fountain.read, ".fdx": fdx.read}


def bring(path: Path, *, mapping: Path | None = None, series: Path | None = None) -> Built:
    """Read a screenplay.

    Args:
        path: the file.
        mapping: where things stand in it, for JSON that is no script of the story model.
        series: a file of `evals/cases`, whose people and places have these names.

    Raises:
        InputError: it cannot be read as what its ending says, or the mapping or series is wrong.
    """
    people, places = _known(series)
    text = _text(path)
    ending = path.suffix.lower()
    if ending == ".json":
        return _json(text, mapping, people, places)
    if ending not in READERS:
        raise InputError(f"{path.name} is no screenplay that can be read.", hint=f"Known endings: {', '.join([*READERS, '.json'])}.")
    title, elements = READERS[ending](text)
    return build(title or path.stem, scenes_of(elements), people=people, places=places)


def _json(text: str, mapping: Path | None, people: People, places: People) -> Built:
    if mapping is None:
        model = read_model(text, "script")
        if isinstance(model.model, Script):
            return Built(model.model, {}, {}, ())
        raise InputError(
            f"That is no script of the story model: {model.reason()}.", hint="Say where things stand in it with --mapping FILE."
        )
    parsed = parse_json(text)
    if not parsed.ok:
        raise InputError(f"That is no JSON: {parsed.error}.")
    title, scenes = mapped.read(parsed.value, read_yaml(mapping).parse(mapped.Mapping))
    return build(title, scenes, people=people, places=places)


def _known(series: Path | None) -> tuple[People, People]:
    if series is None:
        return {}, {}
    file = load_series(series)
    return {c.id: (c.name, *c.aliases) for c in file.characters}, {x.id: (x.name,) for x in file.locations}


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path.name} is larger than {MAX_BYTES >> 20} MB.")
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from None
    for encoding in ("utf-8-sig", "utf-16") if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InputError(f"{path.name} is neither UTF-8 nor GB 18030 text.", hint="Save it as UTF-8.")
