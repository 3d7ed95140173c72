"""What came back is what its bytes say, not what it is called."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from runs.media import MEDIA_TYPES
from runs.outputs import MAX_PIXELS, check, sniff
from runs.provider import Asset, Failure


def picture(form: str, size: tuple[int, int] = (8, 8), **options: Any) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", size, (1, 2, 3)).save(data, form, **options)
    return data.getvalue()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (picture("PNG"), ("image", "image/png")),
        (picture("JPEG"), ("image", "image/jpeg")),
        (picture("WEBP"), ("image", "image/webp")),
        (picture("GIF"), ("image", "image/gif")),
        (picture("AVIF"), ("image", "image/avif")),
        (b"\0\0\0\x20ftypisom....", ("video", "video/mp4")),
        (b"\0\0\0\x20ftypqt  ....", ("video", "video/quicktime")),
        (b"\0\0\0\x20ftypM4A ....", ("audio", "audio/mp4")),
        (b"\x1aE\xdf\xa3....webm", ("video", "video/webm")),
        (b"RIFF....WAVEfmt ", ("audio", "audio/wav")),
        (b"RIFF\xff...CDDA....", None),
        (b"RIFF....AVI LIST", ("video", "video/x-msvideo")),
        (b"ID3\x04....", ("audio", "audio/mpeg")),
        (b"\xff\xfb\x90\x00....", ("audio", "audio/mpeg")),
        (b"OggS....", ("audio", "audio/ogg")),
        (b"fLaC....", ("audio", "audio/flac")),
        ("第一场".encode(), ("text", "text/plain")),
        (b"  <!DOCTYPE html><p>", ("text", "text/html")),
        (b"\x00\x01\x02", None),
        (b"\xfe\xfe\xfe", None),
    ],
)
def test_the_kind_is_in_the_bytes(data: bytes, expected: tuple[str, str] | None) -> None:
    assert sniff(data) == expected


def test_a_wrong_label_is_put_right() -> None:
    (asset,) = good(Asset("image", "image/png", picture("JPEG")), "image")
    assert asset.media_type == "image/jpeg"


def test_json_stays_json_as_the_provider_calls_it() -> None:
    (asset,) = good(Asset("text", "application/json", b"{}"), "text")
    assert asset.media_type == "application/json"


@pytest.mark.parametrize("form", ["WEBP", "GIF"])
def test_an_animation_is_a_clip_where_a_clip_was_asked_for(form: str) -> None:
    data = picture(form, save_all=True, append_images=[Image.new("RGB", (8, 8), (200, 0, 0))], duration=100)
    (asset,) = good(Asset("video", "video/mp4", data), "video")
    assert (asset.kind, asset.media_type) == ("video", f"image/{form.lower()}")


@pytest.mark.parametrize(
    ("assets", "message"),
    [
        ((), "asked for image, got nothing"),
        ((Asset("image", "image/png", b""),), "an empty image"),
        ((Asset("image", "image/png", b"<html>quota</html>"),), "asked for image, got text/html"),
        ((Asset("image", "image/png", b"\x00\x01\x02"),), "no known kind"),
        ((Asset("image", "image/png", picture("PNG", (400, 400))[:150]),), "does not decode|cannot be read"),
        ((Asset("image", "image/png", b"\xff\xd8\xff" + b"0" * 50),), "cannot be read"),
        ((Asset("text", "text/plain", b"hello"),), "asked for image, got text/plain"),
    ],
)
def test_what_cannot_be_used_is_malformed_and_says_why(assets: tuple[Asset, ...], message: str) -> None:
    failure = check(assets, "image")
    assert isinstance(failure, Failure)
    assert failure.error == "malformed"
    assert any(part in failure.message for part in message.split("|"))


def test_an_output_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runs.outputs.MAX_BYTES", 4)
    assert isinstance(check([Asset("text", "text/plain", b"four")], "text"), tuple)
    failure = check([Asset("text", "text/plain", b"five5")], "text")
    assert isinstance(failure, Failure)
    assert "more than" in failure.message


def test_a_known_format_that_cannot_be_stored_is_said_to_be_one() -> None:
    failure = check([Asset("video", "video/mp4", b"RIFF....AVI LIST")], "video")
    assert failure == Failure("malformed", "came back as video/x-msvideo, which cannot be stored")


@pytest.mark.parametrize(
    ("given", "stored"),
    [("application/json; charset=utf-8", "application/json"), ("text/html", "text/plain"), ("image/png", "text/plain"), ("", "text/plain")],
)
def test_text_is_stored_under_a_type_of_text(given: str, stored: str) -> None:
    (asset,) = good(Asset("text", given, b"<html>a story about a web page</html>"), "text")
    assert (asset.kind, asset.media_type) == ("text", stored)


def test_a_picture_bomb_is_refused_by_its_header() -> None:
    data = io.BytesIO()
    Image.new("1", (9000, 8000)).save(data, "PNG")
    assert MAX_PIXELS < 9000 * 8000
    failure = check([Asset("image", "image/png", data.getvalue())], "image")
    assert isinstance(failure, Failure)
    assert "9000 x 8000" in failure.message


def test_more_than_one_asset_may_come_with_the_one_that_was_asked_for() -> None:
    found = good(Asset("image", "image/png", picture("PNG")), "image", Asset("text", "text/plain", b"revised prompt"))
    assert [a.kind for a in found] == ["image", "text"]


@given(st.binary(max_size=300))
def test_any_bytes_are_judged_without_an_exception(data: bytes) -> None:
    for kind in ("text", "image", "video", "audio"):
        result = check([Asset(kind, "application/octet-stream", data)], kind)
        assert isinstance(result, Failure) or all(a.media_type in MEDIA_TYPES for a in result)


def good(asset: Asset, wanted: Any, *more: Asset) -> tuple[Asset, ...]:
    result = check([asset, *more], wanted)
    assert not isinstance(result, Failure), result
    return result
