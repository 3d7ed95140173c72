"""A mean face is computed by one command from a folder of people, and the nearest one is what faces are compared against."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from face_material import noise, written

from evals.errors import ScorerError
from evals.faces import centre

PEOPLE = {"a": "obama_1", "b": "biden_2", "c": "art_1", "d": "art_2", "e": "art_5", "f": "art_14"}


def domain(name: str, at: float) -> centre.Domain:
    return centre.Domain(name, np.full(128, at), 10, "test")


def test_the_nearest_mean_face_decides_and_halfway_both_do() -> None:
    known = {"low": domain("low", 0.0), "high": domain("high", 0.2)}
    mean, shares = centre.mean_for([np.full(128, 0.01)], known)
    assert shares["low"] > 0.99 and np.allclose(mean, 0, atol=0.01)
    mean, shares = centre.mean_for([np.full(128, 0.1)], known)
    assert shares["low"] == pytest.approx(0.5) and np.allclose(mean, 0.1)


def test_centred_embeddings_have_length_one() -> None:
    moved = centre.centred(np.arange(128.0), np.ones(128))
    assert np.linalg.norm(moved) == pytest.approx(1.0)
    assert np.isfinite(centre.centred(np.ones(128), np.ones(128))).all()


def test_the_shipped_mean_faces_say_where_they_come_from() -> None:
    known = centre.domains()
    assert set(known) == {"studio", "photo", "painted", "western", "east_asian"}
    assert all(d.mean.shape == (128,) and d.source for d in known.values())
    assert all(d.people >= centre.MIN_PEOPLE for d in known.values() if "as the study gives it" not in d.source)


def test_a_broken_file_of_mean_faces_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "d.json").write_text('{"x": {"people": 3}}')
    with pytest.raises(ScorerError, match=r"d\.json"):
        centre.domains(tmp_path / "d.json")


def test_too_few_people_make_no_mean_face(tmp_path: Path) -> None:
    for who in "abc":
        (tmp_path / who).mkdir()
        written(tmp_path / who / "p.png", noise())
    with pytest.raises(ScorerError, match="faces of 0 people"):
        centre.mean_face(tmp_path)


@pytest.mark.slow
def test_the_command_adds_a_mean_face_to_the_file(shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for who, still in PEOPLE.items():
        (tmp_path / "people" / who).mkdir(parents=True)
        (tmp_path / "people" / who / "p.jpg").symlink_to(shared_data / "faces" / "stills" / f"{still}.jpg")
    (tmp_path / "people" / "a" / "broken.jpg").write_bytes(b"nothing")
    out = tmp_path / "d.json"
    centre.main([str(tmp_path / "people"), "--name", "mine", "--source", "here", "--out", str(out)])
    shown = capsys.readouterr()
    assert shown.out == "mine: 6 people, 6 faces\n"
    assert "skipped: broken.jpg" in shown.err
    assert json.loads(out.read_text())["mine"]["source"] == "here"
    assert centre.domains(out)["mine"].people == 6
