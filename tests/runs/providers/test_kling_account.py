"""Kling's credentials, and the elements that an account keeps."""

from __future__ import annotations

import asyncio
import base64
import time
from dataclasses import replace
from pathlib import Path

import pytest
from adapter_kit import error_of, png, request, run_task, submit
from kling_server import ACCESS, PERSON, SECRET, Kling, error, made, person
from vendor_server import Fault

from runs.errors import ProviderError
from runs.probing import probe
from runs.provider import Failure
from runs.providers.kling_auth import Tokens
from runs.settings import load

FRAMES = {"reference_role": "first_frame"}
T2V, DRAW, OMNI = "/v1/videos/text2video", "/v1/images/generations", "/v1/images/omni-image"
BARE = base64.b64encode(PERSON).decode()


# --- credentials


@pytest.fixture
def pair(kling: Kling, monkeypatch: pytest.MonkeyPatch) -> Kling:
    monkeypatch.setenv("KLING_ACCESS_KEY", ACCESS)
    monkeypatch.setenv("KLING_SECRET_KEY", SECRET)
    return kling


def test_a_pair_of_keys_signs_tokens_which_are_kept(tmp_path: Path, pair: Kling) -> None:
    answer, _ = run_task(made(tmp_path, pair), request("video"))
    assert answer.outcome.failure is None
    tokens = {s.headers["Authorization"] for s in pair.seen if s.path.startswith("/v1/")}
    assert len(tokens) == 1
    token = tokens.pop().removeprefix("Bearer ")
    for secret in (token, ACCESS, SECRET):
        assert secret not in repr(answer)


@pytest.mark.parametrize(("ahead_s", "code"), [(3600, "1003"), (-3600, "1004")])
def test_a_token_of_a_wrong_clock_is_signed_anew_by_the_right_one(
    tmp_path: Path, pair: Kling, monkeypatch: pytest.MonkeyPatch, ahead_s: float, code: str
) -> None:
    monkeypatch.setattr("runs.providers.kling.tokens_of", lambda *_: Tokens(ACCESS, SECRET, clock=lambda: time.time() + ahead_s))
    assert submit(made(tmp_path, pair), request("video")) == "k-1"
    assert len(pair.calls("POST")) == 2
    stale = error(401, int(code), "stale")
    pair.fault("POST /", stale, stale, stale)
    failure = submit(made(tmp_path, pair), request("video", key="job-2"))
    assert isinstance(failure, Failure) and failure.error == "auth" and "clock" in failure.message
    assert len(pair.calls("POST")) == 4, "signed anew once a call, not for ever"


def test_a_token_is_used_for_25_minutes(kling: Kling) -> None:
    clock = [1_800_000_000.0]
    tokens = Tokens(ACCESS, SECRET, clock=lambda: clock[0])
    first = tokens()
    clock[0] += 1499
    assert tokens() == first
    clock[0] += 2
    assert tokens() != first and tokens.signed == 2


def test_half_a_pair_and_no_key_are_said(tmp_path: Path, kling: Kling, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KLING_ACCESS_KEY", ACCESS)
    with pytest.raises(ProviderError, match="KLING_SECRET_KEY is not set"):
        submit(made(tmp_path, kling), request("video"))
    monkeypatch.delenv("KLING_ACCESS_KEY")
    monkeypatch.delenv("KLING_API_KEY")
    with pytest.raises(ProviderError, match="KLING_API_KEY") as found:
        submit(made(tmp_path, kling), request("video"))
    assert "KLING_ACCESS_KEY and KLING_SECRET_KEY" in str(found.value.hint)


def test_doctor_asks_with_a_pair_as_with_a_key(tmp_path: Path, pair: Kling, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KLING_API_KEY")
    settings = load(tmp_path, {"providers.kling.base_url": pair.base_url})
    pair.fault("GET /v1/videos/text2video", Fault(200, {"code": 0, "data": []}))
    checks = {c.name: c.state for c in asyncio.run(probe("kling", settings))}
    assert checks["key"] == "ok" and checks["answer"] == "ok"
    assert pair.calls("POST") == []


# --- elements


def test_characters_become_elements_once(tmp_path: Path, kling: Kling) -> None:
    views = tuple(person(tmp_path, name, png(colour, (400, 600))) for name, colour in (("front", "blue"), ("side", "navy")))
    mei = tuple(replace(view, name="mei") for view in views)
    wanted = request("video", "<3 she turns", references=mei, parameters={"reference_role": "element"})
    answer, _ = run_task(made(tmp_path, kling), wanted)
    assert answer.outcome.failure is None
    submitted = next(s for s in kling.calls("POST") if s.path == "/v1/videos/text2video")
    # 64 bits survive: as a float this id would end in …992.
    assert submitted.body["element_list"] == [{"element_id": "9007199254740993"}]
    assert submitted.body["prompt"] == "<<<element_1>>> is mei.\n\n<3 she turns"
    element = kling.elements[0]
    assert len(element["element_name"]) == 20
    assert element["element_image_list"]["frontal_image"] == base64.b64encode(views[0].path.read_bytes()).decode()
    assert len(element["element_image_list"]["refer_images"]) == 1
    assert answer.outcome.wire_request["body"]["element_list"] == submitted.body["element_list"]

    assert submit(made(tmp_path, kling), replace(wanted, key="job-2")) == "k-2", "another process finds it by its name"
    assert len(kling.elements) == 1


def test_an_element_wants_several_views(tmp_path: Path, kling: Kling) -> None:
    failure = submit(made(tmp_path, kling), request("video", references=(person(tmp_path),), parameters={"reference_role": "element"}))
    assert isinstance(failure, Failure) and "1 to 3 other views" in failure.message
    assert kling.calls("POST") == []


def test_elements_that_cannot_be_asked_for(tmp_path: Path, kling: Kling) -> None:
    kling.fault("GET /v1/general/", error(429, 1102, "depleted"))
    failure = submit(made(tmp_path, kling), request("video", references=(person(tmp_path),), parameters={"reference_role": "element"}))
    assert error_of(failure) == ("quota", "1102")
