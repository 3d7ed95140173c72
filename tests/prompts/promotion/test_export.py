"""The export proves itself, is swapped in whole, and is played with nothing but Jinja."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from promotions import Studio

from prompts import store as stores
from prompts.errors import InputError, UnknownName
from prompts.export import export
from prompts.ledger import LedgerError
from prompts.render import render
from prompts.store import ExportError, PromptStore

ROOT = Path(__file__).parents[3]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Return where exports go."""
    return tmp_path / "srv" / "prompts"


def test_the_player_renders_what_the_workbench_renders(studio: Studio, out: Path) -> None:
    studio.templates.put("_partials/style.j2", "Painterly, {{ who }}.\n")
    version = studio.write('{% block system %}{{ contracts.rules | length }} rules. {% include "_partials/style.j2" %}{% endblock %}'
                           "{% block user %}Draw {{ who }}.{% endblock %}")  # fmt: skip
    studio.in_production(version)
    export(studio.folder, "production", out)
    prompt = PromptStore(out).get("shot/a", series="paper-wife")
    assert (prompt.version, prompt.why, prompt.source) == (version.id, "production", "fresh")
    assert prompt.render({"who": "梅"}) == render(version, {"who": "梅"}).as_json()


def test_pins_and_canaries_are_in_the_export(studio: Studio, out: Path) -> None:
    studio.in_production(studio.plain)
    studio.ann.pin("shot/a", "paper-wife")
    studio.in_production(studio.better, studio.plain)
    third = studio.write("Third {{ who }}.")
    studio.ann.canary(third, 0.3)
    export(studio.folder, "production", out)
    store = PromptStore(out)
    assert store.get("shot/a", series="paper-wife").version == studio.plain.id
    met = [store.get("shot/a", series=f"s{n}").version for n in range(400)]
    assert set(met) == {third.id, studio.better.id}
    assert 80 <= met.count(third.id) <= 160
    assert store.get("shot/a").version == studio.better.id


def test_the_same_state_gives_the_same_bytes(studio: Studio, tmp_path: Path) -> None:
    studio.in_production(studio.plain)
    first, second = (export(studio.folder, "production", tmp_path / name) for name in ("one", "two"))
    assert first.manifest == second.manifest
    trees = [{p.relative_to(root): p.read_bytes() for p in root.rglob("*") if p.is_file()} for root in ((tmp_path / "one").resolve(), (tmp_path / "two").resolve())]  # fmt: skip  # noqa: E501
    assert trees[0] == trees[1]


def test_one_changed_byte_in_any_file_is_refused(studio: Studio, out: Path) -> None:
    studio.in_production(studio.plain)
    export(studio.folder, "production", out)
    files = [p for p in out.resolve().rglob("*") if p.is_file()]
    assert len(files) == 3
    for path in files:
        whole = path.read_bytes()
        for place in random.Random(1).sample(range(min(len(whole), 64)), 20):
            changed = bytearray(whole)
            changed[place] ^= 1
            path.write_bytes(bytes(changed))
            with pytest.raises(ExportError):
                stores.load(out)
        path.write_bytes(whole)
    stores.load(out)


def test_a_half_copied_export_is_refused(studio: Studio, out: Path) -> None:
    studio.in_production(studio.plain)
    export(studio.folder, "production", out)
    for path in [p for p in out.resolve().rglob("*") if p.is_file()]:
        whole = path.read_bytes()
        path.unlink()
        with pytest.raises(ExportError):
            stores.load(out)
        path.write_bytes(whole)


def test_a_new_export_is_seen_and_a_damaged_one_is_not(studio: Studio, out: Path) -> None:
    studio.in_production(studio.plain)
    export(studio.folder, "production", out)
    store = PromptStore(out)
    studio.in_production(studio.better, studio.plain)
    export(studio.folder, "production", out)
    assert store.get("shot/a").version == studio.better.id
    studio.ann.rollback("shot/a", "production", reason="x")
    export(studio.folder, "production", out)
    damaged = next((out.resolve() / "versions").rglob("*.j2"))
    damaged.write_bytes(damaged.read_bytes() + b"!")
    prompt = store.get("shot/a")
    assert (prompt.version, prompt.source) == (studio.better.id, "stale")
    assert "not what its hash says" in store.problem


def test_the_fallback_serves_where_there_is_no_good_export(studio: Studio, out: Path, tmp_path: Path) -> None:
    studio.in_production(studio.plain)
    export(studio.folder, "production", tmp_path / "packaged")
    with pytest.raises(ExportError, match="no export"):
        PromptStore(out)
    store = PromptStore(out, fallback=tmp_path / "packaged")
    assert store.get("shot/a").source == "fallback"
    shutil.copytree((tmp_path / "packaged").resolve(), out)
    store._again_at = 0.0
    assert store.get("shot/a").source == "fresh"


def test_an_unknown_template_and_a_missing_input_are_named(studio: Studio, out: Path) -> None:
    studio.in_production(studio.plain)
    export(studio.folder, "production", out)
    store = PromptStore(out)
    with pytest.raises(UnknownName, match="shot/b"):
        store.get("shot/b")
    with pytest.raises(InputError, match="'who'"):
        store.get("shot/a").render({})


def test_nothing_foreign_is_overwritten(studio: Studio, tmp_path: Path) -> None:
    studio.in_production(studio.plain)
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "file").write_text("mine")
    (tmp_path / "link").symlink_to(folder)
    for target in (folder, tmp_path / "link"):
        with pytest.raises(InputError, match="no export"):
            export(studio.folder, "production", target)
    assert (folder / "file").read_text() == "mine"


def test_an_empty_channel_and_a_changed_ledger_are_refused(studio: Studio, out: Path) -> None:
    with pytest.raises(InputError, match="nothing in production"):
        export(studio.folder, "production", out)
    studio.in_production(studio.plain)
    path = studio.folder / "ledger.jsonl"
    path.write_bytes(path.read_bytes().replace(b"ann@studio", b"eve@studio", 1))
    with pytest.raises(LedgerError):
        export(studio.folder, "production", out)
    assert not out.exists()


def test_old_exports_go_but_the_last_one_stays_for_its_readers(studio: Studio, out: Path) -> None:
    studio.in_production(studio.plain)
    last = studio.plain
    for n in range(4):
        version = studio.write(f"Version {n}.")
        studio.in_production(version, last)
        last = version
        export(studio.folder, "production", out)
    assert len([p for p in out.parent.iterdir() if p.is_dir() and not p.is_symlink()]) == 2


def test_the_player_needs_nothing_but_jinja(studio: Studio, out: Path) -> None:
    studio.in_production(studio.plain)
    export(studio.folder, "production", out)
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); from prompts.store import PromptStore\n"
        f"print(PromptStore({str(out)!r}).get('shot/a').render({{'who': 'Mei'}})[0]['content'])\n"
        "print(*sorted({n.split('.')[0] for n in sys.modules} & {'pydantic', 'yaml', 'pandas', 'numpy', 'asyncio'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["A picture of Mei.", ""]
