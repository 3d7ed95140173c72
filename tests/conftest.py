"""What holds for every test: no network beyond loopback, no key of the machine, no file outside the temporary folders."""

from __future__ import annotations

import contextlib
import gc
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import hypothesis
import pytest

# A busy machine is no failure; `pytest-timeout` ends what hangs. The same examples each time, so that a change is judged by what it
# changes; `pytest --hypothesis-profile search` looks for new ones.
hypothesis.settings.register_profile("patient", deadline=None, derandomize=True)
hypothesis.settings.register_profile("search", deadline=None)
hypothesis.settings.load_profile("patient")

ROOT = Path(__file__).parent.parent
SUPPORT = Path(__file__).parent / "support"
sys.path.insert(0, str(SUPPORT))

import aimock as aimock_server  # noqa: E402 (found through the line above)
import network_guard  # noqa: E402

from runs import one_thread  # noqa: E402 (after the path)

gc.disable()  # while tests are collected nothing but lasting things is made
network_guard.install()
one_thread.unless_said_otherwise()  # workers of the suite are processes, one for each core and more

FOREIGN = re.compile(
    r"(KEY|TOKEN|SECRET|PASSWORD|CREDENTIALS?)$|^(WORKBENCH|OPENAI|DASHSCOPE|ANTHROPIC|LANGCHAIN|LANGSMITH|STREAMLIT|HF|AWS|GOOGLE|AZURE)_|^(HTTPS?|ALL|NO)_PROXY$",
    re.IGNORECASE,
)


def pytest_collection_finish() -> None:
    """Look for garbage from here on, and never again among the thousands of tests and modules."""
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def _home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(autouse=True)
def _isolated(monkeypatch: pytest.MonkeyPatch, _home: Path) -> Iterator[None]:
    """Give each test a clean environment; fail it if it tried to reach another machine."""
    for name in [n for n in os.environ if FOREIGN.search(n)]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(_home))
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(_home / name.lower()))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(p for p in (str(SUPPORT), os.environ.get("PYTHONPATH")) if p))
    network_guard.attempts.clear()
    yield
    tried, network_guard.attempts[:] = list(network_guard.attempts), []
    assert not tried, f"the test tried to reach {tried}"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Return the folder of test data beside the repository; skip the test where it is not."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no test data at {folder}")
    return folder


@pytest.fixture
def aimock(tmp_path: Path) -> Iterator[Callable[..., aimock_server.Aimock]]:
    """Return a function that starts an independent OpenAI-compatible server with given fixtures; they stop with the test."""
    with contextlib.ExitStack() as stack:

        def start(fixtures: Sequence[Mapping[str, Any]], **options: Any) -> aimock_server.Aimock:
            folder = tmp_path / f"aimock-{len(list(tmp_path.iterdir()))}"
            folder.mkdir()
            return stack.enter_context(aimock_server.serve(fixtures, folder, **options))

        yield start
