"""Bad input gets one clear line that says what to do, a non-zero exit, and leaves nothing half-written."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import duckdb
import pytest

from tests.cli.conftest import Cli, one_line_error

KEYFRAME = "prompts/shot/keyframe.j2"
CASE = "painted-skin-shot-1"
RUN = ("run", "--suite", "script", "--version", "script/episode@plain", "--version", "script/episode", "--limit", "2", "--repeats", "1")


def files(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_an_unknown_variable_is_named_with_its_place(ws: Path, cli: Cli) -> None:
    edit(ws / KEYFRAME, "{{ series.style }}", "{{ series.stile }}")
    error = one_line_error(cli("render", "shot/keyframe", "--case", CASE))
    assert "shot/keyframe.j2:" in error and "stile" in error


def test_a_syntax_error_has_file_and_line(ws: Path, cli: Cli) -> None:
    edit(ws / KEYFRAME, "{% endfor %}", "{% endfro %}")
    error = one_line_error(cli("render", "shot/keyframe", "--case", CASE))
    assert "shot/keyframe.j2:" in error and "endfro" in error


@pytest.mark.parametrize("target", ["../../../etc/passwd", "/etc/passwd", "../workbench.toml"])
def test_an_include_cannot_leave_the_workspace(ws: Path, cli: Cli, target: str) -> None:
    edit(ws / KEYFRAME, "Style: ", f'{{% include "{target}" %}}\nStyle: ')
    assert "keyframe.j2:" in one_line_error(cli("render", "shot/keyframe", "--case", CASE))


def test_a_link_out_of_the_workspace_is_no_include(ws: Path, cli: Cli) -> None:
    (ws / "prompts/_partials/secret.j2").symlink_to("/etc/hostname")
    edit(ws / KEYFRAME, "Style: ", '{% include "_partials/secret.j2" %}\nStyle: ')
    assert "link" in one_line_error(cli("render", "shot/keyframe", "--case", CASE))


@pytest.mark.slow
def test_an_endless_loop_ends(ws: Path, cli: Cli) -> None:
    loop = "{% for a in range(99999) %}{% for b in range(99999) %}{% for c in range(99999) %}{% endfor %}{% endfor %}{% endfor %}"
    edit(ws / KEYFRAME, "Style: ", f"{loop}\nStyle: ")
    before = files(ws)
    assert "keyframe.j2" in one_line_error(cli("render", "shot/keyframe", "--case", CASE))
    assert files(ws) == before


@pytest.mark.slow
def test_a_template_edited_after_its_run_is_not_passed_off_as_the_one_that_ran(ws: Path, cli: Cli) -> None:
    assert cli(*RUN).code == 0
    edit(ws / "prompts/script/episode.j2", "\n", "\n\n")
    text = (ws / "prompts/script/episode.j2").read_text("utf-8")
    (ws / "prompts/script/episode.j2").write_text(text + "\nAnd make it short.\n", "utf-8")
    error = one_line_error(cli("compare", "script/episode@plain", "script/episode"))
    assert "edited after it was run" in error
    then = error.split("compare ")[1].rstrip(".")
    assert cli("compare", "script/episode@plain", then).code == 0
    assert cli("render", then, "--case", "painted-skin-script-1").code == 0, "the log keeps the source that ran"


def test_malformed_yaml_has_file_and_line(ws: Path, cli: Cli) -> None:
    edit(ws / "evals/suites/shot.yaml", "stage: shot", "stage: [shot")
    before = files(ws)
    assert "shot.yaml:" in one_line_error(cli("run", "--suite", "shot", "--version", "shot/keyframe"))
    assert files(ws) == before


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("--suite", "shoot", "--version", "shot/keyframe"), "Did you mean shot"),
        (("--suite", "shot", "--version", "shot/keyframes"), "Did you mean shot/keyframe"),
        (("--suite", "shot", "--version", "shot/keyframe@000000"), "Unknown version"),
        (("--suite", "shot", "--version", "shot/keyframe", "--scorer", "face_consistancy"), "Did you mean face_consistency"),
        (("--suite", "shot", "--version", "shot/keyframe", "--provider", "studioo"), "Did you mean studio"),
        (("--suite", "shot", "--version", "script/episode"), "stage"),
        (("--suite", "shot", "--version", "shot/keyframe", "--case", "nobody"), "nobody"),
        (("--suite", "music", "--version", "music/cue", "--provider", "ollama"), "audio"),
        (("--suite", "script", "--version", "script/episode", "--provider", "openai"), "OPENAI_API_KEY"),
    ],
)
def test_a_run_that_cannot_be_done_is_refused_before_anything_is_written(ws: Path, cli: Cli, args: tuple[str, ...], words: str) -> None:
    assert words in one_line_error(cli("run", *args))
    assert not list((ws / "runs").rglob("*.jsonl")), "a run that never began is in no journal"
    assert cli("runs", "--format", "csv").out.count("\n") == 1, "and in no list"


def test_a_wrong_setting_has_file_line_and_the_nearest_name(ws: Path, cli: Cli) -> None:
    edit(ws / "workbench.toml", "repeats = 2", "repeets = 2")
    error = one_line_error(cli("config"))
    assert "workbench.toml" in error and "repeets" in error and "repeats" in error


def test_a_key_in_the_settings_is_refused_and_not_repeated(ws: Path, cli: Cli) -> None:
    key = "sk-" + "a1B2c3D4" * 5
    with (ws / "workbench.toml").open("a") as file:
        file.write(f'\n[providers.openai]\napi_key_env = "{key}"\n')
    done = cli("config")
    assert one_line_error(done)
    assert key not in done.err


def test_outside_a_workspace_the_way_in_is_shown(cli: Cli, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert "workbench init" in one_line_error(cli("runs", at=elsewhere))


def test_init_touches_nothing_that_is_there(cli: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "prompts").write_text("my own notes")
    assert "prompts" in one_line_error(cli("init", str(folder), at=tmp_path))
    assert files(folder) == {"prompts": b"my own notes"}


def test_a_log_of_a_newer_program_is_refused(ws: Path, cli: Cli) -> None:
    assert cli("runs").code == 0
    with duckdb.connect(str(ws / "runs/log.duckdb")) as con:
        con.execute("insert or replace into meta values ('schema', '999')")
    assert "schema 999" in one_line_error(cli("runs"))


def test_a_log_that_is_no_database_can_be_made_anew(ws: Path, cli: Cli) -> None:
    (ws / "runs/log.duckdb").write_bytes(b"not a database, whatever its name says" * 500)
    assert "workbench log rebuild" in one_line_error(cli("runs"))
    assert cli("log", "rebuild").code == 0
    assert cli("runs").code == 0


@pytest.mark.slow
def test_a_corrupt_journal_line_is_reported_with_its_place_and_costs_only_itself(ws: Path, cli: Cli) -> None:
    assert cli(*RUN).code == 0
    (journal,) = (ws / "runs/journals").glob("*.jsonl")
    lines = journal.read_bytes().split(b"\n")
    broken = next(i for i, line in enumerate(lines) if b'"type":"scores"' in line)
    lines[broken] = lines[broken][:-30] + b"#" * 30
    journal.write_bytes(b"\n".join(lines))
    (ws / "runs/log.duckdb").unlink()
    assert cli("runs").code == 0
    done = cli("log", "errors")
    assert done.code == 1
    assert journal.name in done.out


def bomb(width: int, height: int) -> bytes:
    """A PNG of a few kilobytes that claims to be gigapixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(100_000))) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("name", "data"),
    [("torn.png", bomb(64, 64)[:60]), ("bomb.png", bomb(60_000, 60_000)), ("page.png", b"<html><script>alert(1)</script></html>")],
)
def test_a_picture_that_is_none_is_not_imported_and_neither_are_its_neighbours(
    ws: Path, cli: Cli, tmp_path: Path, name: str, data: bytes
) -> None:
    from PIL import Image

    folder = tmp_path / "pictures"
    folder.mkdir()
    Image.new("RGB", (64, 64), "teal").save(folder / "good.png")
    (folder / name).write_bytes(data)
    before = files(ws)
    done = cli("import", "--new", "--stage", "shot", str(folder))
    assert done.code == 1 and "Traceback" not in done.err
    assert name in done.err
    assert files(ws) == before
