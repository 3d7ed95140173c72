"""The catalogue is one file that is replaced whole; what is read is what was written."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest
import reuse
from face_material import media

from evals.errors import ModelUnavailable
from evals.originality.catalogue import FILE, Catalogue, editing, picture_entry, text_entries
from evals.originality.find import picture_reuse, text_reuse
from evals.originality.pictures import look
from evals.originality.scorer import Originality
from evals.score import Media, Sample
from prompts.errors import InputError

TALES = reuse.tales()


def test_it_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    with editing(tmp_path) as catalogue:
        for tale in TALES:
            for entry in text_entries(tale.tale, tale.text, series=tale.tale, case_id="e1", version="v1:ab"):
                assert catalogue.add(entry)
        assert catalogue.add(picture_entry("p.png", reuse.scene(1), "0" * 64))
    again = Catalogue.load(tmp_path)
    assert again.entries == catalogue.entries
    assert again.digest == catalogue.digest
    assert [r.entry.name for r in text_reuse(TALES[5].text, again)] == [TALES[5].tale]
    assert [r.entry.name for r in picture_reuse(look(reuse.barred(reuse.scene(1)), mirror=True), again)] == ["p.png"]
    with editing(tmp_path) as catalogue:
        assert not catalogue.add(text_entries(TALES[0].tale, TALES[0].text)[0])
        assert catalogue.remove(TALES[0].tale) == 1
    assert text_reuse(TALES[0].text, Catalogue.load(tmp_path)) == []
    assert sorted(p.name for p in tmp_path.iterdir()) == [f".{FILE}.lock", FILE]


def test_an_error_while_editing_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    with editing(tmp_path) as catalogue:
        catalogue.add(text_entries("a", TALES[0].text)[0])
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(RuntimeError), editing(tmp_path) as catalogue:
        catalogue.remove("a")
        raise RuntimeError
    assert (tmp_path / FILE).read_bytes() == before


def test_two_editors_do_not_overwrite_each_other(tmp_path: Path) -> None:
    with (tmp_path / f".{FILE}.lock").open("a") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(InputError, match="Another process"), editing(tmp_path):
            pass


def test_a_file_that_is_no_catalogue_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("nothing")
    with pytest.raises(InputError, match="is no catalogue"):
        Catalogue.load(tmp_path)


class TestScorer:
    """The share of a text, or the picture, that the workspace's catalogue has not seen before."""

    @pytest.fixture
    def ws(self, tmp_path: Path) -> Path:
        with editing(tmp_path / "evals") as catalogue:
            for entry in text_entries("old.txt", TALES[0].text, series="old", case_id="old-1", job_id="j0"):
                catalogue.add(entry)
            catalogue.add(picture_entry("old.png", reuse.scene(1), "0" * 64))
        (tmp_path / "runs" / "media" / "aa").mkdir(parents=True)
        return tmp_path

    def sample(self, ws: Path, text: str, **changes: object) -> Sample:
        path = ws / "runs" / "media" / "aa" / "a.txt"
        path.write_text(text, "utf-8")
        facts = {"generation": "j1", "stage": "script", "status": "ok", "case": {}, "case_id": "new-1", "series": "new"}
        return Sample(**(facts | {"media": (Media("text", "a" * 64, "text/plain", path),)} | changes))  # type: ignore[arg-type]

    def test_a_text_that_is_half_copied(self, ws: Path) -> None:
        score, longest = Originality().score([self.sample(ws, TALES[1].own + " " + TALES[0].text)])[0]
        half = len(TALES[1].own.split()) / len((TALES[1].own + " " + TALES[0].text).split())
        assert score.value == pytest.approx(half, abs=0.06)
        assert "other series old.txt" in score.reason
        assert score.evidence["reuse"][0]["passages"][0]["theirs"] in TALES[0].text
        assert longest.value and longest.value > 60

    def test_the_text_itself_and_other_generations_of_its_case_do_not_count(self, ws: Path) -> None:
        for changes in ({"generation": "j0"}, {"case_id": "old-1", "series": "old"}):
            assert Originality().score([self.sample(ws, TALES[0].text, **changes)])[0][0].value == 1.0
        strict = Originality(same_case=True)
        assert strict.score([self.sample(ws, TALES[0].text, case_id="old-1", series="old")])[0][0].value == 0.0

    def test_pictures(self, ws: Path) -> None:
        found = []
        for n, image in enumerate((reuse.upright(reuse.scene(1)), reuse.scene(2))):
            path = ws / "runs" / "media" / "aa" / f"{n}.png"
            image.save(path)
            found.append(Originality().score([self.sample(ws, "", stage="shot", media=(media(path),))])[0])
        assert [scores[0].value for scores in found] == [0.0, 1.0]
        assert found[0][0].evidence["reuse"][0]["other_view"].startswith("9:16")
        assert found[0][1].status == "not_applicable"

    def test_what_cannot_be_told_is_said(self, ws: Path) -> None:
        scores = Originality().score([self.sample(ws, "Too short."), self.sample(ws, "", status="failed", media=())])
        assert [s[0].status for s in scores] == ["not_scoreable", "failed"]

    def test_without_a_catalogue_it_is_unavailable_not_original(self, ws: Path) -> None:
        (ws / "evals" / FILE).unlink()
        with pytest.raises(ModelUnavailable, match="originality add"):
            Originality().score([self.sample(ws, TALES[0].text)])

    def test_a_changed_catalogue_is_read_again(self, ws: Path) -> None:
        scorer, sample = Originality(), self.sample(ws, TALES[1].text)
        assert scorer.score([sample])[0][0].value == 1.0
        with editing(ws / "evals") as catalogue:
            catalogue.add(text_entries("other.txt", TALES[1].text)[0])
        assert scorer.score([sample])[0][0].value == 0.0
