"""Every parser of what others wrote: a few inputs of each target on every run of the suite, and all that ever broke one.

The same inputs each time; `make fuzz` looks for new ones, long.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

import fuzz_found as found  # noqa: E402
import fuzz_targets as targets  # noqa: E402

pytestmark = pytest.mark.slow


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for the targets; what they set for good is set back."""
    from fuzzkit import SECRET

    from runs import secrets

    secrets.remember(SECRET)
    monkeypatch.setenv("WORKBENCH_WORKSPACE", os.environ.get("WORKBENCH_WORKSPACE", ""))
    logging.disable()
    yield tmp_path
    logging.disable(logging.NOTSET)
    secrets.read_env_file(tmp_path / "none")


@pytest.mark.parametrize("module", targets.MODULES)
def test_inputs_of_all_kinds_break_no_promise(module: str, room: Path) -> None:
    from fuzzkit import held

    for target in targets.of_module(module):
        for seed in target.seeds:
            held(target, seed, room)
        _attempts(target, room)()


def _attempts(target: Any, room: Path) -> Callable[[], None]:
    from fuzzkit import held

    @settings(max_examples=target.few, suppress_health_check=list(HealthCheck), phases=[Phase.generate], database=None)
    @given(target.inputs())
    def attempt(data: bytes) -> None:
        held(target, data, room)

    return attempt


@pytest.mark.parametrize("module", targets.MODULES)
def test_what_broke_once_does_not_break_again(module: str, room: Path) -> None:
    from fuzzkit import held

    named = {target.name: target for target in targets.of_module(module)}
    for name, data in found.INPUTS:
        if name in named:
            held(named[name], data, room)


def test_every_input_that_was_found_is_of_a_target_that_is_there() -> None:
    assert {name for name, _ in found.INPUTS} <= set(targets.all_targets())


def test_a_search_finds_what_is_there_to_be_found(tmp_path: Path) -> None:
    """The search would be worth nothing if it could not fail."""
    from fuzzkit import SECRET, Target, documented, held

    from prompts.errors import InputError

    def tells(data: bytes, _: Path) -> None:
        def read() -> None:
            raise InputError(f"Not read: {data!r}.")

        documented(read, quiet=True)

    with pytest.raises(AssertionError, match="tells a secret"):
        held(Target("x", tells, (b"",)), SECRET.encode(), tmp_path)
    with pytest.raises(ZeroDivisionError):
        held(Target("x", lambda data, _: 1 / len(data), (b"",)), b"", tmp_path)
    with pytest.raises(AssertionError, match="MB for"):
        held(Target("x", lambda *_: len(b"x" * (500 << 20)), (b"",)), b"", tmp_path)
