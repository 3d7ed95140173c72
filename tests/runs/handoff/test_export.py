"""An episode leaves the log as files that other programs open, of the same length, and says how every picture was made."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

import av
import c2pa
import numpy as np
import opentimelineio as otio
import pysubs2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from screenplay_tools.fdx.parser import Parser as FdxParser

from evals.case import load_cases
from prompts.errors import InputError, UnknownName
from prompts.story import Line, Shot
from runs import harness
from runs.handoff import cues, provenance, timeline
from runs.handoff.export import RATE, export
from runs.handoff.gather import Choice, EpisodeFiles, Made, Piece, gather
from runs.handoff.subtitles import READING, Spoken, spoken, subtitles, too_fast, write
from runs.plan import Plan, make
from runs.prepare import as_plan, find_version
from runs.provider import Asset, Outcome, Request
from runs.screenplay.bring import bring
from runs.starting import initialise
from runs.workspace import Workspace

pytestmark = pytest.mark.slow
SERIES = "painted-skin"


def clip(frames: int, shade: int) -> bytes:
    """Return a small MP4 at 25 frames a second."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as out:
        stream = out.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 90, 160, "yuv420p"
        for n in range(frames):
            picture = np.full((160, 90, 3), (shade + n) % 255, dtype=np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode())
    return buffer.getvalue()


def tone(seconds: float) -> bytes:
    """Return a WAV."""
    import wave

    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as out:
        out.setparams((1, 2, 8000, 0, "NONE", ""))
        out.writeframes(b"\x00\x01" * int(8000 * seconds))
    return buffer.getvalue()


class House:
    """A provider that answers with small real files; the second shot of every run fails."""

    name, simulated, concurrency = "house", False, 4
    kinds = frozenset({"text", "image", "video", "audio"})

    def __init__(self, script: str = "") -> None:
        self.script, self.made = script, 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        return None

    async def generate(self, request: Request) -> Outcome:
        self.made += 1
        if request.kind == "video":
            return Outcome((Asset("video", "video/mp4", clip(50 + 25 * (self.made % 3), 40 * self.made)),), model_resolved="kling-3-0815")
        if request.kind == "audio":
            return Outcome((Asset("audio", "audio/wav", tone(3)),))
        return Outcome((Asset("text", "application/json", self.script.encode()),))


def run(ws: Workspace, stage: str, version: str, provider: House) -> Plan:
    cases = [c for c in load_cases(ws.evals / "cases") if c.stage == stage and c.series == SERIES]
    planned: list[Any] = [
        {"case_id": c.id, "series": c.series, "split": "explore", "hash": c.hash, "inputs": dict(c.inputs), "references": {}} for c in cases
    ]
    ref: Any = {"name": "house", "simulated": False, "base_url": ""}
    suite: Any = {"name": stage, "hash": "h"}
    versions = [as_plan(find_version(ws, version))]
    plan = make(stage=stage, suite=suite, versions=versions, cases=planned, provider=ref, models=["kling-3"], seed=1)
    assert harness.run(ws, plan, provider).state == "finished"
    return plan


SCRIPT = {"title": "租来的脸", "scenes": [{"id": "s1", "location": "studio-loft", "daypart": "night", "present": ["mei-niang"], "beats": [
    {"id": "b1", "function": "hook", "emotion": 7, "action": "梅娘对着镜头笑。", "actors": ["mei-niang"], "lines": [
        {"id": "l1", "speaker": "mei-niang", "text": "家人们，别走开。", "manner": "甜得发抖"}]}]}]}  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, dict[str, str]]:
    ws = initialise(tmp_path_factory.mktemp("handoff") / "drama")
    plans = {
        "clip": run(ws, "clip", "clip/motion", House()),
        "music": run(ws, "music", "music/cue", House()),
        "script": run(ws, "script", "script/episode", House(json.dumps(SCRIPT, ensure_ascii=False))),
    }
    return ws, {stage: plan.run_id for stage, plan in plans.items()}


