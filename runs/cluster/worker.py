"""A worker's side of `runs.cluster.engine`: what a Ray actor is made of. It scores parcels, one after the other."""

from __future__ import annotations

import os
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runs.cluster.crew import Answer
from runs.cluster.parcel import Parcel, Shelf


@dataclass(frozen=True, slots=True)
class Hello:
    """Who a worker is: its process, the node under it, and what decides its scores."""

    pid: int
    node: str
    fingerprint: Mapping[str, str]


class ScoringWorker:
    """Loads a model at the first batch that needs it (`runs.group` keeps it) and scores batch after batch.

    Args:
        environment: variables of the process; set before any library that reads them is loaded.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        os.environ.update(environment)
        self._shelf = Shelf()

    def hello(self) -> Hello:
        """Say who this is."""
        import ray

        from runs.cluster.fingerprint import fingerprint

        return Hello(os.getpid(), ray.get_runtime_context().get_node_id(), fingerprint())

    def score(self, parcels: Sequence[Parcel]) -> list[Answer]:
        """Score parcels; a call that raises is an answer, and takes no other with it."""
        return [self._one(parcel) for parcel in parcels]

    def _one(self, parcel: Parcel) -> Answer:
        import ray
        from ray.exceptions import RayError

        from runs.group import score_groups

        def fetch(lent: Any) -> bytes:
            data: bytes = ray.get(lent)
            return data

        try:
            batch = self._shelf.unpack(parcel, fetch)
            return True, self._shelf.told(parcel, score_groups(batch.scorers, batch.groups, batch.folder))
        except RayError:
            raise  # bytes that cannot be had here may be had elsewhere
        except Exception as error:  # noqa: BLE001 - as in `runs.worker`: it belongs to the caller
            return False, (f"{type(error).__name__}: {error}", traceback.format_exc())
