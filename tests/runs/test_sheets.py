"""The command that draws reference sheets."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from evals.case import load_cases
from runs.studio.reference import reference_from_bytes
from runs.studio.sheets import SIZE, draw_sheets, main

SERIES = """\
series: {{id: fox, title: Fox, language: en, genre: [ghost], logline: A fox.}}
characters:
  - {{id: mei, name: Mei, static_descriptors: ["{mei}", thin lips], reference_images: [references/fox/mei.webp]}}
  - {{id: bo, name: Bo}}
cases: [{{id: c, stage: character, character: mei}}]
"""


@pytest.fixture
def evals(tmp_path: Path) -> Path:
    """Return an evals folder with one series, whose sheet is still to be drawn."""
    (tmp_path / "cases").mkdir()
    (tmp_path / "cases" / "fox.yaml").write_text(SERIES.format(mei="long black hair"))
    return tmp_path


def test_a_sheet_is_drawn_for_whoever_names_one_and_the_case_finds_it(evals: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(evals)]) == 0
    path = evals / "references" / "fox" / "mei.webp"
    assert capsys.readouterr().out == f"{path.resolve()}\n"
    assert load_cases(evals / "cases")[0].references == {"mei": (path.resolve(),)}
    with Image.open(io.BytesIO(path.read_bytes())) as image:
        assert (image.format, image.size) == ("WEBP", SIZE)


def test_equal_words_give_an_equal_picture_and_other_words_another_face(evals: Path) -> None:
    path = next(draw_sheets(evals))
    first = path.read_bytes()
    assert next(draw_sheets(evals)).read_bytes() == first
    (evals / "cases" / "fox.yaml").write_text(SERIES.format(mei="short grey hair"))
    second = next(draw_sheets(evals)).read_bytes()
    assert reference_from_bytes(first) != reference_from_bytes(second)


def test_a_picture_that_the_studio_did_not_draw_is_left_alone_unless_forced(evals: Path) -> None:
    path = evals / "references" / "fox" / "mei.webp"
    path.parent.mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(path)
    own = path.read_bytes()
    assert list(draw_sheets(evals)) == []
    assert path.read_bytes() == own
    assert list(draw_sheets(evals, force=True)) == [path.resolve()]
    assert path.read_bytes() != own


def test_a_path_that_leads_outside_is_refused_and_nothing_is_written(evals: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = evals / "cases" / "fox.yaml"
    file.write_text(file.read_text().replace("references/fox/mei.webp", "../mei.webp"))
    assert main([str(evals)]) == 1
    assert "lies outside" in capsys.readouterr().err
    assert not (evals.parent / "mei.webp").exists()