@pytest.fixture(scope="module")
def package(made: tuple[Workspace, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    ws, runs = made
    folder = tmp_path_factory.mktemp("out") / "e01"
    done = export(ws, Choice(runs["clip"], script=runs["script"], music=runs["music"]), folder)
    assert (done.signed, done.missing, done.too_fast) == (0, (), ())
    return folder


def test_the_timeline_opens_with_the_durations_of_the_files(made: tuple[Workspace, dict[str, str]], package: Path) -> None:
    ws, runs = made
    episode = gather(ws, Choice(runs["clip"]))
    opened = otio.adapters.read_from_file(str(package / "e01.otio"))
    clips = list(opened.video_tracks()[0].find_clips())
    assert [c.duration().to_seconds() for c in clips] == [pytest.approx(p.seconds, abs=1 / RATE) for p in episode.shots]
    assert opened.video_tracks()[0].duration().to_seconds() == pytest.approx(sum(p.seconds for p in episode.shots), abs=0.001)
    for one, piece in zip(clips, episode.shots, strict=True):
        assert (package / one.media_reference.target_url).read_bytes() == piece.path.read_bytes()
        assert one.metadata["workbench"]["version"] == piece.made.version
        assert [m.name for m in one.markers] == [line.id for line in piece.lines]
    (music,) = opened.audio_tracks()
    assert [type(item).__name__ for item in music] == ["Gap", "Clip"]
    assert music[0].duration().to_seconds() == 20.0


@pytest.mark.parametrize("ending", ["edl", "xml"])
def test_edl_and_fcp7_xml_have_the_same_clips(package: Path, ending: str) -> None:
    truth = otio.adapters.read_from_file(str(package / "e01.otio"))
    path = str(package / f"e01.{ending}")
    opened = otio.adapters.read_from_file(path, **({"rate": RATE} if ending == "edl" else {}))
    if isinstance(opened, otio.schema.SerializableCollection):
        (opened,) = opened
    mine, theirs = (list(t.video_tracks()[0].find_clips()) for t in (truth, opened))
    assert [c.duration().to_seconds() for c in theirs] == [c.duration().to_seconds() for c in mine]
    assert len({c.name[:8] for c in mine}) == len(mine)


def test_subtitles_open_in_time_and_say_who_speaks(package: Path) -> None:
    whole = otio.adapters.read_from_file(str(package / "e01.otio")).video_tracks()[0].duration().to_seconds()
    for ending in ("srt", "vtt", "ass"):
        opened = pysubs2.load(str(package / f"e01.{ending}"))
        assert len(opened) > 0
        assert all(0 <= e.start < e.end <= whole * 1000 for e in opened)
        assert all(a.end <= b.start for a, b in pairwise(opened))
        first = opened[0]
        assert (first.name, first.text) == ("梅娘", "家人们，别走开。") if ending == "ass" else first.plaintext == "梅娘: 家人们，别走开。"


def test_the_cue_sheet_has_every_line_with_its_time(package: Path) -> None:
    rows = list(csv.DictReader(io.StringIO((package / "e01-adr.csv").read_text("utf-8-sig"))))
    assert rows[0] | {"in": "", "out": "", "available_s": ""} == {
        "line_id": "l1", "shot": "S001_c01", "speaker": "mei-niang", "name": "梅娘", "kind": "dialogue", "in": "", "out": "",
        "available_s": "", "spoken_s": "1.33", "units": "6", "manner": "甜得发抖", "text": "家人们，别走开。",
    }  # fmt: skip
    assert rows[0]["in"] == "00:00:00:08"


def test_the_screenplay_opens_and_comes_back(package: Path) -> None:
    assert (
        json.loads(bring(package / "e01.fountain").script.model_dump_json())["scenes"][0]["beats"][0]["lines"][0]["speaker"] == "mei-niang"
    )
    assert [e.type.value for e in FdxParser().parse((package / "e01.fdx").read_text("utf-8")).elements] == [
        "HEADING", "ACTION", "CHARACTER", "PARENTHETICAL", "DIALOGUE"]  # fmt: skip
    assert "[[" not in (package / "e01-plain.fountain").read_text("utf-8")


def test_the_manifest_says_how_every_file_was_made(package: Path) -> None:
    told = json.loads((package / "provenance.json").read_text("utf-8"))
    assert {a["file"] for a in told["assets"]} == {p.relative_to(package).as_posix() for p in (package / "media").iterdir()}
    for asset in told["assets"]:
        assert asset["digital_source_type"].endswith("trainedAlgorithmicMedia")
        assert asset["version"].startswith("v1:") and asset["prompt"] and asset["model"] == "kling-3"
    assert told["assets"][0]["model_resolved"] == "kling-3-0815"
    assert told["script"]["template"] == "script/episode"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> provenance.Certificate:
    """An authority of the test's own, and a certificate that it signed."""
    folder, now = tmp_path_factory.mktemp("pki"), datetime.now(UTC)

    def build(name: str, key: Any, issuer: Any, by: Any, *, ca: bool) -> Any:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Test")])
        usage = {"digital_signature": not ca, "key_cert_sign": ca, "crl_sign": ca}
        off = dict.fromkeys(
            ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only", "decipher_only"), False
        )
        made = (
            x509.CertificateBuilder().subject_name(subject).issuer_name(issuer or subject).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=9))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.KeyUsage(**usage, **off), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
        )  # fmt: skip
        if not ca:
            made = made.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
        return made.sign(by, hashes.SHA256())

    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = build("Test root", root_key, None, root_key, ca=True)
    leaf = build("Test studio", key, root.subject, root_key, ca=False)
    pem = serialization.Encoding.PEM
    (folder / "chain.pem").write_bytes(leaf.public_bytes(pem) + root.public_bytes(pem))
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / "key.pem").write_bytes(private)
    return provenance.Certificate(folder / "chain.pem", folder / "key.pem")


