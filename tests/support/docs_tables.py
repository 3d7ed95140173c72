"""The parts of the documents that are made from the code: tables between `<!-- table: NAME -->` and `<!-- end -->`.

python tests/support/docs_tables.py        # writes them again; tests/test_docs.py checks that they are current
"""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

BLOCK = re.compile(r"(<!-- table: (?P<name>[a-z-]+) -->\n)(?P<body>.*?)(<!-- end -->)", re.DOTALL)


def markdown(heads: Sequence[str], rows: Iterator[Sequence[object]]) -> str:
    """Return a Markdown table."""
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    return "\n".join([*lines, *("| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |" for row in rows)]) + "\n"


def code(items: object) -> str:
    """Return names in code marks, separated by commas."""
    names = [items] if isinstance(items, str) else list(items)  # type: ignore[call-overload]
    return ", ".join(f"`{name}`" for name in names)


def metrics() -> str:
    from evals.registry import BUILT_IN, build
    from prompts.frontmatter import STAGES

    def rows() -> Iterator[Sequence[object]]:
        for scorer in map(build, BUILT_IN):
            stages = [s for s in STAGES if s in scorer.stages]
            for metric in scorer.metrics:
                bounds = "any" if metric.lo is None and metric.hi is None else f"{_number(metric.lo)} … {_number(metric.hi)}"
                worst = "–" if metric.worst is None else f"{metric.worst:g}"
                better = {"up": "more", "down": "less"}[metric.direction]
                yield (
                    f"`{scorer.name}` {scorer.version}", "all" if len(stages) == len(STAGES) else ", ".join(stages), f"`{metric.name}`",
                    metric.unit, bounds, better, worst, "primary" if metric.primary else "detail", metric.description,
                )  # fmt: skip

    return markdown(("scorer", "stages", "metric", "unit", "range", "better is", "worst", "shown", "meaning"), rows())


def _number(value: float | None) -> str:
    return "∞" if value is None else f"{value:g}"


def checks() -> str:
    from evals.checks.registry import CHECKS

    rows = ((f"`{c.id}`", c.version, c.severity, c.tier, "yes" if c.lint else "–", c.catches) for c in CHECKS)
    return markdown(("check", "version", "severity", "tier", "of prompts", "catches"), rows)


def check_examples() -> str:
    """Return, for each check, its rules and what it says of the first script or prompt that breaks one."""
    sys.path.insert(0, str(Path(__file__).parent))
    import lint_pairs
    import logic_pairs

    from evals.checks.registry import BY_ID, CHECKS, lint, run

    scripts, prompts = list(logic_pairs.pairs()), list(lint_pairs.pairs())
    parts = []
    for check in CHECKS:
        said = [run(p.bad, p.bad_world, [BY_ID[p.check]])[0] for p in scripts if p.check == check.id][:1]
        said += [lint(p.bad, [BY_ID[p.check]])[0] for p in prompts if p.check == check.id][:1]
        rules = [f"- {p.rule}" for p in (*scripts, *prompts) if p.check == check.id]
        shown = [f"> “{f.quote.replace(chr(10), ' ')}” {f.message}" for f in said]
        parts.append("\n".join([f"### {check.id}: {check.catches}", "", *rules, "", "\n>\n".join(shown), ""]))
    return "\n".join(parts)


def targets() -> str:
    from evals.checks.targets import targets as shipped

    def rows() -> Iterator[Sequence[object]]:
        for name, t in shipped().items():
            limits = [f"{t.max_characters:,}" if t.max_characters else "–", f"{t.max_seconds:g}" if t.max_seconds else "–"]
            yield f"`{name}`", ", ".join(t.stages), *limits, t.negative, "yes" if t.text else "no", t.read.isoformat(), t.source

    return markdown(("target", "stages", "characters", "seconds", "exclusions", "readable text", "read on", "source"), rows())


def story() -> str:
    from evals.case import CaseSpec, SeriesFile
    from evals.suite import ScorerSpec, Splits, Suite
    from prompts import story as s

    models = (
        SeriesFile, s.Series, s.Character, s.Look, s.Location, s.Prop, s.Fact, s.Episode, s.Outline, CaseSpec, s.Shot, s.Visible, s.Cue,
        s.Script, s.Scene, s.Beat, s.Line, s.Change, s.Storyboard, s.PlannedShot, Suite, Splits, ScorerSpec,
    )  # fmt: skip
    return markdown(("model", "required keys", "other keys"), (_keys(model) for model in models))


