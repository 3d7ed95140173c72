"""A ComfyUI workflow from the workspace, with named slots that prompts, seeds and pictures go into.

    slots = { prompt = "Positive.text", seed = "KSampler.seed", references = ["Face.image"], steps = "KSampler.steps" }

A slot is an input of a node, the node named by its title (`_meta.title`) or number. The file is what ComfyUI exports for its
API. Slots that point nowhere are an error when the file is read, not when the picture comes out wrong.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runs.errors import ProviderError
from runs.provider import Failure

MAX_BYTES = 4 << 20
REFERENCES = "references"
Slots = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Graph:
    """A workflow and where its slots are: (node, input) by slot."""

    nodes: Mapping[str, Mapping[str, Any]]
    places: Mapping[str, tuple[tuple[str, str], ...]]
    sha256: str

    @property
    def classes(self) -> list[str]:
        """Return the classes of its nodes, each once."""
        return sorted({str(node["class_type"]) for node in self.nodes.values()})

    def title(self, node: str) -> str:
        """Return what a node is called, for messages."""
        return _title(self.nodes.get(node, {})) or node

    def named(self, name: str) -> list[str]:
        """Return the numbers of the nodes with this title or number."""
        return [name] if name in self.nodes else [n for n, node in self.nodes.items() if _title(node) == name]

    def filled(self, values: Mapping[str, Any], references: Sequence[str]) -> dict[str, Any] | Failure:
        """Return the nodes with values in their slots, or why they do not fit."""
        if unknown := sorted(values.keys() - self.places.keys()):
            known = ", ".join(sorted(self.places)) or "none"
            return Failure("invalid_request", f"the workflow has no slot {unknown[0]!r}; its slots are {known}", code="slot")
        wanted = self.places.get(REFERENCES, ())
        if len(wanted) != len(references):
            why = f"the workflow takes {len(wanted)} reference pictures, and the case gives {len(references)}"
            return Failure("invalid_request", why, code="references")
        nodes: dict[str, Any] = copy.deepcopy(dict(self.nodes))
        for name, value in values.items():
            for node, field in self.places[name]:
                nodes[node]["inputs"][field] = value
        for (node, field), picture in zip(wanted, references, strict=True):
            nodes[node]["inputs"][field] = picture
        return nodes


def load(root: Path, name: str, slots: Slots) -> Graph:
    """Read a workflow of the workspace.

    Raises:
        ProviderError: no such file inside the workspace, not what ComfyUI exports for its API, or a slot that is not there.
    """
    data = _read(root, name)
    try:
        nodes = json.loads(data)
    except (ValueError, RecursionError):
        raise ProviderError(f"The workflow {name} is not JSON.", hint="Export it from ComfyUI: Workflow > Export (API).") from None
    if not isinstance(nodes, dict) or not nodes or not all(_is_node(node) for node in nodes.values()):
        raise ProviderError(
            f"The workflow {name} is not in the format of ComfyUI's API.", hint="Export it again: Workflow > Export (API), not Save."
        )
    graph = Graph(nodes, {}, "")
    places = {slot: tuple(_place(graph, name, slot, target) for target in targets) for slot, targets in slots.items()}
    decides = json.dumps([nodes, {k: list(v) for k, v in places.items()}], sort_keys=True)
    return Graph(nodes, places, hashlib.sha256(decides.encode()).hexdigest())


def _read(root: Path, name: str) -> bytes:
    base, path = root.resolve(), (root / name).resolve()
    if not path.is_relative_to(base):
        raise ProviderError(f"The workflow {name} lies outside the workspace.", hint="Copy it into the workspace.")
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ProviderError(f"The workflow {name} is larger than {MAX_BYTES >> 20} MB.")
        return path.read_bytes()
    except OSError as error:
        raise ProviderError(f"Cannot read the workflow {name}: {error.strerror}.", hint=f"It is looked for in {root}.") from None


def _place(graph: Graph, name: str, slot: str, target: str) -> tuple[str, str]:
    title, dot, field = target.rpartition(".")
    if not dot or not title or not field:
        raise ProviderError(f"The slot {slot!r} is {target!r}, which is no input of a node.", hint='Write TITLE.INPUT: "KSampler.seed".')
    found = graph.named(title)
    if len(found) != 1:
        titles = ", ".join(sorted({graph.title(n) for n in graph.nodes}))
        what = "no node" if not found else f"{len(found)} nodes"
        raise ProviderError(f"The slot {slot!r}: the workflow {name} has {what} with the title {title!r}.", hint=f"Its titles: {titles}.")
    inputs = graph.nodes[found[0]]["inputs"]
    if field not in inputs:
        raise ProviderError(f"The slot {slot!r}: the node {title!r} has no input {field!r}.", hint=f"Its inputs: {', '.join(inputs)}.")
    if isinstance(inputs[field], list):
        raise ProviderError(f"The slot {slot!r}: the input {target!r} is fed by another node.", hint="Name an input that holds a value.")
    return found[0], field


def _is_node(node: Any) -> bool:
    return isinstance(node, dict) and isinstance(node.get("class_type"), str) and isinstance(node.get("inputs"), dict)


def _title(node: Mapping[str, Any]) -> str:
    meta = node.get("_meta")
    return str(meta.get("title") or "") if isinstance(meta, Mapping) else ""
