"""What goes to a worker on another machine arrives whole, or not at all."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from evals.score import Media, Sample
from runs.cluster.parcel import Shelf, pack
from runs.engine import Batch
from runs.errors import MediaError


def media(folder: Path, data: bytes) -> Media:
    digest = sha256(data).hexdigest()
    path = folder / f"{digest}.png"
    path.write_bytes(data)
    return Media("image", digest, "image/png", path)


def batch(*pictures: Media, folder: str = "") -> Batch:
    reference = {"mei": pictures[:1]}
    return Batch((), [[Sample(f"g{n}", "shot", "ok", {}, "c", "s", (m,), reference) for n, m in enumerate(pictures)]], folder, 30)


def test_files_lie_on_the_shelf_under_their_hash_and_are_fetched_once(tmp_path: Path) -> None:
    one, two = media(tmp_path, b"one"), media(tmp_path, b"two")
    shelf, fetched = Shelf(tmp_path / "shelf"), []

    def fetch(lent: bytes) -> bytes:
        fetched.append(lent)
        return lent

    for _ in range(2):
        here = shelf.unpack(pack(batch(one, two), lambda m: m.path.read_bytes()), fetch)
    paths = [m.path for sample in here.groups[0] for m in (*sample.media, *sample.references["mei"])]
    assert [p.read_bytes() for p in paths] == [b"one", b"one", b"two", b"one"]
    assert all(p.is_relative_to(tmp_path / "shelf") for p in paths)
    assert sorted(fetched) == [b"one", b"two"]


def test_what_arrives_changed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="arrived changed"):
        Shelf(tmp_path / "shelf").unpack(pack(batch(media(tmp_path, b"one")), lambda m: m), lambda m: b"other")


def test_the_shelf_stays_small_and_keeps_what_the_next_batch_needs(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "shelf", limit_bytes=10)
    pictures = [media(tmp_path, bytes([n]) * 6) for n in range(4)]
    for one in pictures:
        shelf.unpack(pack(batch(pictures[0], one), lambda m: m.path.read_bytes()), lambda data: data)
    left = {p.name for p in (tmp_path / "shelf").rglob("*.png")}
    assert left == {pictures[0].path.name, pictures[3].path.name} or (len(left) <= 3 and pictures[0].path.name in left)


def test_scorer_files_of_the_workspace_travel_along(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def build(): ...")
    here = Shelf(tmp_path / "shelf").unpack(pack(batch(media(tmp_path, b"x"), folder=str(tmp_path)), lambda m: b"x"), lambda data: data)
    assert (Path(here.folder) / "mine.py").read_text() == "def build(): ..."
    assert here.folder != str(tmp_path)


def test_an_error_names_the_file_as_the_driver_knows_it(tmp_path: Path) -> None:
    shelf, parcel = Shelf(tmp_path / "shelf"), pack(batch(media(tmp_path, b"x")), lambda m: b"x")
    here = shelf.unpack(parcel, lambda data: data).groups[0][0].media[0].path
    told = shelf.told(parcel, [[[{"status": "error", "reason": f"cannot read {here}"}]]])  # type: ignore[typeddict-item]
    assert told[0][0][0]["reason"] == f"cannot read {parcel.batch.groups[0][0].media[0].path}"


def test_the_shelf_of_a_worker_that_was_killed_is_cleared_by_the_next(tmp_path: Path) -> None:
    (left := tmp_path / "shelf" / "left").mkdir(parents=True, mode=0o700)
    (left / ".lock").touch()
    (left / "picture.png").touch()
    alive = Shelf(tmp_path / "shelf")
    assert alive.root.is_dir() and not left.exists()
    Shelf(tmp_path / "shelf").root  # noqa: B018
    assert alive.root.is_dir(), "one that is alive keeps its own"