def _keys(model: Any) -> Sequence[object]:
    required = [name for name, field in model.model_fields.items() if field.is_required()]
    return f"`{model.__name__}`", code(required), code([name for name in model.model_fields if name not in required])


def words() -> str:
    from prompts import story as s

    lists = {
        "daypart": s.DAYPARTS, "function of a beat": s.FUNCTIONS, "size of a shot": s.SIZES, "angle": s.ANGLES, "camera move": s.MOVES,
        "facing": s.FACINGS, "emotion": s.EMOTIONS, "posture": s.POSTURES,
    }  # fmt: skip
    return markdown(("what", "words"), ((name, code(values)) for name, values in lists.items()))


KEPT = ("base_url", "api_key_env", "model")


def presets() -> str:
    from runs.settings import presets as shipped

    def rows() -> Iterator[Sequence[object]]:
        for name, table in shipped().items():
            yield (
                f"`{name}`", f"`{table['type']}`", *(code(table.get(k) or []) or "–" for k in KEPT),
                table.get("concurrency", 4), (table.get("capabilities") or {}).get("structured", "–"),
            )  # fmt: skip

    return markdown(("preset", "type", "address", "key in", "model", "calls at once", "structured answers"), rows())


def retries() -> str:
    from typing import get_args

    from runs.provider import STOPS_PROVIDER, ErrorClass
    from runs.retry import TRIES

    def rows() -> Iterator[Sequence[object]]:
        for name in get_args(ErrorClass):
            yield f"`{name}`", TRIES.get(name, 1), "yes" if name in STOPS_PROVIDER else "no"

    return markdown(("class", "tries", "ends the run"), rows())


def tables() -> str:
    with blank_log() as con:
        found = con.execute(
            """
            select table_name, string_agg('`' || column_name || '` ' || lower(data_type), ', ' order by column_index)
            from duckdb_columns() join duckdb_tables() using (table_name) where not duckdb_tables.internal group by 1 order by 1
            """
        ).fetchall()
    return markdown(("table", "columns"), ((f"`{name}`", columns) for name, columns in found))


def frames() -> str:
    from runs.query import COLUMNS

    return markdown(("function", "columns"), ((f"`{name}`", code(columns)) for name, columns in COLUMNS.items()))


def events() -> str:
    from runs.events import EVENTS, Event

    shared = {f.name for f in fields(Event)}

    def rows() -> Iterator[Sequence[object]]:
        for name, kind in EVENTS.items():
            yield f"`{name}`", (kind.__doc__ or "").split("\n")[0], code(f.name for f in fields(kind) if f.name not in shared) or "–"

    return markdown(("event", "says", "keys"), rows())


@contextlib.contextmanager
def blank_log() -> Iterator[Any]:
    """Open a run log in memory with the real schema."""
    import duckdb

    from runs.schema import migrate

    with contextlib.closing(duckdb.connect()) as con:
        migrate(con)
        yield con


TABLES: dict[str, Callable[[], str]] = {
    "metrics": metrics, "checks": checks, "check-examples": check_examples, "targets": targets,
    "story": story, "words": words, "presets": presets, "retries": retries, "tables": tables,
    "frames": frames, "events": events,
}  # fmt: skip


def current(text: str) -> str:
    """Return a document with all its tables made anew."""
    return BLOCK.sub(lambda found: f"{found[1]}\n{TABLES[found['name']]()}\n{found[4]}", text)


def current_cli(text: str) -> str:
    """Return docs/cli.md with its reference made anew."""
    from pkgutil import resolve_name

    from runs.cli.reference import FRONT_DOOR, MARK, reference

    return text.partition(MARK)[0] + MARK + "\n\n" + reference(resolve_name(FRONT_DOOR), "workbench")


def main() -> None:
    """Write the generated parts of all documents."""
    for path in sorted(DOCS.rglob("*.md")):
        text = path.read_text("utf-8")
        made = current(text)
        path.write_text(current_cli(made) if path == DOCS / "cli.md" else made, "utf-8") if "<!-- " in text else None


if __name__ == "__main__":
    main()