def test_with_a_certificate_the_files_carry_credentials_that_break_with_one_byte(
    made: tuple[Workspace, dict[str, str]], certificate: provenance.Certificate, tmp_path: Path
) -> None:
    ws, runs = made
    done = export(ws, Choice(runs["clip"], music=runs["music"]), tmp_path / "signed", certificate=certificate)
    told = json.loads((done.folder / "provenance.json").read_text("utf-8"))
    assert done.signed == len(told["assets"])
    path = done.folder / told["assets"][0]["file"]
    with path.open("rb") as file:
        found = json.loads(c2pa.Reader("video/mp4", file).json())
    active = found["manifests"][found["active_manifest"]]
    facts = {a["label"]: a["data"] for a in active["assertions"]}
    assert facts[provenance.LABEL]["version"] == told["assets"][0]["version"]
    assert "prompt" not in facts[provenance.LABEL]
    actions = next(v for k, v in facts.items() if k.startswith("c2pa.actions"))["actions"]
    assert actions[0]["digitalSourceType"] == provenance.TRAINED
    assert {s["code"] for s in found["validation_status"]} == {"signingCredential.untrusted"}
    broken = bytearray(path.read_bytes())
    broken[-20] ^= 1
    again = json.loads(c2pa.Reader("video/mp4", io.BytesIO(bytes(broken))).json())
    assert {s["code"] for s in again["validation_status"]} - {"signingCredential.untrusted"}


def test_a_key_that_does_not_fit_is_one_clear_error_without_the_key(
    made: tuple[Workspace, dict[str, str]], certificate: provenance.Certificate, tmp_path: Path
) -> None:
    ws, runs = made
    (tmp_path / "bad.pem").write_text("-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n")
    with pytest.raises(InputError) as refused:
        export(ws, Choice(runs["clip"]), tmp_path / "x", certificate=provenance.Certificate(certificate.chain, tmp_path / "bad.pem"))
    assert "c2VjcmV0" not in str(refused.value)
    assert list(tmp_path.iterdir()) == [tmp_path / "bad.pem"], "nothing half-written"


