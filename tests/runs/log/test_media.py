"""The media store: whole or absent, under its own hash, inside its own folder."""

from __future__ import annotations

import hashlib
import os
import resource
import signal
from pathlib import Path
from typing import Any

import pytest

from runs.errors import MediaError
from runs.media import MEDIA_TYPES, MediaStore, media_type_of
from runs.workspace import Workspace


@pytest.fixture
def store(ws: Workspace) -> MediaStore:
    return MediaStore(ws)


def names(store: MediaStore) -> list[str]:
    return sorted(str(p.relative_to(store.root)) for p in store.root.rglob("*") if not p.is_dir())


def test_bytes_lie_under_their_hash_with_the_extension_of_their_type(store: MediaStore) -> None:
    media = store.put(b"picture", "image/png")
    digest = hashlib.sha256(b"picture").hexdigest()
    assert (media.kind, media.sha256, media.media_type) == ("image", digest, "image/png")
    assert media.path == store.root / digest[:2] / f"{digest}.png"
    assert media.path.read_bytes() == b"picture"
    assert store.path(digest) == media.path
    assert store.read(digest) == b"picture"
    assert names(store) == [f"{digest[:2]}/{digest}.png"]


def test_the_same_bytes_are_stored_once(store: MediaStore) -> None:
    first = store.put(b"same", "text/plain")
    written = first.path.stat().st_ino
    assert store.put(b"same", "text/plain; charset=utf-8") == first
    assert first.path.stat().st_ino == written


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_every_type_of_the_table_can_be_stored_and_found(store: MediaStore, media_type: str) -> None:
    media = store.put(media_type.encode(), media_type)
    assert store.path(media.sha256) == media.path
    assert media_type_of(media.path) == media_type


@pytest.mark.parametrize("media_type", ["application/x-sh", "image/svg+xml", "", "../../etc/passwd", "text/html"])
def test_other_types_are_refused(store: MediaStore, media_type: str) -> None:
    with pytest.raises(MediaError, match="Known types"):
        store.put(b"x", media_type)
    assert names(store) == []


def test_a_file_is_copied_in(store: MediaStore, tmp_path: Path) -> None:
    source = tmp_path / "Clip One.MP4"
    source.write_bytes(os.urandom(3 << 20))
    media = store.put_file(source)
    assert (media.kind, media.media_type) == ("video", "video/mp4")
    assert media.path.read_bytes() == source.read_bytes()


def test_only_regular_files_are_copied_in(store: MediaStore, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    for name, words in (("pipe.png", "no regular file"), ("none.png", "Cannot read"), ("script.sh", "Known extensions")):
        with pytest.raises(MediaError, match=words):
            store.put_file(tmp_path / name)
    with pytest.raises(MediaError):
        store.put_file(tmp_path, "image/png")


@pytest.mark.parametrize("name", ["", "abc", "../../etc/passwd", "z" * 64, "A" * 64, "a" * 64 + "\n"])
def test_what_is_no_hash_names_no_path(store: MediaStore, name: str) -> None:
    with pytest.raises(MediaError):
        store.path(name)


def test_what_is_not_there_is_an_error_in_words(store: MediaStore) -> None:
    with pytest.raises(MediaError, match="No artifact aaaaaaaaaaaa"):
        store.path("a" * 64)


def test_a_link_in_place_of_a_folder_is_not_followed(store: MediaStore, tmp_path: Path) -> None:
    digest = hashlib.sha256(b"x").hexdigest()
    outside = tmp_path / "outside"
    outside.mkdir()
    (store.root / digest[:2]).symlink_to(outside)
    with pytest.raises(MediaError, match="link"):
        store.put(b"x", "text/plain")
    with pytest.raises(MediaError):
        store.path(digest)
    assert list(outside.iterdir()) == []


def test_a_link_in_place_of_a_file_is_replaced_and_not_written_through(store: MediaStore, tmp_path: Path) -> None:
    digest = hashlib.sha256(b"x").hexdigest()
    outside = tmp_path / "outside.txt"
    outside.write_bytes(b"y")
    (store.root / digest[:2]).mkdir()
    (store.root / digest[:2] / f"{digest}.txt").symlink_to(outside)
    with pytest.raises(MediaError):
        store.path(digest)
    assert not store.put(b"x", "text/plain").path.is_symlink()
    assert outside.read_bytes() == b"y"
    assert store.read(digest) == b"x"


def test_rotten_bytes_are_noticed(store: MediaStore) -> None:
    media = store.put(b"fine", "text/plain")
    media.path.write_bytes(b"fire")
    with pytest.raises(MediaError, match="has changed on disk"):
        store.read(media.sha256)


def test_verify_finds_all_that_should_not_be_there(store: MediaStore) -> None:
    good, bad = store.put(b"good", "text/plain"), store.put(b"bad", "text/plain")
    assert list(store.verify()) == []
    bad.path.write_bytes(b"worse")
    (good.path.parent / "notes.txt").write_text("mine")
    (store.root / ".tmp-1-abc").write_text("half")
    (store.root / "link").symlink_to(good.path)
    assert {p.path.name: p.reason.split()[0] for p in store.verify()} == {
        bad.path.name: "its",
        "notes.txt": "not",
        ".tmp-1-abc": "left",
        "link": "a",
    }


def test_a_full_disk_leaves_nothing_half_written(store: MediaStore) -> None:
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, old[1]))
        with pytest.raises(MediaError, match="The disk is full"):
            store.put(b"x" * 5000, "image/png")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, handler)
    assert names(store) == []


def test_a_file_in_place_of_the_store_is_an_error_in_words(ws: Workspace) -> None:
    ws.media.rmdir()
    ws.media.write_text("")
    with pytest.raises(MediaError, match="media"):
        MediaStore(ws).put(b"x", "text/plain")


@pytest.mark.parametrize("flush", [True, False])
def test_what_a_collection_takes_in_the_moment_it_is_stored_again_is_stored_anew(
    store: MediaStore, monkeypatch: pytest.MonkeyPatch, flush: bool
) -> None:
    path, touch = store.put(b"x", "text/plain").path, os.utime

    def taken(*given: Any, **how: Any) -> None:
        path.unlink(missing_ok=True)
        touch(*given, **how)

    monkeypatch.setattr(os, "utime", taken)
    assert store.put(b"x", "text/plain", flush=flush).path == path
    assert path.read_bytes() == b"x"
    assert store.put_as(path.name, [b"x"]) == path
    assert path.read_bytes() == b"x"
    assert names(store) == [f"{path.parent.name}/{path.name}"]
