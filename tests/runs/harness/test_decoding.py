"""Half a clip is no clip: what breaks off is found before it is stored and judged."""

from __future__ import annotations

from pathlib import Path

import pytest
from films import film, song

from runs import outputs
from runs.decoding import undecodable
from runs.provider import Asset, Failure

WHOLE = {"mp4": film(), "mp4 for the web": film(faststart=True), "webm": film(suffix="webm"), "mp3": song()}


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_file_decodes_from_bytes_and_from_disk(name: str, tmp_path: Path) -> None:
    kind = "audio" if name == "mp3" else "video"
    (tmp_path / "x").write_bytes(WHOLE[name])
    assert undecodable(WHOLE[name], kind) == ""
    assert undecodable(tmp_path / "x", kind) == ""


@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.85])
@pytest.mark.parametrize("name", WHOLE)
def test_a_file_that_breaks_off_is_refused(name: str, share: float) -> None:
    kind = "audio" if name == "mp3" else "video"
    cut = WHOLE[name][: int(len(WHOLE[name]) * share)]
    assert undecodable(cut, kind)
    checked = outputs.check([Asset(kind, "video/mp4" if kind == "video" else "audio/mpeg", cut)], kind)
    assert isinstance(checked, Failure)
    assert checked.error == "malformed"


def test_a_film_without_sound_is_no_recording() -> None:
    assert undecodable(WHOLE["mp4"], "audio") == "has no sound in it"


def test_a_header_alone_is_no_film() -> None:
    checked = outputs.check([Asset("video", "video/mp4", b"\0\0\0\x18ftypisom" + bytes(500))], "video")
    assert isinstance(checked, Failure)
    assert "does not decode" in checked.message
