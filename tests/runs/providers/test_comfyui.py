"""ComfyUI, row by row from sections 0.2 and 8 of the providers' reference, against a stub written from them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import calling
import comfy_stub
import pytest
from samples import film, picture, song
from vendor_server import Fault, serve

from runs.errors import ProviderError
from runs.provider import Failure
from runs.providers.comfy_graph import Graph, load
from runs.settings import ProviderSettings

SLOTS = {"prompt": "Positive.text", "negative": "Negative.text", "seed": "Sampler.seed", "steps": "3.steps"}


@pytest.fixture
def server() -> Iterator[comfy_stub.Comfy]:
    with serve(comfy_stub.Comfy()) as running:
        yield running


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path, comfy_stub.WORKFLOW)
    return tmp_path


def write(root: Path, workflow: Any, name: str = "still.json") -> None:
    (root / name).write_text(workflow if isinstance(workflow, str) else json.dumps(workflow))


def made(server: comfy_stub.Comfy, root: Path | None, **options: Any) -> Any:
    from runs.providers.comfyui import ComfyProvider

    given = {"workflow": "still.json", "slots": SLOTS, "poll_s": 0.005, **options}
    config = ProviderSettings(type="comfyui", base_url=server.base_url, options=given, timeout_s=60)
    config._root = root
    return ComfyProvider("comfyui", config)


def test_a_prompt_is_queued_run_and_fetched(server: comfy_stub.Comfy, root: Path) -> None:
    request = calling.request("a nurse", parameters={"negative": "text", "steps": 30}, seed=77)
    answer, handed = calling.driven(made(server, root), request)
    assert [(a.media_type, a.data) for a in answer.outcome.assets] == [("image/png", picture("out"))]
    (prompt,) = server.prompts
    assert handed == [prompt["id"]]
    graph = prompt["graph"]
    assert (graph["6"]["inputs"]["text"], graph["7"]["inputs"]["text"]) == ("a nurse", "text")
    assert (graph["3"]["inputs"]["seed"], graph["3"]["inputs"]["steps"]) == (77, 30)
    assert graph["6"]["inputs"]["clip"] == ["4", 1], "what feeds a node stays"
    assert answer.outcome.usage.images == 1
    assert answer.outcome.model_resolved.startswith("still.json@")
    assert answer.outcome.wire_request["body"]["prompt"] == graph


class TestStates:
    def test_pending_running_done(self, server: comfy_stub.Comfy, root: Path) -> None:
        task = str(calling.submitted(made(server, root), calling.request()))
        seen = [calling.polled(made(server, root), calling.request(), task).state for _ in range(3)]
        assert seen == ["queued", "running", "succeeded"]

    def test_neither_in_queue_nor_in_history_is_lost(self, server: comfy_stub.Comfy, root: Path) -> None:
        assert calling.polled(made(server, root), calling.request(), "gone").state == "lost"

    def test_a_prompt_that_leaves_the_queue_while_we_look_is_not_lost(self, server: comfy_stub.Comfy, root: Path) -> None:
        task = str(calling.submitted(made(server, root), calling.request()))
        server.prompts[0]["left"] = 0
        server.fault(f"GET /history/{task}", Fault(200, {}))
        assert calling.polled(made(server, root), calling.request(), task).state == "succeeded"

    @pytest.mark.parametrize(
        ("messages", "state", "error"),
        [
            (
                [
                    [
                        "execution_error",
                        {"node_id": "3", "node_type": "KSampler", "exception_type": "RuntimeError", "exception_message": "x"},
                    ]
                ],
                "failed",
                "invalid_request",
            ),
            (
                [["execution_error", {"node_id": "3", "node_type": "KSampler", "exception_type": "torch.OutOfMemoryError"}]],
                "failed",
                "server",
            ),
            ([["execution_start", {}]], "failed", "invalid_request"),
            ([["execution_interrupted", {"node_id": "3"}]], "cancelled", None),
        ],
    )
    def test_ends_that_are_none(self, server: comfy_stub.Comfy, root: Path, messages: Any, state: str, error: str | None) -> None:
        task = str(calling.submitted(made(server, root), calling.request()))
        server.prompts[0]["left"] = 0
        server.ends = {"status_str": "error", "completed": False, "messages": messages}
        got = calling.polled(made(server, root), calling.request(), task)
        assert got.state == state
        if error:
            assert calling.failure_of(got).error == error

    def test_the_node_that_failed_is_named(self, server: comfy_stub.Comfy, root: Path) -> None:
        task = str(calling.submitted(made(server, root), calling.request()))
        server.prompts[0]["left"] = 0
        said = {"node_id": "3", "node_type": "KSampler", "exception_type": "ValueError", "exception_message": "bad shape"}
        server.ends = {"status_str": "error", "completed": False, "messages": [["execution_error", said]]}
        assert calling.failure_of(calling.polled(made(server, root), calling.request(), task)).message == (
            "Sampler (KSampler) failed: ValueError bad shape"
        )

    @pytest.mark.parametrize("fault", [Fault(500, "boom"), Fault(200, "<html>"), Fault(200, []), Fault(302, "")])
    def test_a_question_without_an_answer_is_no_lost_prompt(self, server: comfy_stub.Comfy, root: Path, fault: Fault) -> None:
        server.fault("GET /history/task-1", fault)
        assert calling.polled(made(server, root), calling.request()).state == "running"


class TestNoPromptIsHandedInTwice:
    """The server takes the same id as often as it is sent, so it is asked first."""

    def test_while_it_is_in_the_queue(self, server: comfy_stub.Comfy, root: Path) -> None:
        first = calling.submitted(made(server, root), calling.request())
        server.steps = 100
        assert calling.submitted(made(server, root), calling.request()) == first
        assert len(server.prompts) == 1

    def test_once_it_is_in_the_history(self, server: comfy_stub.Comfy, root: Path) -> None:
        calling.driven(made(server, root), calling.request())
        calling.driven(made(server, root), calling.request())
        assert len(server.prompts) == 1

    def test_when_its_answer_was_lost(self, server: comfy_stub.Comfy, root: Path) -> None:
        server.fault("POST /prompt", Fault(after=True))
        answer, _ = calling.driven(made(server, root), calling.request())
        assert answer.outcome.assets and len(server.prompts) == 1

    def test_but_one_that_failed_is_made_again_under_an_id_of_its_own(self, server: comfy_stub.Comfy, root: Path) -> None:
        first = calling.submitted(made(server, root), calling.request())
        server.prompts[0]["left"] = 0
        server.ends = {"status_str": "error", "completed": False, "messages": []}
        assert calling.found(made(server, root), calling.request()) is None
        second = calling.submitted(made(server, root), calling.request())
        assert second != first and len(server.prompts) == 2

    def test_and_a_server_that_does_not_answer_leaves_it_open(self, server: comfy_stub.Comfy, root: Path) -> None:
        server.fault("GET /history/", Fault(500, "down"), Fault(200, "<html>starting up</html>"))
        with pytest.raises(LookupError):
            calling.found(made(server, root), calling.request())
        failure = calling.submitted(made(server, root), calling.request())
        assert isinstance(failure, Failure) and failure.error == "server"
        assert server.prompts == []

    def test_other_jobs_have_other_ids(self, server: comfy_stub.Comfy, root: Path) -> None:
        ids = {calling.submitted(made(server, root), calling.request(key=key)) for key in ("a", "b")}
        assert len(ids) == 2


INVALID = {
    "error": {"type": "prompt_outputs_failed_validation", "message": "Prompt outputs failed validation", "details": ""},
    "node_errors": {
        "4": {
            "errors": [{"type": "value_not_in_list", "message": "Value not in list", "details": "ckpt_name: 'sd' not in []"}],
            "class_type": "CheckpointLoaderSimple",
        }
    },
}
NO_PROMPT = {"error": {"type": "no_prompt", "message": "No prompt provided", "details": "none"}, "node_errors": []}


@pytest.mark.parametrize(
    ("status", "body", "error", "words"),
    [
        (400, INVALID, "invalid_request", "Model (CheckpointLoaderSimple): Value not in list ckpt_name: 'sd' not in []"),
        (400, NO_PROMPT, "invalid_request", "No prompt provided; none"),
        (400, {"error": "bad", "node_errors": {}}, "invalid_request", "bad"),
        (500, "Internal Server Error", "server", "Internal"),
        (401, "login", "auth", "login"),
        (403, "not from here", "auth", "not from here"),
        (404, "404: Not Found", "invalid_request", "Not Found"),
        (405, "405: Method Not Allowed", "invalid_request", "Not Allowed"),
        (413, "too large", "invalid_request", "too large"),
        (429, "busy", "rate_limit", "busy"),
        (502, "<html>", "timeout", "gateway"),
        (504, "<html>", "timeout", "gateway"),
        (200, {"number": 1}, "malformed", "prompt_id"),
        (200, "<html>", "malformed", "JSON"),
    ],
)
def test_errors_of_a_submit(server: comfy_stub.Comfy, root: Path, status: int, body: Any, error: str, words: str) -> None:
    server.fault("POST /prompt", Fault(status, body))
    failure = calling.failure_of(calling.submitted(made(server, root), calling.request()))
    assert failure.error == error
    assert words in failure.message


def test_an_older_server_chooses_the_id(server: comfy_stub.Comfy, root: Path) -> None:
    server.fault("POST /prompt", Fault(200, {"prompt_id": "its-own", "number": 3, "node_errors": {}}))
    assert calling.submitted(made(server, root), calling.request()) == "its-own"


def test_a_node_class_that_is_not_installed_is_named_before_anything_is_handed_in(server: comfy_stub.Comfy, root: Path) -> None:
    write(root, {**comfy_stub.WORKFLOW, "20": {"class_type": "PulidFlux", "inputs": {}}})
    failure = calling.failure_of(calling.submitted(made(server, root), calling.request()))
    assert (failure.error, failure.code) == ("invalid_request", "node_class") and "PulidFlux" in failure.message
    assert server.prompts == []


def test_a_server_that_is_not_there_may_be_tried_again(root: Path) -> None:
    server = comfy_stub.Comfy()
    server.base_url = "http://127.0.0.1:9"
    assert calling.failure_of(calling.submitted(made(server, root), calling.request())).error == "server"


WITH_FACE = {**SLOTS, "references": ["Face.image"]}


class TestReferences:
    @pytest.fixture
    def root(self, tmp_path: Path) -> Path:
        write(tmp_path, {**comfy_stub.WORKFLOW, **comfy_stub.FACE})
        return tmp_path

    def test_are_uploaded_under_their_hash(self, server: comfy_stub.Comfy, root: Path) -> None:
        given = calling.reference(root)
        answer, _ = calling.driven(made(server, root, slots=WITH_FACE), calling.request(references=(given,)))
        assert server.uploads == {f"{given.sha256}.png": given.path.read_bytes()}
        assert server.prompts[0]["graph"]["12"]["inputs"]["image"] == f"workbench/{given.sha256}.png"
        assert answer.outcome.wire_request["body"]["prompt"]["12"]["inputs"]["image"] == given.sha256

    @pytest.mark.parametrize("number", [0, 2])
    def test_must_be_as_many_as_the_workflow_takes(self, server: comfy_stub.Comfy, root: Path, number: int) -> None:
        given = tuple(calling.reference(root, str(n)) for n in range(number))
        failure = calling.failure_of(calling.submitted(made(server, root, slots=WITH_FACE), calling.request(references=given)))
        assert (failure.error, failure.code) == ("invalid_request", "references")
        assert server.uploads == {} and server.prompts == []

    def test_an_upload_that_fails_has_handed_nothing_in(self, server: comfy_stub.Comfy, root: Path) -> None:
        server.fault("POST /upload", Fault(drop=True))
        asked = calling.request(references=(calling.reference(root),))
        assert calling.failure_of(calling.submitted(made(server, root, slots=WITH_FACE), asked)).error == "server"
        assert server.prompts == []


class TestOutputs:
    @pytest.mark.parametrize(
        ("outputs", "kind", "expected"),
        [
            ({"9": {"gifs": [{"filename": "out.mp4", "subfolder": "", "type": "output"}]}}, "video", film()),
            ({"9": {"images": [{"filename": "out.mp4", "subfolder": "", "type": "output"}], "animated": [True]}}, "video", film()),
            ({"9": {"audio": [{"filename": "out.mp3", "subfolder": "", "type": "output"}]}}, "audio", song()),
        ],
    )
    def test_of_every_kind(self, server: comfy_stub.Comfy, root: Path, outputs: Any, kind: Any, expected: bytes) -> None:
        server.outputs = outputs
        assert calling.driven(made(server, root), calling.request(kind=kind))[0].outcome.assets[0].data == expected

    @pytest.mark.parametrize(
        "outputs",
        [{}, {"9": {"images": [{"filename": "out_1_.png", "subfolder": "", "type": "temp"}]}}, {"9": {"text": ["hello"]}}, {"9": None}],
    )
    def test_that_were_not_saved_are_missing(self, server: comfy_stub.Comfy, root: Path, outputs: Any) -> None:
        server.outputs = outputs
        assert calling.failure_of(calling.driven(made(server, root), calling.request())[0]).code == "no_output"

    def test_of_one_node_alone(self, server: comfy_stub.Comfy, root: Path) -> None:
        kept = {"filename": "out_1_.png", "subfolder": "", "type": "output"}
        server.outputs = {"9": {"images": [kept]}, "3": {"images": [kept, kept]}}
        assert len(calling.driven(made(server, root, output="Save"), calling.request())[0].outcome.assets) == 1

    def test_that_are_gone_are_expired(self, server: comfy_stub.Comfy, root: Path) -> None:
        server.views.clear()
        assert calling.failure_of(calling.driven(made(server, root), calling.request())[0]).error == "expired"


class TestTheWorkflow:
    @pytest.mark.parametrize(
        ("workflow", "slots", "words"),
        [
            ("no json", SLOTS, "not JSON"),
            ({"nodes": [], "links": []}, SLOTS, "API"),
            ({}, SLOTS, "API"),
            ([], SLOTS, "API"),
            (comfy_stub.WORKFLOW, {**SLOTS, "prompt": "Positiv.text"}, "no node"),
            (comfy_stub.WORKFLOW, {**SLOTS, "prompt": "Positive.txt"}, "no input"),
            (comfy_stub.WORKFLOW, {**SLOTS, "prompt": "Positive.clip"}, "fed by another node"),
            (comfy_stub.WORKFLOW, {**SLOTS, "prompt": "Positive"}, "no input of a node"),
            ({**comfy_stub.WORKFLOW, "8": comfy_stub.WORKFLOW["6"]}, SLOTS, "2 nodes"),
            (comfy_stub.WORKFLOW, {"seed": "Sampler.seed"}, "'prompt'"),
            (comfy_stub.WORKFLOW, {"prompt": "Positive.text"}, "one picture"),
        ],
    )
    def test_is_checked_as_it_is_read(self, server: comfy_stub.Comfy, tmp_path: Path, workflow: Any, slots: Any, words: str) -> None:
        write(tmp_path, workflow)
        with pytest.raises(ProviderError, match=words) as caught:
            made(server, tmp_path, slots=slots)
        assert caught.value.hint

    @pytest.mark.parametrize("name", ["missing.json", "../outside.json", "/etc/passwd", "."])
    def test_is_a_file_of_the_workspace(self, server: comfy_stub.Comfy, root: Path, name: str) -> None:
        (root.parent / "outside.json").write_text(json.dumps(comfy_stub.WORKFLOW))
        with pytest.raises(ProviderError):
            made(server, root, workflow=name)

    def test_behind_a_link_out_of_the_workspace_is_refused(self, server: comfy_stub.Comfy, root: Path, tmp_path_factory: Any) -> None:
        outside = tmp_path_factory.mktemp("outside")
        write(outside, comfy_stub.WORKFLOW)
        (root / "link.json").symlink_to(outside / "still.json")
        with pytest.raises(ProviderError, match="outside"):
            made(server, root, workflow="link.json")

    def test_may_have_no_seed(self, server: comfy_stub.Comfy, root: Path) -> None:
        calling.submitted(made(server, root, slots={"prompt": "Positive.text", "seed": []}), calling.request(seed=5))
        assert server.prompts[0]["graph"]["3"]["inputs"]["seed"] == 1

    def test_may_take_a_prompt_in_two_places(self, server: comfy_stub.Comfy, root: Path) -> None:
        calling.submitted(made(server, root, slots={**SLOTS, "prompt": ["Positive.text", "7.text"]}), calling.request("twice"))
        assert [server.prompts[0]["graph"][n]["inputs"]["text"] for n in ("6", "7")] == ["twice", "twice"]

    def test_takes_no_parameter_without_a_slot(self, server: comfy_stub.Comfy, root: Path) -> None:
        failure = calling.failure_of(calling.submitted(made(server, root), calling.request(parameters={"cfg": 7})))
        assert (failure.error, failure.code) == ("invalid_request", "slot") and "'cfg'" in failure.message

    def test_is_part_of_what_decides_a_job(self, server: comfy_stub.Comfy, root: Path) -> None:
        before = made(server, root).base_url
        assert made(server, root).base_url == before
        write(root, {**comfy_stub.WORKFLOW, "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "other"}}})
        assert made(server, root).base_url != before

    def test_is_not_changed_by_filling_it(self, root: Path) -> None:
        graph = load(root, "still.json", {"prompt": ["Positive.text"]})
        assert isinstance(graph, Graph)
        graph.filled({"prompt": "x"}, [])
        assert graph.nodes == comfy_stub.WORKFLOW
