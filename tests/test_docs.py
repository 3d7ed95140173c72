"""The documents tell the truth: everything is documented, generated parts are current, examples work, links lead somewhere."""

from __future__ import annotations

import re
import shlex
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import click
import docs_tables
import pytest

import workbench
from evals.case import Case, load_cases
from evals.policy import Approval, Attempts, Guardrail, Hard, Looks, Policy, Primary, parse_policy
from evals.registry import BUILT_IN, build
from evals.score import Media, Sample, Scorer, Status
from evals.suite import load_suite, suite_names
from prompts import errors as prompt_errors
from prompts import render as rendering
from prompts.contracts import Contracts, ShotBudget, SpeechBudget
from prompts.filters import FILTERS
from prompts.frontmatter import FrontMatter, Input
from prompts.registry import Registry
from runs import manifest
from runs.events import GenerationStatus
from runs.provider import ErrorClass
from runs.settings import Capabilities, EngineSettings, ProviderSettings, Settings
from runs.starting import initialise
from runs.workspace import Workspace

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"))])
FENCE = re.compile(r"^```(?P<language>[a-z]*)\n(?P<text>.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!!)\[[^\]]+\]\((?P<target>[^)\s]+)\)")


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def page(name: str) -> str:
    return (DOCS / name).read_text("utf-8")