def test_what_cannot_be_exported_is_one_clear_error(made: tuple[Workspace, dict[str, str]], package: Path, tmp_path: Path) -> None:
    ws, runs = made
    with pytest.raises(InputError, match="is there already"):
        export(ws, Choice(runs["clip"]), package)
    with pytest.raises(InputError, match="Name a run of clips or shots"):
        export(ws, Choice(runs["script"]), tmp_path / "x")
    with pytest.raises(UnknownName, match="arm of this run"):
        export(ws, Choice(runs["clip"], arm="z"), tmp_path / "x")
    with pytest.raises(InputError, match="no script of painted-skin e99"):
        export(ws, Choice(runs["clip"], script=runs["script"], episode="e99"), tmp_path / "x")


def test_without_opentimelineio_the_message_says_how_to_get_it(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "opentimelineio", None)
    with pytest.raises(InputError, match=r"microdrama-workbench\[handoff\]"):
        timeline.files(EpisodeFiles("s", "t", "en", ()), [], {}, RATE)


def said(texts: Mapping[str, float], language: str) -> list[Spoken]:
    """Return lines one after another, each with its seconds."""
    made = Made("clip", "r", "j", "c", "t", "v", "t", "m", "", "p", False, 1, "", (), {}, None, "0" * 64, "video/mp4")
    shots = []
    for n, (text, seconds) in enumerate(texts.items()):
        shot: Any = {"id": f"c{n}", "location": "x", "daypart": "night", "size": "full", "action": "a",
                     "lines": [{"id": f"l{n}", "speaker": "mei", "text": text}]}  # fmt: skip
        shots.append(Piece(f"S{n:03d}", seconds, Path("x"), made, shot=Shot.model_validate(shot)))
    return spoken(EpisodeFiles("s", "t", language, tuple(shots), people={"mei": "Mei"}))


LONG_EN = "If you sign that paper tonight, then by tomorrow there will be nobody left in this city who remembers what you were called."
LONG_ZH = "你今晚要是签了这张纸，到了明天早上，这座城里就再也没有一个人记得你原来叫什么名字了，包括我。"


@pytest.mark.parametrize(("language", "text", "width"), [("en", LONG_EN, 32), ("zh", LONG_ZH, 14)])
def test_a_long_line_becomes_several_subtitles_that_can_be_read(language: str, text: str, width: int) -> None:
    found = subtitles(said({text: 12.0}, language), language)
    assert len(found) > 1
    assert all(len(rows) <= 2 and all(len(r) <= width + 2 for r in rows) for rows in (s.rows for s in found))
    joined = (" " if language == "en" else "").join(r for s in found for r in s.rows)
    assert joined.replace(" ", "") == text.replace(" ", "")
    assert all(s.speed <= READING[language] * 1.001 for s in found)
    assert too_fast(found, language) == []


def test_a_line_that_cannot_be_read_in_its_shot_is_told_and_runs_into_silence_first() -> None:
    crowded = subtitles(said({LONG_EN: 2.0, "No.": 2.0}, "en"), "en")
    assert {s.line_id for s in too_fast(crowded, "en")} == {"l0"}
    assert all(a.end <= b.start + 1e-9 for a, b in pairwise(crowded))
    alone = said({"Wait, come back to me now, please, my love.": 1.5, "": 3.0}, "en")
    assert too_fast(subtitles(alone[:1], "en"), "en") == []


def test_markup_and_formulas_of_a_model_stay_text() -> None:
    lines = said({"{\\an8}<b>=1+1</b>": 4.0}, "en")
    made = write(subtitles(lines, "en"))
    assert "{\\an8}" not in made["ass"] and "<b>" not in made["srt"] + made["vtt"]
    episode = EpisodeFiles("s", "t", "en", ())
    formula = Spoken(Line(id="l1", speaker="mei", text="=HYPERLINK(1)"), "S", "Mei", 0, 1, 1)
    assert "'=HYPERLINK" in cues.sheet(episode, [formula], 25)
    assert cues.timecode(3661.52, 25) == "01:01:01:13"