def section(name: str, heading: str) -> str:
    """Return a page's text from a heading to the next one of its level or above."""
    level = heading.split(" ")[0]
    _, found, rest = page(name).partition(f"\n{heading}\n")
    assert found, f"{name} has no section {heading!r}"
    return re.split(rf"^#{{1,{len(level)}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def first_column(text: str) -> list[str]:
    """Return the names in code marks that stand in the first column of a text's tables."""
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| ")]
    return [name for cell in rows for name in re.findall(r"`([^`]+)`", cell)]


def blocks(language: str, *pages: Path) -> list[tuple[str, str]]:
    """Return (page, text) of all code blocks of a language."""
    return [
        (named(path), found["text"])
        for path in (pages or PAGES)
        for found in FENCE.finditer(path.read_text("utf-8"))
        if found["language"] == language
    ]


class TestEverythingIsDocumented:
    """A name that a user can meet stands in the documents, and what stands there exists."""

    @pytest.mark.parametrize("path", [path for path in PAGES if docs_tables.BLOCK.search(path.read_text("utf-8"))], ids=named)
    def test_generated_tables_are_current(self, path: Path) -> None:
        """Write them again with `python tests/support/docs_tables.py`."""
        text = path.read_text("utf-8")
        assert docs_tables.current(text) == text

    def test_the_command_reference_is_current(self) -> None:
        """It is what `python -m runs.cli.reference` prints."""
        text = page("cli.md")
        assert docs_tables.current_cli(text) == text

    def test_exit_codes(self) -> None:
        """Those of the front door, and those that errors carry."""
        told = {int(code) for code in re.findall(r"^\| (\d+) \|", section("cli.md", "### Exit codes"), re.MULTILINE)}
        promised = {int(code) for code in re.findall(r"(?:Exit codes: |· )(\d+) ", workbench.__doc__ or "")}
        carried = {cls.exit_code for cls in _subclasses(prompt_errors.WorkbenchError)}
        assert told == promised
        assert carried <= told

    def test_every_metric_has_a_row(self) -> None:
        """So has every scorer."""
        text = page("scorers.md")
        scorers = [build(name) for name in BUILT_IN]
        assert [m.name for s in scorers for m in s.metrics if f"| `{m.name}` |" not in text] == []
        assert [name for name in BUILT_IN if f"\n### {name}\n" not in text] == []

    def test_statuses_of_scores(self) -> None:
        """All of them, and no other."""
        assert first_column(section("scorers.md", "## Statuses")) == list(get_args(Status))

    def test_provider_types_and_presets(self) -> None:
        """All adapters; all presets through the generated table."""
        from runs.providers import BUILT_IN as TYPES

        assert first_column(section("providers.md", "## Types")) == list(TYPES)

    def test_engine_settings(self) -> None:
        assert first_column(section("cluster.md", "## Several machines"))[1:] == [*EngineSettings.model_fields]

    def test_provider_settings(self) -> None:
        """Every key of `[providers.NAME]` and of its capabilities."""
        told = first_column(section("providers.md", "## Settings").partition("### Presets")[0])
        assert told == [*ProviderSettings.model_fields, *Capabilities.model_fields]

    def test_keys_of_a_policy(self) -> None:
        """Each key of a policy has its row, alone or with its table."""
        keys = {word.split(".")[0] for word in first_column(section("gate.md", "## Policies"))}
        assert set(Policy.model_fields) <= keys | {"description"} | {"worst", "best"}
        text = section("gate.md", "## Policies")
        inner = {name for part in (Approval, Attempts, Guardrail, Hard, Looks, Primary) for name in part.model_fields}
        assert [name for name in sorted(inner) if name not in text] == []

    def test_failures(self) -> None:
        """Every status of a generation and every class of errors."""
        text = section("providers.md", "## Failures")
        statuses, _, classes = text.partition("<!-- end -->")
        assert first_column(statuses)[: len(get_args(GenerationStatus))] == list(get_args(GenerationStatus))
        assert first_column(classes) == list(get_args(ErrorClass))

    def test_chains(self) -> None:
        """Every key of a chain's file and of its stages."""
        from evals.chain import Chain, ChainStage

        text = section("chains.md", "## The file")
        assert first_column(text) == [*Chain.model_fields, *ChainStage.model_fields]

    def test_front_matter(self) -> None:
        """Its keys, those of an input, and those of contracts."""
        assert first_column(section("templates.md", "## Front matter")) == [*FrontMatter.model_fields, *Input.model_fields]
        text = section("templates.md", "## Contracts")
        assert first_column(text) == list(Contracts.model_fields)
        assert [key for key in (*SpeechBudget.model_fields, *ShotBudget.model_fields) if f"`{key}`" not in text] == []

    def test_filters(self) -> None:
        """All of ours, and no other."""
        assert sorted(first_column(section("templates.md", "## Filters"))) == sorted(FILTERS)

    def test_errors_of_templates(self) -> None:
        """Every kind that a template can cause."""
        kinds = {cls.__name__ for cls in _subclasses(prompt_errors.TemplateError)} | {"TemplateError"}
        assert kinds <= set(first_column(section("templates.md", "## Errors")))

    def test_limits(self) -> None:
        """They are the renderer's."""
        text = section("templates.md", "## Limits")
        for row in (
            f"one rendering | {rendering.SECONDS:g} s",
            f"prompt | {rendering.OUTPUT_BYTES >> 20} MiB",
            f"process | {rendering.MEMORY_BYTES >> 20} MiB",
        ):
            assert row in text

    def test_keys_of_manifests(self) -> None:
        """Every column that an import reads."""
        told = set(first_column(section("cases.md", "## Manifests for import")))
        assert told == {*manifest.Entry.model_fields, *manifest.PEOPLE}

    @pytest.mark.parametrize("view", ["runs", "generations", "scores", "lineage"])
    def test_public_views(self, view: str) -> None:
        """Every column of the real view, in its order."""
        with docs_tables.blank_log() as con:
            real = [name for (name,) in con.execute(f"select column_name from (describe {view})").fetchall()]
        assert first_column(section("log.md", f"### {view}")) == real

    def test_inputs_of_each_stage(self, cases: dict[str, Case]) -> None:
        """What the table names is what cases give, for each stage."""
        told: dict[str, set[str]] = {}
        for line in section("templates.md", "## Inputs").splitlines():
            cells = [cell.strip() for cell in line.split("|")[1:-1]]
            if len(cells) == 3 and cells[1].startswith("`"):
                for stage in cells[0].split(", "):
                    told.setdefault(stage, set()).update(re.findall(r"`([^`]+)`", cells[1]))
        shared = told.pop("all") - {"contracts"}
        given = {case.stage: set(case.inputs) for case in cases.values()}
        assert {stage: shared | names for stage, names in told.items()} == given


class TestExamplesWork:
    """What stands in a code block does what the text says."""

    @pytest.mark.parametrize(("where", "text"), blocks("python"), ids=lambda value: value if value.endswith(".md") else "")
    def test_python_runs(self, where: str, text: str) -> None:
        """Every Python block runs by itself."""
        _executed(where, text)

    def test_the_scorer_of_the_example_can_be_used(self, tmp_path: Path) -> None:
        """As a file of a workspace it is found, built, and judges a script."""
        (tmp_path / "longest_line.py").write_text(_block("scorers.md", "class LongestLine"), "utf-8")
        scorer = build("longest_line", folder=tmp_path)
        assert isinstance(scorer, Scorer)
        script = tmp_path / "script.json"
        line = '{"id": "l1", "speaker": "mei", "text": "Then we are enemies."}'
        beat = f'{{"id": "b1", "function": "hook", "emotion": 4, "action": "She turns.", "lines": [{line}]}}'
        scene = f'{{"id": "s1", "location": "pier", "daypart": "night", "present": ["mei"], "beats": [{beat}]}}'
        script.write_text(f'{{"title": "Night", "scenes": [{scene}]}}', "utf-8")
        good = Sample("g1", "script", "ok", {}, "c1", "s1", media=(Media("text", "0" * 64, "application/json", script),))
        bad = Sample("g2", "script", "failed", {}, "c1", "s1")
        ((first,), (second,)) = scorer.score([good, bad])
        assert (first.value, first.status) == (4.0, "ok")
        assert (second.value, second.status) == (None, "failed")

    def test_the_template_of_the_example_renders(self, cases: dict[str, Case], tmp_path: Path) -> None:
        """With the case that the text names."""
        file = tmp_path / "shot" / "poster.j2"
        file.parent.mkdir()
        file.write_text(next(text for _, text in blocks("jinja", DOCS / "templates.md") if text.startswith("---")), "utf-8")
        prompt = rendering.render(Registry(tmp_path).resolve("shot/poster"), cases["painted-skin-shot-1"].inputs).text
        assert "chen-su: a woman in her early thirties" in prompt
        assert "- 不得出现这些词：text、watermark。" in prompt

    def test_the_series_and_suite_of_the_example_load(self, tmp_path: Path) -> None:
        """The series as it stands, with a picture in its place; the suite by its name."""
        series, suite = (text for _, text in blocks("yaml", DOCS / "cases.md"))
        for folder in ("cases", "suites", "references/night-ferry"):
            (tmp_path / folder).mkdir(parents=True)
        (tmp_path / "cases" / "night-ferry.yaml").write_text(series, "utf-8")
        (tmp_path / "suites" / "shot.yaml").write_text(suite, "utf-8")
        (tmp_path / "references" / "night-ferry" / "mei.webp").write_bytes(b"a picture")
        assert [case.stage for case in load_cases(tmp_path / "cases")] == ["character", "shot"]
        assert build(load_suite("shot", tmp_path / "suites").scorers[1].name, {"min_iod": 30})

    def test_the_manifest_of_the_example_is_read(self, tmp_path: Path) -> None:
        """Two people with a feeling and a reference each."""
        path = tmp_path / "shots.csv"
        path.write_text(next(text for _, text in blocks("text", DOCS / "cases.md") if text.startswith("file,")), "utf-8")
        (line,) = manifest.read(path)
        assert [(p.character, p.emotion, p.references) for p in line.entry.people] == [
            ("mei", "fear", ["ref/mei.png"]),
            ("lin", "anger", ["ref/lin.png"]),
        ]

    @pytest.mark.parametrize(("where", "text"), blocks("toml"), ids=lambda value: value if value.endswith(".md") else "")
    def test_settings_are_accepted(self, where: str, text: str) -> None:
        """A TOML block is a workbench.toml, or a gate policy where it has a primary metric."""
        data = tomllib.loads(text)
        if "primary" in data:
            assert parse_policy(data).primary
        else:
            Settings(**data)

    @pytest.mark.parametrize(
        ("where", "line"), [(w, line) for w, text in blocks("sh") for line in text.splitlines() if "workbench" in line]
    )
    def test_commands_parse(
        self, where: str, line: str, starter: Workspace, cases: dict[str, Case], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Every command of a `sh` block has arguments that exist, and names what the starter workspace holds."""
        monkeypatch.chdir(tmp_path)
        for name in ("shots.csv", "clips.csv"):
            (tmp_path / name).touch()
        for arguments in _commands(line):
            _check_names(_parsed(arguments), starter, cases)

    @pytest.mark.slow
    def test_the_log_examples_answer(self, starter: Workspace, capsys: pytest.CaptureFixture[str]) -> None:
        """On a log with a run, the notebook functions give rows."""
        from runs import harness
        from runs.prepare import Order, prepare
        from runs.pricing import Pricing
        from runs.providers import get, reference
        from runs.settings import load

        provider = get("studio", load(starter.root))
        order = Order(("script/episode@plain", "script/episode"), "script", ("studio",), limit=2)
        assert harness.run(starter, prepare(starter, order, reference(provider)), provider, harness.Options(pricing=Pricing(free=True)))
        first, second = (_executed("docs/log.md", text) for _, text in blocks("python", DOCS / "log.md"))
        assert first["ask"](str(starter.log), first["WORST"]) == []
        assert [row[2] for row in first["ask"](str(starter.log), first["COST"])] == [4]
        second["latest"](str(starter.root))
        assert "script/episode@plain" in capsys.readouterr().out


class TestPagesHoldTogether:
    """Links lead somewhere, and nothing of the machine that wrote the pages is in them."""

    @pytest.mark.parametrize("path", PAGES, ids=named)
    def test_links_resolve(self, path: Path) -> None:
        """Files and headings within the repository."""
        text = FENCE.sub("", path.read_text("utf-8"))
        broken = [found["target"] for found in LINK.finditer(text) if not _leads_somewhere(path, found["target"])]
        assert broken == []

    @pytest.mark.parametrize("path", PAGES, ids=named)
    def test_no_machine_and_no_registry_is_named(self, path: Path) -> None:
        """No absolute path of somebody's disk, no host of a package registry or of its mirrors."""
        text = path.read_text("utf-8")
        assert re.findall(r"(?<![\w.])/(?:home|root|work|Users|tmp|mnt)/[\w.-]+", text) == []
        assert (
            re.findall(r"//[\w.-]*(?:registry|packages|artifactory|nexus)[\w.-]*/|index-url|find-links|--registry", text, re.IGNORECASE)
            == []
        )

    def test_the_bench_of_the_statistics_has_the_rows_that_the_page_shows(self) -> None:
        """A row of the page is a simulated world of `tests/bench/stats.py`, a column one of its rules."""
        from importlib.util import module_from_spec, spec_from_file_location

        spec = spec_from_file_location("bench_stats", ROOT / "tests" / "bench" / "stats.py")
        assert spec is not None
        assert spec.loader is not None
        bench = module_from_spec(spec)
        sys.modules["bench_stats"] = bench  # dataclasses look their module up
        spec.loader.exec_module(bench)
        rows = [line for line in page("statistics.md").splitlines() if line.startswith(("| nothing", "| gain", "| B called"))]
        assert rows[0] == "| B called better (alpha 0.05) | " + " | ".join(bench.RULES) + " |"
        assert [row.split(" | ")[0].removeprefix("| ") for row in rows[1:]] == [world.name for world in bench.WORLDS]


@pytest.fixture(scope="module")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A workspace as `init` makes it."""
    return initialise(tmp_path_factory.mktemp("docs") / "my-drama")


@pytest.fixture(scope="module")
def cases(starter: Workspace) -> dict[str, Case]:
    """All cases of that workspace by their ids."""
    return {case.id: case for case in load_cases(starter.evals / "cases")}


def _subclasses(cls: type[prompt_errors.WorkbenchError]) -> Iterator[type[prompt_errors.WorkbenchError]]:
    for sub in cls.__subclasses__():
        yield sub
        yield from _subclasses(sub)


def _block(name: str, holding: str) -> str:
    return next(text for _, text in blocks("python", DOCS / name) if holding in text)


def _executed(where: str, text: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "example"}
    exec(compile(text, where, "exec"), names)
    return names


def _commands(line: str) -> list[list[str]]:
    """Return the arguments of each call of `workbench` in a line of shell; `xargs` adds one that nobody can know here."""
    found = []
    for part in re.split(r"\|(?=(?:[^']*'[^']*')*[^']*$)", line):
        words = shlex.split(part, comments=True)
        if "workbench" in words:
            arguments = words[words.index("workbench") + 1 :]
            found.append([*arguments, "ID"] if words[0] == "xargs" else arguments)
    return found


def _parsed(arguments: list[str]) -> dict[str, Any]:
    """Parse a command line down to its last command without calling it; return what was given."""
    context: click.Context = workbench.cli.make_context("workbench", list(arguments))
    given: dict[str, Any] = {}
    while isinstance(context.command, click.Group):
        if context.command.invoke_without_command and not [*context._protected_args, *context.args]:
            break
        name, command, rest = context.command.resolve_command(context, [*context._protected_args, *context.args])
        assert command is not None
        context = command.make_context(name, rest, parent=context)
        given |= context.params
    return given


def _check_names(given: dict[str, Any], starter: Workspace, cases: dict[str, Case]) -> None:
    refs = {entry.ref for entry in Registry(starter.prompts).entries()} | {"shot/poster"}
    asked = [given.get("suite"), given.get("case_id"), *(given.get("versions") or ())]
    suite, case, *versions = asked
    templates = [value for key in ("a", "b", "template") if (value := given.get(key))]
    assert suite is None or suite in suite_names(starter.evals / "suites")
    assert case is None or case in cases
    assert [ref for ref in (*versions, *templates) if ref not in refs] == []


def _leads_somewhere(path: Path, target: str) -> bool:
    if re.match(r"[a-z]+:", target):
        return True
    file, _, anchor = target.partition("#")
    there = (path.parent / file).resolve() if file else path
    if not there.exists():
        return False
    return not anchor or anchor in {_slug(heading) for heading in re.findall(r"^#+ (.+)$", there.read_text("utf-8"), re.MULTILINE)}


def _slug(heading: str) -> str:
    """Return the anchor that a heading gets on the web."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
